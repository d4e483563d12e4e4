"""The registry's lock: one sync at a time, and who holds it is told to those who wait."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from tracker.errors import RegistryLockedError
from tracker.folders import Folders


@contextlib.contextmanager
def locked(folders: Folders, who: str, program: str, wait: float) -> Iterator[None]:
    """Hold the registry's lock; says who holds it to those who wait.

    Where the file system has no working locks the sync goes on without: change sets make two at once harmless.
    """
    folders.side.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folders.lock)
    owner = folders.lock.with_suffix(".owner")
    held = True
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise RegistryLockedError(path=folders.workbook, owner=_owner(owner)) from None
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EDQUOT):
            raise
        held = False
    try:
        with contextlib.suppress(OSError):
            record = {"who": who, "program": program, "host": socket.gethostname(), "pid": os.getpid()}
            owner.write_text(json.dumps({**record, "time": time.time()}), "utf-8")
        yield
    finally:
        if held:
            with contextlib.suppress(OSError):
                owner.unlink(missing_ok=True)
            lock.release()


def _owner(path: Path) -> str:
    try:
        record = json.loads(path.read_text("utf-8"))
        return f"{record['who'] or 'somebody'} with {record['program']} on {record['host']}, process {record['pid']}"
    except (OSError, ValueError, KeyError):
        return "by somebody"
