"""The query bar of the Runs page: a filter to type, and the experiments to choose from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.web import address, columns

FILTER_HELP = """Compare columns with values, joined with `and`, `or`, `not` and parentheses:

- `metrics.auc > 0.9 and params.depth = 6`
- `status = 'FAILED' or tags.team like 'risk%'`
- `start_time >= '2026-11-01'` (UTC)
- `params."learning rate" is not null`
- `experiment in ('churn', 'fraud')`
"""


def show(runs: pd.DataFrame) -> None:
    """The fields, whose values are in the session under ``filter`` and ``experiment``."""
    fields = st.columns([6, 3], vertical_alignment="bottom")
    fields[0].text_input(
        "Filter",
        key="filter",
        placeholder=columns.example(runs),
        help=FILTER_HELP,
        icon=":material/filter_alt:",
        persist_state="session",
    )
    names = sorted(str(name) for name in runs["experiment"].dropna().unique())
    address.keep_valid("experiment", names)
    fields[1].multiselect("Experiment", names, key="experiment", placeholder="All", persist_state="session")
