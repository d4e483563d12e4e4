"""The trash and the archive on real servers: OpenSSH and moto's S3. Lines are lost, processes killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from far_servers import Far
from killed_acts import WHEN, stored
from test_store_far import MEGABYTE, ROOT, far, folder, folders, servers, there  # noqa: F401

from tracker import store
from tracker.errors import StoreUnreachableError
from tracker.folders import Folders
from tracker.store import acts, reaching

KILLED = """
import itertools, os, signal, sys
from datetime import datetime
from pathlib import Path
from killed_acts import stored
from tracker import store
from tracker.folders import Folders
from tracker.store import acts, carrying, manifest, moving
from tracker.store.remote import RemotePlace
import s3fs, sshfs  # imported beforehand, by the parent of those that are killed

url, act = sys.argv[1:]
for line in sys.stdin:
    limit, workbook = line.rstrip("\\n").split(" ", 1)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()

url, limit, folders = f"{url}/{limit}", int(limit), Folders(Path(workbook))
numbers = itertools.count(1)

def counted(call):
    def wrapper(*arguments, **options):
        if next(numbers) == limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return wrapper

carrying.many = lambda work, items: [work(item) for item in items]
for name in ("sink", "adopt", "_remove_file", "settle"):
    setattr(RemotePlace, name, counted(getattr(RemotePlace, name)))
moving.rewrite = counted(moving.rewrite)
before = stored(folders, "d:v1")
when = datetime(2027, 1, 1)
after = {
    "trash": lambda: acts.trashed(folders, before, when, "", ""),
    "purge": lambda: acts.deleted(folders, before, when, "", ""),
    "archive": lambda: acts.archived(folders, before, url, when, "", ""),
}[act]()
with store.Mover(folders) as mover:
    mover.move(store.Step(before, after))
"""


def small(tmp_path: Path) -> Path:
    """A folder of three small files."""
    source = tmp_path / "small"
    source.mkdir()
    for name in "abc":
        (source / f"{name}.bin").write_bytes(name.encode() * 1000)
    return source


def move(folders: Folders, after: store.Stored) -> int:  # noqa: F811
    with store.Mover(folders) as mover:
        return mover.move(store.Step(stored(folders, after.artifact), after))


def test_trash_restore_and_purge_at_a_server(folders: Folders, far: Far, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    first = store.put(folders, folder, "d", at=far.url)
    (folder / "inner" / "3.bin").write_bytes(b"changed")
    second = store.put(folders, folder, "d", at=far.url)
    all_there = there(folders, far)
    move(folders, acts.trashed(folders, first, WHEN, "ds1", ""))
    assert {path for path in there(folders, far) if path.startswith(".trash/")} == {
        f".trash/d/{first.inside}/inner/3.bin"
    }
    assert store.verify(folders) == []
    move(folders, acts.restored(folders, stored(folders, "d:v1"), WHEN, "ds1", ""))
    assert there(folders, far) == all_there
    assert store.fetch(folders, "d:v1", tmp_path / "one").is_dir()
    move(folders, acts.trashed(folders, stored(folders, "d:v1"), WHEN, "ds1", ""))
    assert move(folders, acts.deleted(folders, stored(folders, "d:v1"), WHEN, "ds1", "")) == MEGABYTE + 1
    assert store.fetch(folders, "d:v2", tmp_path / "two").is_dir()
    move(folders, acts.trashed(folders, second, WHEN, "ds1", ""))
    assert move(folders, acts.deleted(folders, stored(folders, "d:v2"), WHEN, "ds1", "")) == second.size
    assert there(folders, far) == set()


def test_into_an_archive_at_a_server_and_back(folders: Folders, far: Far, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    content = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    one = store.put(folders, folder, "d")
    move(folders, acts.archived(folders, one, far.url, WHEN, "ds1", ""))
    assert not one.path.exists() and len(there(folders, far)) == len(content)
    assert store.verify(folders) == []
    move(folders, acts.moved(folders, stored(folders, "d:v1"), "", WHEN, "ds1", ""))
    assert there(folders, far) == set()
    copy = store.fetch(folders, "d:v1", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == content


def test_a_line_that_is_cut_leaves_the_version_where_it_is(folders: Folders, far: Far, folder: Path) -> None:  # noqa: F811
    one = store.put(folders, folder, "d")
    far.wire.cut_after(MEGABYTE // 2, times=1000)
    with pytest.raises(StoreUnreachableError):
        move(folders, acts.archived(folders, one, far.url, WHEN, "ds1", ""))
    assert stored(folders, "d:v1").state == "stored" and one.path.exists()
    far.wire.mend()
    move(folders, acts.archived(folders, one, far.url, WHEN, "ds1", ""))
    assert len(there(folders, far)) == len(one.files), "what was sent before the line was cut is gone"
    assert store.verify(folders) == []


@pytest.mark.parametrize("act", ["trash", "purge", "archive"])
def test_killed_between_any_two_requests(folders: Folders, far: Far, tmp_path: Path, act: str) -> None:  # noqa: F811
    source = small(tmp_path)
    states = set()
    command = [sys.executable, "-c", KILLED, far.url, act]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as children:
        assert children.stdin and children.stdout
        for limit in range(1, 40):
            at = Folders(tmp_path / str(limit) / "registry.xlsx")
            url = f"{far.url}/{limit}"
            at.side.mkdir(parents=True)
            one = store.put(at, source, "d", at="" if act == "archive" else url)
            print(limit, at.workbook, file=children.stdin, flush=True)
            ended = int(children.stdout.readline())
            assert ended in (0, -signal.SIGKILL)
            store.finish_moves(at, far=True)
            now = stored(at, "d:v1")
            assert store.verify(at) == []
            assert set(reaching.place_at(at, url).files()) == {
                f"{'.trash/' if spot.trash else ''}{spot.path}" for spot in now.spots() if spot.store == url
            }
            if now.state == "stored":
                copy = store.fetch(at, "d:v1", tmp_path / f"out {limit}")
                assert sorted(path.read_bytes() for path in copy.iterdir()) == sorted(
                    path.read_bytes() for path in source.iterdir()
                )
            states.add(now.state)
            assert one.artifact == now.artifact
            if ended == 0:
                break
        children.stdin.close()
    assert states == {"stored", {"trash": "trash", "purge": "deleted", "archive": "archived"}[act]}
