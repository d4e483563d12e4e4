"""A folder on this machine, or on a drive that it sees as its own: beside the workbook, or where a setting says."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tracker.disk import can_sync_whole, fsync_folder, sync_whole, writing
from tracker.errors import ArtifactPathError
from tracker.store.copying import WORKERS
from tracker.store.place import Place, Shared

_DIRECT_FROM = 8 << 20
"""Files of so many bytes are written past the system's cache: it is half the work, and they are on the disk at once."""
_BLOCK = 4096
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EINVAL)
_BATCH = 64
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_STORED_MODE = 0o444
"""What is stored is never written to again: a program that would change it in place, by mistake, is told so."""


class LocalPlace:
    """Keeps files in a folder. Where the file system has hard links, a file that two versions share is one."""

    direct = False

    def __init__(self, root: Path, url: str = "") -> None:
        self.root = root
        self.url = url
        self._written: list[int] = []
        self._many = False
        self._lock = threading.Lock()

    @property
    def workers(self) -> int:
        """Few on a disk of this machine, where Python's own work takes longer than the disk's; on a drive, many."""
        return min(2, WORKERS) if can_sync_whole(self.root) else WORKERS

    def sink(self, path: str, size: int) -> LocalSink:
        """Make a file. RegistryNotWritableError where that cannot be done."""
        return LocalSink(f"{self.root}/{path}", size, settle=self._settle_later)

    def make(self, path: str, content: bytes) -> None:
        """Make a small file. RegistryNotWritableError where that cannot be done."""
        if os.name != "posix":
            sink = self.sink(path, len(content))
            sink.write(memoryview(content))
            sink.close()
            return
        target = f"{self.root}/{path}"
        with writing(target):
            file = _created(target, lambda: os.open(target, _NEW, _STORED_MODE))
            left = memoryview(content)
            try:
                while left:
                    left = left[write_some(file, left) :]
            except BaseException:
                os.close(file)
                raise
            self._settle_later(file)

    def settle(self, folder: str, sizes: Mapping[str, int]) -> None:
        """Let the files and their names survive a power cut."""
        batch, self._written = self._written, []
        with writing(self.root / folder):
            _flush(batch)
            if self._many:
                sync_whole(self.root)
                return
        for at, _, _ in os.walk(self.root / folder):
            fsync_folder(Path(at))

    def _settle_later(self, file: int) -> None:
        """Take a small file that is written but still open: the disk takes many in little more time than one.

        Once there are many, they are closed here, and settled with all else that is on their file system.
        """
        with self._lock:
            self._written.append(file)
            if len(self._written) < _BATCH:
                return
            batch, self._written = self._written, []
            self._many = self._many or can_sync_whole(self.root)
        if self._many:
            for each in batch:
                os.close(each)
        else:
            _flush(batch)

    def share(self, path: str, target: str) -> Shared:
        """Make a hard link."""
        try:
            _in_its_folder(self.root / target, lambda: os.link(self.root / path, self.root / target))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EMLINK):
                return "not this one"
            if error.errno not in _NO_LINKS:
                with writing(self.root / target):
                    raise
            return "not here"
        return "shared"

    def move(self, folder: str, target: str) -> None:
        """Rename the folder, durably."""
        old, new = self.root / folder, self.root / target
        with writing(new):
            new.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(20):
                try:
                    os.rename(old, new)
                    break
                except PermissionError:  # on Windows, while a virus scanner reads the new files
                    time.sleep(0.05)
            else:
                os.rename(old, new)
            fsync_folder(new.parent)

    def adopt(self, source: Place, path: str, target: str) -> bool:
        """Make a hard link, where both lie on one file system that has them."""
        here, there = source.on_this_machine(path), self.root / target
        if here is None:
            return False
        try:
            _in_its_folder(there, lambda: os.link(here, there))
        except FileNotFoundError:
            raise
        except FileExistsError:
            return os.path.samefile(here, there)
        except OSError as error:
            if error.errno not in (*_NO_LINKS, errno.EMLINK):
                with writing(there):
                    raise
            return False
        return True

    def open(self, path: str, start: int = 0) -> BinaryIO:
        """Read a file from a byte on."""
        file = open(self.root / path, "rb", buffering=0)  # noqa: SIM115  (it is given to the caller)
        file.seek(start)
        return file

    def entries(self, folder: str) -> list[str]:
        """The names in a folder."""
        try:
            return os.listdir(self.root / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def files(self, folder: str = "") -> dict[str, int]:
        """The size of every file in a folder; links are not followed."""
        return dict(_walk(self.root / folder, f"{folder}/" if folder else ""))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, and the folders that they leave empty."""
        with writing(self.root):
            for path in paths:
                _unlink(self.root / path)
                self._remove_empty(Path(path).parent)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with everything in it, as far as that can be done."""
        remove_tree(self.root / folder)

    def reconnect(self) -> None:
        """There is no connection."""

    def on_this_machine(self, path: str) -> Path | None:
        """The file itself."""
        return self.root / path

    def _remove_empty(self, folder: Path) -> None:
        with contextlib.suppress(OSError):
            while folder.name:
                os.rmdir(self.root / folder)
                folder = folder.parent


class LocalSink:
    """A file that is being written. Large ones go past the system's cache where it lets them."""

    def __init__(
        self, path: str | Path, size: int, mode: int = _STORED_MODE, settle: Callable[[int], object] = os.close
    ) -> None:
        self._path = path
        self._settle = settle
        self._mode = mode
        self._direct = size >= _DIRECT_FROM and hasattr(os, "O_DIRECT")
        self._large = size >= _DIRECT_FROM or os.name != "posix"
        with writing(path):
            self._file = _created(path, self._open)

    def _open(self) -> int:
        if self._direct:
            try:
                return os.open(self._path, _NEW | os.O_DIRECT, self._mode)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._direct = False
                Path(self._path).unlink(missing_ok=True)  # some file systems make it before they refuse
        return os.open(self._path, _NEW, self._mode)

    def write(self, chunk: memoryview) -> None:
        """Write all of it."""
        with writing(self._path):
            if self._direct and len(chunk) % _BLOCK:
                self._through_the_cache()
            while chunk:
                try:
                    count = write_some(self._file, chunk)
                except OSError as error:
                    if not self._direct or error.errno != errno.EINVAL:
                        raise
                    self._through_the_cache()
                    continue
                if self._direct and count % _BLOCK:
                    self._through_the_cache()
                chunk = chunk[count:]

    def close(self) -> None:
        """The file is whole; a large one is on the disk, a small one is left to whoever settles many."""
        with writing(self._path):
            if not self._large:
                file, self._file = self._file, -1
                self._settle(file)
                return
            try:
                os.fsync(self._file)
            finally:
                self._let_go()

    def abandon(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(OSError):
            self._let_go()
        with contextlib.suppress(OSError):
            _unlink(Path(self._path))

    def _let_go(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _through_the_cache(self) -> None:
        """The rest is no multiple of the disk's blocks, or the file system refuses: write on in the ordinary way."""
        import fcntl

        fcntl.fcntl(self._file, fcntl.F_SETFL, fcntl.fcntl(self._file, fcntl.F_GETFL) & ~os.O_DIRECT)
        self._direct = False


def write_some(file: int, chunk: memoryview) -> int:
    """Write as much as the system takes at once."""
    return os.write(file, chunk)


def remove_tree(folder: Path) -> None:
    """Remove a folder of stored files, which are read-only; what cannot be removed stays."""

    def by_force(function: Callable[..., Any], path: str, _: Any) -> None:
        with contextlib.suppress(OSError):
            os.chmod(path, stat.S_IRWXU)
            function(path)

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=by_force)
    else:
        shutil.rmtree(folder, onerror=by_force)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # Windows does not remove what is read-only
        os.chmod(path, stat.S_IRWXU)
        path.unlink(missing_ok=True)


def _in_its_folder(path: str | Path, make: Callable[[], Any]) -> Any:
    """Make a file; its folder first, where it is missing."""
    for _ in range(99):  # again where another thread has just removed the folder, which was still empty
        try:
            return make()
        except FileNotFoundError:
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                os.makedirs(os.path.dirname(path), exist_ok=True)
    return make()


def _created(path: str | Path, make: Callable[[], int]) -> int:
    """Make a file that is not there yet, and its folder where it is missing."""
    try:
        return int(_in_its_folder(path, make))
    except FileExistsError:
        reason = "another file has the same name but for upper and lower case, which are one on this disk"
        raise ArtifactPathError(path=os.path.basename(path), reason=reason) from None


def _flush(files: Iterable[int]) -> None:
    """Have open files on the disk, and close them. All are on their way before the first is waited for."""
    try:
        for file in files:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        for file in files:
            os.fsync(file)
    finally:
        for file in files:
            os.close(file)


def _walk(folder: Path, inside: str) -> Iterator[tuple[str, int]]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, f"{inside}{entry.name}/")
        else:
            yield inside + entry.name, entry.stat(follow_symlinks=False).st_size
