"""Does one act of the store again and again, each time killed one step later: FOLDER ACT LINKS; see test_store_moving.

Every child is a process of its own that gets a real SIGKILL before its n-th call that changes the disk.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from tracker import store
from tracker.folders import Folders
from tracker.model import Change
from tracker.store import acts
from tracker.store.manifest import Stored, read_manifest

CALLS = ("open", "write", "fsync", "replace", "rename", "link", "mkdir", "unlink", "rmdir", "utime")
WHEN = datetime(2027, 1, 1)
CONTENTS: dict[str, dict[str, bytes]] = {
    "d:v1": {"same.bin": b"s" * 5000, "inner/one.bin": b"1" * 3000},
    "d:v2": {"same.bin": b"s" * 5000, "inner/two.bin": b"2" * 4000, "inner/copy.bin": b"s" * 5000},
    "m:v1": {"model.pkl": b"m" * 2000},
}
"""What is stored before the act; both versions of ``d`` share a file."""
SUBJECTS = ("d:v1", "m:v1")
"""What the act is done with, in one go."""


def stored(folders: Folders, artifact: str) -> Stored:
    name, _, number = artifact.rpartition(":v")
    found = read_manifest(folders, name, int(number))
    assert found is not None
    return found


def prepare(folder: Path, act: str) -> Folders:
    """A registry's folder with three versions; with two of them in the trash or the archive, where the act needs it."""
    folders = Folders(folder / "registry.xlsx")
    for artifact, files in CONTENTS.items():
        source = folder / "source" / artifact.replace(":", "-")
        for path, content in files.items():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            (source / path).write_bytes(content)
        store.put(folders, source / "model.pkl" if artifact == "m:v1" else source, artifact.partition(":")[0])
    for before in {"restore": ("trash",), "purge": ("trash",), "unarchive": ("archive",)}.get(act, ()):
        do(folders, before)
    return folders


def do(folders: Folders, act: str) -> list[int]:
    """Do the act with all of its subjects; the bytes that each made free."""
    becomes: dict[str, Callable[[Stored], Stored]] = {
        "trash": lambda one: acts.trashed(folders, one, WHEN, "ds1", "scratch"),
        "restore": lambda one: acts.restored(folders, one, WHEN, "ds1", "needed"),
        "purge": lambda one: acts.deleted(folders, one, WHEN, "ds1", "scratch"),
        "archive": lambda one: acts.archived(folders, one, "the archive", WHEN, "ds1", "old"),
        "unarchive": lambda one: acts.moved(folders, one, "", WHEN, "ds1", "needed"),
        "move": lambda one: acts.moved(folders, one, "other disk", WHEN, "ds1", "room"),
    }
    freed = []
    with store.Mover(folders, "ds1") as mover:
        for artifact in SUBJECTS:
            before = stored(folders, artifact)
            after = becomes[act](before)
            change = Change("artifacts", (artifact,), {"status": after.state}, {"status": before.state}, by="person")
            freed.append(mover.move(store.Step(before, after, change)))
    return freed


def without_links(*_: Any, **__: Any) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def killed_at(limit: int) -> None:
    """From now on, the process gets a SIGKILL before that call that changes the disk."""
    numbers = count(1)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            writes = os.O_CREAT | os.O_WRONLY | os.O_RDWR
            changes = call.__name__ != "open" or (len(arguments) > 1 and arguments[1] & writes)
            if changes and next(numbers) == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return wrapper

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def main() -> None:
    base, act, links = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "links"
    if not links:
        os.link = without_links
    for limit in count(1):
        folder = base / str(limit)
        folder.mkdir()
        folders = prepare(folder, act)
        child = os.fork()
        if child == 0:
            killed_at(limit)
            do(folders, act)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status):
            raise SystemExit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
