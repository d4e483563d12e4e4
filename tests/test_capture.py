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
from tracker.capture import command_line, mask_secrets, packages

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
