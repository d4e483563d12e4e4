"""A column of the runs as an axis of a chart: where each run stands on it, and the filter for a part of it.

No streamlit in here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tracker.comparing.seeds import is_seed
from tracker.web.common import shown
from tracker.web.reading import columns

if TYPE_CHECKING:
    import pandas as pd

Scale = Literal["linear", "log", "words"]

MOST_WORDS = 12
"""Words on one axis; those beyond share the last place."""
OTHERS = "others"
BLANK = -0.12
"""Where runs stand that have no value: below the axis."""
DECADES = 2
"""Numbers above zero that reach over so many powers of ten are drawn by their logarithms."""
FEW_VALUES = 6
"""So many different numbers are written at their places; of more, five that divide the axis."""
FIRST_PARAMS, FIRST_METRICS = 6, 2
"""How many columns are axes before anybody chose."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One column made ready for drawing."""

    column: str
    title: str
    scale: Scale
    places: pd.Series
    """Of each run, from 0 to 1; :data:`BLANK` for one without a value."""
    ticks: tuple[tuple[float, str], ...]


def is_number(values: pd.Series) -> bool:
    """Whether all that is there are numbers."""
    import pandas

    kinds = pandas.api.types
    there = values.dropna()
    if there.empty or kinds.is_datetime64_any_dtype(there) or kinds.is_bool_dtype(there):
        return False
    return kinds.is_numeric_dtype(there) or (
        not there.map(lambda value: isinstance(value, bool)).any()
        and bool(pandas.to_numeric(there, errors="coerce").notna().all())
    )


def varying(runs: pd.DataFrame) -> list[str]:
    """The columns in which these runs differ and that can be an axis: params, metrics, and short lists of words."""
    found = []
    for name in map(str, runs.columns):
        if name in ("run_id", "name", "command", "end_time", "checklist", "parent_run_id"):
            continue
        values = runs[name]
        distinct = values.nunique()
        if distinct + bool(values.isna().any()) < 2 or not distinct:
            continue
        if is_number(values) or columns.group(name) == "params" or distinct <= MOST_WORDS:
            found.append(name)
    return found


def metrics(names: Sequence[str], runs: pd.DataFrame) -> list[str]:
    """The metrics among columns, those that most runs have first."""
    found = [name for name in names if columns.group(name) == "metrics"]
    return sorted(found, key=lambda name: -int(runs[name].notna().sum()))


def suitable(names: Sequence[str], runs: pd.DataFrame, target: str) -> list[str]:
    """The columns that are axes while nobody chose: params first, then metrics, the one that is aimed at last."""
    filled = {name: int(runs[name].notna().sum()) for name in names}
    params = [
        name
        for name in names
        if columns.group(name) == "params" and _spreads(runs[name]) and not is_seed(columns.short(name))
    ]
    params.sort(key=lambda name: -filled[name])
    others = [name for name in metrics(names, runs) if name != target]
    return [*params[:FIRST_PARAMS], *others[: FIRST_METRICS - 1], target]


def _spreads(values: pd.Series) -> bool:
    return values.nunique() > 1 and (is_number(values) or values.nunique() <= MOST_WORDS)


def axis(runs: pd.DataFrame, column: str, title: str) -> Axis:
    """Where each run stands on the axis of a column."""
    import numpy
    import pandas

    values = runs[column]
    if not is_number(values):
        return _words(values, column, title)
    numbers = pandas.to_numeric(values, errors="coerce").astype(float)
    numbers = numbers.where(numpy.isfinite(numbers))
    there = numbers.dropna()
    if there.empty:
        return Axis(column, title, "linear", numbers.fillna(BLANK), ())
    least, greatest = float(there.min()), float(there.max())
    log = least > 0 and greatest / least >= 10**DECADES
    scaled = numpy.log10(numbers) if log else numbers
    low, high = (math.log10(least), math.log10(greatest)) if log else (least, greatest)
    places = (scaled - low) / (high - low) if high > low else scaled * 0 + 0.5
    if there.nunique() <= FEW_VALUES:
        marks = sorted(scaled.dropna().unique())
    else:
        marks = [low + (high - low) * part / 4 for part in range(5)]
    named = [
        ((mark - low) / (high - low) if high > low else 0.5, shown.text(float(10**mark if log else mark)))
        for mark in marks
    ]
    return Axis(column, title, "log" if log else "linear", places.fillna(BLANK), _with_blank(named, numbers))


def _words(values: pd.Series, column: str, title: str) -> Axis:
    texts = values.map(shown.text, na_action="ignore")
    counts = texts.value_counts()
    kept = sorted(counts.index[:MOST_WORDS]) if len(counts) <= MOST_WORDS else sorted(counts.index[: MOST_WORDS - 1])
    words = [*kept, *([OTHERS] if len(counts) > len(kept) else [])]
    step = 1 / max(len(words) - 1, 1)
    at = {word: place * step if len(words) > 1 else 0.5 for place, word in enumerate(words)}
    places = texts.map(lambda text: at.get(text, 1.0), na_action="ignore").astype(float)
    named = [(place, shown.cut(word, 24)) for word, place in at.items()]
    return Axis(column, title, "words", places.fillna(BLANK), _with_blank(named, texts))


def _with_blank(ticks: list[tuple[float, str]], values: pd.Series) -> tuple[tuple[float, str], ...]:
    return (*(((BLANK, "none"),) if values.isna().any() else ()), *ticks)


def inside(axes: Sequence[Axis], brushed: Sequence[str], reach: Sequence[float]) -> pd.Series:
    """Which runs stand between two places on all of the axes that were brushed."""
    low, high = min(reach), max(reach)
    found = axes[0].places.notna()
    for one in axes:
        if one.column in brushed:
            found &= one.places.between(low, high)
    return found


def condition(runs: pd.DataFrame, axes: Sequence[Axis], brushed: Sequence[str], reach: Sequence[float]) -> str:
    """The filter that finds the runs which :func:`inside` finds, in the words of the filter language."""
    within = runs[inside(axes, brushed, reach)]
    low, high = min(reach), max(reach)
    parts = []
    for one in axes:
        if one.column not in brushed:
            continue
        values, name = within[one.column].dropna(), quoted(one.column)
        said = []
        if one.scale == "words":
            words = sorted({shown.exact(value) for value in values})
            said += [f"{name} in ({', '.join(map(_text, words))})"] if words else []
        elif len(values):
            least, greatest = float(values.astype(float).min()), float(values.astype(float).max())
            said.append(f"{name} between {shown.exact(least)} and {shown.exact(greatest)}")
        if low <= BLANK <= high:
            said.append(f"{name} is null")
        parts.append(f"({' or '.join(said)})" if len(said) > 1 else "".join(said))
    return " and ".join(part for part in parts if part)


def quoted(column: str) -> str:
    """A column's name as a filter writes it."""
    prefix = "" if columns.short(column) == column else column[: -len(columns.short(column))]
    name = columns.short(column)
    return prefix + (name if name.isidentifier() else '"' + name.replace('"', '""') + '"')


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
