"""A person edits procedure, checklist and retention in a real LibreOffice: judged, or a problem with its cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from libreoffice import Document, Office

import tracker
from tracker import capture
from tracker.reading.registry import Registry
from tracker.workbook import TableRows, read_tables


@pytest.fixture
def registry(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry with one judged run."""
    monkeypatch.setattr(capture, "script", lambda: None)
    with tracker.start_run(registry_path, experiment="churn", name="one") as run:
        run.log_params({"depth": 6})
        run.log_metric("auc", 0.9)
    registry = Registry(registry_path)
    registry.sync()
    return registry


class Window:
    """The registry open in LibreOffice: cells by table, row and column, as a person sees them."""

    def __init__(self, document: Document, path: Path) -> None:
        self.document = document
        self.tables = read_tables(path)

    def write(self, table: str, first: str, column: str, value: object, match: str = "") -> None:
        """Write into the row whose cell in ``match`` (or its first column) holds a text."""
        rows: TableRows = self.tables[table]
        place = rows.columns.index(match or rows.columns[0])
        index = next(number for number, row in enumerate(rows.rows) if row[place] == first)
        self.document.set_cell(rows.sheet, rows.address(index, column), value)

    def add(self, table: str, **cells: object) -> None:
        """Type a row below the table."""
        rows: TableRows = self.tables[table]
        line = [cells.get(column, "") for column in rows.columns]
        last = rows.numbers[-1] + 1 if rows.numbers else int("".join(filter(str.isdigit, rows.ref.split(":")[1])))
        first = "".join(filter(str.isalpha, rows.ref.split(":")[0]))
        self.document.type_rows(rows.sheet, f"{first}{last}", [line])


def states(registry: Registry) -> dict[str, str]:
    frame = registry.checklist()
    return dict(zip(frame["item"], frame["status"], strict=True))


def test_ticks_waivers_items_rules_and_nonsense(registry: Registry, libreoffice: Office) -> None:
    before = states(registry)
    assert (before["params"], before["metrics"], before["model file"], before["owner"]) == (
        "done",
        "done",
        "missing",
        "done",
    )
    with libreoffice.open(registry.path) as document:
        window = Window(document, registry.path)
        window.write("checklist", "model file", "status", "done", "item")
        window.write("checklist", "model file", "who", "anna", "item")
        window.write("checklist", "model file", "evidence", "on the share", "item")
        window.write("checklist", "log of the run", "status", "waived", "item")
        window.write("checklist", "log of the run", "why", "it takes a second", "item")
        window.write("checklist", "log of the run", "who", "anna", "item")
        window.write("sop", "metrics", "rule", "metric f1")
        window.write("sop", "figures of the data explored", "rule", "figure please")
        window.add("sop", item="depth", level="must", rule="param depth")
        window.write("retention", "scratch", "keep_days", 5)
        window.write("retention", "experiment", "trigger", "whenever")
        document.save()
    registry.sync()
    kept = states(registry)
    assert (kept["model file"], kept["log of the run"]) == ("done", "waived")
    assert kept["metrics"] == "done" and "depth" not in kept, "an ended run keeps the version it was judged by"
    registry.evaluate(anew=True)
    now = states(registry)
    assert (now["metrics"], now["depth"]) == ("missing", "done")
    assert (now["model file"], now["log of the run"]) == ("done", "waived")
    problems = {problem.code: problem for problem in registry.check()}
    rule = problems["sop-rule"]
    assert rule.sheet == "SOP" and rule.cell and "figures of the data explored" in rule.message
    cells = read_tables(registry.path, {"sop", "retention"})
    where = next(i for i, row in enumerate(cells["sop"].rows) if row[0] == "figures of the data explored")
    assert rule.cell == cells["sop"].address(where, "rule")
    assert any("whenever" in problem.message and problem.sheet == "Retention" for problem in registry.check())
