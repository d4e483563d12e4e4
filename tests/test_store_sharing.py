"""What the store keeps once, takes away again, finds altered, and clears up after a kill."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tracker
from tracker import store
from tracker.disk import can_sync_whole, sync_whole
from tracker.errors import (
    ArtifactAlteredError,
    ArtifactNotFoundError,
    ArtifactPathError,
    BadRequestError,
    RegistryNotWritableError,
)
from tracker.folders import Folders
from tracker.store import copying, local, sharing
from tracker.store.manifest import manifest_path

ROOT = Path(__file__).parent.parent
MEGABYTE = 1 << 20


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "registry.xlsx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data set"
    (path / "inner").mkdir(parents=True)
    for number in range(10):
        (path / "inner" / f"{number}.bin").write_bytes(bytes([number]) * 100_000)
    (path / "readme.md").write_text("# Data")
    return path


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without hard links, such as that of a memory stick."""

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)


def on_disk(folders: Folders) -> int:
    """The bytes of all artifact files; what has several names counts once."""
    found = {}
    for path in folders.artifacts.rglob("*"):
        status = path.stat()
        if path.is_file() and path.suffix != ".json":
            found[status.st_ino] = status.st_size
    return sum(found.values())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- kept once ----------------------------------------------------------------------------------------------------


def test_ten_versions_of_a_folder_cost_little_more_than_one(folders: Folders, folder: Path) -> None:
    for number in range(10):
        (folder / "inner" / "3.bin").write_bytes(b"version %d" % number)
        stored = store.put(folders, folder, "d")
        assert stored.version == number + 1
        assert contents(stored.path) == contents(folder)
    assert on_disk(folders) < 1.01 * 1_000_000
    assert store.verify(folders) == []


@pytest.mark.usefixtures("no_links")
def test_without_hard_links_the_manifest_says_where_a_file_lies(folders: Folders, folder: Path, tmp_path: Path) -> None:
    store.put(folders, folder, "d")
    for number in range(3):
        (folder / "inner" / "3.bin").write_bytes(b"version %d" % number)
        (folder / f"new {number}").write_text("new")
        stored = store.put(folders, folder, "d")
    assert on_disk(folders) < 1.2 * 1_000_000
    assert {file.at for file in stored.files if file.path == "readme.md"} == {"v1/readme.md"}
    assert contents(store.bring(folders, store.find(folders, "d"))) == contents(folder)
    assert contents(store.fetch(folders, "d:v4", tmp_path / "out")) == contents(folder)
    store.delete(folders, "d:v1")
    shutil.rmtree(folders.cache)
    assert contents(store.fetch(folders, "d:v4", tmp_path / "again")) == contents(folder)
    assert store.verify(folders) == []
    assert store.put(folders, folder, "d").new is False


@pytest.mark.usefixtures("no_links")
def test_a_version_may_consist_of_shared_files_only(folders: Folders, folder: Path) -> None:
    store.put(folders, folder, "d")
    (folder / "readme.md").unlink()
    stored = store.put(folders, folder, "d")
    assert (stored.artifact, stored.new) == ("d:v2", True)
    assert contents(store.bring(folders, store.find(folders, "d"))) == contents(folder)
    assert store.put(folders, folder, "d").artifact == "d:v2"
    assert store.verify(folders) == []


def test_a_renamed_file_is_shared_too(folders: Folders, folder: Path) -> None:
    store.put(folders, folder, "d")
    (folder / "inner").rename(folder / "outer")
    stored = store.put(folders, folder, "d")
    assert stored.version == 2
    assert contents(stored.path) == contents(folder)
    assert on_disk(folders) < 1.01 * 1_000_000


def test_a_file_with_as_many_links_as_can_be_is_copied(
    folders: Folders, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(folders, folder, "d")

    def link(*_: object) -> None:
        raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))

    monkeypatch.setattr(os, "link", link)
    (folder / "new").write_text("new")
    stored = store.put(folders, folder, "d")
    assert not any(file.at for file in stored.files)
    assert contents(stored.path) == contents(folder)


def test_the_same_file_again_is_read_but_not_copied(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(9 * MEGABYTE))
    store.put(folders, path, "m")
    monkeypatch.setattr(local, "write_some", lambda file, chunk: pytest.fail("it was copied"))
    for _ in range(9):
        assert store.put(folders, path, "m").artifact == "m:v1"
    assert on_disk(folders) == 9 * MEGABYTE


def test_a_large_file_of_the_same_size_is_read_once(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(9 * MEGABYTE))
    store.put(folders, path, "m")
    path.write_bytes(os.urandom(9 * MEGABYTE))
    monkeypatch.setattr(sharing, "hash_file", lambda *_: pytest.fail("it was read before it was copied"))
    assert store.put(folders, path, "m").artifact == "m:v2"


@pytest.mark.parametrize("extra", [0, 1, 4095, 4096, 5 * MEGABYTE + 3])
def test_files_around_the_size_of_a_buffer_are_copied_whole(folders: Folders, tmp_path: Path, extra: int) -> None:
    for size in (0, 1, copying.CHUNK - 1, copying.CHUNK, local._DIRECT_FROM, 2 * local._DIRECT_FROM + extra):
        path = tmp_path / "x.bin"
        path.write_bytes(os.urandom(size))
        stored = store.put(folders, path)
        assert (stored.size, stored.path.read_bytes()) == (size, path.read_bytes())


def test_a_file_system_that_takes_no_direct_writes_is_written_to_all_the_same(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write is refused: some file systems refuse no earlier."""
    path = tmp_path / "x.bin"
    path.write_bytes(os.urandom(local._DIRECT_FROM + 5))
    write, refused = os.write, []

    def refuse_once(file: int, chunk: memoryview) -> int:
        if not refused:
            refused.append(file)
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return write(file, chunk[:100_001])

    monkeypatch.setattr(local, "write_some", refuse_once)
    assert store.put(folders, path).path.read_bytes() == path.read_bytes()
    assert refused


@pytest.mark.parametrize("whole", [True, False])
def test_many_small_files_are_on_the_disk_before_the_version_counts(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """All at once where the file system can do that, else one by one."""
    many, synced, one_by_one = small_files(tmp_path), [], []
    fsync = os.fsync
    monkeypatch.setattr(local, "can_sync_whole", lambda folder: whole)
    monkeypatch.setattr(local, "sync_whole", lambda folder: synced.append(len(list(folder.rglob("*.bin")))))
    monkeypatch.setattr(os, "fsync", lambda file: (one_by_one.append(os.fstat(file).st_ino), fsync(file)))
    stored = store.put(folders, many, "d")
    files = {file.stat().st_ino for file in stored.path.iterdir()}
    assert synced == ([200] if whole else [])
    assert (files <= set(one_by_one)) is not whole
    assert store.verify(folders) == []


def test_a_disk_that_fails_while_many_files_are_settled_leaves_no_version(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(local, "can_sync_whole", lambda folder: True)
    monkeypatch.setattr(local, "sync_whole", fail)
    with pytest.raises(RegistryNotWritableError, match="Input/output error"):
        store.put(folders, small_files(tmp_path), "d")
    assert store.versions(folders, "d") == []
    assert not list(folders.artifacts.glob(".partial/*"))


def test_a_whole_file_system_is_synced_where_the_system_can(tmp_path: Path) -> None:
    if not can_sync_whole(tmp_path):
        pytest.skip("the file system of the tests is none that can be synced as a whole")
    sync_whole(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        sync_whole(tmp_path / "nothing")


def small_files(place: Path) -> Path:
    folder = place / "many"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.bin").write_bytes(b"%d" % number)
    return folder


def test_what_is_stored_is_read_only(folders: Folders, folder: Path) -> None:
    stored = store.put(folders, folder, "d")
    assert all(path.stat().st_mode & 0o222 == 0 for path in stored.path.rglob("*") if path.is_file())
    copy = store.fetch(folders, "d", folder.with_name("out"))
    assert all(path.stat().st_mode & 0o200 for path in copy.rglob("*") if path.is_file())


def test_progress_is_told(folders: Folders, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    for _ in range(2):
        told.clear()
        store.put(folders, folder, "d", on_progress=lambda done, total: told.append((done, total)))
        assert told[-1] == (1_000_006, 1_000_006)
        assert [done for done, _ in told] == sorted(done for done, _ in told)


# -- another folder -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["absolute", "file", "relative"])
def test_another_folder_can_be_the_store(folders: Folders, folder: Path, tmp_path: Path, where: str) -> None:
    root = tmp_path / "far away"
    at = {"absolute": str(root), "file": root.as_uri(), "relative": "far away"}[where]
    stored = store.put(folders, folder, "d", at=at)
    assert stored.path == root / "d" / "v1"
    assert contents(store.find(folders, "d").path) == contents(folder)
    assert store.put(folders, folder, "d", at=at).new is False
    assert store.location(folders, stored) == "far away/d/v1"
    assert store.verify(folders) == []
    store.delete(folders, "d:v1")
    assert contents(root) == {}


def test_two_registries_in_one_store_do_not_mix(folders: Folders, folder: Path, tmp_path: Path) -> None:
    other = Folders(tmp_path / "other.xlsx")
    at = str(tmp_path / "shared")
    first = store.put(folders, folder, "d", at=at)
    (folder / "readme.md").write_text("# Other")
    second = store.put(other, folder, "d", at=at)
    assert (first.version, second.version) == (1, 2)
    assert contents(second.path) == contents(folder)
    assert [problem for problem in store.verify(folders) if problem.severity == "error"] == []


# -- taken away ---------------------------------------------------------------------------------------------------


def test_a_deleted_version_keeps_its_number(folders: Folders, folder: Path) -> None:
    store.put(folders, folder, "d")
    (folder / "readme.md").write_text("# New")
    store.put(folders, folder, "d")
    assert store.delete(folders, "d:v1") == len("# Data")
    assert contents(store.find(folders, "d").path) == contents(folder)
    with pytest.raises(ArtifactNotFoundError):
        store.find(folders, "d:v1")
    assert [(stored.version, stored.state) for stored in store.versions(folders, "d")] == [
        (2, "stored"),
        (1, "deleted"),
    ]
    assert store.delete(folders, "d:v2") == 1_000_000 + len("# New")
    assert store.put(folders, folder, "d").artifact == "d:v3"
    assert store.verify(folders) == []


@pytest.mark.parametrize("artifact", ["d", "d:latest", "d:v9", "d:champion"])
def test_only_a_version_that_is_named_is_deleted(folders: Folders, folder: Path, artifact: str) -> None:
    store.put(folders, folder, "d")
    with pytest.raises(ArtifactNotFoundError):
        store.delete(folders, artifact)
    assert store.verify(folders) == []


# -- looked at again ----------------------------------------------------------------------------------------------


def test_verify_finds_what_is_altered_missing_and_left_over(folders: Folders, folder: Path) -> None:
    stored = store.put(folders, folder, "d")
    altered = stored.path / "inner" / "1.bin"
    altered.chmod(0o600)
    altered.write_bytes(bytes([1]) * 99_999 + b"!")
    (stored.path / "inner" / "2.bin").unlink()
    (stored.path / "inner" / "mine.txt").write_text("mine")
    (folders.artifacts / "d" / "v7").mkdir()
    (folders.artifacts / "d" / "v7" / "x").write_text("x")
    problems = store.verify(folders)
    assert [(problem.code, problem.severity) for problem in problems] == [
        ("artifact-altered", "error"),
        ("artifact-missing", "error"),
        ("artifact-orphan", "warning"),
        ("artifact-orphan", "warning"),
    ]
    assert "d:v1: registry.tracker/artifacts/d/v1/inner/1.bin is not what it was" in problems[0].message
    assert store.exit_code(problems) == 3
    assert store.exit_code(problems[2:]) == store.exit_code([]) == 0
    assert len(store.verify(folders, orphans=False)) == 2
    assert store.verify(folders, only=["other"]) == []


def test_what_versions_share_is_read_once(folders: Folders, folder: Path) -> None:
    for number in range(3):
        (folder / "readme.md").write_text(f"{number}")
        store.put(folders, folder, "d")
    told: list[tuple[int, int]] = []
    assert store.verify(folders, on_progress=lambda done, total: told.append((done, total))) == []
    assert told[-1] == (1_000_003, 1_000_003)


def test_an_altered_file_that_is_shared_spoils_all_its_versions(folders: Folders, folder: Path) -> None:
    stored = store.put(folders, folder, "d")
    (folder / "readme.md").write_text("# New")
    store.put(folders, folder, "d")
    path = stored.path / "inner" / "1.bin"
    path.chmod(0o600)
    path.write_bytes(b"altered")
    assert [problem.message[:4] for problem in store.verify(folders)] == ["d:v1", "d:v2"]


# -- names --------------------------------------------------------------------------------------------------------


def test_names_that_differ_in_case_only_are_one(folders: Folders, folder: Path) -> None:
    assert store.put(folders, folder, "Churn").artifact == "Churn:v1"
    (folder / "readme.md").write_text("# New")
    assert store.put(folders, folder, "churn").artifact == "Churn:v2"
    assert store.find(folders, "CHURN:v1").artifact == "Churn:v1"
    assert store.names(folders) == ["Churn"]


@pytest.mark.parametrize(
    "name", ["con", "NUL.txt", "aux", "a:b.csv", "trailing.", "x" * 255, "new\nline", "-rf", "back\\slash", "A", "é"]
)
def test_files_of_any_name_are_stored_under_it(folders: Folders, tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / name).write_text("content")
    (source / "a").write_text("another")
    stored = store.put(folders, source, "d")
    assert contents(stored.path) == contents(source)
    assert contents(store.fetch(folders, "d", tmp_path / "out")) == contents(source)
    assert store.verify(folders) == []
    assert store.put(folders, source / name).path.read_text() == "content"


def test_a_name_of_bytes_that_are_no_text_is_stored(folders: Folders, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = os.fsencode(source) + b"/\xff\xfe.bin"
    with open(path, "wb") as file:
        file.write(b"content")
    store.put(folders, source, "d")
    assert contents(store.fetch(folders, "d", tmp_path / "out")) == contents(source)
    assert store.verify(folders) == []


def test_files_that_differ_in_case_only_are_refused_where_they_are_one(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.txt").write_text("a")
    (source / "A.txt").write_text("A")
    if len(list(source.iterdir())) < 2:
        pytest.skip("here they are one to begin with")
    assert contents(store.put(folders, source, "d").path) == contents(source)
    make = local.LocalPlace.make
    monkeypatch.setattr(local.LocalPlace, "make", lambda place, path, content: make(place, path.lower(), content))
    with pytest.raises(ArtifactPathError, match="upper and lower case"):
        store.put(folders, source, "other")
    assert store.versions(folders, "other") == []


# -- data that is only referred to --------------------------------------------------------------------------------


def test_data_is_referred_to_and_not_copied(folders: Folders, folder: Path, tmp_path: Path) -> None:
    for source in (folder, folder / "readme.md"):
        stored = store.put_reference(folders, source)
        assert (stored.state, stored.uri, stored.path) == ("referenced", str(source), source)
        assert store.put_reference(folders, source).new is False
        assert store.bring(folders, store.find(folders, stored.artifact)) == source
        assert store.location(folders, stored) == str(source)
    assert on_disk(folders) == 0
    assert store.find(folders, "data set").sha256 == store.put(folders, folder, "copy").sha256
    assert store.verify(folders) == []
    assert contents(store.fetch(folders, "data set", tmp_path / "out")) == contents(folder)
    (folder / "readme.md").write_text("# New")
    assert [problem.code for problem in store.verify(folders)] == ["artifact-altered", "artifact-altered"]
    with pytest.raises(ArtifactAlteredError):
        store.fetch(folders, "data set:v1", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert store.put_reference(folders, folder).artifact == "data set:v2"
    store.delete(folders, "readme.md:v1")
    assert (folder / "readme.md").exists()
    shutil.rmtree(folder)
    assert {problem.code for problem in store.verify(folders)} == {"artifact-missing"}
    with pytest.raises(ArtifactAlteredError, match="is missing"):
        store.bring(folders, store.find(folders, "data set"))


def test_a_reference_need_not_be_read(folders: Folders, folder: Path) -> None:
    stored = store.put_reference(folders, folder, hashed=False)
    assert (stored.sha256, stored.size) == ("", 1_000_006)
    assert store.verify(folders) == []
    assert store.put_reference(folders, folder, hashed=False).new is False
    os.utime(folder / "readme.md", ns=(0, 0))
    assert store.put_reference(folders, folder, hashed=False).artifact == "data set:v2"
    (folder / "readme.md").touch()
    known = store.put_reference(folders, folder, hashed=False, sha256="ab" * 32)
    assert (known.artifact, known.sha256) == ("data set:v3", "ab" * 32)


def test_what_is_not_there_or_tells_a_secret_is_not_referred_to(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(ArtifactPathError, match="No such file"):
        store.put_reference(folders, tmp_path / "nothing")
    with pytest.raises(BadRequestError, match="password or a key"):
        store.put_reference(folders, "https://host/data.csv?token=abc")
    assert store.names(folders) == []


def test_a_run_refers_to_data(registry_path: Path, folder: Path) -> None:
    with tracker.start_run(registry_path) as run:
        stored = tracker.log_reference(folder, name="raw", aliases="current")
        assert stored is not None
        assert run.use_artifact("raw:current") == folder
    table = tracker.open(registry_path).rows("artifacts")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    (row,) = [row for row in rows if row["artifact"] == "raw:v1"]
    assert (row["status"], row["path"], row["size"]) == ("referenced", str(folder), 1_000_006)


# -- killed -------------------------------------------------------------------------------------------------------

PUT = """
import sys
from pathlib import Path
from tracker import store
from tracker.folders import Folders
workbook, source = map(Path, sys.argv[1:])
print("ready", flush=True)
store.put(Folders(workbook), source, "d", on_progress=lambda *done: print(*done, flush=True))
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_kill_9_leaves_no_half_version_and_sync_clears_up(
    registry_path: Path, folder: Path, tmp_path: Path, kind: str
) -> None:
    folders = Folders(registry_path)
    source = folder
    if kind == "file":
        source = tmp_path / "large.bin"
        source.write_bytes(os.urandom(64 * MEGABYTE))
    else:
        for number in range(300):
            (folder / f"{number}.txt").write_bytes(os.urandom(20_000))
    size = sum(path.stat().st_size for path in ([source] if kind == "file" else folder.rglob("*")) if path.is_file())
    for share in (0.0, 0.3, 0.9):
        command = [sys.executable, "-c", PUT, str(registry_path), str(source)]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        for line in child.stdout:
            if int(line.split()[0]) > share * size:
                break
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert store.versions(folders, "d") == []
        with pytest.raises(ArtifactNotFoundError):
            store.find(folders, "d")
        assert list(folders.artifacts.glob(".partial/*.jsonl"))
        tracker.open(registry_path).sync()
        assert list(folders.artifacts.glob(".partial/*")) == []
        assert on_disk(folders) == 0
    assert store.put(folders, source, "d").artifact == "d:v1"
    assert store.verify(folders) == []


def test_the_next_put_clears_up_too(folders: Folders, folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUT, str(folders.workbook), str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (tmp_path / "x").write_text("x")
    store.put(folders, tmp_path / "x")
    assert list(folders.artifacts.glob(".partial/*")) == []


def test_what_is_at_work_is_not_cleared_up(folders: Folders, folder: Path) -> None:
    during = []

    def announce(stored: store.Stored) -> None:
        during.append(store.sweep(folders))

    def look(done: int, total: int) -> None:
        during.append(store.sweep(folders))

    stored = store.put(folders, folder, "d", on_progress=look, announce=announce)
    assert set(during) == {0}
    assert contents(stored.path) == contents(folder)


def test_a_version_that_was_claimed_by_a_killed_process_stays_whole(folders: Folders, folder: Path) -> None:
    code = PUT.replace(
        "on_progress=lambda *done: print(*done, flush=True)", "announce=lambda stored: __import__('os').abort()"
    )
    command = [sys.executable, "-c", code, str(folders.workbook), str(folder)]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    manifest = manifest_path(folders, "d", 1)
    kept = manifest.rename(manifest.with_suffix(".kept"))
    manifest.mkdir()  # whoever cannot read it does not know whose the files are
    assert store.sweep(folders) == 0
    manifest.rmdir()
    kept.rename(manifest)
    assert store.sweep(folders) == 0
    assert contents(store.find(folders, "d:v1").path) == contents(folder)
    assert store.verify(folders) == []
    time.sleep(2.1)
    assert store.put(folders, folder, "d").artifact == "d:v2"  # nobody knows whether the first one has its row
    assert contents(store.find(folders, "d:v1").path) == contents(folder)
