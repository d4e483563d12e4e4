"""The tour: a few steps that lead from page to page and say what to try. Offered once to each person on the sample."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.entering import start, toured

KEY = "tour"
"""In the session: the step that is shown, counted from 0."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the page that it is about, and what to try there."""

    page: str
    title: str
    text: str


STEPS = (
    Step(
        "overview",
        "What is going on",
        "This page shows what is new, the best run of each experiment and what is to be done. Each block leads to the "
        "page with the details; a click on a run's name opens it.",
    ),
    Step(
        "runs",
        "Find runs",
        "Every run is a row. Type `status = 'FAILED'` into the filter, or a metric such as `metrics.accuracy > 0.97`. "
        "Tick two rows to compare them.",
    ),
    Step(
        "run",
        "Look at one run",
        "Curves, params, files, code and checklist of one run. Press *Edit*, write what you learned, and save: it goes "
        "into the workbook, where Excel shows it too.",
    ),
    Step(
        "compare",
        "Compare runs",
        "What differs comes first, and the curves lie over each other. Choose other runs above.",
    ),
    Step(
        "models",
        "Decide about models",
        "Which version of a model is in which stage, who put it there and why. The card says what it is for.",
    ),
    Step(
        "checklist",
        "Keep to the procedure",
        "What every run must have, and which run has it. Click a cell to see the evidence, to tick it or to waive it. "
        "The items themselves are on the page SOP.",
    ),
    Step(
        "history",
        "Nothing gets lost",
        "Every change of every cell: who, when, from what to what, in scripts, here and in Excel. Take one back, or "
        "bring a whole earlier workbook back.",
    ),
    Step(
        "overview",
        "Now your own",
        "Above at the right you make a registry or open one; a spreadsheet that you have becomes one. "
        "In a script, `tracker.start_run` is all it takes.",
    ),
)


def show(context: Context, current: str) -> None:
    """The step that is under way, or the offer to begin.

    Args:
        current: the title of the page that is shown.
    """
    step = st.session_state.get(KEY)
    if step is not None:
        _step(context, step, current)
    elif context.place.sample and current == context.pages["overview"].title and not _was_toured(context):
        _offer(context)


def begin(context: Context) -> None:
    """Turn to the first step."""
    _turn_to(context, 0)


def _offer(context: Context) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="tour-offer"):
        st.markdown("**New here?** Eight steps lead through the pages, in two minutes.", width="content")
        st.space("stretch")
        if st.button("Take the tour", key="tour-begin", type="primary", icon=":material/tour:"):
            begin(context)
        if st.button("No, thanks", key="tour-refuse", type="tertiary"):
            _end(context)


def _step(context: Context, number: int, current: str) -> None:
    step = STEPS[number]
    there = current == context.pages[step.page].title
    with st.container(border=True, key="tour-step", gap="xsmall"):
        st.markdown(f"**{plain(step.title)}** :gray[step {number + 1} of {len(STEPS)}]")
        st.markdown(step.text)
        with st.container(horizontal=True):
            if not there and st.button("Go there", key="tour-go", type="primary"):
                _turn_to(context, number)
            if number and st.button("Back", key="tour-back", icon=":material/arrow_back:"):
                _turn_to(context, number - 1)
            last = number == len(STEPS) - 1
            if not last and st.button("Next", key="tour-next", type="primary" if there else "secondary"):
                _turn_to(context, number + 1)
            if st.button("Done" if last else "Leave the tour", key="tour-end", type="primary" if last else "tertiary"):
                _end(context)


def _turn_to(context: Context, number: int) -> None:
    st.session_state[KEY] = number
    page = STEPS[number].page
    st.switch_page(context.pages[page], query_params={**_subject(context, page), **context.here})


def _subject(context: Context, page: str) -> dict[str, str]:
    """What the page is to show, where it is about certain runs."""
    if page not in ("run", "compare"):
        return {}
    runs, _ = context.named_runs()
    ids = [str(run_id) for run_id in runs["run_id"][runs["status"] == "FINISHED"]]
    return ({"run": ids[0]} if page == "run" else {"runs": ",".join(ids[:3])}) if ids else {}


def _end(context: Context) -> None:
    st.session_state.pop(KEY, None)
    toured.note(start.home(), context.who)
    st.session_state["tour-ended"] = True
    st.rerun()


def _was_toured(context: Context) -> bool:
    return bool(st.session_state.get("tour-ended")) or toured.is_noted(start.home(), context.who)
