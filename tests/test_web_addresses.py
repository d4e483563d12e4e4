"""What a page shows is in its address: whoever opens it elsewhere sees the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import grids
import pytest
from streamlit.testing.v1 import AppTest
from test_web import Open, _run, filled, made, open_app, run_ids, words  # noqa: F401

import tracker
from tracker.deciding import edits
from tracker.web.common import address
from tracker.web.pages import PAGES

CHOICES: dict[str, tuple[dict[str, Any], ...]] = {
    "runs": (
        {"filter": "metrics.auc > 0.81", "sort": ["-metrics.auc"], "cols": ["name", "metrics.auc", "params.depth"]},
        {
            "by": "experiment",
            "in": "=churn",
            "widths": ["metrics.auc=widest"],
            "unshaded": True,
            "curve": "metrics.loss",
        },
    ),
    "run": ({"run-tab": "Metrics"}, {"curve-log-y": True, "curve-smoothing": 0.5}),
    "compare": (
        {"compare-view": "differences", "compare-only": True},
        {"compare-view": "curves", "compare-curves-axis": "time", "compare-curves-log": True},
        {"compare-view": "scatter", "compare-x": "params.depth", "compare-y": "metrics.auc", "compare-log-y": True},
    ),
    "artifacts": ({"artifact-name": "churn", "newest": True},),
    "data": ({"drift-only": True},),
    "lineage": ({"lineage-side": "Upstream"},),
    "retention": ({"retention-tab": "Next 90 days"},),
    "checklist": ({"checklist-which": "Lack something", "checklist-musts": True, "checklist-experiment": ["churn"]},),
    "workbook": ({"sheet": "artifacts", "sheet-find": "train"},),
    "history": (
        {"history-table": "artifacts", "history-who": "a", "history-since": date(2026, 1, 2)},
        {"history-view": "Compare versions"},
    ),
    "settings": ({"settings-tab": "People"},),
}
"""What somebody chooses on a page, by the keys of its widgets."""


def shown(app: AppTest) -> list[str]:
    """All that a page says and all of its tables."""
    return [words(app), *(frame.value.to_csv() for frame in app.dataframe)]


def elsewhere(app: AppTest, opened: Open, path: Path, page: str) -> AppTest:
    """The address of a page, opened in another session."""
    return opened(path, page, **app.query_params)


@pytest.mark.parametrize(("page", "chosen"), [(page, one) for page, several in CHOICES.items() for one in several])
def test_what_is_chosen_on_a_page_is_in_its_address(
    open_app: Open,  # noqa: F811
    filled: Path,  # noqa: F811
    page: str,
    chosen: dict[str, Any],
) -> None:
    subject = {
        "run": {"run": run_ids(filled)["forest"]},
        "data": {"artifact": "churn-train:v1", "with": "churn-train:v1"},
    }
    app = open_app(filled, page, **subject.get(page, {}))
    for key, value in chosen.items():
        app.session_state[key] = value
    _run(app)
    other = elsewhere(_run(app), open_app, filled, page)
    assert {key: other.session_state[key] for key in chosen} == chosen
    assert shown(other) == shown(app)
    assert not [one for one in app.warning if "default" in str(one.value)]


@pytest.mark.parametrize(
    ("page", "place", "row"),
    [
        ("runs", "runs-grid", 2),
        ("sop", "sop-items", 1),
        ("settings", "settings-list", 3),
        ("artifacts", "artifacts-list-0", 4),
        ("history", "history-list", 1),
    ],
)
def test_what_is_ticked_in_a_grid_is_in_the_address(
    open_app: Open,  # noqa: F811
    filled: Path,  # noqa: F811
    page: str,
    place: str,
    row: int,
) -> None:
    tracker.open(filled).sync()  # a second change set, where that of the fixture was put off
    edits.set_note(tracker.open(filled), run_ids(filled)["forest"], "seen", None, "ann")
    app = open_app(filled, page)
    at_first = shown(app)
    grids.tick(app, place, row)
    _run(app)
    other = elsewhere(_run(app), open_app, filled, page)
    assert shown(other) == shown(app) != at_first
    grids.tick(app, place)
    assert not {"picked", "item", "setting"} & set(_run(app).query_params)


def test_an_address_does_not_name_very_many(open_app: Open, filled: Path) -> None:  # noqa: F811
    ids = list(run_ids(filled).values())
    app = open_app(filled, "runs", picked=[*ids, "not here"])
    assert "4 selected" in words(app)
    app.session_state["picked"] = [f"r{number}" for number in range(address.MOST_NAMED + 1)]
    assert "picked" not in _run(app).query_params


def test_every_page_with_choices_is_looked_at() -> None:
    without = {
        "overview",
        "import",
        "models",
        "problems",
        "sop",
    }  # sop: ticked below; the others have tests of their own
    assert {page.address for page in PAGES} - without == set(CHOICES)
