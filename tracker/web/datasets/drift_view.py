"""Two tables compared on a page: what changed in sentences, then column by column, then the rows that both have."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.contents.compared import kept_leakage
from tracker.contents.parts import Part, is_beside
from tracker.contents.tasks import Task
from tracker.data.drift import ColumnDrift, DataComparison
from tracker.data.leakage import Leakage
from tracker.data.sentences import METHOD, sentences
from tracker.web.common import shown, working
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.datasets import histograms

MOST_SENTENCES = 12
MOST_TESTS = 500
UNASKED_BYTES = 50_000_000
"""Rows that both have are looked for unasked in tables of so many bytes together."""
WHAT = {"values": "values", "missing": "share missing", "strays": "share odd"}


def show(comparison: DataComparison, left: str, right: str) -> None:
    """What changed from the left table to the right one."""
    if comparison.refused:
        st.warning(plain(comparison.refused))
        return
    said = sentences(comparison, left, right)
    if comparison.changed:
        found = [count(len({test.column for test in comparison.drifted}), "column") + " drifted"]
        schema = len(comparison.added) + len(comparison.removed) + len(comparison.retyped)
        found += [f"{count(schema, 'change')} of columns"] if schema else []
        st.warning(f"**{plain(', '.join(found))}**", icon=":material/trending_up:")
    else:
        st.success(plain(said[0]), icon=":material/check:")
        said = said[1:]
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in said[:MOST_SENTENCES]))
    if len(said) > MOST_SENTENCES:
        st.caption(f"… and {count(len(said) - MOST_SENTENCES, 'more')}, in the table below.")
    for column, values in comparison.unseen.items():
        such = ", ".join(f"'{value}'" for value in values[:5])
        st.caption(plain(f"{column}: {right} has {count(len(values), 'value')} that {left} has not: {such}."))
    for note in dict.fromkeys([*comparison.left.notes, *comparison.right.notes]):
        st.caption(plain(note))
    _table(comparison, left, right)


def _table(comparison: DataComparison, left: str, right: str) -> None:
    if left == right:
        right += " again"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Column by column", width="content")
        st.space("stretch")
        only = st.toggle("Only what drifted", key="drift-only", persist_state="session")
    tests = [test for test in comparison.tests if test.drifted or not only]
    if not tests:
        st.caption("Nothing drifted." if comparison.tests else "There is nothing to compare.")
        return
    rows = [_row(test, left, right) for test in tests[:MOST_TESTS]]
    st.container(key="drift-table").dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=shown.grid_height(len(rows), 560),
        placeholder="",
        column_config={
            "≠": st.column_config.TextColumn(width=30, pinned=True, alignment="center", help="It drifted."),
            "column": st.column_config.TextColumn(pinned=True, width="medium"),
            "what": st.column_config.TextColumn(width=105),
            "effect": st.column_config.ProgressColumn(
                width=110,
                min_value=0.0,
                max_value=1.0,
                format="%.2f",
                help="0 to 1: the greatest distance between both distributions, or the share of rows that would have "
                "to change.",
            ),
            left: st.column_config.BarChartColumn(width=130, y_min=0),
            right: st.column_config.BarChartColumn(width=130, y_min=0),
            "p": st.column_config.TextColumn(width=80, help="Corrected for the number of tests."),
            "PSI": st.column_config.NumberColumn(format="%.2f", width=65, help="Population stability index."),
        },
        alt="The columns compared",
    )
    if len(tests) > MOST_TESTS:
        st.caption(f"The {MOST_TESTS} with the greatest effect of {len(tests):,}.")
    st.caption(plain(METHOD))


def _row(test: ColumnDrift, left: str, right: str) -> dict[str, object]:
    bars = histograms.pair(test.left, test.right) if test.what == "values" else ([], [])
    return {
        "≠": "≠" if test.drifted else "",
        "column": test.column,
        "what": WHAT[test.what],
        "effect": test.effect,
        left: bars[0] or None,
        right: bars[1] or None,
        "test": test.test,
        "p": "< 1e-9" if test.p < 1e-9 else f"{test.p:.2g}",
        "PSI": test.psi,
    }


# -- rows that both have ------------------------------------------------------------------------------------------


def show_leakage(context: Context, left: Part, right: Part, columns: list[str], ignore: list[str]) -> None:
    """The rows of the right table that the left one has too, looked for in the background."""
    folders = context.folders
    st.markdown("## Rows that both have")
    chosen = st.multiselect(
        "Columns to leave out, such as keys",
        columns,
        default=[name for name in ignore if name in columns],
        key="leakage-ignore",
        placeholder="None",
    )
    if st.query_params.get_all("ignore") != chosen:
        st.query_params["ignore"] = chosen
    task = Task(str(left), test=str(right), ignore=tuple(sorted(chosen)))
    found = kept_leakage(folders, left, right, task.ignore)
    unasked = left.size + right.size <= UNASKED_BYTES and all(is_beside(folders, part) for part in (left, right))
    if found is None and not unasked and not working.asked("Look for rows that both have", f"leakage-{task}"):
        return
    found = working.result(folders, task, lambda: kept_leakage(folders, left, right, task.ignore))
    if found is not None:
        _leaked(found, left, right)


def _leaked(found: Leakage, left: Part, right: Part) -> None:
    compared = f"compared in {count(len(found.columns), 'column')}"
    if not found.count:
        st.success(plain(f"No row of {right} is in {left} ({compared})."), icon=":material/check:")
    else:
        text = f"{found.count:,} of the {found.test_rows:,} rows of {right} are in {left} too"
        text = f"**{plain(text)}** {plain(f'({found.share:.2%}, {compared}).')}"
        if left.stored.name == right.stored.name and not left.file:
            st.info(text)
        else:
            st.warning(
                f"{text} If one is for training and the other for testing, these leak.", icon=":material/warning:"
            )
        st.dataframe(
            pd.DataFrame(
                [{f"row in {right}": leak.test_row, f"row in {left}": leak.train_row} for leak in found.examples]
            ),
            hide_index=True,
            width="content",
            height=shown.grid_height(len(found.examples), 250),
            alt="Rows that both have",
        )
        if found.count > len(found.examples):
            st.caption(f"The first {len(found.examples)}; rows are counted from 1, without the header.")
    if found.repeated:
        st.caption(f"{count(found.repeated, 'row')} of {plain(left)} repeat another of its own.")
    if found.left_out:
        named = ", ".join(found.left_out[:10])
        more = f" and {len(found.left_out) - 10} more" if len(found.left_out) > 10 else ""
        st.caption(plain(f"Left out, or in one of them only: {named}{more}."))
    for note in found.notes:
        st.caption(plain(note))
