"""Pages without a registry: a folder of several, and a workbook of which one can be made; by streamlit's own tester."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import team_sheets
from streamlit.testing.v1 import AppTest

import tracker
from tracker.web.entering import signing_in
from tracker.web.importing.adopt import OWN

ROOT = Path(__file__).parent.parent
Open = Callable[..., AppTest]


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens the app as ``python -m tracker app PATH`` would."""
    cache = str(tmp_path_factory.mktemp("cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("LOCALAPPDATA", cache)
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)

    def opened(path: Path | None, **parameters: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *([str(path)] if path else [])])
        app = AppTest.from_string("from tracker.web.main import main\nmain()", default_timeout=30)
        for name, value in parameters.items():
            app.query_params[name] = value
        return _run(app)

    return opened


def _run(acted: Any) -> AppTest:
    app: AppTest = acted.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.caption, *app.error, *app.warning]
    return "\n".join(str(part.value) for part in parts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two registries, and a workbook that a team made."""
    for name, runs in (("churn.xlsx", 2), ("wine.xlsx", 1)):
        path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", tmp_path / name))
        for number in range(runs):
            with tracker.start_run(path, experiment=path.stem, name=f"{path.stem} {number}") as run:
                run.log_metric("auc", 0.8 + number / 10)
    book = openpyxl.Workbook()
    team_sheets.SHEETS[0].build(book.active)
    book.save(tmp_path / "ours.xlsx")
    return tmp_path


def test_a_folder_lists_its_registries_and_their_runs_together(open_app: Open, folder: Path) -> None:
    app = open_app(folder)
    assert "a folder with 2 registries" in words(app)
    listed = app.dataframe[0].value
    assert list(listed["registry"]) == ["churn.xlsx", "wine.xlsx"] and list(listed["runs"]) == [2, 1]
    _run(app.button_group(key="folder-view").set_value("Runs of all"))
    assert "**3 runs** in 2 registries" in words(app)
    _run(app.text_input(key="folder-filter").set_value("metrics.auc > 0.85"))
    assert "**1 of 3 runs** in 1 registry" in words(app)
    assert list(app.dataframe[0].value["registry"]) == ["churn.xlsx"]
    _run(app.text_input(key="folder-filter").set_value("metrics.auc >"))
    assert "Position" in app.error[0].value and "**3 runs**" in words(app)


def test_a_registry_that_cannot_be_read_is_listed_with_its_reason_and_left_out_with_a_word(
    open_app: Open, folder: Path
) -> None:
    (folder / "wine.xlsx").write_bytes(b"PK torn")
    app = open_app(folder)
    assert "wine" in app.error[0].value
    assert list(app.dataframe[0].value["problems"])[1] == "✗ cannot be read"
    _run(app.button_group(key="folder-view").set_value("Runs of all"))
    assert "Left out: wine" in app.error[0].value and "**2 runs** in 1 registry" in words(app)


def test_an_address_opens_a_registry_of_the_folder_at_once_and_no_other(
    open_app: Open, folder: Path, registry_path: Path
) -> None:
    assert "**churn\\.xlsx**" in words(open_app(folder, registry=str(folder / "churn.xlsx")))
    elsewhere = Path(shutil.copyfile(registry_path, folder.parent / "elsewhere.xlsx"))
    app = open_app(folder, registry=str(elsewhere))
    assert "a folder with" in words(app) and "**elsewhere\\.xlsx**" not in words(app)


def test_a_workbook_that_is_no_registry_shows_the_plan_and_becomes_one(open_app: Open, folder: Path) -> None:
    path = folder / "ours.xlsx"
    app = open_app(path)
    assert "Make a registry of ours" in words(app) and "**14 runs** on sheet" in words(app)
    plan = app.dataframe[0].value
    taken = dict(zip(plan["column"], plan["taken for"], strict=True))
    assert taken["Who"] == "owner" and taken["Val AUC"] == "metric" and taken["Runtime [min]"] == OWN
    assert set(plan["sure"]) == {"sure"} and all(plan["why"])
    before = path.read_bytes()
    _run(app.checkbox(key="adopt-copy").check())
    assert "copied to a new sheet" in words(app)
    _run(app.checkbox(key="adopt-copy").uncheck())
    assert "becomes an Excel table where it stands" in words(app) and path.read_bytes() == before
    _run(app.button(key="adopt-do").click())
    assert "**ours\\.xlsx**" in words(app) and "**14**" in words(app)
    assert len(tracker.open(path).runs()) == 14


def test_a_row_without_names_is_refused_in_words_and_a_save_meanwhile_stops_it(open_app: Open, folder: Path) -> None:
    app = open_app(folder / "ours.xlsx")
    _run(app.number_input(key="adopt-row").set_value(400))
    assert "No row of names over rows of values" in app.error[0].value
    assert not [button for button in app.button if button.key == "adopt-do"]


def test_not_now_leads_back_to_the_folder(open_app: Open, folder: Path) -> None:
    app = open_app(folder)
    _run(app.button(key="folder-adopt-ours.xlsx").click())
    assert "Make a registry of ours" in words(app)
    _run(app.button(key="adopt-leave").click())
    assert "a folder with 2 registries" in words(app)


def test_a_csv_file_is_offered_too(open_app: Open, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("model,auc,lr\ngbm,0.9,0.1\nmlp,0.8,0.01\nglm,0.7,0.1\n")
    app = open_app(tmp_path / "old.csv")
    assert "Make a registry of old" in words(app)
    _run(app.button(key="adopt-do").click())
    assert "**old\\.xlsx**" in words(app) and len(tracker.open(tmp_path / "old.xlsx").runs()) == 3


def test_on_a_network_nothing_is_shown_before_people_can_sign_in_and_nothing_is_adopted(
    open_app: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_in.st, "get_option", lambda name: "0.0.0.0")
    app = open_app(folder)
    assert "Nobody can sign in here yet" in words(app) and not app.dataframe and not app.button
    monkeypatch.setenv("TRACKER_READ_ONLY", "1")
    app = open_app(folder / "ours.xlsx")
    assert "Not over the network" in words(app) and not app.button
    app = open_app(folder)
    assert list(app.dataframe[0].value["registry"]) == ["churn.xlsx", "wine.xlsx"]
    assert "Other workbooks here" not in words(app)
