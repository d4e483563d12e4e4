"""Where the bytes of artifacts lie: a folder on this machine, or a file system that fsspec reaches.

A place keeps files under paths such as ``churn-model/v3/model.pkl``. Which version consists of which files is not its
business: the manifests say that, and they always lie beside the workbook.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.store.copying import Sink

PARTIAL = ".partial"
"""The folder of what is being stored; names that begin so are never part of a version."""
RECEIVED = ".received"
"""The folder of the cache for what came over a network, by hash."""
_SECRET = re.compile(r".*(signature|password|passwd|secret|token|credential|accesskey|access_key)|sig|pwd|key", re.I)


Shared = Literal["shared", "not here", "not this one"]
"""A file has a second path now; the place knows no second paths; the file is missing, or has as many as it can have."""


class Place(Protocol):
    """Keeps files under paths with ``/``.

    Raises:
        StoreError: by every method, where the place cannot be reached, refuses, or is full.
    """

    url: str
    """As the settings have it; empty for the folder beside the workbook."""
    direct: bool
    """New files can go where they will stay; else they are made in a folder for partial ones and moved when whole."""

    @property
    def workers(self) -> int:
        """How many new files it takes at a time."""

    def sink(self, path: str, size: int) -> Sink:
        """Make a file; nobody finds it under that path before it is whole."""

    def make(self, path: str, content: bytes) -> None:
        """Make a small file, whole at once."""

    def settle(self, folder: str, sizes: Mapping[str, int]) -> None:
        """Make sure that the new files of a folder are there for good, by their paths in it."""

    def share(self, path: str, target: str) -> Shared:
        """Let a file go by a second path too, without a second copy."""

    def move(self, folder: str, target: str) -> None:
        """Give a folder its final name."""

    def adopt(self, source: Place, path: str, target: str) -> bool:
        """Have a file of another place here without sending its bytes, which may take it from there.

        False where that cannot be done. FileNotFoundError where there is no such file.
        """

    def open(self, path: str, start: int = 0) -> BinaryIO:
        """Read a file from a byte on. FileNotFoundError where it is missing."""

    def entries(self, folder: str) -> list[str]:
        """The names in a folder, without what is in them; none where there is no such folder."""

    def files(self, folder: str = "") -> dict[str, int]:
        """The size of every file in a folder, by its path."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; one that is missing is no error."""

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with everything in it; one that is missing is no error."""

    def reconnect(self) -> None:
        """Try a new connection after one was lost."""

    def on_this_machine(self, path: str) -> Path | None:
        """Where the file can be read with ordinary means; None where it cannot."""


def local_root(folders: Folders, url: str) -> Path | None:
    """The folder that a place is, if it is one on this machine; a relative path starts at the workbook's folder."""
    if not url:
        return folders.artifacts
    if "://" not in url:
        return Path(os.path.normpath(folders.workbook.parent / Path(url).expanduser()))
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme.lower() in ("file", "local") else None


def is_beside_another_workbook(url: str) -> bool:
    """Whether a store is the folder beside another workbook, to which runs moved: what lies there is its business."""
    path = PurePosixPath(url.replace("\\", "/"))
    return "://" not in url and path.name == "artifacts" and path.parent.suffix == ".tracker"


def checked_url(url: str) -> str:
    """The url as it may be kept.

    Raises:
        BadRequestError: it holds a password or another secret, which a workbook would show to everybody.
    """
    url = str(url or "").strip()
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadRequestError(reason=f"This is no address of an artifact store: {error}.") from None
    secret = parts.password is not None or any(_SECRET.fullmatch(name) for name, _ in parse_qsl(parts.query, True))
    if secret:
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
        reason = (
            f"The address {shown} holds a password or a key, which everybody who opens the workbook would see. "
            "Leave it out, and set it in the environment: docs/stores.md says how."
        )
        raise BadRequestError(reason=reason)
    if "::" in url:
        raise BadRequestError(reason=f"{url} names several file systems in one; an artifact store is one of them.")
    return url.rstrip("/")


def is_local(uri: str) -> bool:
    """Whether it is a path on this machine, and no address of a server."""
    return bool(uri) and "://" not in uri


def join_url(url: str, *parts: str) -> str:
    """The address of something in a place."""
    return "/".join([url.rstrip("/"), *(part for part in parts if part)])


def join(*parts: str) -> str:
    """Paths put together with ``/``, without what is empty."""
    return "/".join(part.strip("/") for part in parts if part.strip("/"))
