"""What a script prints is kept beside its run, and comes out where it always came out."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tracker.errors import TrackerWarning
from tracker.folders import Folders
from tracker.runs.console import Console, OutputFile, settled

BEGIN = """
import logging, os, sys, time, warnings
import tracker
logging.basicConfig(level=logging.INFO, format="%(message)s")
"""


def script(registry: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own."""
    code = BEGIN + body.replace("REGISTRY", repr(str(registry)))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def output(registry: Path) -> str:
    """What was kept of the only run."""
    (path,) = Folders(registry).runs.glob("*/output.txt")
    return path.read_text(encoding="utf-8")


def test_all_that_python_prints_is_kept_and_still_printed(registry_path: Path) -> None:
    done = script(
        registry_path,
        """
print("before")
with tracker.start_run(REGISTRY, capture_output=True):
    print("hello", "wörld", sep=", ")
    print("to stderr", file=sys.stderr)
    logging.info("logged by a handler that was there before")
    sys.stdout.writelines(["one\\n", "two\\n"])
    print("no end", end="")
print(" after")
""",
    )
    lines = ["hello, wörld", "to stderr", "logged by a handler that was there before", "one", "two", "no end"]
    assert output(registry_path).splitlines() == lines
    assert done.stdout.splitlines() == ["before", "hello, wörld", "one", "two", "no end after"]
    assert done.stderr.splitlines()[:2] == lines[1:3]


def test_nothing_is_kept_unless_somebody_asks(registry_path: Path) -> None:
    body = "with tracker.start_run(REGISTRY): print('x')"
    script(registry_path, body)
    assert not list(Folders(registry_path).runs.glob("*/output.txt"))
    script(registry_path, body, TRACKER_CAPTURE_OUTPUT="1")
    assert output(registry_path) == "x\n"


def test_a_run_that_fails_keeps_its_traceback(registry_path: Path) -> None:
    done = script(
        registry_path,
        """
with tracker.start_run(REGISTRY, capture_output=True):
    print("so far")
    raise ValueError("no such column")
""",
    )
    kept = output(registry_path)
    assert kept.startswith("so far\nTraceback") and kept.rstrip().endswith("ValueError: no such column")
    assert done.stderr.count("no such column") == 1, "Python prints it as ever"


def test_what_was_printed_survives_a_kill(registry_path: Path) -> None:
    code = (
        BEGIN
        + f"""
run = tracker.start_run({str(registry_path)!r}, capture_output=True)
print("the last line", flush=True)
print("ready", flush=True)
time.sleep(60)
"""
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["the last line\n", "ready\n"]
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    assert output(registry_path).startswith("the last line\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_prints_into_it_and_does_not_hang(registry_path: Path) -> None:
    done = script(
        registry_path,
        """
with tracker.start_run(REGISTRY, capture_output=True):
    print("parent")
    if (child := os.fork()) == 0:
        print("child", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("parent again")
""",
    )
    assert output(registry_path).splitlines() == ["parent", "child", "parent again"], done.stderr


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("\r 10%\r 50%\r100%\n", "100%\n"),
        ("10%\r50%\r100%\r\n", "100%\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("no end", "no end\n"),
        ("\n\n", "\n\n"),
    ],
)
def test_of_a_progress_bar_its_last_state_remains(tmp_path: Path, printed: str, kept: str) -> None:
    for size in (1, 3, len(printed)):
        stream, path = io.StringIO(), tmp_path / f"{size}.txt"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", stream := _Stream())
            console = Console(OutputFile(path))
            console.start()
            for start in range(0, len(printed), size):
                sys.stdout.write(printed[start : start + size])
            console.stop()
        assert stream.getvalue() == printed
        assert path.read_bytes().decode() == kept


class _Stream(io.StringIO):
    """A stream whose method can be replaced, as that of a real one."""


@given(st.text(alphabet="ab\r", max_size=12))
def test_a_line_settles_at_its_last_part(line: str) -> None:
    parts = [part for part in line.split("\r") if part]
    assert settled(line) == (parts[-1] if parts else "")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_the_file_never_grows_beyond_its_size(tmp_path_factory: pytest.TempPathFactory, lengths: list[int]) -> None:
    path = tmp_path_factory.mktemp("console") / "output.txt"
    file = OutputFile(path, most=2000)
    for number, length in enumerate(lengths):
        file.append(f"{number} " + "x" * length + "\n")
        assert path.stat().st_size <= 2000
    file.close()
    lines = path.read_text().splitlines()
    assert lines[0].startswith("0 ") and lines[-1].startswith(f"{len(lengths) - 1} ")
    if sum(length + 6 for length in lengths) < 2000:
        assert len(lines) == len(lengths)


def test_nested_runs_each_keep_what_was_printed_while_they_were(registry_path: Path) -> None:
    real = sys.stdout.write
    with tracker.start_run(registry_path, capture_output=True) as outer:
        print("one")
        with tracker.start_run(nested=True, capture_output=True) as inner:
            print("two")
        print("three")
    kept = [Folders(registry_path).output(run.run_id).read_text().splitlines() for run in (outer, inner)]
    assert [line for line in kept[0] if "checklist" not in line] == ["one", "two", "three"]
    assert kept[1] == ["two"]
    assert sys.stdout.write == real, "the stream is as it was"


def test_one_that_ends_before_the_other_leaves_it_working(tmp_path: Path) -> None:
    first, second = (Console(OutputFile(tmp_path / name)) for name in ("first", "second"))
    first.start()
    second.start()
    print("both")
    first.stop()
    print("second only")
    second.stop()
    print("none")
    assert [(tmp_path / name).read_text() for name in ("first", "second")] == ["both\n", "both\nsecond only\n"]


def test_threads_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    console = Console(OutputFile(tmp_path / "output.txt"))
    console.start()
    lines = [f"{name} {number}" for name in "abcd" for number in range(200)]
    threads = [
        threading.Thread(target=lambda name=name: [sys.stdout.write(f"{name} {n}\n") for n in range(200)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    console.stop()
    assert sorted((tmp_path / "output.txt").read_text().splitlines()) == sorted(lines)


def test_a_full_disk_ends_the_copying_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[Exception] = []
    console = Console(OutputFile(tmp_path / "output.txt"), told.append)
    console.start()
    print("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", _full)
        print("goes on")
    print("and on")
    console.stop()
    assert capsys.readouterr().out == "kept\ngoes on\nand on\n"
    assert (tmp_path / "output.txt").read_text() == "kept\n"
    assert [str(fault) for fault in told] == ["[Errno 28] No space left on device"]


def _full(file: int, content: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_an_output_that_cannot_be_kept_is_said_once_and_the_run_goes_on(registry_path: Path) -> None:
    with tracker.start_run(registry_path) as run:
        Folders(registry_path).output(run.run_id).mkdir()
        with pytest.warns(TrackerWarning, match="capture_output"):
            run.capture_output()
        print("not kept")
    assert run.status == "FINISHED"
