"""On which params does a metric hang? How much each is worth to a forest that foretells it, and how both correlate.

The forest is judged only by runs that it has not seen (cross-validation). A param is worth what the forest foretells
less well when the param's values are shuffled among those runs (permutation importance, Breiman 2001), as a share of
the metric's variance. Params that go together share their worth. The correlation is Spearman's: of ranks, -1 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracker.comparing.seeds import is_seed
from tracker.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas as pd

LEAST_RUNS = 8
"""With fewer runs no forest is grown."""
ENOUGH_RUNS, ENOUGH_PER_PARAM = 30, 5
"""With fewer, in all or for each param, the order is a hint at best."""
MOST_RUNS = 1_000
"""Of more runs so many are drawn at random: it takes seconds, and more would not change the order."""
MOST_PARAMS = 40
"""Of more params those that correlate most; texts count as those that do not."""
MOST_NAMES = 5
"""A text that is another one in each of more runs than this is a name, which says nothing."""
LITTLE = 0.1
"""A forest that explains less of the variance than this has found nothing."""
FOLDS, TREES, REPEATS = 3, 50, 3


@dataclass(frozen=True, slots=True)
class Influence:
    """What one param means to a metric."""

    param: str
    importance: float
    """The share of the metric's variance that is lost with it; about 0 where it means nothing."""
    spread: float
    """The standard deviation of that over the shufflings."""
    correlation: float | None
    """Spearman's, with the metric; None for texts and seeds, and where there are too few runs."""
    runs: int
    """How many of the runs have the param."""


@dataclass(frozen=True, slots=True)
class Importance:
    """What all params mean to one metric."""

    metric: str
    runs: int
    """The runs that it rests on."""
    explained: float | None
    """The share of the metric's variance that the forest foretells in runs it has not seen; None without a forest."""
    influences: tuple[Influence, ...]
    """The greatest first."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Params that cannot say anything, and why."""

    @property
    def caution(self) -> str:
        """Why not much may be read into it; empty where nothing speaks against it."""
        if self.explained is None:
            return (
                f"Only {self.runs} of these runs have a value of {self.metric} and params that vary: "
                f"too few to tell what matters. It takes {LEAST_RUNS}, better {ENOUGH_RUNS}."
            )
        if self.explained < LITTLE:
            return (
                f"The params explain next to nothing of {self.metric} in runs that the forest had not seen: "
                "read nothing into the order."
            )
        enough = max(ENOUGH_RUNS, ENOUGH_PER_PARAM * len(self.influences))
        if self.runs < enough:
            return f"{self.runs} runs are few for {len(self.influences)} params: take it as a hint. {enough} would do."
        return ""


def importance(runs: pd.DataFrame, metric: str) -> Importance:
    """What the params of these runs mean to a metric.

    Args:
        runs: the runs table, or some of its rows.
        metric: its name, without ``metrics.``.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    import numpy
    import pandas

    values = pandas.to_numeric(runs[f"metrics.{metric}"], errors="coerce")
    there = numpy.isfinite(values.astype(float))
    runs, target = runs[there], values[there].astype(float)
    if len(runs) > MOST_RUNS:
        runs = runs.sample(MOST_RUNS, random_state=0)
        target = target.loc[runs.index]
    params, left_out = _usable(runs)
    correlations = {name: _correlation(column, target) for name, column in params.items() if not is_seed(name)}
    if len(params) > MOST_PARAMS:
        ranked = sorted(params, key=lambda name: -abs(correlations.get(name) or 0))
        left_out |= {name: f"the {MOST_PARAMS} that correlate most are looked at" for name in ranked[MOST_PARAMS:]}
        params = {name: params[name] for name in ranked[:MOST_PARAMS]}
    shares: dict[str, tuple[float, float]] = {}
    explained = None
    if len(runs) >= LEAST_RUNS and params and target.nunique() > 1:
        explained, shares = _shares(pandas.DataFrame(params), target)
    found = [
        Influence(name, *shares.get(name, (0.0, 0.0)), correlations.get(name), int(column.notna().sum()))
        for name, column in params.items()
    ]
    found.sort(key=lambda one: (-one.importance, -abs(one.correlation or 0), one.param))
    return Importance(metric, len(runs), explained, tuple(found), left_out)


def _usable(runs: pd.DataFrame) -> tuple[dict[str, pd.Series], dict[str, str]]:
    """The params that vary, numbers as numbers and all else as text; and the others with the reason."""
    import pandas

    found: dict[str, pd.Series] = {}
    left_out = {}
    for column in runs.columns:
        if not str(column).startswith("params."):
            continue
        name, values = str(column).removeprefix("params."), runs[column]
        filled = values.dropna()
        if filled.empty:
            continue
        if pandas.api.types.is_bool_dtype(filled.infer_objects()):
            values = values.astype("Float64")
        numbers = pandas.to_numeric(values, errors="coerce")
        if numbers.notna().sum() == len(filled):
            values = numbers.astype(float)
        else:
            values = values.map(str, na_action="ignore").astype(object)
        distinct = values.nunique()
        if distinct + (len(filled) < len(values)) < 2:
            left_out[name] = "the same in all of them"
        elif values.dtype == object and distinct == len(filled) > MOST_NAMES:
            left_out[name] = "another text in each of them"
        else:
            found[name] = values
    return found, left_out


def _correlation(param: pd.Series, metric: pd.Series) -> float | None:
    """Spearman's rank correlation; None for texts, and where fewer than four runs have both."""
    both = param.notna()
    if param.dtype == object or both.sum() < 4 or param[both].nunique() < 2 or metric[both].nunique() < 2:
        return None
    return float(param[both].rank().corr(metric[both].rank()))


def _shares(params: pd.DataFrame, metric: pd.Series) -> tuple[float, dict[str, tuple[float, float]]]:
    """How much of the variance a forest foretells in runs it has not seen, and how much of that each param is worth."""
    import numpy

    try:
        from sklearn.ensemble import RandomForestRegressor
        from sklearn.inspection import permutation_importance
        from sklearn.model_selection import KFold
    except ImportError:
        raise MissingPackageError(what="The importance of params", package="scikit-learn") from None
    known, truth = numpy.column_stack([_coded(column) for _, column in params.items()]), metric.to_numpy()
    variance = float(truth.var())
    error = 0.0
    lost = numpy.zeros((params.shape[1], REPEATS))
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(known):
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, max_features=0.5, random_state=0)
        forest.fit(known[seen], truth[seen])
        share = len(unseen) / len(truth)
        error += share * float(((forest.predict(known[unseen]) - truth[unseen]) ** 2).mean())
        shuffled = permutation_importance(
            forest,
            known[unseen],
            truth[unseen],
            scoring="neg_mean_squared_error",
            n_repeats=REPEATS,
            random_state=0,
        )
        lost += share * shuffled.importances / variance
    explained = 1 - error / variance
    return explained, {
        name: (float(row.mean()), float(row.std(ddof=1))) for name, row in zip(params.columns, lost, strict=True)
    }


def _coded(param: pd.Series) -> Any:
    """Numbers as they are, texts by how frequent they are; a forest takes blanks as they are."""
    if param.dtype != object:
        return param.to_numpy(float, na_value=float("nan"))
    return param.map({text: code for code, text in enumerate(param.value_counts().index)}).to_numpy(float)
