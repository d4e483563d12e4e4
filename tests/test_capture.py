"""What surrounds a run is recorded as it is, without secrets, and never gets in the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import capture
from tracker.capture import GitState, command_line, git_state, mask_secrets, packages, repository, source


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


# -- git ----------------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(capture, "MAX_DIFF", 1000)
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
    monkeypatch.setattr(capture, "MAX_DIFF", 1000)
    repo.write("train.py", "x = 1\n" * 10_000)
    state = git_state(repo.folder)
    assert state is not None
    assert len(state.diff) < 1100
    assert "cut off after 1,000 characters" in state.diff


def test_many_untracked_files_are_counted(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MAX_UNTRACKED", 3)
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
    monkeypatch.setattr(capture, "GIT_SECONDS", 0.1)
    begin = time.monotonic()
    assert git_state(repo.folder) is None
    assert time.monotonic() - begin < 5


def test_a_script_is_named_from_the_top_of_its_repository(repo: Repository, tmp_path: Path) -> None:
    assert source(repo.write("jobs/train.py", "")) == "jobs/train.py"
    assert source(tmp_path / "alone.py") == "alone.py"
    assert source(None) == "interactive"


# -- the command line ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["/usr/bin/python3.11", "train.py", "--lr", "0.1"], "python3.11 train.py --lr 0.1"),
        (["python", "t.py", "--token", "s3cr3t", "--lr", "1"], "python t.py --token '***' --lr 1"),
        (["python", "t.py", "--hf-token=s3cr3t"], "python t.py '--hf-token=***'"),
        (["python", "t.py", "--api-key", "s3cr3t"], "python t.py --api-key '***'"),
        (["python", "t.py", "--apiKey", "s3cr3t"], "python t.py --apiKey '***'"),
        (["python", "t.py", "--password", "-s3cr3t"], "python t.py --password '***'"),
        (["python", "t.py", "--password", "--verbose"], "python t.py --password --verbose"),
        (["python", "t.py", "db.password=s3cr3t,x"], "python t.py 'db.password=***'"),
        (["python", "t.py", "AWS_SECRET_ACCESS_KEY=s3cr3t"], "python t.py 'AWS_SECRET_ACCESS_KEY=***'"),
        (["python", "t.py", '{"secret": "s3cr3t"}'], "python t.py '{\"secret\": ***'"),
        (["python", "t.py", "Authorization: Bearer s3cr3t"], "python t.py 'Authorization: ***'"),
        (["python", "t.py", "https://me:s3cr3t@host/x"], "python t.py 'https://***@host/x'"),
        (["python", "t.py", "https://s3cr3t@host/x"], "python t.py 'https://***@host/x'"),
        (["python", "t.py", "https://host/x?token=s3cr3t&y=1"], "python t.py 'https://host/x?token=***'"),
        (["python", "t.py", "hf_abcdefghijklmnopqrst"], "python t.py '***'"),
        (["python", "-X", "dev", "-c", "key = 's3cr3t'", "more"], "python -X dev -c '…' more"),
        (["python", "-Ic", "key = 's3cr3t'"], "python -Ic '…'"),
        (["python", "-m", "train", "-c", "base.yaml"], "python -m train -c base.yaml"),
        (
            ["python", "t.py", "--max-tokens", "512", "--tokenizer=bert"],
            "python t.py --max-tokens 512 --tokenizer=bert",
        ),
        (["python", "t.py", "--author", "ds1", "--epochs=3"], "python t.py --author ds1 --epochs=3"),
        ([], ""),
    ],
)
def test_the_command_line_is_kept_without_secrets(arguments: list[str], shown: str) -> None:
    assert command_line(arguments) == shown
    assert "s3cr3t" not in shown


@settings(deadline=None)
@given(
    st.sampled_from(["token", "password", "passwd", "client_secret", "API_KEY", "private-key", "dbPassword", "auth"]),
    st.text("abcXYZ019-_=+/.,;:@ '\"&", min_size=8).filter(lambda text: text.strip(" ")),
)
def test_no_part_of_a_secret_is_shown(name: str, secret: str) -> None:
    secret = "q7" + secret
    for arguments in ([f"--{name}={secret}"], [f"--{name}", secret], [f"{name}={secret}"], [f"x.{name}: {secret}"]):
        shown = command_line(["python", "t.py", *arguments])
        assert "q7" not in shown


def test_masking_leaves_other_text_alone() -> None:
    text = "s3://bucket/key ratio=0.5 passenger=3 tokens=7 compass:north"
    assert mask_secrets(text) == text


def test_the_running_command_is_found() -> None:
    code = "from tracker.capture import command_line; print(command_line())"
    child = subprocess.run(
        [sys.executable, "-c", code, "--password", "s3cr3t"],
        cwd=Path(capture.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == f"{Path(sys.executable).name} -c '…' --password '***'"


# -- the environment ----------------------------------------------------------------------------------------------


def test_packages_are_those_that_python_knows_of(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, name in [
        (first, "scikit_learn-1.5.0.dist-info"),
        (first, "Old-2.0-py3.11.egg-info"),
        (second, "scikit_learn-0.1.dist-info"),
        (second, "plain-1.0+local.1.dist-info"),
        (second, "no_version.dist-info"),
        (second, "unrelated-1.0"),
    ]:
        (folder / name).mkdir(parents=True)
    listed = packages([str(first), str(second), str(tmp_path / "missing")])
    assert listed.splitlines()[1:] == ["old==2.0", "plain==1.0+local.1", "scikit-learn==1.5.0"]


def test_the_list_agrees_with_the_installed_packages() -> None:
    from importlib.metadata import distributions

    known = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found.version for found in distributions()}
    listed = dict(line.partition("  #")[0].split("==") for line in packages().splitlines()[1:])
    assert {re.sub(r"[-_.]+", "-", name): version for name, version in listed.items()} == known


def test_a_package_that_no_index_has_says_where_it_is_from(tmp_path: Path) -> None:
    origins = {
        "edited": {"url": "file:///home/somebody/edited", "dir_info": {"editable": True}},
        "wheel": {"url": "file:///home/somebody/wheel-1.0.whl", "archive_info": {}},
        "cloned": {"url": "https://me:s3cr3t@host/it.git", "vcs_info": {"vcs": "git", "commit_id": "0ab1"}},
        "fetched": {"url": "https://host/fetched-1.0.tar.gz", "archive_info": {}},
        "strange": ["no record"],
        "crafted": {"url": "https://host/x\nevil==1.0"},
    }
    for name, record in origins.items():
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "direct_url.json").write_text(json.dumps(record), encoding="utf-8")
    assert packages([str(tmp_path)]).splitlines()[1:] == [
        "cloned==1.0  # from git+https://***@host/it.git@0ab1",
        "crafted==1.0  # from elsewhere",
        "edited==1.0  # from a local folder",
        "fetched==1.0  # from https://host/fetched-1.0.tar.gz",
        "strange==1.0",
        "wheel==1.0  # from a local file",
    ]


def test_the_machine_is_named_without_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_MINE", "s3cr3t")
    everything = [capture.host(), capture.python_version(), capture.owner(), packages(), command_line()]
    assert all(everything)
    assert not any("s3cr3t" in text for text in everything)
    assert f"{os.cpu_count()} CPUs" in everything[0]


def test_a_user_without_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import getpass

    def fail() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", fail)
    assert capture.owner() == "unknown"


def test_now_is_what_a_cell_can_hold() -> None:
    now = capture.utc_now()
    assert now.tzinfo is None
    assert now.microsecond % 1000 == 0
    assert abs(now.timestamp() - time.mktime(time.gmtime())) < 5
