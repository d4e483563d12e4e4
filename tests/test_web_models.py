"""The Models and Lineage pages: on the sample, on an empty registry, for a viewer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_web import NASTY, ROOT, WHO, Open, _run, open_app, words  # noqa: F401
from trained import open_gates

import tracker
from tracker.deciding import decide
from tracker.deciding.models import ModelVersion, registered
from tracker.settings import Settings
from tracker.web.models import board

SAMPLE = ROOT / "sample_workbooks" / "ml_experiments.xlsx"
PAGES = ("models", "lineage")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample registry."""
    path = Path(shutil.copyfile(SAMPLE, tmp_path / "sample.xlsx"))
    shutil.copytree(SAMPLE.with_suffix(".tracker"), path.with_suffix(".tracker"))
    open_gates(path)
    return path


def stages(path: Path) -> dict[str, str]:
    """The stage of each registered version."""
    return {one.label: one.stage for one in registered(tracker.open(path))}


def version(path: Path, label: str) -> ModelVersion:
    return next(one for one in registered(tracker.open(path)) if one.label == label)


def table(app: AppTest, column: str, place: int = 0) -> Any:
    """The table that has this column, the first of them unless another is meant."""
    return [grid.value for grid in app.dataframe if column in grid.value.columns][place]


# -- both pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_open_on_the_sample(open_app: Open, sample: Path, page: str) -> None:  # noqa: F811
    before = sample.read_bytes()
    assert not open_app(sample, page).error
    assert sample.read_bytes() == before


@pytest.mark.parametrize(("page", "says"), [("models", "No models yet"), ("lineage", "No lineage yet")])
def test_an_empty_registry_says_what_to_do(open_app: Open, registry_path: Path, page: str, says: str) -> None:  # noqa: F811
    app = open_app(registry_path, page)
    assert says in words(app)
    assert str(registry_path) in app.code[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_workbook_with_two_tables_only_opens(open_app: Open, bare_registry: Path, page: str) -> None:  # noqa: F811
    assert not open_app(bare_registry, page).error


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_workbook_is_one_clear_error(open_app: Open, tmp_path: Path, page: str) -> None:  # noqa: F811
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(SAMPLE.read_bytes()[:20_000])
    app = open_app(broken, page)
    assert len(app.error) == 1 and "is not a readable Excel workbook" in app.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_registry_in_disorder_opens(open_app: Open, tmp_path: Path, page: str) -> None:  # noqa: F811
    from zoo import with_openpyxl

    path = tmp_path / "disorder.xlsx"
    models = ("model", "version", "artifact", "run_id", "stage", "promoted_at", "reason")
    rows = (
        ("churn", 1, "gone:v9", "r9", "resting", "yesterday", NASTY),
        ("churn", 1, None, None, "production", None, None),
        ("churn", 2, "a:v1", 12, "production", 5, 7),
        ("churn", "two", None, None, None, None, None),
        (None, None, None, None, "staging", None, None),
        (NASTY, 3, NASTY, "r1", None, None, None),
    )
    tables = {
        "runs": (("run_id", "name", "metrics.auc"), (("r1", NASTY, "much"), ("r1", None, 0.5))),
        "models": (models, rows),
        "artifacts": (("artifact", "kind"), (("a:v1", 7), (None, None), ("a:v1", None))),
        "lineage": (("run_id", "artifact", "direction"), (("r1", "a:v1", "output"), (None, "a:v1", "sideways"))),
    }
    with_openpyxl.simple(path, tables)
    before = path.read_bytes()
    for model in ("churn", NASTY):
        app = open_app(path, page, model=model)
        assert not app.error
        assert not any(text.allow_html for text in app.markdown)
    assert path.read_bytes() == before


# -- Models -------------------------------------------------------------------------------------------------------


def test_the_code_of_the_empty_page_works(
    open_app: Open,  # noqa: F811
    registry_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.pkl").write_bytes(b"weights")
    code = open_app(registry_path, "models").code[0].value
    exec(compile(code, "page", "exec"), {})
    assert stages(registry_path) == {"churn v1": "none"}
    assert "**v1** churn\\-model\\:v1" in words(open_app(registry_path, "models"))


def test_a_version_is_promoted_after_its_plan_was_seen(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models")
    _run(app.button(key="promote-plan").click())
    assert "Give a reason" in words(app).replace("\\", "")
    app.text_input(key="promote-reason").set_value("finds *every* tumour")
    _run(app.button(key="promote-plan").click())
    assert "tumours v1 goes from candidate into production" in words(app)
    plan = table(app, "then")
    assert dict(zip(plan["column"], plan["then"], strict=True))["stage"] == "production"
    assert stages(sample) == {"tumours v1": "candidate"}, "nothing is done before it is agreed to"
    _run(app.button(key="model-agree").click())
    done = version(sample, "tumours v1")
    assert (done.stage, done.promoted_by, done.reason) == ("production", WHO, "finds *every* tumour")
    assert [toast.value for toast in app.toast] == ["Saved in the workbook."]
    assert "finds \\*every\\* tumour" in words(app)


def test_a_model_goes_back_to_the_version_before(open_app: Open, sample: Path) -> None:  # noqa: F811
    registry = tracker.open(sample)
    decide.register(registry, "tumours", "tumours-model:v2", WHO)
    for number in (1, 2):
        decide.promote(registry, f"tumours:v{number}", "production", "better", WHO)
    app = open_app(sample, "models", model="tumours")
    assert len(app.get("vega_lite_chart")) == 1
    app.text_input(key="revert-reason").set_value("misses some")
    _run(app.button(key="revert-plan").click())
    assert "tumours v1 comes back into production instead of v2" in words(app)
    _run(app.button(key="model-cancel").click())
    assert stages(sample) == {"tumours v1": "retired", "tumours v2": "production"}
    app.text_input(key="revert-reason").set_value("misses some")
    _run(app.button(key="revert-plan").click())
    _run(app.button(key="model-agree").click())
    assert stages(sample) == {"tumours v1": "production", "tumours v2": "retired"}


def test_a_plan_that_somebody_else_overtook_is_not_carried_out(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models")
    app.text_input(key="promote-reason").set_value("good")
    _run(app.button(key="promote-plan").click())
    decide.promote(tracker.open(sample), "tumours:v1", "staging", "to be looked at", "ds1")
    _run(app.button(key="model-agree").click())
    assert len(app.error) == 1
    assert stages(sample) == {"tumours v1": "staging"}


def test_an_artifact_becomes_the_next_version(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models")
    app.selectbox(key="register-artifact").set_value("diabetes-model:v3")
    app.text_input(key="register-model:tumours").set_value("diabetes")
    _run(app.button(key="register-submit").click())
    assert stages(sample) == {"tumours v1": "candidate", "diabetes v1": "none"}
    assert app.query_params["model"] in ("diabetes", ["diabetes"])
    assert list(table(app, "retired")["model"]) == ["diabetes", "tumours"]
    assert app.text_input(key="register-model:diabetes").value == "diabetes"
    assert app.selectbox(key="promote-version").value == "diabetes:v1"


def test_two_versions_are_compared(open_app: Open, sample: Path) -> None:  # noqa: F811
    decide.register(tracker.open(sample), "tumours", "tumours-model:v3", who=WHO)
    app = open_app(sample, "models")
    _run(app.toggle(key="versions-toggle").set_value(True))
    differs = table(app, "remark")
    assert list(differs.columns) == ["what", "name", "v1 (candidate)", "v2 (none)", "remark"]
    artifact = differs[(differs["what"] == "model") & (differs["name"] == "artifact")]
    assert artifact.iloc[0].tolist()[2:4] == ["tumours-model:v1", "tumours-model:v3"]
    assert set(differs["what"]) >= {"metric", "param", "model"}
    assert "both read the same data" in words(app)
    _run(app.selectbox(key="versions-left").set_value("tumours:v2"))
    assert "0 differences" in words(app)


def test_the_card_is_shown_and_taken_away(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models")
    shown = next(part.value for part in app.get("html") if "Model card: tumours v1" in part.value)
    assert "<table>" in shown and "yours:details" not in shown and "<script" not in shown
    assert {button.key for button in app.get("download_button")} >= {"card-md", "card-html"}


def test_html_that_people_wrote_is_text_in_the_card(open_app: Open, sample: Path) -> None:  # noqa: F811
    decide.promote(tracker.open(sample), "tumours:v1", "staging", "<img src=x onerror=alert(1)>", WHO)
    app = open_app(sample, "models")
    shown = next(part.value for part in app.get("html") if "Model card: tumours v1" in part.value)
    assert "<img" not in shown and "&lt;img" in shown


def test_a_viewer_sees_the_models_and_cannot_decide(open_app: Open, sample: Path) -> None:  # noqa: F811
    _give_role(sample, "viewer")
    app = open_app(sample, "models")
    assert "**v1** tumours\\-model\\:v1" in words(app)
    assert not {button.key for button in app.button} & {"promote-plan", "revert-plan", "register-submit"}


def test_production_takes_a_manager(open_app: Open, sample: Path) -> None:  # noqa: F811
    _give_role(sample, "contributor")
    app = open_app(sample, "models")
    app.text_input(key="promote-reason").set_value("good")
    _run(app.button(key="promote-plan").click())
    assert "This takes a manager" in words(app)
    assert app.button(key="model-agree").disabled


def test_a_model_that_is_not_there_is_said(open_app: Open, sample: Path) -> None:  # noqa: F811
    assert "There is no model gone" in words(open_app(sample, "models", model="gone"))


def _give_role(path: Path, role: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheet = next(sheet for sheet in book.worksheets if "people" in sheet.tables)
    first = sheet[sheet.tables["people"].ref.split(":")[0]]
    sheet.cell(first.row + 1, first.column, WHO)
    sheet.cell(first.row + 1, first.column + 1, role)
    book.save(path)


# -- Lineage ------------------------------------------------------------------------------------------------------


def test_what_came_from_a_data_set(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "lineage", of="tumours-data:v1")
    assert "7 models came from tumours\\-data\\:v1" in words(app)
    models = table(app, "registered as")
    assert dict(zip(models["model"], models["registered as"], strict=True))["tumours-model:v1"] == "tumours v1"
    assert "tumours v1 (candidate)" in list(table(app, "to", 1)["to"])
    assert [text.split(" (")[0] for text in table(app, "to")["to"]] == ["prepare data"]
    drawing = app.get("graphviz_chart")[0].proto.spec
    assert 'label="tumours-data:v1\\ndata set", shape=box, style=bold' in drawing


def test_one_direction_of_a_model(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "lineage", of="tumours v1")
    _run(app.get_by_key("lineage-side").set_value("Upstream"))
    assert "tumours-data:v1 (data set)" in list(table(app, "to")["to"])
    assert "What came from it" not in words(app)


def test_what_is_not_there_is_said_and_another_can_be_chosen(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "lineage", of="nothing:v1")
    assert len(app.error) == 1
    app.selectbox(key="lineage-picker").set_value(app.selectbox(key="lineage-picker").options[0])
    _run(app)
    assert not app.error


def test_of_many_things_the_newest_are_offered_and_the_others_are_looked_for(
    open_app: Open,  # noqa: F811
    sample: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracker.web.artifacts.lineage.MOST_OFFERED", 12)
    app = open_app(sample, "lineage")
    offered = app.selectbox(key="lineage-picker").options
    assert [option.split(" · ")[0] for option in offered] == ["model", *["artifact"] * 4, *["run"] * 4]
    app = open_app(sample, "lineage", of="TUMOURS data")
    assert "tumours-data:v1" in app.selectbox(key="lineage-picker").value.id
    app = open_app(sample, "lineage", of="tumours-mod")
    assert "Many things are called like tumours\\-mod. Choose one" in words(app)
    picker = app.selectbox(key="lineage-picker")
    assert len(picker.options) == 4
    _run(picker.set_value(picker.options[0]))
    assert "What it came from" in words(app)


def test_a_lineage_without_its_artifacts_rows_is_shown(open_app: Open, tmp_path: Path) -> None:  # noqa: F811
    from zoo import with_openpyxl

    path = tmp_path / "bare.xlsx"
    lineage = (("run_id", "artifact", "direction"), (("r1", "data:v1", "input"), ("r1", "m:v1", "output")))
    with_openpyxl.simple(path, {"runs": (("run_id", "name"), (("r1", NASTY),)), "lineage": lineage})
    assert list(table(open_app(path, "lineage"), "to", 1)["to"]) == ["m:v1"]


# -- the board ----------------------------------------------------------------------------------------------------


def on_board(number: int, stage: str, run_id: str = "") -> ModelVersion:
    return ModelVersion("churn", number, f"churn-model:v{number}", run_id, stage)


def test_the_board_has_the_stages_that_matter_and_those_that_are_held() -> None:
    assert board.stages([on_board(1, "candidate")]) == ["candidate", "staging", "production"]
    assert board.stages([on_board(2, "none"), on_board(1, "blessed")])[0] == "none"
    assert board.stages([on_board(1, "blessed")])[-1] == "blessed"


def test_a_card_says_how_a_version_stands_beside_production() -> None:
    versions = [on_board(3, "candidate", "c"), on_board(2, "production", "b"), on_board(1, "none", "a")]
    runs = {
        "a": {"metrics.loss": 0.5, "owner": "ann", "checklist": "7 of 9"},
        "b": {"metrics.loss": 0.25, "checklist": "9 of 9"},
        "c": {"metrics.loss": 0.125},
    }
    cards = board.cards(versions, runs, "loss", Settings())
    (first,), (second,), (third,) = cards["none"], cards["production"], cards["candidate"]
    assert (first.beside, second.beside, third.beside) == ("+0.25", "", "-0.125")
    assert third.is_best and not first.is_best, "a loss is best when it is small"
    assert (first.owner, first.checklist, first.is_complete) == ("ann", "7 of 9", False)
    assert second.is_complete and second.next_stage == "" and third.next_stage == "staging"


def test_a_version_without_a_run_or_a_metric_has_a_card() -> None:
    cards = board.cards([on_board(1, "none"), on_board(2, "none", "gone")], {}, "", Settings())
    assert [(card.version.version, card.value) for card in cards["none"]] == [(2, None), (1, None)]


def test_from_a_card_to_the_decision(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models")
    assert "9 of 11 checklist items" in words(app) and "**0\\.979** accuracy" in words(app)
    _run(next(button for button in app.button if str(button.key).endswith("-candidate-0")).click())
    assert app.selectbox(key="promote-stage").value == "staging"
    app.text_input(key="promote-reason").set_value("to be looked at")
    _run(app.button(key="promote-plan").click())
    _run(app.button(key="model-agree").click())
    assert stages(sample) == {"tumours v1": "staging"}


def test_the_metric_on_the_cards_is_in_the_address(open_app: Open, sample: Path) -> None:  # noqa: F811
    app = open_app(sample, "models", **{"model-metric": "recall"})
    assert "recall" in words(app) and app.selectbox(key="model-metric").value == "recall"
