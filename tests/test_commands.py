"""What a recorded command means for whoever wants to run it again."""

from __future__ import annotations

import posixpath
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.capture import command_line
from tracker.reproducing.commands import understand

TOP = "the top of the code"


@pytest.mark.parametrize(
    ("recorded", "source", "folder", "words"),
    [
        ("python train.py --lr 0.1", "train.py", "", "train.py --lr 0.1"),
        ("python3.11 ./train.py", "train.py", "", "train.py"),
        ("python.exe train.py", "jobs/train.py", "jobs", "train.py"),
        ("python jobs/train.py", "jobs/train.py", "", "jobs/train.py"),
        ("python jobs/train.py", "all my/jobs/train.py", "all my", "jobs/train.py"),
        ("python -u -X dev -W ignore train.py -c a.yaml", "train.py", "", "-u -X dev -W ignore train.py -c a.yaml"),
        ("python -m train", "train.py", "", "-m train"),
        ("python -um pkg.train -m x", "src/pkg/train.py", "src", "-u -m pkg.train -m x"),
        ("python -m pkg", "pkg/__main__.py", "", "-m pkg"),
        ("python pkg", "lib/pkg/__main__.py", "lib", "pkg"),
        ("python .", "__main__.py", "", "."),
    ],
)
def test_the_working_folder_follows_from_the_command_and_the_script(
    recorded: str, source: str, folder: str, words: str
) -> None:
    command = understand(recorded, source)
    assert (command.problem, command.assumed) == ("", "")
    assert command.folder == folder
    assert command.words("py", Path("bin")) == ["py", *shlex.split(words)]


@pytest.mark.parametrize(
    ("recorded", "source", "words"),
    [
        ("python ../jobs/train.py", "jobs/train.py", "jobs/train.py"),
        ("python /home/somebody/work/jobs/train.py -v", "jobs/train.py", "jobs/train.py -v"),
        (r"python 'C:\work\jobs\train.py'", "jobs/train.py", "jobs/train.py"),
        ("python /home/somebody/venv/bin/train -v", "train", "bin/train -v"),
        ("python -m torch.distributed.run train.py", "elsewhere/run.py", "-m torch.distributed.run train.py"),
    ],
)
def test_where_it_does_not_follow_what_is_assumed_is_said(recorded: str, source: str, words: str) -> None:
    command = understand(recorded, source)
    assert command.problem == ""
    assert command.assumed.startswith(TOP)
    assert command.words("py", Path("bin")) == ["py", *shlex.split(words)]


@pytest.mark.parametrize(
    ("recorded", "source", "started_in", "folder", "words"),
    [
        ("python ../jobs/train.py", "jobs/train.py", "lab", "lab", "../jobs/train.py"),
        ("python ../train.py", "jobs/train.py", "jobs/deep", "jobs/deep", "../train.py"),
        ("python /home/somebody/work/jobs/train.py -v", "jobs/train.py", "jobs", "jobs", "train.py -v"),
        (r"python 'C:\work\jobs\train.py'", "jobs/train.py", ".", "", "jobs/train.py"),
        ("python /home/somebody/venv/bin/train -v", "train", "jobs", "jobs", "bin/train -v"),
        ("python -m torch.distributed.run train.py", "elsewhere/run.py", "a", "a", "-m torch.distributed.run train.py"),
        ("python train.py", "jobs/train.py", "elsewhere", "jobs", "train.py"),
    ],
)
def test_where_it_does_not_follow_it_is_the_folder_that_was_recorded(
    recorded: str, source: str, started_in: str, folder: str, words: str
) -> None:
    command = understand(recorded, source, started_in)
    assert (command.problem, command.assumed, command.folder) == ("", "", folder)
    assert command.words("py", Path("bin")) == ["py", *shlex.split(words)]


@pytest.mark.parametrize("started_in", ["", "/etc", "../..", "a/../..", "C:x", "a\nb"])
def test_a_recorded_folder_that_is_none_does_not_count(started_in: str) -> None:
    command = understand("python /work/train.py", "train.py", started_in)
    assert command.assumed.startswith(TOP)
    assert (command.folder, command.target) == ("", "train.py")


@given(st.text("./\\ab:", min_size=1), st.text("./\\ab:", min_size=1), st.text("./\\ab:", min_size=1))
def test_no_folder_takes_the_script_out_of_the_code(word: str, source: str, started_in: str) -> None:
    command = understand(shlex.join(["python", word]), source, started_in)
    if command.kind == "script":
        script = posixpath.normpath(posixpath.join("/code", command.folder, command.target))
        assert script == "/code" or script.startswith("/code/")


@pytest.mark.parametrize(
    ("recorded", "source", "problem"),
    [
        ("", "train.py", "No command"),
        ("rm -rf /", "train.py", "does not start Python"),
        ("/tmp/python train.py", "train.py", "does not start Python"),
        ("python 'train.py", "train.py", "quotation marks"),
        ("python", "interactive", "typed"),
        ("python -", "interactive", "typed"),
        ("python -X", "train.py", "typed"),
        ("python -c '…'", "interactive", "python -c"),
        ("python -Ic '…' more", "interactive", "python -c"),
        ("python -m ipykernel_launcher -f x.json", "notebook", "notebook"),
        ("python -m tracker log", "interactive", "a shell"),
        ("python -m ../evil", "train.py", "names no module"),
        ("python -m", "train.py", "names no module"),
        ("python evil.py", "train.py", "runs 'evil.py'"),
        ("python ../../evil.py", "../../evil.py", "no file of the code"),
        ("python /etc/evil.py", "/etc/evil.py", "no file of the code"),
        ("python /usr/bin/..", "..", "no file of the code"),
        ("python 'C:evil.py'", "C:evil.py", "no file of the code"),
        ("python train.py --token '***'", "train.py", "secret"),
        ("python train.py --text abc…", "train.py", "too long"),
    ],
)
def test_what_cannot_be_run_says_why(recorded: str, source: str, problem: str) -> None:
    assert problem in understand(recorded, source).problem


@given(st.lists(st.text("ab -'\"$`\\\n;=&|é", max_size=8)))
def test_every_argument_is_what_it_was(arguments: list[str]) -> None:
    command = understand(command_line(["/usr/bin/python3", "jobs/train.py", *arguments]), "jobs/train.py")
    assert command.problem == ""
    assert command.words("py", Path("bin")) == ["py", "jobs/train.py", *arguments]


@given(st.text("./\\ab:", min_size=1), st.text("./\\ab:", min_size=1))
def test_no_command_leaves_the_code(word: str, source: str) -> None:
    command = understand(shlex.join(["python", word]), source)
    if command.kind == "script":
        for path in (command.folder, command.target):
            assert ".." not in path.replace("\\", "/").split("/")
            assert not path.startswith(("/", "\\"))
