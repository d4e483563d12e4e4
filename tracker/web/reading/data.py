"""A registry's tables for the pages, read once per state of the files and then kept."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from tracker.folders import Folders
from tracker.history import origin
from tracker.history.origin import CellOf, Origin
from tracker.journal.following import StepsFollower
from tracker.journal.metrics import read_steps
from tracker.model import Problem
from tracker.reading import many, roles
from tracker.reading.conflicts import OpenConflict
from tracker.reading.frames import history_frame
from tracker.reading.registry import Registry, Status
from tracker.retention.inventory import Inventory
from tracker.retention.report import Expiry
from tracker.settings import Settings
from tracker.web.reading import columns, files, finding, sparks, watch
from tracker.web.reading.curves import distinct_labels
from tracker.web.reading.looks import Looks, Patient
from tracker.web.reading.watch import Stamp, steps_stamp
from tracker.web.reading.workers import Workers

MOST_CURVES = 20_000
"""Small curves that are kept."""

T = TypeVar("T")

# Every argument is part of the key: the same path and stamp give the same. Tables and what takes long are shared by all
# sessions, which change none of it.


@st.cache_resource(max_entries=64, show_spinner=False)
def looks(path: Path) -> Looks:
    """When the files of a registry are looked at again, for all sessions."""
    folders = Folders(path)
    return Looks(lambda: watch.stamp(folders, time.time()))


@st.cache_resource(show_spinner=False)
def workers() -> Workers:
    """The processes that find out for all sessions what takes long; the server starts them."""
    return Workers()


@dataclass
class _Table:
    """A table as it is now, one for all sessions: of what it was before, nobody asks any more."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    stamp: Stamp | None = None
    frame: pd.DataFrame | None = None
    version: int = 0
    earlier: deque[Stamp] = field(default_factory=lambda: deque(maxlen=16))
    """Stamps of looks before: a page that is still drawn from one of them makes do with what is newer."""

    def serves(self, stamp: Stamp) -> bool:
        """Whether it is new enough for a page; one that follows steps by itself does not need those of all runs."""
        known = self.stamp is not None and stamp in (self.stamp, watch.without_steps(self.stamp))
        return known or stamp in self.earlier


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(path: Path, name: str) -> _Table:
    return _Table()


def table(path: Path, stamp: Stamp, name: str) -> pd.DataFrame:
    """One table with everything pending laid over it; errors as :meth:`tracker.reading.registry.Registry.table`.

    Its values are shared until somebody changes some, which pandas then copies. What is found in it is kept by its
    :func:`version`, since it may be newer than the stamp.
    """
    kept = _kept(path, name)
    with kept.lock:
        if kept.frame is None or not kept.serves(stamp):
            if kept.stamp is not None:
                kept.earlier.append(kept.stamp)
            kept.frame = None  # its room is for the next one
            found = workers().find(finding.table, path, name)
            kept.frame, kept.stamp, kept.version = found, stamp, kept.version + 1
            kept.frame.attrs["version"] = kept.version
        return kept.frame.copy(deep=False)


def version(frame: pd.DataFrame) -> int:
    """Which reading of its table a frame of :func:`table` is: those of equal number are equal."""
    number: int = frame.attrs["version"]
    return number


@st.cache_resource(max_entries=8, show_spinner=False)  # nobody changes it, and a copy for each look would take a while
def named_runs(path: Path, number: int, _runs: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The runs that have an id, each once, the newest first; and a label for each by its id.

    Args:
        number: the :func:`version` of the frame.
    """
    runs = columns.arranged(_runs, (columns.NEWEST_BY, True))
    runs = runs[runs["run_id"].notna()].drop_duplicates("run_id").reset_index(drop=True)
    return runs, distinct_labels(dict(zip(runs["run_id"], runs["name"].fillna("(unnamed)"), strict=True)))


@st.cache_data(max_entries=24, show_spinner=False)
def history(path: Path, stamp: Stamp, run_id: str) -> pd.DataFrame:
    """Every step of every metric of a run; the stamp is the run's own, see :func:`.watch.steps_stamp`.

    Nothing of the workbook is read: the id is known.
    """
    return history_frame(read_steps(Folders(path).metrics(run_id)))


@st.cache_resource(max_entries=64, show_spinner=False)  # one for all sessions: each look reads only what is new
def steps(path: Path, run_id: str) -> StepsFollower:
    """The metric steps of a run, to be followed while it logs them."""
    folders = Folders(path)
    return StepsFollower(files.of_run(folders, run_id, folders.metrics(run_id).name))


@st.cache_resource(show_spinner=False)
def _curves() -> OrderedDict[tuple[Path, str], tuple[Stamp, list[float] | None]]:
    return OrderedDict()


def curves(folders: Folders, run_ids: Sequence[str], metric: str) -> list[list[float] | None]:
    """A small curve of a metric of each run, see :func:`.sparks.curve`; read anew where steps came."""
    kept, found = _curves(), []
    for run_id in run_ids:
        path = files.of_run(folders, run_id or "no such run", folders.metrics(run_id).name)
        key, stamp = (path, metric), steps_stamp(folders, run_id)
        held = kept.get(key)
        if held is None or held[0] != stamp:
            held = kept[key] = (stamp, sparks.curve(path, metric))
            if len(kept) > MOST_CURVES:
                kept.popitem(last=False)
        found.append(held[1])
    return found


@st.cache_data(max_entries=4, show_spinner=False)
def settings(path: Path, stamp: Stamp) -> Settings:
    """The registry's settings."""
    return Registry(path).settings


@st.cache_data(max_entries=4, show_spinner=False)
def status(path: Path, stamp: Stamp) -> Status:
    """What is pending, and who has the workbook open."""
    return Registry(path).status()


@st.cache_resource(max_entries=64, show_spinner=False)
def _patient(path: Path, what: str) -> Patient[Any]:
    return Patient()


def known(path: Path, stamp: Stamp, find: Callable[..., T], *arguments: Any) -> T:
    """What is found in a registry, or was found a moment ago where that takes long. Nobody may change it.

    Args:
        find: a function of a module, which is given the path and the further arguments.
    """
    found: T = _patient(path, find.__qualname__).get(
        stamp, looks(path).changes, lambda: workers().find(find, path, *arguments)
    )
    return found


def problems(path: Path, stamp: Stamp) -> list[Problem]:
    """Everything in the registry that a person should look at."""
    with st.spinner("Looking at every sheet …"):
        return list(known(path, stamp, finding.problems)[0])


def conflicts(path: Path, stamp: Stamp) -> list[OpenConflict]:
    """The conflicts that a person can settle."""
    return list(known(path, stamp, finding.problems)[1])


@st.cache_data(max_entries=8, show_spinner=False)
def origins(path: Path, stamp: Stamp, values: tuple[tuple[CellOf, Any], ...]) -> dict[CellOf, Origin]:
    """Where the values of some cells came from."""
    return origin.origins(Folders(path), dict(values))


@st.cache_data(max_entries=8, show_spinner=False)
def programs(path: Path, stamp: Stamp, numbers: tuple[str, ...]) -> dict[str, str]:
    """The program that made each of some change sets, by number."""
    return {number: origin.program_of(Folders(path), number) for number in numbers}


@st.cache_data(max_entries=200, show_spinner=False)
def overview(path: Path, stamp: Stamp) -> many.Overview:
    """How a registry of a folder stands."""
    return many.overview(path)


def inventory(path: Path, stamp: Stamp) -> Inventory:
    """What the plans of retention look at."""
    return known(path, stamp, finding.inventory)


def expiries(path: Path, stamp: Stamp) -> Mapping[str, Expiry]:
    """Until when each artifact version is kept, and why."""
    return known(path, stamp, finding.expiries)


@st.cache_data(max_entries=8, show_spinner=False)
def role(path: Path, stamp: Stamp, who: str) -> str:
    """What a person may do: viewer, contributor or manager."""
    return roles.role_of(Registry(path).folders, who)


@st.cache_data(max_entries=200, show_spinner=False)
def role_given(path: Path, stamp: Stamp, who: str) -> str:
    """The role that the people table itself gives somebody; see :func:`tracker.reading.roles.role_given`."""
    return roles.role_given(Folders(path), who)
