"""A run's artifacts: the files go into the store, and their rows and lineage into the registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tracker import store
from tracker.capture import owner, utc_now
from tracker.data.endings import format_of
from tracker.deciding.aliases import act_of, alias_name, aliases_of
from tracker.errors import (
    ArtifactNotFoundError,
    BadRequestError,
    MissingPackageError,
    PermissionRefusedError,
    StoreError,
)
from tracker.folders import Folders
from tracker.model import Key
from tracker.reading.roles import require
from tracker.settings import Settings
from tracker.store import Stored
from tracker.store.manifest import cells_of_version
from tracker.workbook import patiently, read_settings

_KEPT = "Files are kept beside the workbook instead."


class Changes(Protocol):
    """Where the rows of artifacts and lineage go: a run's recorder, or that of an import."""

    def change(
        self, table: str, key: Key, cells: Mapping[str, Any], *, was: Mapping[str, Any] | None = None, new: bool = False
    ) -> None:
        """Set cells of one row, safe when this returns."""


class RunArtifacts:
    """Stores and finds artifacts on behalf of one run."""

    def __init__(
        self,
        folders: Folders,
        recorder: Changes,
        run_id: str,
        who: str,
        inputs: Mapping[str, str] | None = None,
        warn: Callable[[str, Exception], None] = lambda what, fault: None,
        look_into: Callable[[Stored, Settings, Path | None], None] = lambda stored, settings, source: None,
    ) -> None:
        self._folders = folders
        self._recorder = recorder
        self._run_id = run_id
        self._who = who
        self._inputs = inputs
        """Of a run that repeats another: which version it reads of an artifact, by name, whatever is latest by now."""
        self._warn = warn
        self._have_looked_into = look_into
        self._settings: Settings | None = None
        self._at: str | None = None
        """Where files go: the setting, once it was read; beside the workbook, once that place failed."""

    def put(
        self, path: Path, name: str, category: str | None = None, kind: str | None = None, aliases: Sequence[str] = ()
    ) -> Stored:
        """Store a file or folder as output of the run.

        Where the artifact store fails, the file is kept beside the workbook, with a warning.

        Raises:
            ArtifactPathError, RegistryNotWritableError: it could not be stored.
            BadRequestError: it is stored, but one of the aliases is none.
        """
        at = self._store()
        try:
            stored = self._put(path, name, category, kind, at)
        except (StoreError, MissingPackageError, BadRequestError) as fault:
            if not at:
                raise
            self._at = ""
            stored = self._put(path, name, category, kind, "")
            self._warn(
                "log_artifact", StoreError(store=at, reason=f"is not used until this run ends: {fault}", hint=_KEPT)
            )
        self._lineage(stored, "output")
        self._look_into(stored, path)
        if aliases and self._inputs is None:  # what people decided since is not undone by repeating an old run
            self._point(stored, aliases)
        return stored

    def _put(self, path: Path, name: str, category: str | None, kind: str | None, at: str) -> Stored:
        with store.bar(f"storing {name}") as show:
            return store.put(
                self._folders,
                path,
                name,
                run_id=self._run_id,
                who=self._who,
                category=category,
                kind=kind,
                at=at,
                on_progress=show,
                announce=self._announce,
            )

    def _store(self) -> str:
        """Where artifact files go."""
        if self._at is None:
            self._at = str(self._read_settings().get("artifacts.store") or "")
        return self._at

    def _read_settings(self) -> Settings:
        if self._settings is None:
            self._settings = patiently(partial(read_settings, self._folders.workbook))
        return self._settings

    def _look_into(self, stored: Stored, source: Path | None = None) -> None:
        """Have a table, or what is now in a store far away, looked into while the training goes on."""
        if format_of(stored.path) or (stored.store and not stored.path.exists()):
            with suppress(Exception):  # it is done when somebody asks
                self._have_looked_into(stored, self._read_settings(), source)

    def put_reference(
        self,
        uri: str | os.PathLike[str],
        name: str = "",
        category: str | None = None,
        kind: str | None = None,
        sha256: str = "",
        aliases: Sequence[str] = (),
    ) -> Stored:
        """Record data that stays where it is as output of the run; errors as of :func:`tracker.store.put_reference`."""
        stored = store.put_reference(
            self._folders,
            uri,
            name,
            sha256=sha256,
            run_id=self._run_id,
            who=self._who,
            category=category,
            kind=kind,
            announce=self._announce,
        )
        self._lineage(stored, "output")
        self._look_into(stored)
        if aliases and self._inputs is None:
            self._point(stored, aliases)
        return stored

    def put_made(
        self,
        write: Callable[[Path], object],
        file_name: str,
        name: str,
        category: str | None = None,
        kind: str | None = None,
    ) -> Stored:
        """Store a file that ``write`` makes at the path it is given."""
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="tracker-") as folder:
            path = Path(folder, store.artifact_name(file_name))
            write(path)
            return self.put(path, name, category, kind)

    def find(self, artifact: str) -> Stored:
        """The version that a name with a number, ``latest`` or an alias stands for.

        Raises:
            ArtifactNotFoundError: there is none.
        """
        name, reference = store.split_reference(artifact)
        if self._inputs and name in self._inputs and not store.is_version(reference):
            return store.find(self._folders, self._inputs[name])
        try:
            return store.find(self._folders, artifact)
        except ArtifactNotFoundError:
            for row in self._rows(name):
                if reference in aliases_of(row):
                    return store.find(self._folders, row["artifact"])
            raise

    def bring(self, stored: Stored) -> Path:
        """Where the version can be read on this machine; errors as of :func:`tracker.store.bring`."""
        with store.bar(f"fetching {stored.artifact}") as show:
            return store.bring(self._folders, stored, show)

    def used(self, stored: Stored) -> None:
        """Record that the run read it."""
        self._lineage(stored, "input")
        self._look_into(stored)

    def _announce(self, stored: Stored) -> None:
        where = {"path": store.location(self._folders, stored), "status": stored.state}
        cells = {**cells_of_version(stored), **where}
        try:
            self._recorder.change("artifacts", (stored.artifact,), cells, new=True)
        except OSError:
            return  # the recorder keeps the row and says so at the next call: the version counts all the same

    def _lineage(self, stored: Stored, direction: str) -> None:
        key = (self._run_id, direction, stored.artifact)
        self._recorder.change("lineage", key, {"time": utc_now()}, new=True)

    def _point(self, stored: Stored, aliases: Sequence[str]) -> None:
        """Let the aliases point to this version, and to no other of its name."""
        names = [name for name in map(alias_name, aliases) if self._may_point(name)]
        for row in self._rows(stored.name):
            now = aliases_of(row)
            then = [alias for alias in now if alias not in names]
            if row["artifact"] == stored.artifact:
                then += names
            if sorted(then) != sorted(now):
                cells, was = {"aliases": ", ".join(then)}, {"aliases": row["aliases"]}
                self._recorder.change("artifacts", (row["artifact"],), cells, was=was)

    def _may_point(self, alias: str) -> bool:
        """Whether whoever runs this may move an alias; the run goes on without it, with a warning."""
        try:
            require(self._folders, owner(), act_of(alias))
        except PermissionRefusedError as refused:
            self._warn(f"alias {alias}", refused)
            return False
        return True

    def _rows(self, name: str) -> list[dict[str, Any]]:
        """The artifact and aliases of every version of an artifact, as the registry has them now."""
        from tracker.reading.registry import open_registry

        table = open_registry(self._folders.workbook).rows("artifacts")
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        return [{"aliases": None, **row} for row in rows if row.get("name") == name]
