"""The Run page by streamlit's own tester: each tab of a finished, a failed, a planned and a hostile run."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_web import NASTY, Open, _run, open_app, words  # noqa: F401
from zoo import with_openpyxl

import tracker
from tracker.web.run.page import TABS


@pytest.fixture
def failed(registry_path: Path) -> str:
    """The id of a run that printed something and failed."""
    with (
        pytest.raises(ValueError),
        tracker.start_run(registry_path, name="broke", capture_output=True) as run,
    ):
        run.log_params({f"layer.{number}": number for number in range(30)})
        for step in range(40):
            run.log_metrics({f"val/m{number:02}": step * number for number in range(20)}, step=step)
        print(NASTY)
        raise ValueError(NASTY)
    return str(run.run_id)


def test_a_failed_run_says_why_as_plain_text(open_app: Open, registry_path: Path, failed: str) -> None:  # noqa: F811
    app = open_app(registry_path, "run", run=failed)
    (why,) = (error.value for error in app.error)
    assert why.replace("\\", "") == f"ValueError: {NASTY}" and "\\[click\\]" in why
    app = open_app(registry_path, "run", run=failed, **{"run-tab": "Output"})
    (output,) = (code.value for code in app.code if "Traceback" in code.value)
    assert output.startswith(NASTY) and output.endswith(f"ValueError: {NASTY}")
    found = _run(app.text_input(key="output-find").set_value("valueerror click"))
    assert [code.value for code in found.code if "click" in code.value] == [f"ValueError: {NASTY}"]


def test_of_many_metrics_and_params_some_are_found(
    open_app: Open,  # noqa: F811
    registry_path: Path,
    failed: str,
) -> None:
    app = open_app(registry_path, "run", run=failed, **{"curve-page": "4"})
    assert len(app.get("vega_lite_chart")) == 2 and "val/m18" in words(app)
    app = _run(app.text_input(key="curve-metrics").set_value("M1 val"))
    assert len(app.get("vega_lite_chart")) == 4, "the last of two pages, since there is no fourth any more"
    app = _run(app.text_input(key="run-params-find").set_value(".7"))
    assert app.dataframe[0].value["param"].tolist() == ["layer.7"]
    app = open_app(registry_path, "run", run=failed, **{"run-tab": "Metrics"})
    app = _run(app.text_input(key="run-metrics-find").set_value("m03"))
    assert app.dataframe[0].value["max"].tolist() == ["117"]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_a_planned_run_and_of_one_whose_id_leads_elsewhere_opens(
    open_app: Open,  # noqa: F811
    tmp_path: Path,
    tab: str,
) -> None:
    path = tmp_path / "bare.xlsx"
    columns = ("run_id", "name", "experiment", "status", "owner", "git_commit", "git_remote", "command", "params.x")
    hostile = "../../outside"
    rows = (
        ("r1", "planned", None, "PLANNED", None, None, None, None, None),
        (hostile, NASTY, NASTY, "FAILED", NASTY, "abc", "javascript:alert(1)", NASTY, NASTY),
    )
    with_openpyxl.simple(path, {"runs": (columns, rows)})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "output.txt").write_text("secret")
    (tmp_path / "outside" / "metrics.csv").write_text("timestamp,step,metric,value\n1,1,secret,1\n1,2,secret,2\n")
    for run_id in ("r1", hostile):
        app = open_app(path, "run", run=run_id, **{"run-tab": tab})
        assert "secret" not in words(app) + "".join(error.value for error in app.error)
        assert "[click](javascript" not in "".join(text.value for text in [*app.markdown, *app.caption])
        assert not app.get("link_button")


def test_an_address_full_of_nonsense_opens_the_page(
    open_app: Open,  # noqa: F811
    registry_path: Path,
    failed: str,
) -> None:
    nonsense = {
        "run-tab": "nothing",
        "curve-axis": "evil",
        "curve-smoothing": "9",
        "curve-zoom": "nan_x",
        "curve-page": "-5",
        "curve-log-y": "<b>",
    }
    app = open_app(registry_path, "run", run=failed, **nonsense)
    assert len(app.get("vega_lite_chart")) == 5, "whatever a switch is set to is on: of zeros a logarithm shows nothing"
    for zoom in ("9_3", "0_inf", "1_2_3", "_"):
        other = {"curve-smoothing": "inf", "curve-page": "x", "curve-zoom": zoom}
        app = open_app(registry_path, "run", run=failed, **other)
        assert len(app.get("vega_lite_chart")) == 6
        assert not [button for button in app.button if button.key == "whole-run"]
