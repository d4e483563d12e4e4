"""Writing files so that they survive a crash and a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tracker.errors import RegistryNotWritableError

_LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)
"""What the system says where something did not get to the disk, not that this disk cannot be asked."""


def fsync_folder(folder: Path) -> None:
    """Make a rename or a new name in the folder durable; does nothing where folders cannot be opened (Windows).

    Raises:
        OSError: the disk is full or broken.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in _LOST:
            raise
        # Some network drives refuse; the rename itself is done.
    finally:
        os.close(descriptor)


_SYNCED_WHOLE = ("ext4", "xfs", "f2fs", "overlay")
"""File systems of Linux of which syncfs(2) is known to end when all is on the disk; FUSE, for one, does nothing."""


def can_sync_whole(folder: Path) -> bool:
    """Whether :func:`sync_whole` does what it promises for a folder: not on a drive of a network, only on Linux."""
    return sys.platform.startswith("linux") and _file_system(folder) in _SYNCED_WHOLE


def sync_whole(folder: Path) -> None:
    """Have everything that was written to a folder's file system on the disk; it takes as long as an fsync or two.

    Raises:
        OSError: something could not be written.
    """
    import ctypes

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


def _file_system(folder: Path) -> str:
    """What the file system of a folder is called; empty where the system does not say."""
    try:
        device = os.stat(folder).st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == wanted), "")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write a file in the block: it gets its final name, and is on the disk, when that is done, or not at all.

    Raises:
        OSError: it could not be written; nothing is left of it.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Write a whole file under its final name or not at all, and return when it is on the disk."""
    with written_whole(path) as partial:
        partial.write_bytes(content)


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Only one process at a time is in here, the others wait; where there can be no lock, all go on at once."""
    from filelock import FileLock

    held = FileLock(lock)
    with contextlib.suppress(NotImplementedError, OSError):  # a file system without locks, or that may only be read
        held.acquire()
    try:
        yield
    finally:
        held.release()


class writing:
    """Turn the operating system's error into one that says what to do: ``with writing(path): …``."""

    __slots__ = ("_target",)

    def __init__(self, target: str | Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, OSError):
            hint = "Make room or ask for write access, then do it again."
            reason = error.strerror or str(error)
            raise RegistryNotWritableError(path=Path(self._target).parent, reason=reason, hint=hint) from error
