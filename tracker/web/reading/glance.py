"""A registry at a glance: how much there is, what runs now, the best run of each experiment. No streamlit in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tracker.settings import Settings
from tracker.web.common import shown

if TYPE_CHECKING:
    import pandas as pd

DAYS = 30
"""How far back the days go whose runs are counted."""
WEEK = 7
NEWEST = 8
"""How many runs are listed as the newest."""
MOST_EXPERIMENTS = 50
MOST_RUNNING = 20
PREFIX = "metrics."
UNRANKED = ("FAILED", "KILLED", "PLANNED", "MOVED")
"""Runs whose metrics are not what they were meant to become, or that have none here."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list."""

    run_id: str
    name: str
    experiment: str
    status: str
    owner: str
    started: datetime | None
    metric: str = ""
    """The main metric of its experiment, without prefix; empty where the experiment has none."""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment and its best run."""

    name: str
    runs: int
    last: datetime | None
    """When its newest run began (UTC)."""
    done: float | None
    """The mean share of the checklist that its runs have done, from 0 to 1; None where none was judged."""
    best: RunLine | None = None
    lowest: bool = False
    """The best value is the lowest."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What the first page says of the runs."""

    runs: int
    week: int
    """How many began in the last seven days, today included."""
    failed: int
    """How many of those failed or were killed."""
    daily: tuple[int, ...]
    """How many began on each of the last :data:`DAYS` days, the last one being today."""
    running: tuple[RunLine, ...]
    newest: tuple[RunLine, ...]
    experiments: tuple[Experiment, ...]
    """Those with the newest runs first, :data:`MOST_EXPERIMENTS` at most."""
    all_experiments: int
    judged: int
    """How many runs have a checklist."""
    complete: int
    """How many of those have all of it."""
    done: float | None
    """The mean share of the checklist that they have done, from 0 to 1."""


def glance(runs: pd.DataFrame, settings: Settings, today: date) -> Glance:
    """Look over the runs.

    Args:
        runs: the runs table, see :mod:`tracker.reading.frames`.
        today: the date (UTC).
    """
    runs = runs[(runs["status"] != "MOVED") & ~(runs["run_id"].isna() & runs["name"].isna())].reset_index(drop=True)
    experiment = runs["experiment"].fillna("").astype(str)
    shares = checked_shares(runs["checklist"])
    midnight = datetime.combine(today, time(), UTC)
    age = (midnight - runs["start_time"].dt.floor("D")).dt.days
    in_week = age.between(0, WEEK - 1)
    per_day = age[age.between(0, DAYS - 1)].value_counts()
    newest = runs["start_time"].sort_values(ascending=False, kind="stable", na_position="last").index
    found = _experiments(runs, experiment, shares, settings)
    metrics = {one.name: one.best.metric for one in found if one.best}
    lines = [place for place in newest[:NEWEST] if runs["start_time"].notna()[place]]
    running = newest[(runs["status"] == "RUNNING").to_numpy()[newest]]
    return Glance(
        runs=len(runs),
        week=int(in_week.sum()),
        failed=int((in_week & runs["status"].isin(("FAILED", "KILLED"))).sum()),
        daily=tuple(int(per_day.get(days, 0)) for days in range(DAYS - 1, -1, -1)),
        running=tuple(_line(runs, place, metrics) for place in running[:MOST_RUNNING]),
        newest=tuple(_line(runs, place, metrics) for place in lines),
        experiments=found,
        all_experiments=int(experiment[experiment != ""].nunique()),
        judged=int(shares.notna().sum()),
        complete=int((shares >= 1).sum()),
        done=None if shares.isna().all() else float(shares.mean()),
    )


def checked_shares(tallies: pd.Series) -> pd.Series:
    """The share that each run's tally such as ``7 of 9`` says is done; NaN where there is none."""
    parts = tallies.dropna().astype(str).str.extract(r"^(\d+) of (\d+)$").astype(float)
    return (parts[0] / parts[1].where(parts[1] > 0)).reindex(tallies.index)


def main_metric(metrics: Iterable[tuple[str, int]], settings: Settings) -> str:
    """The metric that runs of an experiment are ranked by; empty where there is none.

    It is the first that the setting ``metrics.main`` names and the experiment has, else the one that most runs have.

    Args:
        metrics: name and number of runs that have it, in the order of the sheet.
    """
    there = [(name, runs) for name, runs in metrics if runs]
    for pattern in settings.words("metrics.main"):
        for name, _ in there:
            if fnmatchcase(name.lower(), pattern.lower()):
                return name
    return max(there, key=lambda one: one[1], default=("", 0))[0]


def _experiments(
    runs: pd.DataFrame, experiment: pd.Series, shares: pd.Series, settings: Settings
) -> tuple[Experiment, ...]:
    columns = [str(column) for column in runs.columns if str(column).startswith(PREFIX)]
    ranked = ~runs["status"].isin(UNRANKED)
    counts = runs.loc[ranked, columns].groupby(experiment[ranked]).count()
    last = runs["start_time"].groupby(experiment).max().sort_values(ascending=False, na_position="last")
    sizes, done = experiment.value_counts(), shares.groupby(experiment).mean()
    members = runs.index[ranked].to_series().groupby(experiment[ranked]).indices if columns else {}
    places = runs.index[ranked].to_numpy()
    found = []
    for name in [name for name in last.index if name][:MOST_EXPERIMENTS]:
        pairs = zip(columns, counts.loc[name], strict=True) if name in counts.index else ()
        metric = main_metric([(column.removeprefix(PREFIX), int(count)) for column, count in pairs], settings)
        best = None
        if metric:
            values = runs[PREFIX + metric].iloc[places[members[name]]]
            place = values.idxmin() if settings.minimize(metric) else values.idxmax()
            best = _line(runs, place, {name: metric})
        share = done[name]
        found.append(
            Experiment(
                name,
                int(sizes[name]),
                _moment(last[name]),
                None if share != share else float(share),
                best,
                bool(metric) and settings.minimize(metric),
            )
        )
    return tuple(found)


def _line(runs: pd.DataFrame, place: Any, metrics: dict[str, str]) -> RunLine:
    run = runs.iloc[place]
    metric = metrics.get(_text(run["experiment"]), "")
    value: Any = run[PREFIX + metric] if metric else None
    return RunLine(
        _text(run["run_id"]),
        _text(run["name"]),
        _text(run["experiment"]),
        _text(run["status"]),
        _text(run["owner"]),
        _moment(run["start_time"]),
        metric,
        None if shown.is_blank(value) else float(value),
    )


def _text(value: Any) -> str:
    return "" if shown.is_blank(value) else str(value)


def _moment(value: Any) -> datetime | None:
    return None if shown.is_blank(value) else value.to_pydatetime()
