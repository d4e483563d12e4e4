"""Artifact stores on real servers: OpenSSH for SFTP, moto for S3. Lines break, disks are full, processes are killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import far_servers
import openpyxl
import pytest
from far_servers import BUCKET, SFTP_SERVER, SSHD, Far

import tracker
from tracker import store
from tracker.data.profile import read_profile
from tracker.errors import (
    ArtifactAlteredError,
    ArtifactNotFoundError,
    BadRequestError,
    MissingPackageError,
    StoreError,
    StoreFullError,
    StoreRefusedError,
    StoreUnreachableError,
    TrackerError,
    TrackerWarning,
)
from tracker.folders import Folders
from tracker.store import reaching
from tracker.store.place import Place
from tracker.store.reaching import place_at
from tracker.store.remote import RemotePlace

fsspec = pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")
ROOT = Path(__file__).parent.parent
NO_SSHD = pytest.mark.skipif(not (SSHD and SFTP_SERVER), reason="no OpenSSH server (Debian package openssh-server)")
KINDS = [pytest.param("sftp", marks=NO_SSHD), "s3"]
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Far]]:
    """Starts a server when it is first asked for, and ends all."""
    import contextlib

    with contextlib.ExitStack() as stack:
        running: dict[str, Far] = {}

        def server(kind: str) -> Far:
            if kind not in running:
                if kind == "s3":
                    pytest.importorskip("moto.server", reason="moto[server] is not installed")
                    running[kind] = stack.enter_context(far_servers.s3())
                else:
                    running[kind] = stack.enter_context(far_servers.sftp(tmp_path_factory.mktemp("sftp")))
            return running[kind]

        yield server


@pytest.fixture(params=KINDS)
def far(
    request: pytest.FixtureRequest, servers: Callable[[str], Far], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Far:
    """A store of the test's own on each kind of server."""
    far = servers(request.param)
    far.wire.mend()
    use(far.environment, monkeypatch)
    if request.param == "s3":
        make_bucket()
    return Far(f"{far.url}/{tmp_path.name}", far.environment, far.wrong, far.wire, far.server)


def use(environment: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials, forget the connections that were made with others, and pause less between attempts."""
    from s3fs import S3FileSystem

    monkeypatch.setattr(reaching, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(S3FileSystem, "retries", 2)
    for name, value in dict(environment).items():  # type: ignore[call-overload]
        monkeypatch.setenv(name, value)
    forget_connections()


def forget_connections() -> None:
    from s3fs import S3FileSystem
    from sshfs import SSHFileSystem

    S3FileSystem.clear_instance_cache()
    SSHFileSystem.clear_instance_cache()


def make_bucket() -> None:
    from s3fs import S3FileSystem

    file_system = S3FileSystem()
    if not file_system.exists(BUCKET):
        file_system.mkdir(BUCKET)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "registry.xlsx")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(20 * MEGABYTE + 7))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data set"
    (path / "inner").mkdir(parents=True)
    for number in range(12):
        (path / "inner" / f"{number}.bin").write_bytes(os.urandom(MEGABYTE) + b"%d" % number)
    (path / "empty").touch()
    return path


def there(folders: Folders, far: Far) -> set[str]:
    """The files at the server."""
    return set(place_at(folders, far.url).files())


def at_server(place: Place, path: str, content: bytes) -> None:
    """Put something there behind the store's back."""
    sink = place.sink(path, len(content))
    sink.write(memoryview(content))
    sink.close()


# -- all is well --------------------------------------------------------------------------------------------------


def test_a_folder_that_somebody_else_removed_is_made_anew(far: Far) -> None:
    mine, other = RemotePlace(far.url), RemotePlace(far.url)
    mine.make("d/1/a.txt", b"a")
    other.remove_folder("d")
    mine.make("d/1/b.txt", b"b")
    assert dict(RemotePlace(far.url).files()) == {"d/1/b.txt": 1}


def test_log_get_verify_delete(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    stored = store.put(folders, model, "m", at=far.url, on_progress=lambda done, total: told.append((done, total)))
    assert (stored.artifact, stored.store, stored.new) == ("m:v1", far.url, True)
    assert store.location(folders, stored) == f"{far.url}/m/{stored.inside}/model.bin"
    assert told[-1] == (stored.size, stored.size)
    assert not stored.path.exists()
    assert store.put(folders, model, "m", at=far.url).new is False
    assert there(folders, far) == {f"m/{stored.inside}/model.bin"}
    assert store.verify(folders) == []
    assert store.fetch(folders, "m", tmp_path / "out.bin").read_bytes() == model.read_bytes()
    assert store.bring(folders, stored) == stored.path
    assert stored.path.read_bytes() == model.read_bytes()
    assert store.delete(folders, "m:v1") == stored.size
    assert there(folders, far) == set()
    with pytest.raises(ArtifactNotFoundError):
        store.find(folders, "m:v1")
    assert store.put(folders, model, "m", at=far.url).artifact == "m:v2"


def test_a_folder_shares_what_is_unchanged(folders: Folders, far: Far, folder: Path, tmp_path: Path) -> None:
    first = store.put(folders, folder, "d", at=far.url)
    (folder / "inner" / "3.bin").write_bytes(b"changed")
    second = store.put(folders, folder, "d", at=far.url)
    assert len(there(folders, far)) == len(first.files) + 1
    assert [file.path for file in second.files if not file.at] == ["inner/3.bin"]
    copy = store.fetch(folders, "d:v2", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == {
        path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert store.delete(folders, "d:v1") == MEGABYTE + 1  # only what the second does not need
    assert store.verify(folders) == []
    assert store.put(folders, folder, "d", at=far.url).artifact == "d:v2"


@pytest.mark.parametrize("name", ["a*b?[c]{d}#e%20f.txt", " spaces ", "modèle 模型.bin", "con", "-rf", "~", "$(x)"])
def test_names_stay_as_they_are(folders: Folders, far: Far, tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    (source / "in ner").mkdir(parents=True)
    (source / name).write_text(name)
    (source / "in ner" / name).write_text("inner")
    store.put(folders, source, "names", at=far.url)
    copy = store.fetch(folders, "names", tmp_path / "out")
    assert (copy / name).read_text() == name
    assert (copy / "in ner" / name).read_text() == "inner"
    assert store.verify(folders) == []
    store.delete(folders, "names:v1")
    assert there(folders, far) == set()


def test_what_was_brought_once_needs_no_server(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    stored = store.put(folders, model, "m", at=far.url)
    path = store.bring(folders, stored)
    before = far.wire.passed
    assert store.fetch(folders, "m", tmp_path / "out.bin").read_bytes() == model.read_bytes()
    assert far.wire.passed - before < MEGABYTE
    with open(path, "r+b") as file:
        file.write(b"altered in the cache")
    with pytest.raises(ArtifactAlteredError):
        store.fetch(folders, "m", tmp_path / "again.bin")
    assert store.fetch(folders, "m", tmp_path / "again.bin").read_bytes() == model.read_bytes()


def test_what_was_altered_lost_or_added_at_the_server_is_found(
    folders: Folders, far: Far, folder: Path, tmp_path: Path
) -> None:
    stored = store.put(folders, folder, "d", at=far.url)
    place = place_at(folders, far.url)
    paths = [stored.bytes_at(file) for file in stored.files]
    place.remove(paths[1:3])
    at_server(place, paths[1], b"altered")
    at_server(place, "somebody's/own.txt", b"mine")
    problems = store.verify(folders)
    assert [problem.code for problem in problems] == ["artifact-altered", "artifact-missing", "artifact-orphan"]
    assert all(path in problem.message for path, problem in zip(paths[1:3], problems, strict=False))
    assert store.exit_code(problems) == 3
    assert store.exit_code(problems[2:]) == 0
    with pytest.raises(ArtifactAlteredError):
        store.fetch(folders, "d", tmp_path / "out")
    assert not (tmp_path / "out").exists()


# -- the line breaks ----------------------------------------------------------------------------------------------


def test_a_line_that_breaks_once_is_taken_up_again(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    far.wire.cut_after(10 * MEGABYTE)
    stored = store.put(folders, model, "m", at=far.url)
    assert there(folders, far) == {stored.bytes_at(stored.files[0])}
    assert store.verify(folders) == []
    far.wire.cut_after(15 * MEGABYTE)
    before = far.wire.passed
    assert store.fetch(folders, "m", tmp_path / "out.bin").read_bytes() == model.read_bytes()
    assert far.wire.passed - before < 1.8 * stored.size, "it began anew"


def test_a_line_that_stays_broken_leaves_nothing_half(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    far.wire.cut()
    with pytest.raises(StoreUnreachableError, match=f"{far.url} cannot be reached.* Check the network"):
        store.put(folders, model, "m", at=far.url)
    assert store.versions(folders, "m") == []
    far.wire.mend()
    store.put(folders, model, "m", at=far.url)
    far.wire.cut()
    forget_connections()
    with pytest.raises(StoreUnreachableError):
        store.fetch(folders, "m", tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()
    problems = store.verify(folders)
    assert [problem.code for problem in problems] == ["artifact-store"]
    assert store.exit_code(problems) == 6
    far.wire.mend()
    assert store.verify(folders) == []


def test_a_folder_goes_on_where_it_was_broken_off(folders: Folders, far: Far, folder: Path) -> None:
    far.wire.cut_after(7 * MEGABYTE, times=10**6)
    for path in folder.rglob("*.bin"):  # no single file gets through in the end
        if path.name in ("8.bin", "9.bin"):
            path.write_bytes(os.urandom(8 * MEGABYTE))
    with pytest.raises(StoreError):
        store.put(folders, folder, "d", at=far.url)
    assert store.versions(folders, "d") == []
    far.wire.mend()
    before = far.wire.passed
    stored = store.put(folders, folder, "d", at=far.url)
    assert far.wire.passed - before < 0.95 * stored.size
    assert there(folders, far) == {stored.bytes_at(file) for file in stored.files}
    assert store.verify(folders) == []
    assert list(folders.artifacts.glob(".partial/*")) == []


def test_a_download_goes_on_where_it_was_broken_off(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    stored = store.put(folders, model, "m", at=far.url)
    far.wire.cut_after(13 * MEGABYTE)
    far.wire._cuts = 1
    down = far.wire._break

    def stay_down() -> None:
        far.wire._down = True
        down()

    far.wire._break = stay_down  # type: ignore[method-assign]
    try:
        with pytest.raises(StoreUnreachableError):
            store.bring(folders, stored)
    finally:
        del far.wire._break
    assert not stored.path.exists()
    far.wire.mend()
    before = far.wire.passed
    assert store.bring(folders, stored).read_bytes() == model.read_bytes()
    assert far.wire.passed - before < 0.75 * stored.size


# -- refused, full, gone ------------------------------------------------------------------------------------------


def test_wrong_credentials_are_said(
    folders: Folders, far: Far, model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store.put(folders, model, "m", at=far.url)
    use(far.wrong, monkeypatch)
    with pytest.raises(StoreRefusedError, match="Check the credentials in the environment"):
        store.put(folders, model, "other", at=far.url)
    with pytest.raises(StoreRefusedError):
        store.fetch(folders, "m", tmp_path / "out.bin")
    assert store.versions(folders, "other") == []
    assert [problem.code for problem in store.verify(folders)] == ["artifact-store"]


@NO_SSHD
def test_a_stranger_in_place_of_the_server_is_not_trusted(
    folders: Folders, servers: Callable[[str], Far], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = servers("sftp")
    far.wire.mend()
    (tmp_path / "known").write_text("")
    use({**far.environment, "FSSPEC_SFTP_KNOWN_HOSTS": str(tmp_path / "known")}, monkeypatch)
    with pytest.raises(StoreRefusedError):
        store.put(folders, model, "m", at=far.url)


@NO_SSHD
def test_a_full_disk_behind_sftp_is_said(
    folders: Folders, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with far_servers.sftp(tmp_path, most_kilobytes=4096) as far:
        use(far.environment, monkeypatch)
        (tmp_path / "small").write_bytes(b"small")
        store.put(folders, tmp_path / "small", "s", at=far.url)
        with pytest.raises(StoreFullError, match=r"disk or the quota is full.* Make room"):
            store.put(folders, model, "m", at=far.url)
        assert store.versions(folders, "m") == []
        assert there(folders, far) == {"s/v1/small"}
        assert list(folders.artifacts.glob(".partial/*")) == []
        forget_connections()


def test_a_full_quota_of_s3_is_said(
    folders: Folders, model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    with far_servers.s3(quota=9 * MEGABYTE) as far:
        use(far.environment, monkeypatch)
        make_bucket()
        for source in (model, folder):
            with pytest.raises(StoreFullError, match=r"quota is used up.* Make room"):
                store.put(folders, source, "x", at=far.url)
            assert store.versions(folders, "x") == []
            assert there(folders, far) == set()
        assert list(folders.artifacts.glob(".partial/*")) == []
        forget_connections()


def test_a_bucket_that_is_not_there_is_said(
    folders: Folders, servers: Callable[[str], Far], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = servers("s3")
    far.wire.mend()
    use(far.environment, monkeypatch)
    with pytest.raises(StoreError, match="no such bucket"):
        store.put(folders, model, "m", at="s3://no-such-bucket/x")
    assert store.versions(folders, "m") == []


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("s3://key:secret@bucket/x", BadRequestError),
        ("sftp://me:password@host/x", BadRequestError),
        ("https://host/x?X-Amz-Signature=abc", BadRequestError),
        ("abfs://x@y/z?sig=abc", BadRequestError),
        ("simplecache::s3://bucket/x", BadRequestError),
        ("nothing://host/x", BadRequestError),
        ("dropbox://folder/x", MissingPackageError),
    ],
)
def test_addresses_that_are_none_or_tell_secrets_are_refused(
    folders: Folders, model: Path, url: str, error: type[TrackerError]
) -> None:
    with pytest.raises(error) as caught:
        store.put(folders, model, "m", at=url)
    assert "secret" not in str(caught.value)
    assert "password@" not in str(caught.value)
    assert "abc" not in str(caught.value)
    assert not folders.artifacts.exists()


# -- killed -------------------------------------------------------------------------------------------------------

PUT = """
import sys
from pathlib import Path
from tracker import store
from tracker.folders import Folders
workbook, source, url = sys.argv[1:]
store.put(Folders(Path(workbook)), Path(source), "d", at=url, on_progress=lambda *done: print(*done, flush=True))
"""


def test_kill_9_while_a_folder_is_sent(folders: Folders, far: Far, folder: Path, tmp_path: Path) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    for number, share in enumerate((0.1, 0.5, 0.9)):
        command = [sys.executable, "-c", PUT, str(folders.workbook), str(folder), far.url]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            if int(line.split()[0]) >= share * size:
                break
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert store.versions(folders, "d") == [], f"a version is there after kill {number}"
    before = far.wire.passed
    stored = store.put(folders, folder, "d", at=far.url)
    assert stored.artifact == "d:v1"
    assert far.wire.passed - before < 0.8 * size, "what was sent before was sent again"
    assert there(folders, far) == {stored.bytes_at(file) for file in stored.files}
    assert list(folders.artifacts.glob(".partial/*")) == []
    assert store.verify(folders) == []
    copy = store.fetch(folders, "d", tmp_path / "out")
    assert (copy / "inner" / "11.bin").read_bytes() == (folder / "inner" / "11.bin").read_bytes()


def test_leftovers_that_nobody_goes_on_with_are_removed_after_a_day(
    folders: Folders, far: Far, folder: Path, model: Path
) -> None:
    command = [sys.executable, "-c", PUT, str(folders.workbook), str(folder), far.url]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line.split()[0]) >= 3 * MEGABYTE:
            break
    child.send_signal(signal.SIGKILL)
    child.communicate()
    (note,) = folders.artifacts.glob(".partial/*")
    stored = store.put(folders, model, "m", at=far.url)
    assert note.exists()
    os.utime(note, (time.time() - 100_000,) * 2)
    assert store.put(folders, model, "m", at=far.url).artifact == "m:v1"
    assert not note.exists()
    assert there(folders, far) == {stored.bytes_at(stored.files[0])}


# -- in a run -----------------------------------------------------------------------------------------------------


def with_store(registry: Path, url: str) -> None:
    """Set the setting, as a person does."""
    book = openpyxl.load_workbook(registry)
    for row in book["Settings"].iter_rows():
        if row[0].value == "artifacts.store":
            row[1].value = url
            book.save(registry)
            return
    raise AssertionError("the template has no such setting")


def artifact_rows(registry: Path) -> dict[str, dict[str, object]]:
    table = tracker.open(registry).rows("artifacts")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {str(row["artifact"]): row for row in rows}


def test_a_run_stores_where_the_setting_says(registry_path: Path, far: Far, model: Path) -> None:
    with_store(registry_path, far.url)
    with tracker.start_run(registry_path) as run:
        stored = run.log_artifact(model, name="m")
        assert stored is not None
        assert run.use_artifact("m").read_bytes() == model.read_bytes()
    row = artifact_rows(registry_path)["m:v1"]
    assert (row["path"], row["status"]) == (f"{far.url}/m/{stored.inside}/model.bin", "stored")
    with_store(registry_path, "")
    with tracker.start_run(registry_path) as run:
        assert run.use_artifact("m:v1").read_bytes() == model.read_bytes()


def test_a_table_in_a_far_store_gets_its_profile_without_being_fetched(
    registry_path: Path, far: Far, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_PROFILE")
    with_store(registry_path, far.url)
    folders = Folders(registry_path)
    (tmp_path / "train.csv").write_text("age\n1\n2\n")
    with tracker.start_run(registry_path) as run:
        run.log_artifact(tmp_path / "train.csv", name="train")
        run.log_table({"x": [1, 2, 3]}, "errors.csv")  # its file is gone by then, so it is fetched
        deadline = time.monotonic() + 60
        while not all(folders.metadata(name, 1).exists() for name in ("train", "errors.csv")):
            assert time.monotonic() < deadline, "nobody looked into them"
            time.sleep(0.05)
    assert not (folders.cache / "artifacts" / "train").exists()
    profile = read_profile(folders.profile("train", 1))
    assert profile is not None
    assert profile.rows == 2


def test_what_the_store_does_not_take_is_kept_beside_the_workbook(registry_path: Path, far: Far, model: Path) -> None:
    with_store(registry_path, far.url)
    far.wire.cut()
    with (
        pytest.warns(TrackerWarning, match="kept beside the workbook") as warned,
        tracker.start_run(registry_path) as run,
    ):
        stored = run.log_artifact(model, name="m")
        run.wait_for_capture(60)
    assert len(warned) == 1
    assert stored is not None
    assert stored.path.read_bytes() == model.read_bytes()
    assert artifact_rows(registry_path)["m:v1"]["path"] == "registry.tracker/artifacts/m/v1/model.bin"


# -- data that is only referred to --------------------------------------------------------------------------------


def test_data_at_a_server_is_referred_to(folders: Folders, far: Far, model: Path, tmp_path: Path) -> None:
    place = place_at(folders, far.url)
    at_server(place, "raw/train.bin", model.read_bytes())
    uri = f"{far.url}/raw/train.bin"
    stored = store.put_reference(folders, uri)
    assert (stored.artifact, stored.state, stored.size, stored.sha256) == (
        "train.bin:v1",
        "referenced",
        model.stat().st_size,
        "",
    )
    assert stored.etag
    assert store.location(folders, stored) == uri
    assert store.put_reference(folders, uri).new is False
    assert store.verify(folders) == []
    assert store.bring(folders, stored).read_bytes() == model.read_bytes()
    assert store.fetch(folders, "train.bin", tmp_path / "out").read_bytes() == model.read_bytes()
    place.remove(["raw/train.bin"])
    at_server(place, "raw/train.bin", b"another")
    assert [problem.code for problem in store.verify(folders)] == ["artifact-altered"]
    assert store.put_reference(folders, uri).artifact == "train.bin:v2"
    place.remove(["raw/train.bin"])
    assert {problem.code for problem in store.verify(folders)} == {"artifact-missing"}
    shutil.rmtree(folders.cache)
    with pytest.raises(ArtifactAlteredError, match="is missing"):
        store.bring(folders, stored)
