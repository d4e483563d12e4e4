"""The SOP page: an item renamed, taken out of the procedure and brought back, with what runs have of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grids
import pytest
from script import Script
from streamlit.testing.v1 import AppTest
from test_web import WHO, Open, _run, open_app, words  # noqa: F401
from zoo import with_openpyxl

from tracker.checklist.judging import Asked, outlook
from tracker.deciding.edits import edit_row
from tracker.deciding.procedure import rename, renaming
from tracker.deciding.ticking import tick
from tracker.deciding.undo import undo
from tracker.errors import BadRequestError, PermissionRefusedError, ValueChangedError
from tracker.journal.changes import Journal
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import TABLES


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Two runs, judged by a procedure of two items; a person waived one of them for one run."""
    path = tmp_path / "registry.xlsx"
    tables: dict[str, Any] = {name: ([column.name for column in TABLES[name].columns], ()) for name in TABLES}
    sop = [{"item": "seed", "level": "must", "rule": "param seed"}, {"item": "report", "level": "must"}]
    with_openpyxl.simple(
        path, {**tables, "sop": (tables["sop"][0], [[row.get(n) for n in tables["sop"][0]] for row in sop])}
    )
    script = Script(path)
    for number in range(2):
        script.run(f"r{number}", name=f"run {number}", params__seed=number + 1)
    script.sync()
    tick(Registry(path), "r1", "report", "waived", "ann", why="a pilot")
    return script


def registry_of(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def judged(script: Script) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the checklist says of each item of each run that is judged at all."""
    frame = registry_of(script).table("checklist")
    rows = frame[frame["status"].notna()].to_dict("records")
    return {(row["run_id"], row["item"]): (row["status"], row["who"], row["why"], row["evidence"]) for row in rows}


def levels(script: Script) -> dict[str, str]:
    frame = registry_of(script).table("sop")
    return dict(zip(frame["item"], frame["level"], strict=True))


def chosen(app: AppTest, place: int) -> AppTest:
    grids.tick(app, "sop-items", place)
    return _run(app)


def newest(script: Script) -> str:
    return Journal(script.folders.changes).newest()


def test_an_item_is_taken_out_and_brought_back(open_app: Open, script: Script) -> None:  # noqa: F811
    before = judged(script)
    app = chosen(open_app(script.folders.workbook, "sop"), 1)
    _run(app.button(key="sop-act-retire").click())
    assert "2 runs were judged by it" in words(app) and levels(script)["report"] == "must"
    _run(app.button(key="sop-act-agree").click())
    assert levels(script) == {"seed": "must", "report": "retired"} and judged(script) == before
    seen = outlook(script.folders, "r0")
    assert seen and str(seen.tally) == "1 of 1", "nobody asks for it any more"
    assert app.dataframe[0].value["item"].tolist() == ["seed"]
    app.selectbox(key="sop-back-item").select("report")
    _run(app.button(key="sop-back-must").click())
    assert levels(script) == {"seed": "must", "report": "must"} and judged(script) == before


def test_what_is_judged_anew_is_not_applicable_and_leaves_the_matrix(open_app: Open, script: Script) -> None:  # noqa: F811
    edit_row(registry_of(script), "sop", ("seed",), {"level": "retired"}, {"level": "must"}, "boss")
    assert "seed" in open_app(script.folders.workbook, "checklist").dataframe[0].value.columns
    script.sync(asked=Asked(every=True, anew=True))
    assert judged(script)["r0", "seed"][0] == "not applicable"
    assert "seed" not in open_app(script.folders.workbook, "checklist").dataframe[0].value.columns


def test_a_renamed_item_keeps_what_runs_have_of_it_and_undo_brings_the_name_back(
    open_app: Open,  # noqa: F811
    script: Script,
) -> None:
    before = judged(script)
    app = chosen(open_app(script.folders.workbook, "sop"), 1)
    _run(app.button(key="sop-act-rename").click())
    assert "another name" in app.error[0].value and "another name" in _run(app).error[0].value
    app.text_input(key="sop-act-name:report").set_value("model card")
    _run(app.button(key="sop-act-rename").click())
    assert not app.error and "What 2 runs have of it" in words(app) and judged(script) == before
    _run(app.button(key="sop-act-agree").click())
    assert levels(script) == {"seed": "must", "report": "retired", "model card": "must"}
    after = judged(script)
    assert after["r1", "model card"] == before["r1", "report"] == ("waived", "ann", "a pilot", None)
    assert after["r0", "model card"] == before["r0", "report"]
    assert after["r0", "report"][0] == "not applicable"
    seen = outlook(script.folders, "r1")
    assert seen and str(seen.tally) == "1 of 1" and len(seen.standings) == 3
    shown = open_app(script.folders.workbook, "checklist").dataframe[0].value
    assert "report" not in shown.columns and shown["model card"].tolist() == ["~ waived", "✗ missing"][:: _order(shown)]
    undo(registry_of(script), newest(script), WHO)
    assert levels(script) == {"seed": "must", "report": "must", "model card": "retired"}
    assert judged(script) == before
    seen = outlook(script.folders, "r1")
    assert seen and [one.item for one in seen.standings] == ["seed", "report"]


def _order(matrix: Any) -> int:
    return 1 if matrix["run"].tolist() == ["run 1", "run 0"] else -1


def test_a_rule_looks_again_at_what_moved_along(script: Script) -> None:
    rename(registry_of(script), "seed", "the seed", "boss")
    assert judged(script)["r0", "the seed"][:2] == ("done", "Tracker")
    edit_row(registry_of(script), "runs", ("r0",), {"params.seed": None}, {"params.seed": 1}, "ann")
    assert judged(script)["r0", "the seed"][0] == "missing"


def test_a_name_that_is_taken_is_refused_and_one_that_was_given_up_is_not(script: Script) -> None:
    for name, said in (("Seed", "already"), ("report", "another name"), ("  ", "another name")):
        with pytest.raises(BadRequestError, match=said):
            rename(registry_of(script), "report", name, "boss")
    before = judged(script)
    rename(registry_of(script), "report", "model card", "boss")
    undo(registry_of(script), newest(script), "boss")
    rename(registry_of(script), "report", "model card", "boss")
    assert judged(script)["r1", "model card"] == before["r1", "report"]


def test_somebody_who_decides_meanwhile_is_not_overwritten(script: Script) -> None:
    plan = renaming(registry_of(script), "report", "model card", "boss")
    tick(registry_of(script), "r0", "report", "done", "ben", evidence="wiki")
    with pytest.raises(ValueChangedError):
        rename(registry_of(script), "report", "model card", "boss", plan)
    assert levels(script)["report"] == "must" and judged(script)["r0", "report"][0] == "done"


def test_only_a_manager_does_any_of_it(open_app: Open, script: Script) -> None:  # noqa: F811
    for who, role in (("boss", "manager"), (WHO, "contributor")):
        script.log(Change("people", (who,), {"role": role}, new=True, by="person"))
    app = chosen(open_app(script.folders.workbook, "sop"), 1)
    assert not [button for button in app.button if str(button.key).startswith(("sop-act", "sop-back"))]
    with pytest.raises(PermissionRefusedError):
        rename(registry_of(script), "report", "model card", WHO)


def test_an_item_whose_addition_is_taken_back_is_asked_of_nobody(script: Script) -> None:
    edit_row(registry_of(script), "sop", ("new",), {"level": "should"}, {}, "boss", create=True)
    undo(registry_of(script), newest(script), "boss")
    assert levels(script)["new"] == "retired"
