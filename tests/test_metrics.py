"""metrics.csv: what is logged is what is read, whatever happens in between."""

from __future__ import annotations

import csv
import errno
import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.journal.metrics import HEADER, MetricSummary, MetricsWriter, read_steps, summarise, summary_cells
from tracker.settings import Settings

ROOT = Path(__file__).parent.parent

names = st.text(min_size=1, max_size=30).filter(lambda name: " ".join(name.splitlines()) != "")
values = st.floats(allow_nan=True, allow_infinity=True)
steps = st.one_of(st.none(), st.integers(-(2**63), 2**63))
logged = st.lists(st.tuples(names, values, steps, st.integers(0, 2**43)), max_size=30)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "metrics.csv"


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@settings(deadline=None)
@given(logged)
def test_what_is_logged_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, calls: list[Any]) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.csv"
    writer = MetricsWriter(path)
    for name, value, step, timestamp in calls:
        writer.log(name, value, step, timestamp)
    writer.close()
    read = read_steps(path)
    assert read.metric == [" ".join(name.splitlines()) for name, *_ in calls]
    assert read.step == [step for _, _, step, _ in calls]
    assert read.timestamp == [timestamp for *_, timestamp in calls]
    assert all(same(one, other) for one, (_, other, *_) in zip(read.value, calls, strict=True))


@settings(deadline=None)
@given(logged)
def test_other_programs_read_the_same_csv(tmp_path_factory: pytest.TempPathFactory, calls: list[Any]) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.csv"
    writer = MetricsWriter(path)
    writer.open()
    for name, value, step, timestamp in calls:
        writer.log_many({name: value}, step, timestamp)
    writer.close()
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["metric"] for row in rows] == [" ".join(name.splitlines()) for name, *_ in calls]
    assert all(same(float(row["value"]), value) for row, (_, value, *_) in zip(rows, calls, strict=True))


def test_several_metrics_of_one_step_are_one_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = MetricsWriter(path)
    writer.open()
    writes: list[bytes] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: (writes.append(bytes(content)), write(file, content))[1])
    writer.log_many({"a": 1.0, "b, c": 2.0}, 3, 1000)
    assert writes == [b'1000,3,a,1.0\n1000,3,"b, c",2.0\n']


def test_a_file_that_is_not_there_has_no_steps(path: Path) -> None:
    assert read_steps(path).value == []
    assert summarise(path) == ({}, {}, 0)


def test_making_a_writer_touches_no_disk(path: Path) -> None:
    MetricsWriter(path)
    assert not path.parent.exists()


# -- crashes ------------------------------------------------------------------------------------------------------

CHILD = """
import sys, itertools
from pathlib import Path
from tracker.journal.metrics import MetricsWriter
writer = MetricsWriter(Path(sys.argv[1]))
for step in itertools.count():
    writer.log("auc", step / 7, step)
    print(step, flush=True)
"""


def test_every_value_whose_call_returned_survives_kill_9(path: Path) -> None:
    for _ in range(5):
        path.unlink(missing_ok=True)
        child = subprocess.Popen([sys.executable, "-c", CHILD, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        seen = [child.stdout.readline() for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        seen += child.stdout.readlines()
        child.wait()
        child.stdout.close()
        acknowledged = len([line for line in seen if line.endswith("\n")])
        read = read_steps(path)
        assert len(read.step) >= acknowledged >= 200
        assert read.step == list(range(len(read.step)))
        assert read.value == [step / 7 for step in range(len(read.step))]


@pytest.mark.parametrize(
    "torn", ["1", "1700,", "1700,4,", "1700,4,auc", "1700,4,auc,0.123", '1700,4,"a""b', '1700,4,"a,b']
)
def test_half_a_line_is_never_believed_and_costs_no_other(path: Path, torn: str) -> None:
    writer = MetricsWriter(path)
    writer.log("auc", 0.5, 1)
    writer.close()
    with open(path, "ab") as file:
        file.write(torn.encode())
    assert read_steps(path).value == [0.5]
    assert summarise(path)[2] == path.stat().st_size - len(torn)
    writer = MetricsWriter(path)
    writer.log("auc", 0.75, 2)
    assert read_steps(path).value == [0.5, 0.75]
    with open(path, encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[-1][1:] == ["2", "auc", "0.75"]


def test_an_empty_file_left_by_a_crash_gets_its_header(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    MetricsWriter(path).log("auc", 0.5, 1, 7)
    assert path.read_bytes() == HEADER + b"7,1,auc,0.5\n"


class FullDisk:
    """An ``os.write`` that has room for so many more bytes only."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, file: int, content: bytes) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(file, bytes(content)[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", [*range(0, 60, 7), 13])
def test_a_full_disk_loses_nothing_once_there_is_room(path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    writer = MetricsWriter(path)
    writer.open()
    disk = FullDisk(monkeypatch, room)
    failed = 0
    for step in range(6):
        try:
            writer.log("auc", step / 3, step)
        except OSError as error:
            assert error.errno == errno.ENOSPC
            failed += 1
    assert failed
    assert writer.waiting
    disk.room = 1_000_000
    writer.close()
    assert not writer.waiting
    assert read_steps(path).value == [step / 3 for step in range(6)]


def test_a_disk_that_is_full_at_the_start_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch, 10)
    writer = MetricsWriter(path)
    with pytest.raises(OSError, match="No space"):
        writer.open()
        writer.log("auc", 0.25, 1)
    disk.room = 1_000_000
    writer.log("auc", 0.5, 2)
    assert read_steps(path).value[-1] == 0.5


def test_threads_and_other_writers_share_a_file(path: Path) -> None:
    shared, other = MetricsWriter(path), MetricsWriter(path)
    shared.open()

    def work(writer: MetricsWriter, name: str) -> None:
        for step in range(300):
            writer.log(name, float(step), step)

    jobs = [(shared, "a"), (shared, "b"), (other, "c")]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = read_steps(path)
    for _, name in jobs:
        assert [step for step, metric in zip(read.step, read.metric, strict=True) if metric == name] == list(range(300))


def test_a_closed_writer_opens_again(path: Path) -> None:
    writer = MetricsWriter(path)
    writer.log("auc", 1.0)
    writer.close()
    writer.close()
    writer.log("auc", 2.0)
    assert read_steps(path).value == [1.0, 2.0]


# -- summaries ----------------------------------------------------------------------------------------------------


def test_the_last_value_is_that_of_the_greatest_step_as_with_mlflow(path: Path) -> None:
    writer = MetricsWriter(path)
    for value, step in [(0.1, 1), (0.9, 5), (0.3, 2), (0.8, 5)]:
        writer.log("auc", value, step)
    writer.log("loss", 3.0)
    writer.log("loss", 2.0)
    _, whole, end = summarise(path)
    assert whole == {"auc": MetricSummary(4, 0.8, 5, 0.1, 0.9), "loss": MetricSummary(2, 2.0, None, 2.0, 3.0)}
    assert end == path.stat().st_size


def test_nan_is_neither_the_smallest_nor_the_greatest(path: Path) -> None:
    writer = MetricsWriter(path)
    for value in [math.nan, 2.0, math.nan, -math.inf, 1.0, math.nan]:
        writer.log("loss", value)
    writer.log("never", math.nan)
    _, whole, _ = summarise(path)
    assert (whole["loss"].min, whole["loss"].max) == (-math.inf, 2.0)
    assert math.isnan(whole["loss"].last)
    assert math.isnan(whole["never"].min)
    assert math.isnan(whole["never"].max)


@settings(deadline=None)
@given(logged, st.data())
def test_a_summary_up_to_an_offset_is_that_of_the_first_lines(
    tmp_path_factory: pytest.TempPathFactory, calls: list[Any], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("metrics")
    split = data.draw(st.integers(0, len(calls)))
    first, both = MetricsWriter(folder / "first.csv"), MetricsWriter(folder / "both.csv")
    first.open()
    both.open()
    for number, (name, value, step, timestamp) in enumerate(calls):
        if number < split:
            first.log(name, value, step, timestamp)
        both.log(name, value, step, timestamp)
    first.close()
    both.close()
    _, alone, end = summarise(folder / "first.csv")
    before, whole, _ = summarise(folder / "both.csv", end)
    assert repr(before) == repr(alone)
    assert repr(whole) == repr(summarise(folder / "both.csv")[1])


def test_the_cells_are_those_that_the_settings_ask_for(path: Path) -> None:
    writer = MetricsWriter(path)
    for step, (auc, loss) in enumerate([(0.7, 3.0), (0.9, 1.0), (0.8, math.nan)]):
        writer.log_many({"auc": auc, "val_loss": loss}, step)
    whole = summarise(path)[1]
    assert summary_cells(whole, Settings()) == {"metrics.auc": 0.8, "metrics.val_loss": "NaN"}
    assert summary_cells(whole, Settings({"metrics.summary": "best, min,max"})) == {
        "metrics.auc.best": 0.9,
        "metrics.auc.min": 0.7,
        "metrics.auc.max": 0.9,
        "metrics.val_loss.best": 1.0,
        "metrics.val_loss.min": 1.0,
        "metrics.val_loss.max": 3.0,
    }
    assert summary_cells(whole, Settings({"metrics.summary": "nonsense"})) == {}


def test_a_metric_that_is_called_like_a_summary_keeps_its_own_value(path: Path) -> None:
    writer = MetricsWriter(path)
    writer.log_many({"auc.best": 0.1, "auc": 0.9})
    cells = summary_cells(summarise(path)[1], Settings({"metrics.summary": "last, best"}))
    assert cells["metrics.auc.best"] == 0.1


@settings(deadline=None)
@given(first=logged, second=logged, asked=st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=8))
def test_a_summary_does_not_depend_on_what_was_asked_before(
    tmp_path_factory: pytest.TempPathFactory, first: list[Any], second: list[Any], asked: list[tuple[bool, float]]
) -> None:
    """However the file grows, is replaced by another, and from where on it is asked for."""
    folder = tmp_path_factory.mktemp("metrics")
    for name, calls in (("first", first), ("second", second)):
        writer = MetricsWriter(folder / name)
        writer.open()
        for metric, value, step, timestamp in calls:
            writer.log(metric, value, step, timestamp)
        writer.close()
    path = folder / "metrics.csv"
    for number, (other, share) in enumerate(asked):
        content = (folder / ("second" if other else "first")).read_bytes()
        ends = [place + 1 for place, byte in enumerate(content) if byte == 10]
        path.write_bytes(content[: ends[int(share * (len(ends) - 1))]])
        offset = ends[int(share * share * (len(ends) - 1))]
        fresh = folder / f"fresh-{number}.csv"
        fresh.write_bytes(path.read_bytes()[:offset])
        before, whole, length = summarise(path, offset)
        assert length == path.stat().st_size
        assert repr(before) == repr(summarise(fresh)[1])
        fresh = folder / f"whole-{number}.csv"
        fresh.write_bytes(path.read_bytes())
        assert repr(whole) == repr(summarise(fresh)[1])
