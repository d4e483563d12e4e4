"""The Problems page: conflicts settled side by side, repairs and copies shown before they are done, thousands."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from person import Person
from script import Script
from streamlit.testing.v1 import AppTest
from test_web import Open, _run, open_app, words  # noqa: F401

from tracker.errors import BadRequestError, PermissionRefusedError
from tracker.history.origin import origins, program_of
from tracker.merging.merge import merge, plan_merge, put_aside
from tracker.model import Change, Problem
from tracker.reading.conflicts import read_conflicts
from tracker.reading.copies import conflict_copies
from tracker.reading.registry import Registry
from tracker.web.problems import problem_groups

COPY = "registry (Anna's conflicted copy 2026-11-25).xlsx"


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


def conflicts(script: Script, count: int) -> None:
    """Values of a script's that met a person's, in so many runs."""
    ids = [f"r{number}" for number in range(count)]
    for run_id in ids:
        script.run(run_id, name=f"run {run_id}", params__lr=0.1)
    script.sync()
    ann = Person(script.folders.workbook)
    ann.opens()
    for run_id in ids:
        ann.writes(run_id, "params.lr", 0.2)
    ann.book.properties.lastModifiedBy = "ann"
    ann.saves()
    for run_id in ids:
        log = Change("runs", (run_id,), {"params.lr": 0.3}, {"params.lr": 0.1}, time=time.time(), who="trainer")
        script.log(log)
    script.sync()


def edited(path: Path, **cells: Any) -> None:
    who = Person(path)
    who.opens()
    for column, value in cells.items():
        who.writes("r0", column.replace("__", "."), value)
    who.saves()


def lr(script: Script) -> list[Any]:
    return [row["params.lr"] for row in script.rows().values()]


# -- conflicts ----------------------------------------------------------------------------------------------------


def test_both_values_are_shown_with_who_when_and_from_where_and_one_is_taken(open_app: Open, script: Script) -> None:  # noqa: F811
    conflicts(script, 2)
    app = open_app(script.folders.workbook, "problems")
    said = words(app).replace("\\", "")
    assert "2 conflicts" in said and "**params.lr** of **run r1**" in said
    assert "**0.2**" in said and "ann · with Openpyxl" in said
    assert "**0.3**" in said and "trainer · with a script · just now" in said
    _run(app.button(key="take-2-2").click())
    _run(app.button(key="keep-2-1").click())
    assert lr(script) == [0.2, 0.3]
    assert read_conflicts(script.folders) == [] and "two values for one cell" not in words(app)


def test_a_cell_that_was_changed_since_is_not_overwritten(open_app: Open, script: Script) -> None:  # noqa: F811
    conflicts(script, 1)
    app = open_app(script.folders.workbook, "problems")
    edited(script.folders.workbook, params__lr=0.7)
    _run(app.button(key="take-2-1").click())
    assert "Nothing was changed" in app.error[0].value
    assert lr(script) == [0.7]
    assert "Nothing was changed" in _run(app).error[0].value, "a page that is drawn anew by itself still says so"
    assert not _run(app.button(key="conflicts-dismiss").click()).error


def test_many_conflicts_are_settled_in_one_way_and_stand_on_several_pages(open_app: Open, script: Script) -> None:  # noqa: F811
    conflicts(script, 11)
    app = open_app(script.folders.workbook, "problems")
    assert len([button for button in app.button if str(button.key).startswith("take-")]) == 8
    _run(app.text_input(key="problem-find").set_value("r10"))
    assert [button.key for button in app.button if str(button.key).startswith("take-")] == ["take-2-11"]
    _run(app.text_input(key="problem-find").set_value(""))
    _run(app.button(key="conflicts-take-all-do").click())
    assert lr(script) == [0.3] * 11


def test_where_a_value_came_from_is_read_from_the_history(script: Script) -> None:
    conflicts(script, 1)
    cell = ("runs", ("r0",), "params.lr")
    found = origins(script.folders, {cell: 0.2, ("runs", ("r0",), "name"): "never there"})
    assert found.keys() == {cell} and found[cell].who == "ann" and time.time() - found[cell].time < 60
    assert program_of(script.folders, "2") == "script" and program_of(script.folders, "99") == ""


# -- repairs ------------------------------------------------------------------------------------------------------


def test_repairs_are_shown_and_then_made(open_app: Open, script: Script) -> None:  # noqa: F811
    script.run("r0", name="one")
    script.sync()
    edited(script.folders.workbook, status="finished")
    app = open_app(script.folders.workbook, "problems")
    _run(app.button(key="repair-plan-button").click())
    (table,) = [frame.value for frame in app.dataframe if "what it does" in frame.value]
    assert list(table["what it does"]) == ["status of r0: 'finished' becomes 'FINISHED'"]
    assert script.rows()["r0"]["status"] == "finished"
    _run(app.button(key="repair-agree").click())
    assert script.rows()["r0"]["status"] == "FINISHED"
    assert "Values outside" not in words(app)


# -- copies -------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(script: Script) -> Path:
    """A copy in which somebody wrote two cells, one of which was changed in the registry too."""
    script.run("r0", name="one")
    script.sync()
    path = Path(shutil.copyfile(script.folders.workbook, script.folders.workbook.with_name(COPY)))
    edited(path, notes="from the train", insight="deeper")
    edited(script.folders.workbook, insight="wider")
    return path


def test_a_copy_is_merged_from_the_page_and_then_put_aside(open_app: Open, script: Script, copy: Path) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "problems")
    _run(app.button(key=f"merge-plan-{COPY}").click())
    (cells,) = [frame.value for frame in app.dataframe if "after" in frame.value]
    assert list(cells["after"]) == ["from the train"]
    (clashes,) = [frame.value for frame in app.dataframe if "copy" in frame.value]
    assert clashes[["registry", "copy"]].to_numpy().tolist() == [["wider", "deeper"]]
    assert script.rows()["r0"]["notes"] is None
    _run(app.button(key="merge-agree").click())
    row = script.rows()["r0"]
    assert (row["notes"], row["insight"]) == ("from the train", "wider")
    (left,) = read_conflicts(script.folders)
    assert (left.conflict.kept, left.conflict.dropped) == ("wider", "deeper")
    content = copy.read_bytes()
    _run(app.button(key="merge-aside").click())
    assert list(conflict_copies(script.folders)) == []
    assert (script.folders.side / "merged" / COPY).read_bytes() == content
    assert "beside it" not in words(app)


def test_what_was_changed_since_it_was_shown_is_not_merged(script: Script, copy: Path) -> None:
    registry = Registry(script.folders.workbook)
    seen = plan_merge(registry, copy, "ann")
    assert plan_merge(registry, copy, "ann").does_the_same(seen)
    edited(copy, notes="changed again")
    with pytest.raises(BadRequestError, match="changed meanwhile"):
        merge(registry, copy, "ann", agreed=seen)
    assert script.rows()["r0"]["notes"] is None


def test_copies_of_one_name_are_put_aside_side_by_side_and_not_by_a_viewer(script: Script, copy: Path) -> None:
    registry = Registry(script.folders.workbook)
    put_aside(registry, copy, "ann")
    copy.write_bytes(b"another")
    second = put_aside(registry, copy, "ann")
    assert second.read_bytes() == b"another" and len(list(second.parent.iterdir())) == 2
    script.log(Change("people", ("ann",), {"role": "manager"}, new=True, by="person"))
    copy.write_bytes(b"a third")
    with pytest.raises(PermissionRefusedError):
        put_aside(registry, copy, "eve")
    assert copy.exists()


# -- groups -------------------------------------------------------------------------------------------------------


def test_problems_are_grouped_by_severity_and_kind_the_most_frequent_first() -> None:
    alike = [Problem("wrong-type", f"auc of r{n}", "A number.", "Runs", f"D{n}", "warning") for n in range(3)]
    others = [
        Problem("dead-run", "r1 never ended", "End it.", severity="warning"),
        Problem("duplicate-key", "r1 twice", "Delete one.", "Runs", "A4", "error"),
        Problem("new-code", "x", "One way.", severity="info"),
        Problem("new-code", "y", "Another.", severity="info"),
    ]
    found = problem_groups.groups([*others[1:], *alike, others[0]])
    assert [(group.severity, group.code, len(group.problems)) for group in found] == [
        ("error", "duplicate-key", 1),
        ("warning", "wrong-type", 3),
        ("warning", "dead-run", 1),
        ("info", "new-code", 2),
    ]
    assert [group.hint for group in found] == ["Delete one.", "A number.", "End it.", ""]
    assert found[1].title == "Values of the wrong type" and found[3].title == "new-code"
    assert [len(g.problems) for g in problem_groups.groups(alike, text="runs!d2")] == [1]
    assert problem_groups.groups(alike, ["error"]) == []


def test_every_kind_of_problem_has_its_name_in_words() -> None:
    import re

    sources = Path(problem_groups.__file__).parents[2]
    text = "\n".join(path.read_text("utf-8") for path in [*sources.glob("reading/*.py"), *sources.glob("store/*.py")])
    codes = set(re.findall(r'(?:Problem\(|\.problem\()\s*"([a-z-]+)"', text))
    assert len(codes) > 20 and codes <= problem_groups.KINDS.keys()


def test_thousands_of_problems_are_few_elements(open_app: Open, tmp_path: Path) -> None:  # noqa: F811
    from zoo import with_openpyxl

    rows = [(f"r{number}", f"run {number}", "done", "much") for number in range(2000)]
    with_openpyxl.simple(tmp_path / "many.xlsx", {"runs": (("run_id", "name", "status", "metrics.auc"), rows)})
    app: AppTest = open_app(tmp_path / "many.xlsx", "problems")
    assert "Values outside of the choices" in words(app)
    assert len(app.markdown) < 60 and len(app.dataframe) >= 1
