"""The grid of the Runs page: how its columns look, and which runs are selected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from tracker.schema import RUN_STATUS, RUNS
from tracker.web.common import scrolled, shown
from tracker.web.common.context import Context
from tracker.web.reading import columns
from tracker.web.runs import picking, shades
from tracker.web.runs.found import SortKey

MOST_HEIGHT = 640
STARTED = "started"
WIDTHS = {"name": 230, "status": 120, "experiment": 120, "owner": 100, "start_time": 130, "duration": 105}


def show(
    context: Context,
    runs: pd.DataFrame,
    names: Sequence[str],
    keys: Sequence[SortKey],
    shaded: Mapping[str, list[int]],
    *,
    exact_times: bool,
    widths: Mapping[str, int],
    curve: tuple[str, Sequence[Any]] | None = None,
) -> list[str]:
    """Draw a page of the grid; gives the ids of the runs on it that are selected.

    Args:
        names: the columns to show.
        keys: by which of them the runs are ordered.
        shaded: levels of shade by column.
        exact_times: show the start as a moment, besides how long ago it was.
        widths: pixels of columns, by their own names.
        curve: a metric and a small curve of it for each run.
    """
    ids = [str(run_id or "") for run_id in runs["run_id"]]
    headers = columns.headers([name for name in names if name in runs.columns])
    key = picking.prepare(ids, {STARTED: "start_time", **{header: name for name, header in headers.items()}})

    def opened(row: int) -> None:
        st.session_state["open-run"] = ids[row]

    arrows = {one.column: f" {one.arrow}" for one in keys}
    table, configuration = prepared(runs, names, opened, key=key, exact_times=exact_times, arrows=arrows, widths=widths)
    if curve is not None:
        _add_curve(table, configuration, headers.get(curve[0]), *curve)
    scrolled.show(picking.AREA, picking.asked())
    event = st.container(key=picking.AREA).dataframe(
        shades.styled(table, {headers[name]: steps for name, steps in shaded.items() if name in headers}),
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode=["multi-row", "single-column"],
        column_config=configuration,
        height=shown.grid_height(len(table), MOST_HEIGHT),
        row_height=shown.ROW,
        placeholder="",
        alt="Runs",
    )
    if run_id := st.session_state.pop("open-run", None):
        context.open_run(run_id)
    return [ids[place] for place in event["selection"]["rows"] if place < len(ids) and ids[place]]


def prepared(
    runs: pd.DataFrame,
    names: Sequence[str],
    opened: Callable[[int], None],
    *,
    key: str,
    exact_times: bool,
    arrows: Mapping[str, str] | None = None,
    widths: Mapping[str, int] | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The cells of a grid of runs and how its columns look.

    Args:
        opened: what a click on a name does, with the position of its row.
        key: of the grid; a click that was on its way when rows came is one of the grid before.
        arrows: what stands behind the headers of columns by which the runs are ordered.
        widths: pixels of columns that are not as wide as usual.
    """
    arrows, widths = arrows or {}, {**WIDTHS, **(widths or {})}
    names = [name for name in names if name in runs.columns]
    headers = columns.headers(names)
    table = pd.DataFrame({headers[name]: _cells(runs, name) for name in names})
    configuration = {
        headers[name]: _configured(name, headers[name], arrows.get(name, ""), widths.get(name), runs[name])
        for name in names
        if name != "name"
    }
    if "start_time" in names:
        # How long ago tells more at a glance; when exactly stands beside it for those who chose their columns.
        place = names.index("start_time") + (1 if exact_times else 0)
        table.insert(place, STARTED, runs["start_time"].to_numpy())
        configuration[STARTED] = st.column_config.DatetimeColumn(
            STARTED + arrows.get("start_time", ""), format="distance", width=widths["start_time"]
        )
        if not exact_times:
            table = table.drop(columns=headers["start_time"])

    def clicked() -> None:
        if (click := st.session_state.get(f"{key}-name")) is not None:
            opened(click["row"])

    configuration[headers["name"]] = st.column_config.ButtonColumn(
        "name" + arrows.get("name", ""),
        type="tertiary",
        alignment="left",
        width=widths["name"],
        pinned=True,
        on_click=clicked,
        key=f"{key}-name",
        help="Click a name to open the run.",
    )
    return table, configuration


def _add_curve(
    table: pd.DataFrame, configuration: dict[str, Any], beside: str | None, metric: str, curves: Sequence[Any]
) -> None:
    """A column of small curves, behind that of the metric where it is shown."""
    header = f"{columns.short(metric)} by step"
    place = list(table.columns).index(beside) + 1 if beside in table.columns else len(table.columns)
    table.insert(place, header, pd.Series(list(curves), dtype=object))
    configuration[header] = st.column_config.LineChartColumn(
        header, width=130, help="Its steps, each run by its own scale; the run's page has the curve."
    )


# -- one column ---------------------------------------------------------------------------------------------------


def _cells(runs: pd.DataFrame, name: str) -> Any:
    values = runs[name].reset_index(drop=True)
    if name == "name":
        ids = runs["run_id"].reset_index(drop=True)
        return [shown.cut(v or f"(unnamed {(i or 'new')[-6:]})", 80) for v, i in zip(values, ids, strict=True)]
    if name == "status":
        return [[shown.status(value)] if value else [] for value in values]
    if name == "duration":
        return pd.to_timedelta(values.where(values < 1, values.round()), unit="s")
    if name == "git_commit":
        return [str(value)[:8] if value else None for value in values]
    if values.dtype == object:
        return [None if shown.is_blank(value) else shown.text(value) for value in values]
    return values


def _configured(name: str, header: str, arrow: str, width: int | None, values: pd.Series) -> Any:
    declared = RUNS.column(name)
    about = declared.help if declared else "Your own column."
    options: dict[str, Any] = {
        "label": header + arrow,
        "help": about if header == name else f"{shown.code(name)} {about}",
        "width": width,
    }
    if name == "status":
        statuses = [*RUN_STATUS, *sorted({str(value) for value in values if value} - set(RUN_STATUS))]
        return st.column_config.MultiselectColumn(
            **options,
            options=[shown.status(word) for word in statuses],
            color=[shown.STATUS_COLORS.get(word, "gray") for word in statuses],
        )
    if name == "duration":
        return st.column_config.NumberColumn(**options, format="localized")
    if is_datetime64_any_dtype(values):
        return st.column_config.DatetimeColumn(**options, format="YYYY-MM-DD HH:mm:ss")
    if is_bool_dtype(values):
        return st.column_config.CheckboxColumn(**options)
    if is_numeric_dtype(values):
        # With shades, a number without a format would show all digits that Python gives it.
        form = shown.column_format(values) or "%.0f"
        options["width"] = width or columns.number_width(header + arrow, form, values)
        return st.column_config.NumberColumn(**options, format=form)
    return st.column_config.TextColumn(**options)
