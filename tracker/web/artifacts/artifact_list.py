"""A list of artifact versions, one of which can be picked."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from tracker.web.common import shown, ticks
from tracker.web.common.context import Context
from tracker.web.reading import files

NAMES = [
    "artifact",
    "direction",
    "kind",
    "size",
    "run",
    "created",
    "aliases",
    "status",
    "category",
    "kept until",
    "created_by",
]


def pick(artifacts: pd.DataFrame, context: Context, key: str) -> pd.Series | None:
    """Draw the list; gives the row that a person picked, at first the one that is best to look at."""
    if artifacts.empty:
        return None
    picked = draw(artifacts, key)
    return best(artifacts, context) if picked is None else picked


def draw(artifacts: pd.DataFrame, key: str, *, height: int = 420) -> pd.Series | None:
    """Draw the list; gives the row that a person picked, None where that is none."""
    rows = _drawn(artifacts, key, height, "single-row")
    return artifacts.iloc[rows[0]] if rows else None


def tick(artifacts: pd.DataFrame, key: str, *, height: int = 420) -> pd.DataFrame:
    """Draw the list; gives all rows that a person ticked, the last one last."""
    return artifacts.iloc[_drawn(artifacts, key, height, "multi-row")]


def _drawn(artifacts: pd.DataFrame, key: str, height: int, mode: Literal["single-row", "multi-row"]) -> list[int]:
    there = [name for name in NAMES if name in artifacts.columns and artifacts[name].notna().any()]
    shown_columns = [name for name in there if name != "status" or (artifacts[name] != "stored").any()]
    return ticks.rows(
        key,
        [str(name) for name in artifacts["artifact"]],
        artifacts[shown_columns],
        mode=mode,
        height=shown.grid_height(len(artifacts), height),
        placeholder="",
        column_config={
            "artifact": st.column_config.TextColumn(width="medium"),
            "size": st.column_config.NumberColumn(format="bytes", width=85),
            "created": st.column_config.DatetimeColumn(format="distance", help="When it was stored."),
            "kept until": st.column_config.DatetimeColumn(format="YYYY-MM-DD", help="By the rule of its class."),
            "category": st.column_config.TextColumn(width=125),
            "kind": st.column_config.TextColumn(width=100),
            "direction": st.column_config.TextColumn("in/out", width=80),
        },
        alt="Artifacts",
    )


def best(artifacts: pd.DataFrame, context: Context) -> pd.Series:
    """The first picture; else the first that can be shown at all; else the first."""
    looks: list[files.Look] = []
    for stored in artifacts["path"].head(30):
        path = files.inside(context.place.folders, stored)
        looks.append(files.look(path) if path is not None and path.is_file() else "none")
    wanted = ("image", "svg", "markdown", "table", "json", "text")
    return artifacts.iloc[min(range(len(looks)), key=lambda i: wanted.index(looks[i]) if looks[i] in wanted else 9)]


def with_run_names(artifacts: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The list with the name of the run that made each."""
    names = {row.run_id: row.name_ or row.run_id for row in runs.rename(columns={"name": "name_"}).itertuples()}
    made = artifacts["run_id"].map(lambda run_id: None if shown.is_blank(run_id) else names.get(run_id, run_id))
    return artifacts.assign(run=made)
