"""Artifact files: copied whole, versioned by name, never stored twice, never let out of their folder."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import store
from tracker.errors import (
    ArtifactAlteredError,
    ArtifactNotFoundError,
    ArtifactPathError,
    BadRequestError,
    RegistryNotWritableError,
)
from tracker.folders import Folders
from tracker.schema import ARTIFACT_CATEGORIES
from tracker.store import copying, local, putting

ROOT = Path(__file__).parent.parent


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "registry.xlsx")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"weights" * 1000)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data set"
    (path / "inner").mkdir(parents=True)
    (path / "train.csv").write_text("a,b\n1,2\n")
    (path / "inner" / "test.csv").write_text("a,b\n3,4\n")
    return path


def leftovers(folders: Folders) -> list[Path]:
    return list(folders.artifacts.glob(".partial/*"))


# -- storing ------------------------------------------------------------------------------------------------------


def test_a_file_is_stored_under_its_own_name_with_its_hash(folders: Folders, model: Path) -> None:
    stored = store.put(folders, model, "churn-model", run_id="r1", who="ds1")
    assert stored.artifact == "churn-model:v1"
    assert stored.path == folders.artifacts / "churn-model" / "v1" / "model.pkl"
    assert stored.path.read_bytes() == model.read_bytes()
    assert stored.sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
    assert (stored.size, len(stored.files), stored.new) == (7000, 1, True)
    assert (stored.category, stored.kind) == ("model", "model file")
    assert leftovers(folders) == []
    manifest = json.loads((folders.artifacts / "churn-model" / "v1.json").read_text())
    assert (manifest["run_id"], manifest["created_by"], manifest["sha256"]) == ("r1", "ds1", stored.sha256)


def test_the_name_is_the_files_own_where_none_is_given(folders: Folders, model: Path) -> None:
    assert store.put(folders, model).artifact == "model.pkl:v1"


def test_the_same_content_gives_the_same_version(folders: Folders, model: Path) -> None:
    first = store.put(folders, model, "m")
    model.write_bytes(b"other")
    second = store.put(folders, model, "m")
    model.write_bytes(b"weights" * 1000)
    again = store.put(folders, model, "m", category="code")
    assert (first.version, second.version, again.version) == (1, 2, 1)
    assert (again.new, again.category, again.path) == (False, "model", first.path)
    assert sorted(path.name for path in (folders.artifacts / "m").iterdir()) == ["v1", "v1.json", "v2", "v2.json"]


def test_a_folder_is_one_artifact(folders: Folders, folder: Path) -> None:
    stored = store.put(folders, folder)
    assert stored.path == folders.artifacts / "data set" / "v1"
    assert [file.path for file in stored.files] == ["inner/test.csv", "train.csv"]
    assert (stored.path / "inner" / "test.csv").read_text() == "a,b\n3,4\n"
    assert store.put(folders, folder).new is False
    (folder / "train.csv").rename(folder / "renamed.csv")
    assert store.put(folders, folder).artifact == "data set:v2"


def test_a_folder_of_one_file_is_not_that_file(folders: Folders, tmp_path: Path, model: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(model, alone)
    one, other = store.put(folders, model, "x"), store.put(folders, alone, "x")
    assert (one.version, other.version) == (1, 2)
    assert other.path == folders.artifacts / "x" / "v2"


def test_a_link_that_is_named_itself_is_followed(folders: Folders, tmp_path: Path, model: Path) -> None:
    (tmp_path / "latest.pkl").symlink_to(model)
    stored = store.put(folders, tmp_path / "latest.pkl")
    assert stored.artifact == "latest.pkl:v1"
    assert not stored.path.is_symlink()


def test_a_number_is_never_used_again(folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(putting, "_CLAIM_SECONDS", 0.0)
    store.put(folders, model, "m")
    shutil.rmtree(folders.artifacts / "m" / "v1")
    assert store.put(folders, model, "m").artifact == "m:v2"
    (folders.artifacts / "m" / "v7").mkdir()
    model.write_bytes(b"third")
    assert store.put(folders, model, "m").artifact == "m:v8"


def test_announce_comes_before_the_version_counts(folders: Folders, model: Path) -> None:
    seen = []

    def announce(stored: store.Stored) -> None:
        seen.append((stored.artifact, stored.path, stored.path.exists()))
        with pytest.raises(ZeroDivisionError):
            raise ZeroDivisionError

    stored = store.put(folders, model, "m", announce=announce)
    store.put(folders, model, "m", announce=announce)
    assert seen == [("m:v1", stored.path, False)]


def test_a_version_whose_writer_died_before_its_row_is_not_offered(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting, "_CLAIM_SECONDS", 0.1)

    def die(stored: store.Stored) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(folders, model, "m", announce=die)
    time.sleep(0.15)
    assert store.put(folders, model, "m").artifact == "m:v2"


# -- what is refused ----------------------------------------------------------------------------------------------


def refuse(folders: Folders, path: Path, reason: str) -> None:
    with pytest.raises(ArtifactPathError, match=reason):
        store.put(folders, path, "x")
    assert not folders.artifacts.exists() or leftovers(folders) == []
    assert not list(folders.artifacts.glob("x/v*"))


def test_a_link_that_leaves_the_folder_is_refused(folders: Folders, folder: Path, model: Path) -> None:
    (folder / "inner" / "out").symlink_to(model)
    refuse(folders, folder, "leaves the folder")


def test_links_that_stay_in_the_folder_are_followed(folders: Folders, folder: Path) -> None:
    (folder / "again.csv").symlink_to("train.csv")
    (folder / "zz").symlink_to("inner")
    stored = store.put(folders, folder)
    assert [file.path for file in stored.files] == ["again.csv", "inner/test.csv", "train.csv", "zz/test.csv"]
    assert not any(path.is_symlink() for path in stored.path.rglob("*"))


@pytest.mark.parametrize("target", [".", "..", "../inner", "loop"])
def test_a_link_loop_is_refused(folders: Folders, folder: Path, target: str) -> None:
    (folder / "inner" / "loop").symlink_to(target)
    refuse(folders, folder, "leads back|symbolic links")


def test_what_is_not_there_or_no_file_is_refused(folders: Folders, tmp_path: Path, folder: Path) -> None:
    refuse(folders, tmp_path / "nothing", "No such file")
    (tmp_path / "empty").mkdir()
    refuse(folders, tmp_path / "empty", "holds no files")
    os.mkfifo(folder / "pipe")
    refuse(folders, folder, "no regular file")


def test_a_folder_with_the_registry_in_it_is_refused(folders: Folders, tmp_path: Path, model: Path) -> None:
    store.put(folders, model)
    before = sorted(folders.artifacts.rglob("*"))
    with pytest.raises(ArtifactPathError, match="registry's own files"):
        store.put(folders, tmp_path)
    assert sorted(folders.artifacts.rglob("*")) == before


def test_a_file_that_does_not_stop_changing_is_refused(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.write_bytes(os.urandom(1 << 20))  # a small one is read in one go
    write_some = local.write_some

    def write_and_change(file: int, chunk: memoryview) -> int:
        with open(model, "ab") as other:
            other.write(b"more")
        return write_some(file, chunk)

    monkeypatch.setattr(local, "write_some", write_and_change)
    refuse(folders, model, "kept changing")


def test_a_small_file_that_changes_while_it_is_read_is_stored_as_it_is_then(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, before = os.read, model.read_bytes()

    def read_and_change(file: int, count: int) -> bytes:
        content = read(file, count)
        if model.read_bytes() == before and content == before:
            model.write_bytes(before + b"more")
        return content

    monkeypatch.setattr(os, "read", read_and_change)
    stored = store.put(folders, model, "m")
    assert stored.path.read_bytes() == before + b"more"
    assert stored.sha256 == hashlib.sha256(before + b"more").hexdigest()


def test_a_file_that_is_replaced_while_it_is_copied_is_stored_as_it_was(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = model.read_bytes()
    write_some = local.write_some

    def write_and_replace(file: int, chunk: memoryview) -> int:
        model.with_name("new").write_bytes(b"new")
        os.replace(model.with_name("new"), model)
        return write_some(file, chunk)

    monkeypatch.setattr(local, "write_some", write_and_replace)
    assert store.put(folders, model, "m").path.read_bytes() == content


def test_a_full_disk_leaves_nothing_behind(folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(file: int, chunk: memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(local, "write_some", no_room)
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        store.put(folders, model, "m")
    assert not (folders.artifacts / "m").exists()
    assert leftovers(folders) == []


def test_a_disk_that_fills_up_in_the_middle_of_a_large_file_leaves_nothing_behind(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(model, 100 << 20)  # more than all buffers hold
    write_some, chunks = local.write_some, []

    def room_for_three(file: int, chunk: memoryview) -> int:
        chunks.append(len(chunk))
        if len(chunks) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_some(file, chunk)

    monkeypatch.setattr(local, "write_some", room_for_three)
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        store.put(folders, model, "m")
    assert leftovers(folders) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tracker-")]


def test_a_large_file_that_cannot_be_read_to_its_end_is_refused(
    folders: Folders, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(FileIO):
        def readinto(self, buffer: Any) -> int | None:
            if self.tell() >= 40 << 20:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().readinto(buffer)

    os.truncate(model, 100 << 20)
    monkeypatch.setattr(copying, "_opened", lambda source: Broken(source))
    refuse(folders, model, "Input/output error")
    assert leftovers(folders) == []


# -- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("churn model", "churn model"),
        ("plots/roc.png", "plots-roc.png"),
        ("plots\\roc.png", "plots-roc.png"),
        ("/absolute/x", "absolute-x"),
        ("C:model", "C-model"),
        ("name:v3", "name-v3"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        (".hidden", "_.hidden"),
        ("trailing. ", "trailing"),
        ("a\x00b\nc", "a-b-c"),
        ("modèle 模型", "modèle 模型"),
        ("half \ud800", "half -"),
    ],
)
def test_names_are_made_safe(given: str, name: str) -> None:
    assert store.artifact_name(given) == name


@pytest.mark.parametrize("given", ["", " ", ".", "..", "../up", "a/../b", "a\\..\\b", "///", ":", "..."])
def test_names_that_are_none_or_lead_out_are_refused(given: str) -> None:
    with pytest.raises(ArtifactPathError):
        store.artifact_name(given)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_safe_name_stays_as_it_is_and_can_be_parsed(text: str) -> None:
    try:
        name = store.artifact_name(text)
    except ArtifactPathError:
        return
    assert store.artifact_name(name) == name
    assert store.split_reference(f"{name}:v3") == (name, "v3")
    assert store.split_reference(name) == (name, "latest")
    assert len(name.encode()) <= 120
    assert Path(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "../../up",
        "/etc/passwd",
        "..\\..\\up",
        "C:\\Windows\\x",
        "\\\\server\\share\\x",
        "CON",
        "aux.csv",
        "x" * 300,
        "modèle" * 60,
        "v3",
        "name:v3",
        ".partial",
        ".received",
        "a/b/../../../c",
        "trash. ",
        "a\x1b[2Jb",
    ],
)
def test_whatever_a_name_is_the_file_stays_in_the_store_and_is_found(
    folders: Folders, model: Path, tmp_path: Path, name: str
) -> None:
    before = set(tmp_path.rglob("*"))
    try:
        stored = store.put(folders, model, name)
    except ArtifactPathError:
        assert set(tmp_path.rglob("*")) == before
        return
    made = set(tmp_path.rglob("*")) - before - set(folders.side.rglob("*")) - {folders.side}
    assert made == set()
    assert stored.path.is_relative_to(folders.artifacts)
    assert stored.path.parents[2] == folders.artifacts
    assert not stored.name.startswith(".")
    assert store.find(folders, stored.artifact).path == stored.path
    assert store.put(folders, model, name).artifact == stored.artifact
    assert store.fetch(folders, stored.artifact, tmp_path / "out").read_bytes() == model.read_bytes()
    assert store.verify(folders) == []


def test_long_names_stay_different(folders: Folders) -> None:
    one, other = store.artifact_name("x" * 300 + "1.csv"), store.artifact_name("x" * 300 + "2.csv")
    assert one != other
    assert one.endswith(".csv")


@pytest.mark.parametrize(
    ("name", "category", "kind"),
    [
        ("train.csv", "model", "data set"),
        ("requirements.txt", "model", "environment"),
        ("vision_model.pt", "model", "model file"),
        ("Dockerfile", "model", "container"),
        ("train.py", "code", "script"),
        ("junit-report.xml", "code", "test log"),
        ("CHANGELOG.md", "project management", "change log"),
        ("roadmap.xlsx", "project management", "roadmap"),
        ("model_card.md", "documentation", "model card"),
        ("architecture.drawio", "documentation", "diagram"),
        ("README", "documentation", "guide"),
        ("weights", "model", ""),
    ],
)
def test_category_and_kind_are_guessed_from_the_name(name: str, category: str, kind: str) -> None:
    assert store.guess(name) == (category, kind)
    assert category in ARTIFACT_CATEGORIES


def test_a_folder_with_a_plain_name_is_a_folder() -> None:
    assert store.guess("results", folder=True) == ("model", "folder")


# -- finding, fetching, verifying ---------------------------------------------------------------------------------


def test_find_knows_versions_and_the_latest(folders: Folders, model: Path) -> None:
    first = store.put(folders, model, "m")
    model.write_bytes(b"second")
    second = store.put(folders, model, "m")
    assert store.find(folders, "m:v1").path == first.path
    assert store.find(folders, "m:latest").path == store.find(folders, "m").path == second.path
    assert [stored.version for stored in store.versions(folders, "m")] == [2, 1]
    assert store.names(folders) == ["m"]


def test_what_is_not_there_is_said_with_what_is(folders: Folders, model: Path) -> None:
    with pytest.raises(ArtifactNotFoundError, match="none yet"):
        store.find(folders, "m")
    store.put(folders, model, "m")
    with pytest.raises(ArtifactNotFoundError, match="Its versions are v1"):
        store.find(folders, "m:v2")
    with pytest.raises(ArtifactNotFoundError, match="There are: m"):
        store.find(folders, "n")
    with pytest.raises(ArtifactPathError):
        store.find(folders, "../m:v1")


def test_the_latest_is_the_newest_that_still_has_its_files(folders: Folders, model: Path) -> None:
    store.put(folders, model, "m")
    model.write_bytes(b"second")
    shutil.rmtree(store.put(folders, model, "m").path.parent)
    assert store.find(folders, "m").version == 1


def test_fetch_gives_a_checked_copy(folders: Folders, model: Path, folder: Path, tmp_path: Path) -> None:
    store.put(folders, model, "m")
    store.put(folders, folder, "d")
    target = tmp_path / "out"
    target.mkdir()
    assert store.fetch(folders, "m:v1", target) == target / "model.pkl"
    assert store.fetch(folders, "d", target) == target / "d"
    assert store.fetch(folders, "m", tmp_path / "copy.pkl").read_bytes() == model.read_bytes()
    assert (target / "d" / "inner" / "test.csv").read_text() == "a,b\n3,4\n"
    assert sorted(path.name for path in target.iterdir()) == ["d", "model.pkl"]
    with pytest.raises(BadRequestError, match="exists already"):
        store.fetch(folders, "m:v1", target)


def test_an_altered_file_is_not_given_out(folders: Folders, model: Path, tmp_path: Path) -> None:
    stored = store.put(folders, model, "m")
    stored.path.write_bytes(b"tampered")
    with pytest.raises(ArtifactAlteredError, match="not what it was"):
        store.fetch(folders, "m:v1", tmp_path / "out.pkl")
    assert not (tmp_path / "out.pkl").exists()
    assert [problem.code for problem in store.verify(folders)] == ["artifact-altered"]


def test_a_manifest_that_leads_out_of_its_folder_is_not_believed(folders: Folders, model: Path) -> None:
    store.put(folders, model, "m")
    manifest = folders.artifacts / "m" / "v1.json"
    record = json.loads(manifest.read_text())
    secret = folders.workbook.with_name("secret")
    secret.write_text("secret")
    for path in ("../../../secret", str(secret)):
        record["files"][0]["path"] = path
        manifest.write_text(json.dumps(record))
        with pytest.raises(ArtifactNotFoundError):
            store.find(folders, "m:v1")


def test_verify_says_what_is_missing_and_what_a_crash_left(folders: Folders, folder: Path, model: Path) -> None:
    stored = store.put(folders, folder, "d")
    store.put(folders, model, "m")
    assert store.verify(folders) == []
    (stored.path / "train.csv").unlink()
    (folders.artifacts / "m" / "v2.json").touch()
    problems = store.verify(folders)
    assert [problem.code for problem in problems] == ["artifact-missing", "artifact-manifest"]
    assert "v1/train.csv is missing" in problems[0].message


def test_a_stored_version_can_be_pickled(folders: Folders, model: Path) -> None:
    stored = store.put(folders, model, "m")
    assert pickle.loads(pickle.dumps(stored)) == stored


# -- several at once ----------------------------------------------------------------------------------------------

STORE = """
import sys
from pathlib import Path
from tracker import store
from tracker.folders import Folders
workbook, source = map(Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
for round in range(20):
    stored = store.put(Folders(workbook), source.with_name(f"{round}.bin"), "m")
    print(round, stored.version, stored.new, flush=True)
"""


def test_processes_that_store_the_same_at_once_store_it_once(folders: Folders, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.bin").write_bytes(b"content %d" % number)
    command = [sys.executable, "-c", STORE, str(folders.workbook), str(tmp_path / "x")]
    children = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate()[0].split("\n")[:-1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    versions: dict[str, set[str]] = {}
    news: dict[str, int] = {}
    for line in (line for answer in answers for line in answer):
        number, version, new = line.split()
        versions.setdefault(number, set()).add(version)
        news[number] = news.get(number, 0) + (new == "True")
    assert all(len(found) == 1 for found in versions.values())
    assert set(news.values()) == {1}
    assert len({version for found in versions.values() for version in found}) == 20
    assert leftovers(folders) == []
    assert store.verify(folders) == []


def test_threads_with_different_content_get_different_numbers(folders: Folders, tmp_path: Path) -> None:
    got: list[int] = []

    def work(number: int) -> None:
        path = tmp_path / f"{number}.bin"
        path.write_bytes(b"%d" % number)
        got.append(store.put(folders, path, "m").version)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 9))


def test_kill_9_while_storing_leaves_whole_versions_only(folders: Folders, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.bin").write_bytes(os.urandom(200_000))
    command = [sys.executable, "-c", STORE, str(folders.workbook), str(tmp_path / "x")]
    for wait in (0.005, 0.01, 0.02, 0.04, 0.08):
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        child.stdin.write("go\n")
        child.stdin.flush()
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        lines = child.communicate()[0].splitlines()
        for line in lines:
            number, version, _ = line.split()
            stored = store.find(folders, f"m:v{version}")
            assert stored.path.read_bytes() == (tmp_path / f"{number}.bin").read_bytes()
    assert [problem for problem in store.verify(folders) if problem.code == "artifact-altered"] == []
