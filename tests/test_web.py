"""The app's pages, run by streamlit's own tester: a filled registry, an empty one, a broken one, a viewer."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grids
import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

import tracker
from tracker.deciding import edits
from tracker.workbook import read_tables

ROOT = Path(__file__).parent.parent
PAGES = ("runs", "run", "compare", "artifacts", "data", "checklist", "history", "problems", "workbook", "import")
PAGES += ("overview", "sop", "settings")
SECONDS = 30
WHO = "analyst@example.com"
NASTY = "[click](javascript:alert(1)) **bold** <b>html</b> :red[x]"

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with four runs of two experiments, artifacts, lineage and a checklist."""
    folder = tmp_path_factory.mktemp("made")
    path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
    (folder / "train.csv").write_text("age,churned\n31,1\n42,0\n")
    for number, name in enumerate(("forest", "boosting", NASTY)):
        with tracker.start_run(path, experiment="churn", name=name, tags={"team": "risk"}) as run:
            run.log_params({"depth": number + 3, "seed": 1, "lr": 0.1})
            for step in range(5):
                run.log_metric("loss", 1 / (step + 1 + number), step=step)
            run.log_metric("auc", 0.8 + number / 20)
            run.log_artifact(folder / "train.csv", name="churn-train")
            run.log_text(f"# Report\n\n![pixel](http://elsewhere.example/x.png) {NASTY}", "report.md")
            run.log_dict({"depth": 3}, "config.json")
    with pytest.raises(ValueError), tracker.start_run(path, experiment="wine", name="broken off") as run:
        run.log_param("depth", 2)
        raise ValueError
    tracker.open(path).sync()  # a run that ends soon after another leaves its rows to a sync a moment later
    return path


@pytest.fixture
def filled(made: Path, tmp_path: Path) -> Path:
    """A copy of that registry, for one test."""
    here = shutil.ignore_patterns("sync.*")  # a sync that was put off may be under way
    shutil.copytree(made.with_suffix(".tracker"), tmp_path / "registry.tracker", ignore=here)
    return Path(shutil.copyfile(made, tmp_path / "registry.xlsx"))


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Opens the app as ``streamlit run app.py`` would, on a page, with a registry or none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    if not config.get_option("server.address"):  # another test stood in another folder when they were read
        monkeypatch.chdir(ROOT)
        config.get_config_options(force_reparse=True)

    def opened(path: Path | None = None, page: str = "runs", samples: str = "None", **parameters: str) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", *([str(path)] if path else [])])
        script = f"from pathlib import Path\nfrom tracker.web.main import main\nmain({samples}, first_page={page!r})"
        app = AppTest.from_string(script, default_timeout=SECONDS)
        app.user = {"email": WHO}
        for name, value in parameters.items():
            app.query_params[name] = value
        return _run(app)

    return opened


def _run(acted: Any) -> AppTest:
    """Run the page again after what was done on it: the app itself, or the widget that was acted on."""
    app: AppTest = acted.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    """Everything that a page says in words."""
    parts = [*app.title, *app.markdown, *app.caption, *app.error, *app.warning, *app.success, *app.info, *app.code]
    return "\n".join(str(part.value) for part in parts)


def run_ids(path: Path) -> dict[str, str]:
    """Run ids by name."""
    runs = tracker.open(path).runs()
    return dict(zip(runs["name"], runs["run_id"], strict=True))


def cell(path: Path, table: str, column: str, name: str) -> Any:
    """What the workbook itself holds: nothing pending is laid over it."""
    rows = read_tables(path, {table})[table]
    places = {header: place for place, header in enumerate(rows.columns)}
    return next(row[places[column]] for row in rows.rows if name in row)


# -- every page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_filled_registry(open_app: Open, filled: Path, page: str) -> None:
    app = open_app(filled, page)
    assert not app.error
    assert "**registry\\.xlsx**" in words(app)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("runs", "No runs yet"),
        ("run", "No runs yet"),
        ("compare", "Nothing to compare yet"),
        ("artifacts", "No artifacts yet"),
        ("checklist", "No runs yet"),
        ("problems", "No problems"),
    ],
)
def test_an_empty_registry_says_what_to_do_next(open_app: Open, registry_path: Path, page: str, says: str) -> None:
    app = open_app(registry_path, page)
    assert says in words(app)
    if page != "problems":
        assert any(str(registry_path) in code.value and "tracker.start_run" in code.value for code in app.code)


def test_the_code_of_an_empty_page_works(open_app: Open, registry_path: Path) -> None:
    code = open_app(registry_path).code[0].value
    exec(compile(code, "page", "exec"), {})
    assert "**1 run**" in words(open_app(registry_path))


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_workbook_is_one_clear_error(open_app: Open, tmp_path: Path, page: str) -> None:
    broken = tmp_path / "broken.xlsx"
    content = (ROOT / "templates" / "general.xlsx").read_bytes()[:20_000]
    broken.write_bytes(content)
    app = open_app(broken, page)
    assert len(app.error) == 1
    assert "is not a readable Excel workbook" in app.error[0].value and "Nothing was written" in app.error[0].value
    assert broken.read_bytes() == content


@pytest.mark.parametrize("page", PAGES)
def test_a_workbook_that_is_not_there_says_how_to_make_one(open_app: Open, tmp_path: Path, page: str) -> None:
    app = open_app(tmp_path / "nowhere.xlsx", page)
    assert "There is no registry at" in app.error[0].value
    assert not (tmp_path / "nowhere.tracker").exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_workbook_with_two_tables_only_opens_everywhere(open_app: Open, bare_registry: Path, page: str) -> None:
    assert not open_app(bare_registry, page).error


@pytest.mark.parametrize("page", PAGES)
def test_a_registry_in_disorder_opens_everywhere(open_app: Open, tmp_path: Path, page: str) -> None:
    from zoo import with_openpyxl

    path = tmp_path / "disorder.xlsx"
    columns = ("run_id", "name", "status", "start_time", "metrics.auc", "params.x", "Mine", "experiment", "duration")
    rows = (
        ("r1", "x", "FINISHED", "yesterday", "much", 1, "a", None, "long"),
        ("r1", "x", "resting", None, "NaN", "b", 2, "e", -1),
        (None, "typed", None, None, 0.7, True, None, 5, None),
        (None, None, None, None, None, None, "only mine", None, None),
        (12, 34, 56, 78, 90, 12, 34, 56, 78),
    )
    artifacts = (
        ("artifact", "path", "size", "created"),
        (("a:v1", 7, "big", "x"), (None, None, None, None), ("a:v1", "..", -1, 3)),
    )
    checklist = (("run_id", "item", "status"), (("r1", None, "done"), (None, "seed", 7), ("r1", "seed", None)))
    with_openpyxl.simple(path, {"runs": (columns, rows), "artifacts": artifacts, "checklist": checklist})
    before = path.read_bytes()
    assert not open_app(path, page).error
    assert path.read_bytes() == before


# -- Runs ---------------------------------------------------------------------------------------------------------


def test_the_grid_shows_all_runs_newest_first(open_app: Open, filled: Path) -> None:
    app = open_app(filled)
    grid = app.dataframe[0].value
    assert list(grid["name"]) == ["broken off", NASTY, "boosting", "forest"]
    assert [list(chips) for chips in grid["status"]] == [["✗ FAILED"], ["✓ FINISHED"], ["✓ FINISHED"], ["✓ FINISHED"]]
    assert "**4 runs**" in words(app)


def test_a_filter_leaves_the_runs_it_finds(open_app: Open, filled: Path) -> None:
    app = open_app(filled, filter="metrics.auc > 0.82 and params.depth < 5")
    assert list(app.dataframe[0].value["name"]) == ["boosting"]
    assert "**1 of 4 runs**" in words(app)


def test_a_filter_with_a_mistake_says_where_and_shows_all_runs(open_app: Open, filled: Path) -> None:
    app = open_app(filled)
    _run(app.text_input(key="filter").set_value("metrics.acu > 0.9"))
    assert "**Position 1:**" in app.error[0].value and "metrics\\.auc" in app.error[0].value
    assert app.code[0].value == "metrics.acu > 0.9\n^"
    assert len(app.dataframe[0].value) == 4


def test_experiments_order_and_columns_are_chosen_by_address(open_app: Open, filled: Path) -> None:
    app = open_app(filled, experiment="churn", sort="-metrics.auc")
    assert list(app.dataframe[0].value["name"]) == [NASTY, "boosting", "forest"]
    app.query_params["cols"] = ["name", "params.depth", "metrics.auc", "no such column"]
    assert list(_run(app).dataframe[0].value.columns) == ["name", "depth", "auc"]


def test_a_filter_that_finds_nothing_says_so(open_app: Open, filled: Path) -> None:
    assert "No run matches" in words(open_app(filled, filter="metrics.auc > 5"))


# -- Run ----------------------------------------------------------------------------------------------------------


def open_tab(open_app: Open, path: Path, run: str, tab: str) -> AppTest:
    """The page of a run at one of its tabs, as its address names it."""
    return open_app(path, "run", run=run_ids(path)[run], **{"run-tab": tab})


def test_a_run_shows_its_params_metrics_artifacts_and_curves(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "run", run=run_ids(filled)["boosting"])
    assert "## boosting" in words(app)
    assert {metric.label: metric.value for metric in app.metric} == {"auc": "0.85", "loss": "0.1667"}
    tables = {next(iter(table.value.columns)): table.value for table in app.dataframe}
    assert dict(zip(tables["param"]["param"], tables["param"]["value"], strict=True)) == {
        "depth": "4",
        "seed": "1",
        "lr": "0.1",
    }
    assert len(app.get("vega_lite_chart")) == 1
    app = open_tab(open_app, filled, "boosting", "Artifacts")
    assert {"churn-train:v1", "config.json:v1"} <= set(app.dataframe[0].value["artifact"])
    app = open_tab(open_app, filled, "boosting", "Metrics")
    assert list(app.dataframe[0].value["values"]) == [5, 1]


def test_the_newest_run_opens_where_none_is_named(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "run")
    assert "## broken off" in words(app)
    assert app.query_params["run"] == run_ids(filled)["broken off"]


def test_a_run_that_is_not_there_is_said(open_app: Open, filled: Path) -> None:
    assert "There is no run 20200101" in words(open_app(filled, "run", run="20200101")).replace("\\", "")


def test_stored_text_is_never_read_as_markdown(open_app: Open, filled: Path) -> None:
    app = open_tab(open_app, filled, NASTY, "Artifacts")
    assert "\\[click\\]\\(javascript" in words(app)
    report = next(text.value for text in app.markdown if "# Report" in text.value)
    assert "![" not in report, "a picture from elsewhere is not fetched"
    assert not any(text.allow_html for text in app.markdown)


def test_a_note_written_on_the_page_is_in_the_workbook(open_app: Open, filled: Path) -> None:
    run_id = run_ids(filled)["forest"]
    app = open_app(filled, "run", run=run_id)
    _run(app.button(key="edit").click())
    app.text_area(key="edit:insight").set_value("Deeper is better.")
    app.text_input(key="edit:tags.team").set_value("growth")
    app.text_input(key="edit:new-tag").set_value("baseline")
    app.text_input(key="edit:new-value").set_value("yes")
    app.selectbox(key="edit:status").set_value("KILLED")
    _run(app.button(key="edit-save").click())
    assert cell(filled, "runs", "insight", run_id) == "Deeper is better."
    assert cell(filled, "runs", "tags.team", run_id) == "growth"
    assert cell(filled, "runs", "tags.baseline", run_id) == "yes"
    assert cell(filled, "runs", "status", run_id) == "KILLED"
    assert "Deeper is better." in words(app)
    assert [toast.value for toast in app.toast] == ["Saved in the workbook."]


def test_a_persons_number_stays_a_number(open_app: Open, tmp_path: Path) -> None:
    from zoo import with_openpyxl

    path = tmp_path / "bare.xlsx"
    columns = ("run_id", "name", "status", "my score", "notes")
    rows = (("r1", "first", "FINISHED", 1.5, None), ("r2", "second", "FINISHED", None, None))
    with_openpyxl.simple(path, {"runs": (columns, rows)})
    app = open_app(path, "run", run="r2")
    _run(app.button(key="edit").click())
    app.text_input(key="edit:my score").set_value("2.5")
    _run(app.button(key="edit-save").click())
    assert cell(path, "runs", "my score", "r2") == 2.5


def test_nothing_is_written_where_nothing_was_changed(open_app: Open, filled: Path) -> None:
    before = filled.read_bytes()
    app = open_app(filled, "run", run=run_ids(filled)["forest"])
    _run(app.button(key="edit").click())
    _run(app.button(key="edit-save").click())
    assert "editing" not in app.session_state
    _run(app.button(key="edit").click())
    app.text_area(key="edit:notes").set_value("never mind")
    _run(app.button(key="edit-cancel").click())
    assert filled.read_bytes() == before


@pytest.mark.parametrize(("decision", "kept"), [("conflict-mine", "mine"), ("conflict-theirs", "theirs")])
def test_two_people_at_one_cell_see_both_values(open_app: Open, filled: Path, decision: str, kept: str) -> None:
    run_id = run_ids(filled)["forest"]
    app = open_app(filled, "run", run=run_id)
    _run(app.button(key="edit").click())
    app.text_area(key="edit:notes").set_value("mine")
    app.text_area(key="edit:goal").set_value("a goal")
    edits.set_note(tracker.open(filled), run_id, "theirs", None, WHO)
    _run(app.button(key="edit-save").click())
    assert "has changed since you opened it" in words(app)
    assert [code.value for code in app.code if code.value in ("mine", "theirs")] == ["theirs", "mine"]
    assert cell(filled, "runs", "notes", run_id) == "theirs"
    _run(app.button(key=decision).click())
    assert cell(filled, "runs", "notes", run_id) == kept
    assert cell(filled, "runs", "goal", run_id) == "a goal"


def test_an_edit_while_excel_has_the_workbook_open_waits_and_is_seen(open_app: Open, filled: Path) -> None:
    filled.with_name("~$registry.xlsx").write_bytes(
        b"\x07analyst".ljust(55) + b"\x07\x00" + "analyst".encode("utf-16-le")
    )
    before, run_id = filled.read_bytes(), run_ids(filled)["forest"]
    app = open_app(filled, "run", run=run_id)
    assert "open in Excel by analyst" in words(app)
    _run(app.button(key="edit").click())
    app.text_area(key="edit:notes").set_value("written meanwhile")
    _run(app.button(key="edit-save").click())
    assert filled.read_bytes() == before
    assert "written meanwhile" in words(app) and "1 change pending" in words(app)
    assert "not in the workbook yet" in app.toast[0].value and "Excel" in app.toast[0].value


# -- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees_everything_and_changes_nothing(open_app: Open, filled: Path, page: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(filled)
    sheet = next(sheet for sheet in book.worksheets if "people" in sheet.tables)
    first = sheet.tables["people"].ref.split(":")[0]
    row = sheet[first].row + 1
    sheet.cell(row, sheet[first].column, WHO)
    sheet.cell(row, sheet[first].column + 1, "viewer")
    book.save(filled)
    app = open_app(filled, page, run=run_ids(filled)["forest"])
    assert not app.error
    keys = {button.key for button in app.button}
    assert not keys & {"edit", "problems-force", "undo-plan-button", "restore-plan-button"}


# -- History ------------------------------------------------------------------------------------------------------


def test_a_change_is_taken_back_on_the_page(open_app: Open, filled: Path) -> None:
    registry = tracker.open(filled)
    run_id = registry.run_id("forest")
    edits.set_note(registry, run_id, "a slip", None, "ann")
    app = open_app(filled, "history")
    app = _run(app.button(key="undo-plan-button").click())
    app = _run(app.button(key="undo-agree").click())
    assert not app.error and registry.run(run_id)["notes"] is None


def test_cells_that_changed_since_are_told_before_the_rest_is_taken_back(open_app: Open, filled: Path) -> None:
    registry = tracker.open(filled)
    run_id = registry.run_id("forest")
    edits.edit_row(registry, "runs", (run_id,), {"notes": "a slip", "goal": "try"}, {}, "ann")
    change = registry.changes()[0].id
    edits.set_note(registry, run_id, "meant", "a slip", "ben")
    app = open_app(filled, "history", change=change)
    app = _run(app.button(key="undo-plan-button").click())
    assert "1 cell changed since" in app.warning[0].value and "meant" in app.warning[0].value
    app = _run(app.button(key="undo-agree").click())
    assert registry.run(run_id)["notes"] == "meant" and registry.run(run_id)["goal"] is None


def test_filters_of_the_history_and_a_change_that_is_not_there(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "history")
    app = _run(app.text_input(key="history-who").set_value("nobody at all"))
    assert "Nothing in the history is of that kind" in app.info[0].value
    assert "no change set" in open_app(filled, "history", change="999999").error[0].value


def test_an_altered_change_set_is_named_on_the_page(open_app: Open, filled: Path) -> None:
    file = min(filled.with_suffix(".tracker").glob("changes/*.json"))
    file.write_bytes(file.read_bytes() + b"{}")
    app = _run(open_app(filled, "history").button(key="history-verify").click())
    assert file.name in app.error[0].value and "was altered" in app.error[0].value


# -- Compare, Artifacts, Checklist, Problems ----------------------------------------------------------------------


def test_two_runs_side_by_side(open_app: Open, filled: Path) -> None:
    ids = run_ids(filled)
    app = open_app(filled, "compare", runs=f"{ids['forest']},{ids['boosting']}")
    metrics, why, params, *_ = (table.value for table in app.dataframe)
    rows = {row[""]: (row["≠"], row["forest"], row["boosting"]) for _, row in metrics.iterrows()}
    assert rows["auc"] == ("≠", "0.8", "★ 0.85  (+0.05)")
    assert rows["loss"] == ("≠", "0.2", "★ 0.1667  (-0.03333)")
    assert list(params[""]) == ["depth", "seed", "lr"] and list(params["≠"]) == ["≠", "", ""]
    assert why["name"][0] == "depth"
    _run(app.toggle(key="compare-only").set_value(True))
    assert list(app.dataframe[2].value[""]) == ["depth"]
    _run(app.button_group(key="compare-view").set_value("curves"))
    assert len(app.get("vega_lite_chart")) == 1


def test_runs_to_compare_are_asked_for(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "compare", runs="gone")
    assert "Choose two or more runs" in words(app)
    _run(app.multiselect(key="compare-picker").set_value(list(run_ids(filled).values())[:2]))
    assert len(app.dataframe) >= 2
    assert "Not in this registry" in words(open_app(filled, "compare", runs="gone,also-gone"))


def test_artifacts_are_filtered_and_shown_with_their_lineage(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "artifacts", **{"category": "documentation"})
    assert set(app.dataframe[0].value["category"]) == {"documentation"}
    app = open_app(filled, "artifacts", **{"artifact-name": "train"})
    assert "## churn\\-train\\:v1" in words(app)
    assert list(app.dataframe[1].value.columns) == ["age", "churned"]
    assert "Made by" in words(app)
    assert "No artifact matches" in words(open_app(filled, "artifacts", **{"artifact-name": "nothing like it"}))


def test_an_artifact_that_leads_out_of_the_folder_is_not_shown(open_app: Open, tmp_path: Path) -> None:
    from zoo import with_openpyxl

    path = tmp_path / "inside" / "bare.xlsx"
    path.parent.mkdir()
    (tmp_path / "secret.txt").write_text("the secret")
    artifacts = (("artifact", "name", "path"), (("a:v1", "a", "../secret.txt"), ("b:v1", "b", "/etc/hostname")))
    with_openpyxl.simple(path, {"runs": (("run_id", "name"), (("r1", "x"),)), "artifacts": artifacts})
    app = open_app(path, "artifacts")
    assert "the secret" not in words(app)
    assert "not in the registry's folder" in words(app)
    assert not app.get("download_button")


def test_the_checklist_shows_what_is_recorded_and_what_is_not(open_app: Open, tmp_path: Path) -> None:
    path = _with_checklist(tmp_path)
    app = open_app(path, "checklist")
    matrix = app.dataframe[0].value
    assert matrix.iloc[0].to_dict() == {"run": "first", "done": "1 of 2", "seed": "✓ done", "report": "· not checked"}


def test_an_item_is_waived_with_a_reason(open_app: Open, tmp_path: Path) -> None:
    path = _with_checklist(tmp_path)
    app = open_app(path, "run", run="r1", **{"run-tab": "Checklist"})
    grids.tick(app, "run-checklist", 0)
    _run(app)
    name = "run-item:r1:seed"
    app.get_by_key(f"{name}-status").set_value("waived")
    _run(app.button(key=f"{name}-save").click())
    assert "A waiver needs a reason" in words(app)
    app.text_input(key=f"{name}-why").set_value("no randomness in it")
    _run(app.button(key=f"{name}-save").click())
    assert cell(path, "checklist", "status", "seed") == "waived"
    assert cell(path, "checklist", "why", "seed") == "no randomness in it"
    assert cell(path, "checklist", "who", "seed") == WHO


def _with_checklist(folder: Path) -> Path:
    from zoo import with_openpyxl

    path = folder / "checked.xlsx"
    checklist = ("run_id", "item", "status", "level", "evidence", "who", "when", "why")
    with_openpyxl.simple(
        path,
        {
            "runs": (("run_id", "name", "experiment"), (("r1", "first", "e"),)),
            "sop": (("item", "level", "rule"), (("report", "should", None), ("seed", "must", "param seed"))),
            "checklist": (checklist, (("r1", "seed", "done", "must", "param seed", "ds1", None, None),)),
        },
    )
    return path


def test_problems_name_their_cell_and_a_sync_reports(open_app: Open, tmp_path: Path) -> None:
    from zoo import with_openpyxl

    path = tmp_path / "bare.xlsx"
    rows = (("r1", "x", "FINISHED", "much"), ("r1", "y", "FINISHED", 0.5), (None, "typed", None, 0.7))
    with_openpyxl.simple(path, {"runs": (("run_id", "name", "status", "metrics.auc"), rows)})
    app = open_app(path, "problems")
    assert "`Runs!D2`" in words(app) and "Keys that stand twice" in words(app).replace("\\", "")
    _run(app.button(key="problems-sync").click())
    assert "The last sync" in words(app)
    assert cell(path, "runs", "run_id", "typed")


def test_a_lock_file_that_was_left_behind_is_passed_over(open_app: Open, filled: Path) -> None:
    run_id = run_ids(filled)["forest"]
    filled.with_name(".~lock.registry.xlsx#").write_text(",ds1,workstation,24.11.2026 06:45,file:///;")
    edits.set_note(tracker.open(filled), run_id, "waiting", None, WHO)
    app = open_app(filled, "problems")
    _run(app.button(key="problems-sync").click())
    assert "The last sync had to wait" in words(app) and "LibreOffice" in words(app)
    assert cell(filled, "runs", "notes", run_id) is None
    _run(app.button(key="problems-force").click())
    assert cell(filled, "runs", "notes", run_id) == "waiting"


# -- which registry -----------------------------------------------------------------------------------------------


def test_a_copy_of_the_sample_is_shown_where_no_registry_is_named(open_app: Open, tmp_path: Path) -> None:
    samples = ROOT / "sample_workbooks"
    sample = next(samples.glob("*.xlsx"))
    before = sample.read_bytes()
    app = open_app(samples=f"Path({str(samples)!r})")
    assert "sample copy" in words(app)
    assert list((tmp_path / "cache").rglob(sample.name))
    assert sample.read_bytes() == before


def test_without_registry_and_sample_one_is_made(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    assert "Open a registry, or make a new one" in words(app)
    app.text_input(key="make-folder").set_value(str(tmp_path))
    app.text_input(key="make-name").set_value("mine")
    _run(app.button(key="make-submit").click())
    assert (tmp_path / "mine.xlsx").exists()
    assert "**mine\\.xlsx**" in words(app) and "No runs yet" in words(app)
    assert app.query_params["registry"] == str(tmp_path / "mine.xlsx")


def test_another_registry_is_opened_by_its_path(open_app: Open, filled: Path, registry_path: Path) -> None:
    app = open_app()
    app.text_input(key="open-path").set_value(f'"{filled.parent / "nowhere.xlsx"}"')
    _run(app.button(key="open-submit").click())
    assert "There is no registry at" in app.error[0].value
    app.text_input(key="open-path").set_value(str(filled))
    _run(app.button(key="open-submit").click())
    assert "**registry\\.xlsx**" in words(app)


def test_a_link_to_a_registry_never_opened_before_is_asked_about(open_app: Open, filled: Path, tmp_path: Path) -> None:
    other = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", tmp_path / "other.xlsx"))
    app = open_app(filled, registry=str(other))
    assert "This link asks for another registry" in words(app)
    assert "**registry\\.xlsx**" in words(app)
    _run(app.button(key="link-open").click())
    assert "**other\\.xlsx**" in words(app)
    assert "**other\\.xlsx**" in words(open_app(filled, registry=str(other))), "known from now on"


def test_on_a_network_pages_neither_open_nor_make_files(
    open_app: Open, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tracker.web.entering import start

    monkeypatch.setattr(start.st, "get_option", lambda name: "0.0.0.0")
    app = open_app(filled, registry=str(tmp_path / "other.xlsx"))
    assert "This link asks" not in words(app)
    assert not [field for field in app.text_input if field.key in ("make-folder", "open-path")]
    assert not [field for field in open_app().text_input if field.key in ("make-folder", "open-path")]
