"""What pages show, without a page: formats, columns, curves, differences, places, files, the checklist matrix."""

from __future__ import annotations

import math
import os
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.reading.query import parse
from tracker.settings import Settings
from tracker.web.common import editing, shown
from tracker.web.compare import charts, differences
from tracker.web.entering import places
from tracker.web.procedure import matrix
from tracker.web.reading import columns, curves, files, watch

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


# -- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.912849, "0.9128"),
        (0.5, "0.5"),
        (1.5e-05, "1.5e-05"),
        (12345.678, "12,346"),
        (1234.5678, "1235"),
        (7, "7"),
        (1_000_000, "1,000,000"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (None, "–"),
        ("", "–"),
        (True, "true"),
        (pd.NaT, "–"),
        ("0.10", "0.10"),
        (pd.Timestamp("2026-11-24T06:45:12Z"), "2026-11-24 06:45:12 UTC"),
    ],
)
def test_values_are_shown_with_four_digits(value: object, text: str) -> None:
    assert shown.text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.30000000000000004"), (12346, "12346"), (2**70, str(2**70)), (3.0, "3"), (None, "–")],
)
def test_exact_values_have_all_their_digits(value: object, text: str) -> None:
    assert shown.exact(value) == text


@pytest.mark.parametrize(
    ("values", "form"),
    [
        ([0.91, 0.5], "%.4f"),
        ([12.25, 8.5], "%.2f"),
        ([1, 2, 300], None),
        ([1e-05, 0.9], "%.4g"),
        ([12345.5, 20000.5], "%.0f"),
        ([math.nan, None, math.inf], None),
        ([], None),
    ],
)
def test_a_column_of_numbers_lines_up(values: list[float], form: str | None) -> None:
    assert shown.column_format(values) == form


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.069, "69 ms"),
        (3.2, "3.2 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-1, "–"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert shown.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "just now"),
        (61, "1 minute ago"),
        (7300, "2 hours ago"),
        (86_400 * 3, "3 days ago"),
        (86_400 * 40, "on 15 Oct 2026"),
        (-20, "just now"),
        (-86_400, "on 25 Nov 2026"),
    ],
)
def test_how_long_ago(seconds: float, text: str) -> None:
    assert shown.ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("count", "text"), [(137, "137 bytes"), (5620, "5.6 KB"), (20_000, "20 KB"), (999_999, "1 MB"), (None, "–")]
)
def test_sizes(count: int, text: str) -> None:
    assert shown.size(count) == text


def test_stored_text_stays_text() -> None:
    assert shown.plain("[x](javascript:alert(1))\n**b** <b>") == r"\[x\]\(javascript\:alert\(1\)\) \*\*b\*\* \<b\>"
    assert shown.code("a`b") == "`a'b`"
    for text in ("![x](http://elsewhere.example/x.png)", "\\![x](http://elsewhere.example/x.png)"):
        assert "![" not in shown.note(text)


def test_every_status_has_a_symbol_and_a_word() -> None:
    assert shown.status("FAILED") == "✗ FAILED"
    assert shown.status("resting") == "? resting"
    assert shown.check("done") == "✓ done"
    assert shown.status(None) == shown.check(None) == "–"


@pytest.mark.parametrize(
    ("entered", "like", "meant"),
    [
        ("0.5", 1.0, 0.5),
        ("about 0.5", 1.0, "about 0.5"),
        ("0.5", "text", "0.5"),
        ("true", False, True),
        ("", 1.0, None),
        ("  ", "x", "  "),
        ("2026-11-24 06:45:12 UTC", datetime(2026, 1, 1), datetime(2026, 11, 24, 6, 45, 12)),
        ("7", None, "7"),
    ],
)
def test_what_was_typed_is_the_kind_of_value_that_was_there(entered: str, like: object, meant: object) -> None:
    assert editing.typed(entered, like) == meant


# -- columns ------------------------------------------------------------------------------------------------------


def frame(**columns_: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns_.values())))
    base: dict[str, list[object]] = {
        "run_id": [f"r{i}" for i in range(count)],
        "name": [f"run {i}" for i in range(count)],
        "experiment": ["e"] * count,
        "status": ["FINISHED"] * count,
        "start_time": list(pd.date_range("2026-11-01", periods=count, tz="UTC")),
    }
    return pd.DataFrame({**base, **columns_})


def test_columns_fall_into_groups() -> None:
    groups = columns.grouped(["run_id", "params.a", "metrics.b", "tags.c", "goal", "notes", "my verdict", "status"])
    assert groups["run"] == ["run_id", "status"]
    assert groups["yours"] == ["goal", "notes", "my verdict"]
    assert (groups["params"], groups["metrics"], groups["tags"]) == (["params.a"], ["metrics.b"], ["tags.c"])


def test_headers_are_short_unless_two_would_be_the_same() -> None:
    found = columns.headers(["params.depth", "metrics.auc", "params.auc"])
    assert found == {"params.depth": "depth", "metrics.auc": "metrics.auc", "params.auc": "params.auc"}


def test_params_that_differ_are_shown_before_those_that_do_not() -> None:
    many = {f"params.same{i}": [1, 1] for i in range(8)}
    chosen = columns.suitable(frame(**many, **{"params.lr": [0.1, 0.2], "metrics.none": [None, None]}))
    assert "params.lr" in chosen and "metrics.none" not in chosen
    assert sum(column.startswith("params.") for column in chosen) == columns.MOST["params"]


def test_runs_are_ordered_with_the_best_first_and_blanks_last() -> None:
    runs = frame(**{"metrics.auc": [0.5, None, 0.9], "metrics.loss": [0.3, 0.2, None], "params.x": ["b", 1, "a"]})
    orders = columns.orders(list(runs.columns), Settings())
    assert list(columns.arranged(runs, orders["auc, highest first"])["run_id"]) == ["r2", "r0", "r1"]
    assert list(columns.arranged(runs, orders["loss, lowest first"])["run_id"]) == ["r1", "r0", "r2"]
    assert list(columns.arranged(runs, orders["newest first"])["run_id"]) == ["r2", "r1", "r0"]
    assert list(columns.arranged(runs, orders["x"])["run_id"]) == ["r1", "r2", "r0"]


def test_the_example_of_a_filter_is_one_that_works_here() -> None:
    runs = frame(**{"metrics.val loss": [0.5, 0.25, None]})
    example = columns.example(runs)
    assert example == "metrics.\"val loss\" > 0.38 and status = 'FINISHED'"
    assert parse(example).mask(runs) == [True, False, False]
    assert parse(columns.example(frame(x=[1]))).mask(frame(x=[1])) == [True]


def test_a_number_column_is_as_wide_as_its_longest_number() -> None:
    assert columns.number_width("loss", "%.4g", [2334.0, 0.01821]) > columns.number_width("loss", "%.4g", [2334.0, 1.0])
    assert columns.number_width("a very long header of a metric", None, [1]) == columns.WIDEST


# -- curves -------------------------------------------------------------------------------------------------------


def history(values: list[float], metric: str = "loss", steps: list[float] | None = None) -> pd.DataFrame:
    times = pd.date_range("2026-11-24", periods=len(values), freq="10s", tz="UTC")
    return pd.DataFrame(
        {"timestamp": times, "step": steps or list(range(len(values))), "metric": metric, "value": values}
    )


def test_a_curve_is_sorted_by_step_and_leaves_out_what_cannot_be_drawn() -> None:
    one = curves.curve(history([3.0, math.nan, 1.0, math.inf], steps=[2, 1, 0, 3]), "loss", "a")
    assert one.points["x"].tolist() == [0, 2]
    assert one.points["value"].tolist() == [1.0, 3.0]
    assert one.undrawn == 2


def test_a_log_axis_leaves_out_what_is_not_above_zero() -> None:
    assert curves.curve(history([1.0, 0.0, -1.0, 2.0]), "loss", "a", log=True).undrawn == 2


def test_time_counts_from_the_first_value_of_the_run() -> None:
    assert curves.curve(history([1.0, 2.0, 3.0]), "loss", "a", axis="time").points["x"].tolist() == [0, 10, 20]


def test_values_without_steps_are_counted() -> None:
    one = curves.curve(history([5.0, 4.0, 3.0], steps=[math.nan] * 3), "loss", "a")
    assert one.points["x"].tolist() == [0, 1, 2]


def test_a_final_value_without_a_step_does_not_bend_the_curve() -> None:
    mixed = history([3.0, 2.0, 1.0, 9.0], steps=[0, 1, 2, math.nan])
    by_step = curves.curve(mixed, "loss", "a")
    assert by_step.points["value"].tolist() == [3.0, 2.0, 1.0] and by_step.stepless == 1
    assert curves.curve(mixed, "loss", "a", axis="time").points["value"].tolist() == [3.0, 2.0, 1.0, 9.0]


def test_a_million_points_are_thinned_without_losing_a_peak() -> None:
    values = pd.DataFrame({"x": range(100_000), "value": [0.0] * 100_000})
    values.loc[77_777, "value"] = 9.0
    thinned = curves.thin(values, 600)
    assert len(thinned) <= 600
    assert thinned["value"].max() == 9.0
    assert thinned["x"].iloc[0] == 0 and thinned["x"].iloc[-1] == 99_999


def test_smoothing_stays_between_the_values() -> None:
    smoothed = curves.smooth(pd.Series([0.0, 1.0, 0.0, 1.0]), 0.6)
    assert smoothed.iloc[0] == 0.0 and 0 < smoothed.iloc[-1] < 1
    assert curves.smooth(pd.Series([0.0, 1.0]), 0).tolist() == [0.0, 1.0]


def test_only_metrics_with_several_values_are_curves() -> None:
    both = pd.concat([history([1.0, 2.0]), history([7.0], "f1")])
    assert curves.metrics_with_curves(both) == ["loss"]


def test_labels_of_runs_with_one_name_are_told_apart() -> None:
    labels = curves.distinct_labels({"20261124-064512-3fa1c9": "gbm", "20261124-064512-77aa01": "gbm", "x": "forest"})
    assert labels == {"20261124-064512-3fa1c9": "gbm (3fa1c9)", "20261124-064512-77aa01": "gbm (77aa01)", "x": "forest"}


def test_a_chart_names_every_run_and_adds_dashes_beyond_the_colours() -> None:
    many = [curves.curve(history([1.0, 2.0]), "loss", f"run {i}") for i in range(9)]
    drawn = charts.metric_chart(many, axis="step").to_dict()
    encoding = drawn["layer"][0]["encoding"]
    assert encoding["color"]["scale"]["domain"] == [f"run {i}" for i in range(9)]
    assert len(encoding["strokeDash"]["scale"]["range"]) == 9
    alone = charts.metric_chart(many[:1], axis="step", smoothing=0.5).to_dict()
    assert alone["layer"][0]["encoding"]["color"]["legend"] is None
    assert len(alone["layer"]) == 3  # the raw values behind, the smoothed line, the points


# -- differences --------------------------------------------------------------------------------------------------


def sides(runs: pd.DataFrame) -> Any:
    return differences.beside(differences.rows_of(runs), ["first", "second"]).sides


def test_what_differs_comes_first_and_the_best_is_marked() -> None:
    runs = frame(
        **{
            "metrics.auc": [0.5, 0.9],
            "metrics.loss": [0.2, 0.4],
            "params.same": [1, 1],
            "params.lr": [0.1, 0.2],
            "tags.none": [None, None],
        }
    )
    groups = differences.differences(sides(runs), Settings())
    assert [(line.name, line.differs) for line in groups["params"]] == [("lr", True), ("same", False)]
    assert {line.name: line.best for line in groups["metrics"]} == {"auc": (1,), "loss": (0,)}
    assert "tags" not in groups
    auc = groups["metrics"][0]
    assert (differences.cell(auc, 0), differences.cell(auc, 1)) == ("0.5", "★ 0.9  (+0.4)")


def test_numbers_that_are_the_same_but_for_their_type_do_not_differ() -> None:
    runs = frame(**{"params.depth": [6, 6.0], "metrics.auc": [0.5, None]})
    groups = differences.differences(sides(runs.astype({"params.depth": object})), Settings())
    assert not groups["params"][0].differs
    assert groups["metrics"][0].differs and groups["metrics"][0].best == ()


# -- the checklist ------------------------------------------------------------------------------------------------

SOP = pd.DataFrame(
    [
        {"item": "report", "level": "should", "rule": "", "applies_to": "", "owner": None},
        {"item": "seed", "level": "must", "rule": "param seed", "applies_to": "churn*", "owner": "ds1"},
    ]
)
CHECKLIST = pd.DataFrame(
    [
        {"run_id": "r0", "item": "seed", "status": "done", "level": "must"},
        {"run_id": "r0", "item": "odd", "status": "waived", "level": None},
    ]
)


def test_the_matrix_shows_what_is_done_missing_and_not_asked_for() -> None:
    items = matrix.items(SOP, CHECKLIST)
    assert [item.name for item in items] == ["seed", "report", "odd"]
    records = matrix.records(CHECKLIST)
    cells = [matrix.status(records.get(("r0", item.name)), item, {"experiment": "churn-2"}) for item in items]
    assert cells == ["✓ done", "· not checked", "~ waived"]
    assert matrix.summary(cells) == "1 of 2"
    assert matrix.status(None, items[0], {"experiment": "fraud"}) == ""


# -- places -------------------------------------------------------------------------------------------------------


def test_the_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    environment = {"TRACKER_REGISTRY": str(tmp_path / "env.xlsx")}
    assert places.named_registry(["--flag", str(tmp_path / "a.xlsx")], environment) == tmp_path / "a.xlsx"
    assert places.named_registry([], environment) == tmp_path / "env.xlsx"
    assert places.named_registry([], {}) is None
    assert places.absolute(' "~/a.xlsx" ') == Path.home() / "a.xlsx"


def test_the_sample_is_copied_once_with_its_folder(tmp_path: Path) -> None:
    source, home = tmp_path / "samples", tmp_path / "home"
    (source / "s.tracker" / "artifacts").mkdir(parents=True)
    (source / "s.xlsx").write_bytes(b"workbook")
    (source / "~$s.xlsx").write_bytes(b"lock")
    sample = places.sample_workbook(source)
    assert sample == source / "s.xlsx"
    copy = places.sample_copy(sample, home)
    assert copy.read_bytes() == b"workbook" and (copy.parent / "s.tracker" / "artifacts").is_dir()
    copy.write_bytes(b"edited")
    assert places.sample_copy(sample, home).read_bytes() == b"edited"
    places.discard_copy(copy)
    assert places.sample_copy(sample, home).read_bytes() == b"workbook"
    assert sample.read_bytes() == b"workbook"
    assert places.sample_workbook(tmp_path / "nothing") is None


def test_the_home_is_the_persons_own_cache_or_else_a_temporary_folder(tmp_path: Path) -> None:
    if sys.platform == "linux":
        assert places.home({"XDG_CACHE_HOME": str(tmp_path / "cache")}) == tmp_path / "cache" / "tracker-workbook"
        (tmp_path / "file").write_text("in the way")
        fallback = places.home({"XDG_CACHE_HOME": str(tmp_path / "file")})
        assert fallback.is_dir() and fallback.stat().st_mode & 0o077 == 0
        fallback.rmdir()


def test_only_copies_of_samples_are_discarded(tmp_path: Path) -> None:
    mine = tmp_path / "registry.xlsx"
    mine.write_bytes(b"mine")
    places.discard_copy(mine)
    assert mine.exists()


def test_what_was_opened_last_comes_first(tmp_path: Path) -> None:
    assert places.recent(tmp_path) == []
    for name in ("a", "b", "a", *(f"x{i}" for i in range(7))):
        places.remember(tmp_path, tmp_path / name)
    assert places.recent(tmp_path)[0] == tmp_path / "x6"
    assert places.recent(tmp_path)[-1] == tmp_path / "a"
    (tmp_path / "recent.json").write_text("[1, {}]")
    assert places.recent(tmp_path) == []


@pytest.mark.parametrize("name", ["", "..", "a/b.xlsx", "c:x.xlsx", "there.xlsx"])
def test_a_new_registry_needs_a_free_file_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.xlsx").write_bytes(b"")
    with pytest.raises(BadRequestError):
        places.new_path(str(tmp_path), name)
    assert places.new_path(str(tmp_path), "new") == tmp_path / "new.xlsx"
    with pytest.raises(BadRequestError):
        places.new_path(str(tmp_path / "nowhere"), "new")


# -- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    place = Folders(tmp_path / "registry" / "registry.xlsx")
    (place.artifacts / "a" / "v1").mkdir(parents=True)
    (place.artifacts / "a" / "v1" / "a.txt").write_text("hello")
    return place


def test_files_are_shown_only_from_the_side_folder(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    os.symlink(tmp_path / "secret.txt", folders.artifacts / "a" / "v1" / "link.txt")
    os.symlink("loop", folders.artifacts / "loop")
    inside = "registry.tracker/artifacts/a/v1/"
    assert files.inside(folders, inside + "a.txt") == (folders.artifacts / "a/v1/a.txt").resolve()
    for wrong in (
        "../secret.txt",
        str(tmp_path / "secret.txt"),
        inside + "link.txt",
        inside + "../../../../../secret.txt",
    ):
        assert files.inside(folders, wrong) is None
    for wrong in ("registry.tracker/artifacts/loop", "", None, math.nan, "a\0b", "s3://bucket/a.txt", "/dev/null"):
        assert files.inside(folders, wrong) is None
    assert files.contents(folders.artifacts / "a" / "v1") == [("a.txt", 5)]


@pytest.mark.parametrize(
    ("name", "content", "look"),
    [
        ("a.png", b"\x89PNG", "image"),
        ("a.csv", b"a,b\n", "table"),
        ("a.md", b"# x", "markdown"),
        ("a.pkl", b"\x80\x04\x00", "none"),
        ("a.unknown", "größe".encode(), "text"),
        ("a.bin", b"\xff\xfe\x00", "none"),
        ("a.html", b"<script>", "html"),
        ("cut.txt", b"x" * 8191 + "ö".encode(), "text"),
    ],
)
def test_how_a_file_is_shown(tmp_path: Path, name: str, content: bytes, look: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert files.look(tmp_path / name) == look


def test_previews_stay_small_and_survive_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x" * 200_000)
    assert files.text(path) == ("x" * files.MOST_TEXT, True)
    path.write_bytes(b"not an image")
    assert files.picture(path) is None
    assert files.drawing(path) is None
    path.write_text("[" * 100_000)
    assert files.structure(path) is None
    path.write_text('{"a": 1}')
    assert files.structure(path) == {"a": 1}
    path.write_text("a,b\n1,2,3\n4\n")
    ragged = files.table(path)
    assert ragged is not None and list(ragged.frame.columns) == ["a", "b", ""]
    assert ragged.frame.to_numpy().tolist() == [["1", "2", "3"], ["4", "", ""]]
    assert (ragged.columns, ragged.more) == (3, False)
    path.write_text("id,text\n007,=1+1\n" + "1,x\n" * 500)
    table = files.table(path)
    assert table is not None and table.more and len(table.frame) == files.TABLE_ROWS
    assert table.frame.iloc[0].tolist() == ["007", "=1+1"]


def test_an_image_that_only_claims_to_be_small_is_not_opened(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("1", (9000, 9000)).save(tmp_path / "big.png")
    assert (tmp_path / "big.png").stat().st_size < files.MOST_IMAGE
    assert files.picture(tmp_path / "big.png") is None


def test_a_folder_comes_as_a_zip(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(files.as_zip(folders.artifacts / "a"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["v1/a.txt"]


# -- the watch ----------------------------------------------------------------------------------------------------


def test_the_stamp_changes_with_everything_a_page_shows(folders: Folders) -> None:
    seen = [watch.stamp(folders, 0)]

    def news() -> bool:
        seen.append(watch.stamp(folders, 0))
        return seen[-1] != seen[-2]

    assert not news()
    folders.workbook.write_bytes(b"x")
    assert news()
    folders.pending.mkdir()
    pending = folders.pending / "1.jsonl"
    pending.write_text('{"run_id": "r1"}\n')
    assert news()
    os.utime(pending, (1, 1))
    assert not news(), "a heartbeat is no news"
    folders.metrics("r1").parent.mkdir(parents=True)
    folders.metrics("r1").write_text("timestamp,step,metric,value\n")
    assert news()
    folders.changes.mkdir()
    (folders.changes / "000001-0.json").write_text("{}")
    assert news()
    folders.workbook.with_name("~$registry.xlsx").write_bytes(b"")
    assert news()
    assert watch.stamp(folders, 0) != watch.stamp(folders, 61), "a writer may have died meanwhile"
