"""The checklist as a matrix of runs and items. No streamlit in here."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tracker.web import shown

if TYPE_CHECKING:
    import pandas as pd

UNRECORDED = "not checked"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the standard operating procedure."""

    name: str
    level: str
    rule: str
    applies_to: str
    owner: str

    def holds_for(self, experiment: str) -> bool:
        """Whether runs of that experiment need it."""
        patterns = [pattern.strip() for pattern in self.applies_to.split(",") if pattern.strip()]
        return not patterns or any(fnmatchcase(experiment.lower(), pattern.lower()) for pattern in patterns)


def items(sop: pd.DataFrame, checklist: pd.DataFrame) -> list[Item]:
    """What the procedure asks for, musts first, then what is only in the checklist."""
    found: dict[str, Item] = {}
    for row in sop.to_dict("records"):
        name = _text(row["item"])
        if name:
            facts = (_text(row[column]) for column in ("level", "rule", "applies_to", "owner"))
            found.setdefault(name, Item(name, *facts))
    for row in checklist.to_dict("records"):
        if name := _text(row["item"]):
            found.setdefault(name, Item(name, _text(row["level"]), "", "", ""))
    return sorted(found.values(), key=lambda item: item.level != "must")


def records(checklist: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """The recorded items by run and item; of two with the same key the first counts."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in checklist.to_dict("records"):
        found.setdefault((_text(row["run_id"]), _text(row["item"])), {str(name): value for name, value in row.items()})
    return found


def status(recorded: dict[str, Any] | None, item: Item, experiment: str) -> str:
    """One cell, with symbol and word; blank where the item does not concern the run."""
    if recorded is not None and not shown.is_blank(recorded["status"]):
        return shown.check(recorded["status"])
    return f"· {UNRECORDED}" if item.holds_for(experiment) else ""


def summary(cells: list[str]) -> str:
    """How far a run is: ``7 of 9``, where what is waived or not applicable does not count."""
    done = sum(cell.startswith(shown.CHECK_SYMBOLS["done"]) for cell in cells)
    open_ = sum(cell.startswith(shown.CHECK_SYMBOLS["missing"]) or cell.endswith(UNRECORDED) for cell in cells)
    return f"{done} of {done + open_}"


def _text(value: Any) -> str:
    return "" if shown.is_blank(value) else str(value)
