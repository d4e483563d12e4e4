"""A file system that fsspec reaches: S3, Azure, Google, SFTP, SMB, WebDAV and more.

Credentials come from the environment, as the file system's own package reads them (``AWS_ACCESS_KEY_ID``, an SSH
agent), or as fsspec does: ``FSSPEC_SFTP_PASSWORD`` gives the option ``password`` to ``sftp://…``.
"""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from tracker.errors import (
    BadRequestError,
    MissingPackageError,
    StoreError,
    StoreFullError,
    StoreRefusedError,
    StoreUnreachableError,
)
from tracker.store.copying import WORKERS, many, sha256_of_lines
from tracker.store.place import Place, Shared, join

_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "r2"}
"""Here a file is there when it is whole, and moving it is making it once more."""
_SSH = {"sftp", "ssh"}
_ETAGS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "last_modified")
_PART = 8 << 20
_MOST_PARTS = 9_000
_TRIES = 3
"""How often a folder is made anew that somebody else removed."""
_REFUSED = {"PermissionDenied", "HostKeyNotVerifiable", "NoCredentialsError", "PartialCredentialsError"}
_REFUSED |= {"CredentialRetrievalError", "ClientAuthenticationError", "DefaultCredentialsError"}
_REFUSAL = re.compile("InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied")
"""What S3 says, also in answers that a client could not take apart."""
_NO_ROOM = re.compile(r"quota|no space|(storage|disk|device|volume).?(is.?)?full|insufficient.?storage", re.I)

Made = TypeVar("Made")


class RemotePlace:
    """Keeps files on a file system of fsspec."""

    workers = WORKERS

    def __init__(self, url: str) -> None:
        self.url = url
        self._protocol = urlsplit(url).scheme.lower()
        self._made: set[str] = set()
        self._class = _file_system(url, self._protocol)
        self._base: str = self._class._strip_protocol(url).rstrip("/")
        self._connect()
        self.direct = self._protocol in _OBJECT_STORES or not _renames(self._fs)

    def _connect(self) -> None:
        with self._translated():
            self._fs: Any = self._class(**_options(self._class, self.url, self._protocol))
        if self._protocol in _SSH:
            self._fs.loop.set_exception_handler(_say_once)

    def reconnect(self) -> None:
        """Forget the connection that was lost, and make another."""
        self._class.clear_instance_cache()
        self._connect()

    def sink(self, path: str, size: int) -> RemoteSink:
        """Make a file. Of an object store, it is there when it is closed; elsewhere it grows."""
        with self._translated(writing=True):
            options = {"block_size": max(_PART, -(-size // _MOST_PARTS))} if self._protocol not in _SSH else {}
            file = self._in_folder(path, lambda: self._fs.open(self._at(path), "wb", **options))
            return RemoteSink(self, path, file)

    def make(self, path: str, content: bytes) -> None:
        """Make a small file, whole at once."""
        sink = self.sink(path, len(content))
        try:
            if content:
                sink.write(memoryview(content))
            sink.close()
        except BaseException:
            sink.abandon()
            raise

    def settle(self, folder: str, sizes: Mapping[str, int]) -> None:
        """Look whether everything that was sent has arrived."""
        there = self.files(folder)
        for path, size in sizes.items():
            if there.get(f"{folder}/{path}") != size:
                raise StoreUnreachableError(store=self.url, reason=f"did not keep {path} whole", hint="Try again.")

    def share(self, path: str, target: str) -> Shared:
        """There are no second paths here."""
        return "not here"

    def move(self, folder: str, target: str) -> None:
        """Rename the folder."""
        with self._translated(writing=True):
            self._in_folder(target, lambda: self._fs.mv(self._at(folder), self._at(target)))

    def adopt(self, source: Place, path: str, target: str) -> bool:
        """Have the server copy it, of an object store; elsewhere rename it."""
        if not isinstance(source, RemotePlace) or self._server != source._server:
            return False
        copies = self._protocol in _OBJECT_STORES
        if not copies and self.direct:
            return False
        with source._translated():
            source._fs.invalidate_cache()
            source._fs.info(source._at(path))
        with self._translated(writing=True):
            bring = self._fs.cp_file if copies else self._fs.mv
            self._in_folder(target, lambda: bring(source._at(path), self._at(target)))
        return True

    def open(self, path: str, start: int = 0) -> BinaryIO:
        """Read a file from a byte on."""
        with self._translated():
            options = {} if self._protocol in _SSH else {"block_size": _PART, "cache_type": "readahead"}
            file = self._fs.open(self._at(path), "rb", **options)
            file.seek(start)
            return RemoteReader(self, file)  # type: ignore[return-value]  # it has what is needed of one

    def describe(self) -> tuple[int, bool, str]:
        """Of what is at the url itself: its size, whether it is a folder, and what the server calls its state."""
        with self._translated():
            info = self._fs.info(self._base)
        if info["type"] == "directory":
            files = self.files()
            return sum(files.values()), True, sha256_of_lines(f"{size} {path}\n" for path, size in files.items())[:32]
        etag = next((info[key] for key in _ETAGS if info.get(key)), "")
        return int(info["size"] or 0), False, str(etag).strip('"')

    def entries(self, folder: str) -> list[str]:
        """The names in a folder."""
        with self._translated():
            return [name for name, _ in self._list(folder)]

    def files(self, folder: str = "") -> dict[str, int]:
        """The size of every file in a folder."""
        with self._translated():
            if self._protocol in _OBJECT_STORES:
                return self._find(folder)
            return dict(self._walk(folder))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, and the folders that they leave empty."""
        paths = list(paths)
        many(self._remove_file, paths)
        if self._protocol not in _OBJECT_STORES:
            for path in paths:
                self._remove_empty(path.rpartition("/")[0])

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with everything in it."""
        self.remove(self.files(folder))
        if self._protocol not in _OBJECT_STORES:
            self._remove_empty(folder)

    def on_this_machine(self, path: str) -> Path | None:
        """It is on another."""
        return None

    @property
    def _server(self) -> tuple[str, str]:
        """What two places must have in common so that one server has the files of both."""
        return self._protocol, "" if self._protocol in _OBJECT_STORES else urlsplit(self.url).netloc

    # -- details ----------------------------------------------------------------------------------------------------

    def _at(self, path: str) -> str:
        return f"{self._base}/{path}" if path else self._base

    def _in_folder(self, path: str, work: Callable[[], Made]) -> Made:
        """What ``work`` gives, which makes something in a folder that is there."""
        if self._protocol in _OBJECT_STORES:
            return work()
        folder = path.rpartition("/")[0]
        for _ in range(_TRIES):
            if folder not in self._made:
                self._fs.makedirs(self._at(folder), exist_ok=True)
                self._made.add(folder)
            # Who gives up another file removes the folder if it is empty, as does a request of a lost connection.
            with contextlib.suppress(FileNotFoundError):
                return work()
            self._made.discard(folder)
        return work()

    def _find(self, folder: str) -> dict[str, int]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(self._at(folder) + "/", detail=True)
        except FileNotFoundError:
            return {}
        return {path[len(self._base) + 1 :]: int(info["size"]) for path, info in found.items()}

    def _walk(self, folder: str) -> Iterator[tuple[str, int]]:
        for name, info in self._list(folder):
            path = join(folder, name)
            if info["type"] == "directory":
                yield from self._walk(path)
            else:
                yield path, int(info["size"] or 0)

    def _list(self, folder: str) -> list[tuple[str, dict[str, Any]]]:
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._at(folder), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        named = ((info["name"].rstrip("/").rpartition("/")[2], info) for info in found)
        return [(name, info) for name, info in named if name]

    def _remove_file(self, path: str) -> None:
        with self._translated(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._at(path))

    def _remove_empty(self, folder: str) -> None:
        self._made.clear()
        with contextlib.suppress(Exception):  # it is not empty, or gone already
            while folder:
                remove = self._fs.rm if self._protocol in _SSH else self._fs.rmdir
                remove(self._at(folder))
                folder = folder.rpartition("/")[0]

    @contextlib.contextmanager
    def _translated(self, writing: bool = False) -> Iterator[None]:
        """Turn whatever the file system's package raises into one of few errors; a missing file stays what it is."""
        try:
            yield
        except (StoreError, FileNotFoundError) as error:
            if writing and isinstance(error, FileNotFoundError):
                hint = "Make it, or correct the setting artifacts.store."
                raise StoreError(store=self.url, reason=f"has no such bucket or folder ({error})", hint=hint) from error
            raise
        except Exception as error:
            raise _in_our_words(error, self.url, writing) from error


class RemoteSink:
    """A file that is being sent."""

    def __init__(self, place: RemotePlace, path: str, file: Any) -> None:
        self._place = place
        self._path = path
        self._file = file

    def write(self, chunk: memoryview) -> None:
        """Send the next bytes."""
        with self._place._translated(writing=True):
            self._file.write(bytes(chunk))

    def close(self) -> None:
        """The file is whole."""
        with self._place._translated(writing=True):
            if hasattr(self._file, "fsync"):
                _unless_unsupported(self._file.fsync)
            self._file.close()

    def abandon(self) -> None:
        """Remove what was sent, as far as the connection allows."""
        with contextlib.suppress(Exception):
            if hasattr(self._file, "discard"):
                self._file.discard()
        with contextlib.suppress(Exception):
            self._file.closed = True  # else it would be completed when Python tidies up
        if self._place._protocol not in _OBJECT_STORES:
            with contextlib.suppress(Exception):
                self._file.close()
            with contextlib.suppress(Exception):
                self._place._fs.rm_file(self._place._at(self._path))


class RemoteReader:
    """A file that is being received."""

    def __init__(self, place: RemotePlace, file: Any) -> None:
        self._place = place
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        with self._place._translated():
            return bytes(self._file.read(size))

    def close(self) -> None:
        """Nothing more is wanted."""
        with contextlib.suppress(Exception):
            self._file.close()

    def __enter__(self) -> RemoteReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _say_once(loop: Any, context: dict[str, Any]) -> None:
    """Leave out what asyncssh says of each request that a lost connection took along: we say it ourselves, once."""
    if not type(context.get("exception")).__module__.startswith("asyncssh"):
        loop.default_exception_handler(context)


def _file_system(url: str, protocol: str) -> Any:
    try:
        import fsspec
    except ImportError:
        raise MissingPackageError(what=f"The artifact store {url}", package="fsspec") from None
    try:
        if protocol in _SSH:  # of the two packages for it, the one that checks whom it talks to
            from sshfs import SSHFileSystem

            return SSHFileSystem
        return fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        package = "sshfs" if protocol in _SSH else _package(protocol)
        raise MissingPackageError(what=f"The artifact store {url}", package=package) from error
    except ValueError:
        raise BadRequestError(reason=f"{url}: no kind of file system is called '{protocol}'.") from None


def _package(protocol: str) -> str:
    from fsspec.registry import known_implementations

    return str(known_implementations.get(protocol, {}).get("class", protocol)).partition(".")[0]


def _options(kind: Any, url: str, protocol: str) -> dict[str, Any]:
    """What the url says and what the environment adds."""
    from fsspec.config import conf, set_conf_env

    options: dict[str, Any] = {}
    if protocol in _SSH:  # known hosts: those of the user, as ssh has them
        options = {"known_hosts": (), "connect_timeout": 20, "login_timeout": 20, "keepalive_interval": 15}
    environment: dict[str, Any] = {}
    set_conf_env(environment)
    for name in sorted({protocol, *(_SSH if protocol in _SSH else ())}):
        options |= conf.get(name, {}) | environment.get(name, {})
    return options | dict(kind._get_kwargs_from_urls(url))


def _renames(file_system: Any) -> bool:
    from fsspec.spec import AbstractFileSystem

    return hasattr(file_system, "_mv") or type(file_system).mv is not AbstractFileSystem.mv


def _unless_unsupported(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:
        if "Unsupported" not in type(error).__name__:
            raise


def _in_our_words(error: Exception, url: str, writing: bool) -> StoreError:
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None and cause not in causes:
        causes.append(cause)
    names = {type(cause).__name__ for cause in causes}
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, PermissionError) or names & _REFUSED or _REFUSAL.search(text):
        hint = "Check the credentials in the environment, and what they allow."
        return StoreRefusedError(store=url, reason=f"refused: {text}", hint=hint)
    no_room = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or _NO_ROOM.search(text)
    if writing and (no_room or "SFTPFailure" in names):
        vague = "" if no_room else ", which is all a server says when its disk or the quota is full"
        return StoreFullError(store=url, reason=f"has no room: {text}{vague}", hint="Make room, then do it again.")
    hint = "Check the network and the address, then do it again."
    return StoreUnreachableError(store=url, reason=f"cannot be reached: {text}", hint=hint)
