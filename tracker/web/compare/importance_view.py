"""What a metric hangs on, on a page: how much each param is worth, and how it correlates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.comparing.importance import MOST_RUNS, REPEATS, Importance, importance
from tracker.errors import TrackerError
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.compare import axes
from tracker.web.reading import columns
from tracker.web.reading.watch import Stamp


@st.cache_data(max_entries=32, show_spinner="Growing a forest on these runs …")
def importance_of(path: Path, stamp: Stamp, ids: tuple[str, ...], metric: str, _runs: pd.DataFrame) -> Importance:
    """See :func:`tracker.comparing.importance.importance`; path, stamp and ids say which runs."""
    return importance(_runs, metric)


def show(context: Context, runs: pd.DataFrame) -> None:
    """The view."""
    metrics = axes.metrics(axes.varying(runs), runs)
    if not metrics:
        st.info("These runs have no metric that varies: there is nothing that a param could be worth.")
        return
    address.keep_valid("compare-metric", metrics)
    metric = columns.short(
        str(
            st.selectbox(
                "Metric",
                metrics,
                format_func=columns.short,
                key="compare-metric",
                persist_state="session",
                width=280,
            )
        )
    )
    try:
        found = importance_of(context.place.path, context.stamp, tuple(runs["run_id"]), metric, runs)
    except TrackerError as error:
        say.failed(error)
        return
    if found.caution:
        st.warning(plain(found.caution), icon=":material/help:")
    if found.influences:
        _table(found)
    sampled = f" of {len(runs):,}, drawn at random" if found.runs == MOST_RUNS and len(runs) > MOST_RUNS else ""
    said = [f"It rests on {shown.count(found.runs, 'run')}{sampled}."]
    if found.explained is not None:
        share = max(found.explained, 0.0)
        said.append(f"The params explain {share:.0%} of how {metric} varies in runs that the forest had not seen (R²).")
    st.caption(plain(" ".join(said)))
    if found.left_out:
        with st.expander(f"{shown.count(len(found.left_out), 'param')} left out"):
            for name, why in found.left_out.items():
                st.markdown(f"- {shown.code(name)}: {plain(why)}")
    with st.expander("How this is computed"):
        st.markdown(
            "A random forest learns the metric from the params, each time from two thirds of the runs, and foretells "
            "the last third. *Importance* is how much of the metric's variance is foretold no more when a param's "
            f"values are shuffled among those runs ({REPEATS} times; ± says how far those differ). About 0: it means "
            "nothing. Params that always change together share their importance. *Correlation* is Spearman's, of "
            "ranks: 1 if the metric always grows with the param, -1 if it always falls; a param may matter without "
            "one. Neither proves a cause."
        )


def _table(found: Importance) -> None:
    grown = found.explained is not None
    rows = pd.DataFrame(
        {
            "param": [one.param for one in found.influences],
            "importance": [max(one.importance, 0.0) for one in found.influences],
            "±": [one.spread for one in found.influences],
            "correlation": [one.correlation for one in found.influences],
            "the metric": [_direction(one.correlation) for one in found.influences],
            "runs": [one.runs for one in found.influences],
        }
    )
    rows["correlation"] = rows["correlation"].astype(float)
    if not grown:
        rows = rows.drop(columns=["importance", "±"])
    greatest = float(rows["importance"].max()) if grown else 1.0
    st.dataframe(
        rows,
        key="importance-grid",
        hide_index=True,
        height=shown.grid_height(len(rows), 560),
        placeholder="",
        column_config={
            "param": st.column_config.TextColumn(width=200, pinned=True),
            "importance": st.column_config.ProgressColumn(
                min_value=0.0,
                max_value=max(greatest, 0.01),
                format="%.3f",
                help="The share of the metric's variance that is foretold no more without it.",
            ),
            "±": st.column_config.NumberColumn(format="%.3f", width=80),
            "correlation": st.column_config.NumberColumn(
                format="%.2f", width=110, help="Spearman's; none for texts and seeds."
            ),
            "the metric": st.column_config.TextColumn(width=190),
            "runs": st.column_config.NumberColumn(format="localized", width=80, help="Runs that have the param."),
        },
        alt="The importance of each param",
    )


def _direction(correlation: float | None) -> str:
    """A correlation in words; nothing where it is weak."""
    if correlation is None or abs(correlation) < 0.2:
        return ""
    strength = "strongly " if abs(correlation) >= 0.7 else ""
    return f"{'↗ rises' if correlation > 0 else '↘ falls'} {strength}with it"
