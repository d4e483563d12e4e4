"""The registries of a folder: which there are, how each stands, and the runs of all of them as one table.

:func:`open_folder` is ``tracker.open_folder``. Reading never writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import NoTablesError, RegistryNotFoundError, TrackerError
from tracker.matching import as_date, is_blank
from tracker.reading import tables as reading
from tracker.reading.copies import conflict_copies
from tracker.reading.query import select
from tracker.reading.registry import SUFFIXES, Registry
from tracker.workbook import check_registry

if TYPE_CHECKING:
    import pandas as pd

DEPTH = 3
"""How many folders deep registries are looked for, the folder itself being the first."""
COLUMN = "registry"
"""The column that says which registry a run is in."""
OWN = "own.registry"
"""What a person's own column of that name is called where registries are together."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How one registry stands."""

    path: Path
    runs: int = 0
    running: int = 0
    last_run: datetime | None = None
    """When the newest run began, UTC without a time zone."""
    errors: int = 0
    """Problems that keep something from working."""
    warnings: int = 0
    open_by: str = ""
    """Who has the workbook open, and in which program."""
    unreadable: str = ""
    """Why nothing can be said of it; empty where it can be read."""


@dataclass(frozen=True)
class RegistryFolder:
    """A folder with registries. Making it touches no disk; every method reads the state of that moment."""

    path: Path

    def registries(self) -> list[Registry]:
        """The registries in the folder and in those within it, by path; conflict copies and versions are none."""
        return [Registry(path) for path in find_workbooks(self.path)[0]]

    def runs(self, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None) -> pd.DataFrame:
        """The runs of all registries: first the column ``registry``, the workbook's path within the folder.

        The other columns, arguments and errors are as for :meth:`tracker.reading.registry.Registry.runs`. A registry
        that cannot be read raises its error: no runs are left out without a word.
        """
        frames = {self.name(one.path): one.runs() for one in self.registries()}
        return select(together(frames), query, order_by, limit)

    def name(self, path: Path) -> str:
        """What a registry of the folder is called here: ``team/churn.xlsx``."""
        return path.relative_to(self.path).as_posix()


def open_folder(path: str | os.PathLike[str]) -> RegistryFolder:
    """The registries of a folder.

    Raises:
        RegistryNotFoundError: there is no such folder.
    """
    folder = Path(os.path.abspath(os.path.expanduser(path)))
    if not folder.is_dir():
        raise RegistryNotFoundError(path=folder)
    return RegistryFolder(folder)


def find_workbooks(folder: Path) -> tuple[list[Path], list[Path]]:
    """The registries in a folder, and its workbooks that are none yet, which may be adopted; each by path.

    A registry that is torn or encrypted counts as one where it has a side folder.
    """
    registries, others = [], []
    for path in _workbooks(folder, DEPTH):
        try:
            check_registry(path)
            registries.append(path)
        except NoTablesError:
            others.append(path)
        except TrackerError:
            (registries if Registry(path).folders.side.is_dir() else others).append(path)
    copies = {copy for path in registries for copy in conflict_copies(Registry(path).folders)}
    return [path for path in registries if path not in copies], [path for path in others if path not in copies]


def overview(path: Path) -> Overview:
    """How a registry stands; one that cannot be read says why."""
    registry = Registry(path)
    try:
        grid = reading.read_grid(registry.folders, "runs")
        if grid is None:
            raise NoTablesError(path=path)
        ids = grid.columns.get("run_id", ())
        counted = [place for place, run_id in enumerate(ids) if not is_blank(run_id)]
        statuses, starts = grid.columns.get("status"), grid.columns.get("start_time")
        moments = [when for place in counted if starts and (when := as_date(starts[place])) is not None]
        severities = [problem.severity for problem in registry.check()]
        elsewhere = registry.status().open_elsewhere
        return Overview(
            path,
            runs=len(counted),
            running=sum(statuses[place] == "RUNNING" for place in counted) if statuses else 0,
            last_run=max(moments, default=None),
            errors=severities.count("error"),
            warnings=severities.count("warning"),
            open_by=f"{elsewhere.owner} ({elsewhere.program})" if elsewhere else "",
        )
    except TrackerError as error:
        return Overview(path, unreadable=str(error))


def together(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The runs of several registries as one frame, with the column ``registry`` first. What one lacks is blank."""
    import pandas

    parts = []
    for name, frame in frames.items():
        part = frame.rename(columns={COLUMN: OWN}) if COLUMN in frame.columns else frame.copy()
        part.insert(0, COLUMN, pandas.Series([name] * len(part), dtype=object))
        parts.append(part)
    columns = list(dict.fromkeys(column for part in parts for column in part.columns)) or [COLUMN]
    # What is blank in one registry does not decide what kind of values the others have.
    said = [part.dropna(axis="columns", how="all") for part in parts if not part.empty]
    if not said:
        return parts[0].reindex(columns=columns) if parts else pandas.DataFrame(columns=columns)
    frame = pandas.concat(said, ignore_index=True).reindex(columns=columns)
    for column in columns:
        kinds = [part[column].dtype for part in said if column in part] or [
            part[column].dtype for part in parts if column in part
        ][:1]
        if object in kinds or frame[column].dtype == object:
            frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
    return frame


def _workbooks(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_dir(), entry.name))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")):
            continue
        if entry.is_dir():
            if depth > 1 and not entry.name.endswith(".tracker"):
                yield from _workbooks(folder / entry.name, depth - 1)
        elif entry.name.lower().endswith(SUFFIXES):
            yield folder / entry.name
