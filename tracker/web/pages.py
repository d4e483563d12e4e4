"""The pages of the app: where each stands in the menu, and what it is for. A new page is one line here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.web.common.context import Context

FIRST, ARTIFACTS, PROCEDURE, WORKBOOK = "", "Artifacts", "Procedure", "Workbook"
SECTIONS = (FIRST, ARTIFACTS, PROCEDURE, WORKBOOK)
"""The menu from left to right: pages without a section stand there themselves, each section opens as a list."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: its address, and its module beside this one, which is imported when somebody first opens the page."""

    address: str
    title: str
    icon: str
    module: str
    section: str
    help: str
    """What one finds there, as the menu says it."""
    in_menu: bool = True
    follows_steps: bool = False
    """It follows new metric steps by itself: for them alone it is not drawn anew."""

    def load(self) -> Callable[[Context], None]:
        """Import the page; gives what draws it."""
        draw: Callable[[Context], None] = importlib.import_module(f"tracker.web.{self.module}").show
        return draw

    def show(self, context: Context) -> None:
        """Draw the page."""
        self.load()(context)


PAGES = (
    Entry(
        "overview", "Overview", ":material/home:", "overview.page", FIRST, "What there is, what is best, what is to do."
    ),
    Entry("runs", "Runs", ":material/table_rows:", "runs.page", FIRST, "All runs: filter, order, choose columns."),
    Entry(
        "run",
        "Run",
        ":material/science:",
        "run.page",
        FIRST,
        "One run with all that is known of it.",
        in_menu=False,
        follows_steps=True,
    ),
    Entry(
        "compare", "Compare", ":material/compare_arrows:", "compare.page", FIRST, "Runs side by side, and their curves."
    ),
    Entry(
        "artifacts",
        "Artifacts",
        ":material/inventory_2:",
        "artifacts.page",
        ARTIFACTS,
        "Every version of every artifact.",
    ),
    Entry("data", "Data", ":material/analytics:", "datasets.page", ARTIFACTS, "What is in tables, and how they drift."),
    Entry(
        "models",
        "Models",
        ":material/deployed_code:",
        "models.page",
        ARTIFACTS,
        "Which version is in which stage, why.",
    ),
    Entry("lineage", "Lineage", ":material/account_tree:", "artifacts.lineage", ARTIFACTS, "What came from what."),
    Entry(
        "retention",
        "Retention",
        ":material/auto_delete:",
        "retention.page",
        ARTIFACTS,
        "What is due, the trash, holds.",
    ),
    Entry(
        "checklist",
        "Checklists",
        ":material/checklist:",
        "procedure.checklist",
        PROCEDURE,
        "Which run has what it must have.",
    ),
    Entry(
        "sop", "SOP", ":material/rule:", "procedure.sop", PROCEDURE, "What every run must have, and how many have it."
    ),
    Entry("workbook", "Sheets", ":material/grid_on:", "sheets.page", WORKBOOK, "The sheets as they are, edited here."),
    Entry(
        "history", "History", ":material/history:", "history.page", WORKBOOK, "Who changed which cell; undo, restore."
    ),
    Entry("problems", "Problems", ":material/report:", "problems.page", WORKBOOK, "What a person should look at."),
    Entry(
        "import",
        "Import",
        ":material/input:",
        "importing.page",
        WORKBOOK,
        "Tables and other trackers, brought in as runs.",
    ),
    Entry(
        "settings", "Settings", ":material/settings:", "settings.page", WORKBOOK, "Settings, people, where it all lies."
    ),
)
"""All pages, in the order of the menu."""
