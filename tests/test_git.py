"""What git says of the code is recorded as it is, and never gets in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tracker import git
from tracker.capture import repository, source, working_folder
from tracker.git import GitState, git_state, public_address


class Repository:
    """A git repository with one committed file, ``train.py``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "nobody@example.com")
        self.git("config", "user.name", "nobody")
        self.script = self.write("train.py", "print(1)\n")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a commit")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    repo = Repository(tmp_path / "repo")
    repo.commit()
    return repo


def test_a_clean_repository_has_a_commit_and_no_diff(repo: Repository) -> None:
    commit = repo.git("rev-parse", "HEAD")
    assert git_state(repo.folder, script=repo.script) == GitState(commit, "main", False, "")


def test_changes_and_untracked_files_are_in_the_diff(repo: Repository) -> None:
    repo.write("train.py", "print('größer')\n")
    repo.write("new folder/größe.py", "")
    state = git_state(repo.folder / "new folder")
    assert state is not None
    assert state.dirty is True
    assert state.diff.startswith("# untracked: new folder/\ndiff --git a/train.py b/train.py\n")
    assert "-print(1)\n+print('größer')\n" in state.diff


def test_staged_changes_count(repo: Repository) -> None:
    repo.write("train.py", "print(2)\n")
    repo.git("add", "train.py")
    state = git_state(repo.folder)
    assert state is not None
    assert "+print(2)" in state.diff


def test_untracked_files_alone_do_not_make_it_dirty_but_an_untracked_script_does(repo: Repository) -> None:
    script = repo.write("scripts/other.py", "")
    clean, dirty = git_state(repo.folder, script=repo.script), git_state(repo.folder, script=script)
    assert clean is not None
    assert dirty is not None
    assert (clean.dirty, clean.diff) == (False, "")
    assert (dirty.dirty, dirty.diff) == (True, "# untracked: scripts/\n")


@pytest.mark.parametrize(
    "text", ["print('größe')\n", "a\r\nb\r\n", "no end of line", "\n", "a\n\n", "+a\n-b\n\x0cx\u2028y\n"]
)
@pytest.mark.parametrize("name", ["new.py", "new folder/größe 1.py"])
def test_an_untracked_script_is_in_the_diff_and_git_applies_it(
    repo: Repository, tmp_path: Path, text: str, name: str
) -> None:
    subprocess.run(["git", "clone", "-q", repo.folder, tmp_path / "clone"], check=True)
    repo.git("config", "diff.noprefix", "true")
    repo.write("train.py", "print(2)\n")
    script = repo.folder / name
    script.parent.mkdir(exist_ok=True)
    script.write_bytes(text.encode())
    state = git_state(repo.folder, script=script)
    assert state is not None
    diff = tmp_path / "uncommitted.diff"
    diff.write_bytes(state.diff.encode())
    subprocess.run(["git", "-C", tmp_path / "clone", "apply", "--whitespace=nowarn", diff], check=True)
    assert (tmp_path / "clone" / name).read_bytes() == text.encode()
    assert (tmp_path / "clone" / "train.py").read_text() == "print(2)\n"


@pytest.mark.parametrize("content", [b"x = 1\n" * 300, b"\xff\xfe", b"a\0b"])
def test_a_script_that_no_diff_can_hold_is_only_named(
    repo: Repository, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(git, "MAX_DIFF", 1000)
    script = repo.write("new.py", "")
    script.write_bytes(content)
    state = git_state(repo.folder, script=script)
    assert state is not None
    assert (state.dirty, state.diff) == (True, "# untracked: new.py\n")


def test_the_registry_itself_makes_nothing_dirty(repo: Repository) -> None:
    workbook = repo.write("lab/registry.xlsx", "one")
    repo.commit()
    workbook.write_text("two")
    side = repo.write("lab/registry.tracker/pending/x.jsonl", "").parents[1]
    state = git_state(repo.folder, ignore=(workbook, side))
    assert state is not None
    assert (state.dirty, state.diff) == (False, "")
    dirty = git_state(repo.folder)
    assert dirty is not None
    assert dirty.dirty is True


def test_a_detached_head_has_no_branch(repo: Repository) -> None:
    repo.git("checkout", "-q", "--detach")
    state = git_state(repo.folder)
    assert state is not None
    assert state.branch == ""


def test_a_large_diff_is_cut_off_and_says_so(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_DIFF", 1000)
    repo.write("train.py", "x = 1\n" * 10_000)
    state = git_state(repo.folder)
    assert state is not None
    assert len(state.diff) < 1100
    assert "cut off after 1,000 characters" in state.diff


def test_many_untracked_files_are_counted(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MAX_UNTRACKED", 3)
    for number in range(5):
        repo.write(f"{number}.txt", "")
    repo.write("train.py", "")
    state = git_state(repo.folder)
    assert state is not None
    assert "# untracked: 2.txt\n# … and 2 more\n" in state.diff


def test_nothing_that_the_repository_configures_is_run(repo: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    trap.chmod(0o755)
    repo.git("config", "core.fsmonitor", str(trap))
    repo.git("config", "diff.external", str(trap))
    repo.git("config", "diff.x.textconv", str(trap))
    repo.write(".gitattributes", "*.py diff=x\n")
    repo.write("train.py", "print(3)\n")
    state = git_state(repo.folder)
    assert state is not None
    assert "+print(3)" in state.diff
    assert not (tmp_path / "sprung").exists()


def test_other_git_commands_are_not_kept_waiting(repo: Repository) -> None:
    index = repo.folder / ".git" / "index"
    os.utime(repo.folder / "train.py")
    before = index.stat().st_mtime_ns
    git_state(repo.folder)
    assert index.stat().st_mtime_ns == before


def test_no_repository_no_commit_no_git_is_no_error(
    tmp_path: Path, repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert repository(empty) is None
    assert git_state(empty) is None
    assert git_state(Repository(tmp_path / "unborn").folder) is None
    monkeypatch.setenv("PATH", str(empty))
    assert git_state(repo.folder) is None


def test_a_git_that_hangs_is_not_waited_for(repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "GIT_SECONDS", 0.1)
    begin = time.monotonic()
    assert git_state(repo.folder) is None
    assert time.monotonic() - begin < 5


def test_a_script_is_named_from_the_top_of_its_repository(repo: Repository, tmp_path: Path) -> None:
    assert source(repo.write("jobs/train.py", "")) == "jobs/train.py"
    assert source(tmp_path / "alone.py") == "alone.py"
    assert source(None) == "interactive"


def test_the_folder_it_was_started_in_is_told_from_the_top(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = repo.write("jobs/train.py", "")
    told = []
    for place in (repo.folder, script.parent, tmp_path):
        monkeypatch.chdir(place)
        told.append(working_folder(script))
    assert told == [".", "jobs", ""]
    assert working_folder(tmp_path / "alone.py") == ""


# -- where it came from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/team/churn.git", "https://host/team/churn.git"),
        ("https://me:s3cr3t@host/team/churn.git", "https://host/team/churn.git"),
        ("https://s3cr3t@host:8443/churn.git?private_token=s3cr3t#s3cr3t", "https://host:8443/churn.git"),
        ("ssh://git@host:22/churn.git", "ssh://git@host:22/churn.git"),
        ("ssh://git:s3cr3t@host/churn.git", "ssh://git@host/churn.git"),
        ("git@host:team/churn.git", "git@host:team/churn.git"),
        ("/srv/git/churn.git", "/srv/git/churn.git"),
        ("https://host/token=s3cr3t/churn.git", ""),
        ("https://host/glpat-s3cr3ts3cr3ts3cr3t/churn.git", ""),
        ("../churn.git", ""),
        ("https://host/a\nb", ""),
        ("http://[host", ""),
        ("", ""),
    ],
)
def test_the_address_of_the_code_is_kept_without_secrets(repo: Repository, address: str, shown: str) -> None:
    assert public_address(address) == shown
    assert "s3cr3t" not in shown
    if address.isprintable() and address:
        repo.git("remote", "add", "origin", address)
        state = git_state(repo.folder)
        assert state is not None
        assert state.remote == shown


def test_of_several_remotes_it_is_origin_else_the_first(repo: Repository) -> None:
    repo.git("remote", "add", "backup", "/srv/backup.git")
    state = git_state(repo.folder)
    assert state is not None
    assert state.remote == "/srv/backup.git"
    repo.git("remote", "add", "origin", "/srv/churn.git")
    state = git_state(repo.folder)
    assert state is not None
    assert state.remote == "/srv/churn.git"


# -- many runs in one process -------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What git was asked."""
    ask_git, asked = git.ask_git, []

    def noted(top: Path, *arguments: str, **options: Sequence[str]) -> str:
        asked.append(arguments[0])
        return ask_git(top, *arguments, **options)

    monkeypatch.setattr(git, "ask_git", noted)
    return asked


def test_the_diff_is_asked_for_again_only_where_something_changed(
    repo: Repository, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "_SETTLED_NS", 0)
    states = []

    def look() -> int:
        asked.clear()
        states.append(git_state(repo.folder, script=repo.script))
        return asked.count("diff")

    repo.write("train.py", "print(2)\n")
    assert (look(), look(), look()) == (1, 0, 0)
    assert states[0] == states[1] == states[2]
    repo.write("train.py", "print(3)\n")
    assert (look(), look()) == (1, 0)
    repo.git("add", "train.py")
    repo.write("train.py", "print(2)\n")
    assert (look(), look()) == (1, 0)
    (repo.folder / "train.py").unlink()
    assert (look(), look()) == (1, 0)
    repo.git("checkout", "-q", "HEAD", "--", "train.py")
    assert look() == 0
    assert [state.diff.splitlines()[-1] if state.diff else "" for state in states if state] == [
        *["+print(2)"] * 3,
        *["+print(3)"] * 2,
        *["+print(2)"] * 2,
        *["-print(1)"] * 2,
        "",
    ]


def test_a_file_that_changed_just_now_may_change_again_without_its_time_telling(
    repo: Repository, asked: list[str]
) -> None:
    repo.write("train.py", "print(2)\n")
    for _ in range(2):
        git_state(repo.folder)
    assert asked.count("diff") == 2


def test_a_repository_that_cannot_be_looked_through_in_time_has_its_commit_all_the_same(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repo.git("rev-parse", "HEAD")
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("git")
    (tools / "git").write_text(f'#!/bin/sh\ncase "$*" in *status*) exec sleep 60;; esac\nexec {real} "$@"\n')
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "GIT_SECONDS", 0.5)
    assert git_state(repo.folder) == GitState(commit, "main", None, "")
