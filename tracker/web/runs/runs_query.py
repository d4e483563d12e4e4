"""The query bar of the Runs page: a filter to type or to put together, and the experiments to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.errors import QueryError
from tracker.web.common import address, say
from tracker.web.common.context import Context
from tracker.web.common.shown import code
from tracker.web.reading import columns, data
from tracker.web.runs import completion, hints
from tracker.web.runs.hints import Hint

FILTER_HELP = """Compare columns with values, joined with `and`, `or`, `not` and parentheses:

- `metrics.auc > 0.9 and params.depth = 6`
- `status = 'FAILED' or tags.team like 'risk%'`
- `start_time >= '2026-11-01'` (UTC)
- `params."learning rate" is not null`
- `experiment in ('churn', 'fraud')`

Columns, operators and values are offered as you type: arrow keys and Enter, or Tab, take one.
"""


def show(context: Context, runs: pd.DataFrame) -> None:
    """The fields, whose values are in the session under ``filter`` and ``experiment``."""
    known = _hints(context.place.path, data.version(runs), runs)
    fields = st.columns([5.4, 2.1, 2.6], vertical_alignment="bottom")
    fields[0].text_input(
        "Filter",
        key="filter",
        placeholder=columns.example(runs),
        help=FILTER_HELP,
        icon=":material/filter_alt:",
        persist_state="session",
    )
    with fields[1].popover("Condition", icon=":material/add:", key="condition", width="stretch"):
        _condition(known)
    names = sorted(str(name) for name in runs["experiment"].dropna().unique())
    address.keep_valid("experiment", names)
    fields[2].multiselect("Experiment", names, key="experiment", placeholder="All", persist_state="session")
    completion.show(known)


def failed(error: QueryError) -> None:
    """What is wrong with the filter and where, with what may be meant; all runs are shown meanwhile."""
    say.bad_query(error)
    alike: Sequence[str] = error.fields.get("alike", ())
    if alike:
        query = str(st.session_state.get("filter") or "")
        with st.container(horizontal=True):
            for column in alike:
                meant = hints.corrected(query, error.fields["position"], column)
                st.button(
                    f"Use {code(columns.written(column))}",
                    key=f"meant-{column}",
                    on_click=_set,
                    args=(meant,),
                    type="tertiary",
                )


@st.cache_data(max_entries=8, show_spinner=False)
def _hints(path: Path, version: int, _runs: pd.DataFrame) -> list[Hint]:
    return hints.hints(_runs)


def _condition(known: Sequence[Hint]) -> None:
    """One condition from its parts, to be added to the filter."""
    by_name = {hint.column: hint for hint in known}
    address.keep_valid("condition-column", by_name)
    column = st.selectbox("Column", list(by_name), index=None, key="condition-column", filter_mode="contains")
    if column is None:
        st.caption("Choose a column; then how it compares with which value.")
        return
    hint = by_name[column]
    address.keep_valid("condition-operator", hints.OPERATORS[hint.kind])
    operator = str(st.selectbox("Is", hints.OPERATORS[hint.kind], key="condition-operator"))
    value: str | None = ""
    if not operator.endswith("null"):
        value = st.selectbox(
            "Value",
            [text[1:-1].replace("''", "'") if text.startswith("'") else text for text in hint.values],
            index=None,
            key=f"condition-value-{column}",
            accept_new_options=True,
            placeholder=hint.about,
            filter_mode="contains",
        )
    more = hints.condition(hint, operator, value or "")
    joined = hints.joined(str(st.session_state.get("filter") or ""), more) if more else ""
    st.button("Add", key="condition-add", type="primary", disabled=not more, on_click=_set, args=(joined,))
    if more:
        st.code(more, language=None, wrap_lines=True)


def _set(query: str) -> None:
    st.session_state["filter"] = query
