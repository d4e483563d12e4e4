"""One registry, for reading: what the workbook says with everything pending laid over it. Reading never writes.

:func:`open_registry` and :func:`init_registry` are ``tracker.open`` and ``tracker.init``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tracker.capture import owner
from tracker.checklist.judging import Asked
from tracker.checklist.standing import Tally
from tracker.collector import collector_paused
from tracker.errors import BadRequestError, NoTablesError, RegistryNotWritableError, RunNotFoundError
from tracker.folders import Folders
from tracker.history.timeline import About, events
from tracker.journal.incoming import gather
from tracker.journal.metrics import read_steps
from tracker.model import Change, ChangeSet, Key, Problem
from tracker.read_only import refuse_read_only
from tracker.reading import check, frames, roles
from tracker.reading import tables as reading
from tracker.reading.query import select
from tracker.schema import TABLES, Table
from tracker.settings import Settings
from tracker.store import OnProgress, verify
from tracker.syncing.elsewhere import OpenElsewhere, open_elsewhere
from tracker.syncing.sync import SyncReport, sync
from tracker.values import from_cell
from tracker.workbook import TableRows, check_registry, open_workbook, read_stamp

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Status:
    """How the workbook and the journal stand to each other."""

    stamp: str | None
    """The last change set that the workbook contains; None where it never was synced."""
    pending: int
    """Changes that the next sync brings in."""
    lacking: int
    """Change sets that the workbook lost, by a stale save or a restored copy, and gets back with the next sync."""
    waiting: int
    """Changes that found no room in the workbook."""
    open_elsewhere: OpenElsewhere | None
    """Who has the workbook open in Excel or LibreOffice."""


class Registry:
    """One registry. Making it touches no disk; every method reads the state of that moment.

    Every method raises RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError and WorkbookUnsupportedError
    where the workbook cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(os.path.expanduser(path)))
        self.folders = Folders(self.path)

    def __repr__(self) -> str:
        return f"Registry({str(self.path)!r})"

    # -- tables as pandas ---------------------------------------------------------------------------------------

    def runs(self, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None) -> pd.DataFrame:
        """The runs, with the columns of ``mlflow.search_runs`` and the person's own; see :mod:`tracker.reading.query`.

        Raises:
            QueryError: the query or the order cannot be understood, or names a column that is not there.
            MissingPackageError: pandas is not installed.
        """
        return self.table("runs", query, order_by, limit)

    def artifacts(self, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None) -> pd.DataFrame:
        """The artifact versions; arguments and errors as for :meth:`runs`."""
        return self.table("artifacts", query, order_by, limit)

    def checklist(self, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None) -> pd.DataFrame:
        """The checklist items of all runs; arguments and errors as for :meth:`runs`."""
        return self.table("checklist", query, order_by, limit)

    def table(
        self, name: str, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None
    ) -> pd.DataFrame:
        """Any table, a person's own too; a table of Tracker's that the workbook lacks is empty.

        Arguments and errors as for :meth:`runs`; BadRequestError where there is no such table.
        """
        with collector_paused():
            grid = reading.read_grid(self.folders, name.lower())
            if grid is None:
                self._refuse_unknown(name)
                grid = reading.Grid({}, {})
            declared = TABLES.get(name.lower()) or Table(name, tuple(grid.columns)[:1], "", ())
            frame = frames.table_frame(grid, declared)
            del grid
        return select(frame, query, order_by, limit)

    def history(self, run_id: str) -> pd.DataFrame:
        """Every step of every metric of a run, long: timestamp, step, metric, value.

        Raises:
            RunNotFoundError: no run has that id, the beginning of it, or that name.
            MissingPackageError: pandas is not installed.
        """
        return frames.history_frame(read_steps(self.folders.metrics(self.run_id(run_id))))

    # -- rows ---------------------------------------------------------------------------------------------------

    def rows(self, name: str) -> TableRows:
        """A table's cells with their addresses, columns by their own names; slower than :meth:`table`, without pandas.

        A table of Tracker's that the workbook lacks has no rows. BadRequestError where there is no such table.
        """
        rows = reading.read_rows(self.folders, name.lower())
        if rows is None:
            self._refuse_unknown(name)
            columns = tuple(column.name for column in TABLES[name.lower()].columns)
            rows = TableRows(name, "", "", columns, [], [])
        return rows

    def row(self, name: str, key: Key) -> dict[str, Any] | None:
        """One row of one of Tracker's tables: cell values by column; None where there is none with that key."""
        return reading.read_row(self.folders, name, key)

    def run(self, run: str) -> dict[str, Any]:
        """One run: values as they were logged, by column.

        Args:
            run: its id, the beginning or the last part of its id, or its name, as long as only one run has it.

        Raises:
            RunNotFoundError: there is none.
            BadRequestError: several runs could be meant.
        """
        cells = (self.row("runs", (run,)) if run else None) or self.row("runs", (self.run_id(run),))
        if cells is None:
            raise RunNotFoundError(run=run, path=self.path)
        return {name: from_cell(value, TABLES["runs"].kind(name)) for name, value in cells.items()}

    def run_id(self, run: str) -> str:
        """The id of the run that is meant; arguments and errors as for :meth:`run`."""
        grid = reading.read_grid(self.folders, "runs")
        if grid is None:
            raise NoTablesError(path=self.path)
        ids = [str(from_cell(value, "text") or "") for value in grid.columns.get("run_id", ())]
        if run in ids:
            return run
        names = grid.columns.get("name") or [None] * len(ids)
        found = [id for id, name in zip(ids, names, strict=True) if id and run == from_cell(name, "text")]
        found = found or [id for id in ids if run and (id.startswith(run) or id.endswith(f"-{run}"))]
        if len(found) > 1:
            listed = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
            raise BadRequestError(reason=f"{len(found)} runs could be meant by '{run}': {listed}. Give the id of one.")
        if not found:
            raise RunNotFoundError(run=run, path=self.path)
        return found[0]

    # -- the whole ----------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings, pending changes included; defaults for what the sheet does not say."""
        rows = reading.read_rows(self.folders, "settings")
        return Settings.from_rows(rows.columns, rows.rows) if rows else Settings()

    @property
    def stamp(self) -> str | None:
        """The id of the last change set that the workbook contains; None where it never was synced."""
        return reading.steadily(self.folders, lambda: read_stamp(self.path))

    def status(self) -> Status:
        """What is pending, and who has the workbook open."""
        stamp = self.stamp
        incoming = gather(self.folders, stamp, self.settings)
        return Status(
            stamp=stamp,
            pending=len(incoming.changes),
            lacking=len(incoming.replay),
            waiting=len(incoming.deferred),
            open_elsewhere=open_elsewhere(self.path),
        )

    def waiting(self) -> tuple[Change, ...]:
        """Changes that found no room in the workbook so far."""
        return gather(self.folders, self.stamp, self.settings).deferred

    def choices(self, table: str, column: str) -> tuple[str, ...]:
        """What a column offers to choose from; a team extends the categories in the ``kinds`` table."""
        return reading.choices(table, column, reading.read_rows(self.folders, "kinds"))

    def changes(
        self,
        run: str = "",
        *,
        table: str = "",
        who: str = "",
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[ChangeSet]:
        """The history, newest first: what each sync put into the workbook, and what people saved in other programs.

        Args:
            run: only what concerns this run; as for :meth:`run`.
            table: only what is in this table.
            who: only what somebody of this name decided, or a part of the name.
            since: only what is not older; UTC where it has no time zone.
            limit: the most to give.

        Raises:
            RunNotFoundError: there is no such run.
        """
        moment = None if since is None else (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp()
        about = About(self.run_id(run) if run else "", table.lower(), who, moment)
        return list(islice(events(self.folders, about), limit))

    def check(self, *, files: bool = False, on_progress: OnProgress | None = None) -> list[Problem]:
        """Everything in the registry that a person should look at, errors first.

        Args:
            files: read every stored file again, too, and compare it with its fingerprint.
            on_progress: is told the bytes read and the bytes in all.
        """
        found = reading.steadily(self.folders, lambda: check.find_problems(self.folders))
        return found if not files else check.by_severity([*found, *verify(self.folders, on_progress=on_progress)])

    def sync(self, *, who: str = "", program: str = "script", wait: float = 10.0, force: bool = False) -> SyncReport:
        """Bring everything pending into the workbook, and back what it lost; see :func:`tracker.syncing.sync.sync`.

        PermissionRefusedError where it is forced by somebody who only looks on.
        """
        if force:
            roles.require(self.folders, who or owner(), "force")
        return sync(self.folders, who=who, program=program, wait=wait, force=force)

    def evaluate(self, runs: Iterable[str] = (), *, anew: bool = False, who: str = "") -> dict[str, Tally]:
        """Judge runs by the standard operating procedure, and bring what comes of it into the workbook.

        Args:
            runs: ids of runs, which are judged by the procedure as it is now; all that finished where none is given.
            anew: those that were judged by an earlier version of the procedure, too.

        Returns:
            How far each run is.

        Raises:
            As :func:`tracker.syncing.sync.sync`.
        """
        some = frozenset(runs)
        asked = Asked(runs=some, every=not some, anew=anew)
        return dict(sync(self.folders, who=who, program="checklist", asked=asked).judged)

    def _refuse_unknown(self, name: str) -> None:
        if name.lower() == "runs":
            raise NoTablesError(path=self.path)
        if name.lower() not in TABLES:
            with open_workbook(self.path) as workbook:
                there = ", ".join(workbook.table_names)
            raise BadRequestError(reason=f"There is no table '{name}' in {self.path}; it has {there}.")


def open_registry(path: str | os.PathLike[str]) -> Registry:
    """The registry at that path.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError, NoTablesError.
    """
    registry = Registry(path)
    reading.steadily(registry.folders, lambda: check_registry(registry.path))
    return registry


def init_registry(path: str | os.PathLike[str], template: str | os.PathLike[str] = "general") -> Registry:
    """Make a new registry from a template: one that Tracker brings, or any workbook that has the tables.

    Raises:
        BadRequestError: something is there already, there is no such template, or the names do not fit.
        NoTablesError and others: the template is no registry.
        RegistryNotWritableError: the folder cannot be written.
    """
    registry = Registry(path)
    refuse_read_only(registry.path)
    source = find_template(template)
    if registry.path.suffix.lower() != source.suffix.lower():
        raise BadRequestError(reason=f"A registry made from {source.name} must be named like it: *{source.suffix}.")
    check_registry(source)
    if registry.path.exists():
        raise BadRequestError(reason=f"There is a file {registry.path} already. Nothing was changed.")
    if registry.folders.changes.is_dir():
        reason = f"{registry.folders.side} holds the history of another workbook. Choose another name, or move it away."
        raise BadRequestError(reason=reason)
    try:
        registry.path.parent.mkdir(parents=True, exist_ok=True)
        with open(registry.path, "xb") as file:
            _write_or_remove(file, source.read_bytes(), registry.path)
        registry.folders.side.mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RegistryNotWritableError(path=registry.path, reason=reason, hint="Choose another folder.") from error
    return registry


def _write_or_remove(file: BinaryIO, content: bytes, path: Path) -> None:
    try:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def templates() -> dict[str, Path]:
    """The templates that Tracker brings, by name: in the installed package, or in the checkout it runs from."""
    package = Path(__file__).parents[1]
    folder = next((f for f in (package / "templates", package.parent / "templates") if f.is_dir()), package)
    return {path.stem: path for path in sorted(folder.glob("*.xlsx"))}


def find_template(template: str | os.PathLike[str]) -> Path:
    """The workbook of a template: one that Tracker brings, by its name, or any by its path.

    Raises:
        BadRequestError: there is none.
    """
    known = templates()
    path = known.get(str(template)) or Path(template).expanduser()
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return path
    names = ", ".join(known)
    raise BadRequestError(reason=f"There is no template {template}. Choose one of {names}, or a path to an .xlsx file.")
