"""A metrics.csv is followed while it is written: what was seen piece by piece is what is there as a whole."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.journal import following
from tracker.journal.following import StepsFollower
from tracker.journal.metrics import HEADER, MetricsWriter, read_steps, summarise

lines = st.lists(
    st.tuples(
        st.sampled_from(["loss", "a, b", 'say "so"', "ü"]),
        st.floats(allow_nan=True),
        st.one_of(st.none(), st.integers(-5, 10**12)),
        st.integers(1, 2**43),
    ),
    max_size=40,
)


def everything(follower: StepsFollower) -> dict[str, list[tuple[int, str, str]]]:
    """All that it has, comparable: NaN as text."""
    found = {}
    for metric in follower.summaries():
        steps = follower.steps(metric)
        found[metric] = [
            (time, str(step), repr(value))
            for time, step, value in zip(steps.timestamps, steps.steps, steps.values, strict=True)
        ]
    return found


def as_a_whole(path: Path) -> dict[str, list[tuple[int, str, str]]]:
    found: dict[str, list[tuple[int, str, str]]] = {}
    for time, step, metric, value in zip(*read_steps(path), strict=True):
        at = math.nan if step is None else float(step)
        found.setdefault(metric, []).append((time, str(at), repr(value)))
    return found


@settings(deadline=None)
@given(logged=lines, cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_however_the_file_grows_all_of_it_is_seen_once(
    tmp_path_factory: pytest.TempPathFactory, logged: list[Any], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("metrics")
    writer = MetricsWriter(folder / "whole.csv")
    for name, value, step, timestamp in logged:
        writer.log(name, value, step, timestamp)
    writer.open()
    writer.close()
    content = (folder / "whole.csv").read_bytes()
    growing = folder / "growing.csv"
    follower = StepsFollower(growing)
    follower.look()
    for end in sorted({min(cut, len(content)) for cut in cuts} | {len(content)}):
        with open(growing, "ab") as file:
            file.write(content[growing.stat().st_size : end])
        follower.look()
    assert everything(follower) == as_a_whole(folder / "whole.csv")
    assert repr(follower.summaries()) == repr(summarise(folder / "whole.csv")[1])
    assert follower.start == min((time for *_, time in logged), default=0)
    assert follower.read == len(content)


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(HEADER + b"".join(b"1,%d,loss,0.5\n" % step for step in range(100)))
    follower = StepsFollower(path)
    follower.look()
    seen: list[bytes] = []

    def noted(content: bytes) -> Any:
        seen.append(content)
        return iter(())

    monkeypatch.setattr(following, "steps_in", noted)
    follower.look()
    with open(path, "ab") as file:
        file.write(b"2,100,loss,0.25\n3,101,lo")
    follower.look()
    assert seen == [b"2,100,loss,0.25\n"]


def test_a_file_longer_than_one_piece_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "CHUNK", 50)
    path = tmp_path / "metrics.csv"
    path.write_bytes(HEADER + b"1,1,loss,1.0\n" * 20 + b"x" * 300 + b"\n" + b"2,2,loss,2.0\n" * 3)
    follower = StepsFollower(path)
    follower.look()
    assert list(follower.steps("loss").values)[-3:] == [2.0] * 3
    assert follower.summaries()["loss"].count == 23


@pytest.mark.parametrize("how", ["cut", "replaced", "gone"])
def test_a_file_that_was_restored_is_read_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(HEADER + b"1,1,loss,1.0\n1,2,loss,2.0\n")
    follower = StepsFollower(path)
    follower.look()
    kept = follower.steps("loss")
    if how == "cut":
        path.write_bytes(HEADER + b"5,1,auc,3.0\n")
    elif how == "replaced":
        other = tmp_path / "other.csv"
        other.write_bytes(HEADER + b"5,1,auc,3.0\n" * 9)
        os.replace(other, path)
    else:
        path.unlink()
    follower.look()
    assert list(follower.summaries()) == ([] if how == "gone" else ["auc"])
    assert follower.start == (0 if how == "gone" else 5)
    assert list(kept.values) == [1.0, 2.0], "what was given away stays"


def test_what_no_program_of_ours_wrote_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(HEADER + b"9" * 400 + b",1,loss,1.0\n1," + b"9" * 400 + b",loss,1.0\n\0\xff,\n1,1,loss,0.5\n")
    follower = StepsFollower(path)
    follower.look()
    assert list(follower.steps("loss").values) == [0.5]
