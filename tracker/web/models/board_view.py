"""The board of a model's versions on a page: a column per stage, a card per version, and from there to the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.models import stage_form
from tracker.web.models.board import Card

STAGE_COLORS = {"candidate": "blue", "staging": "orange", "production": "green"}
STYLE = """<style>
.st-key-model-board [data-testid=stColumn] { min-width: 14rem; }
.st-key-model-board [data-testid=stColumn]:is(:nth-child(4):last-child, :has(~ :nth-child(4):last-child)) {
  min-width: 18rem; }
</style>"""
"""On a tablet the stages stand in two rows, instead of one word below the other; four of them two and two."""
MOST_CARDS = 4
"""How many versions of one stage are on the board; the others are in the table."""


def show(context: Context, columns: Mapping[str, list[Card]], metric: str) -> None:
    """The board, one column per stage."""
    st.html(STYLE)
    places = st.container(key="model-board").columns(len(columns))
    for place, (stage, cards) in zip(places, columns.items(), strict=True):
        with place.container(border=True, key=f"stage-{stage}", height="stretch", gap="small"):
            color: Any = STAGE_COLORS.get(stage, "gray" if stage in ("none", "retired") else "red")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(plain(stage), color=color)
                st.space("stretch")
                st.caption(str(len(cards)) if cards else shown.NOTHING, width="content")
            for row, card in enumerate(cards[:MOST_CARDS]):
                # By name, so that a click on one that has moved meanwhile hits no other; a version may be there twice.
                _card(context, card, metric, f"{card.version.label}-{stage}-{row}")
            if len(cards) > MOST_CARDS:
                st.caption(f"and {len(cards) - MOST_CARDS} more in the table")


def _card(context: Context, card: Card, metric: str, place: str) -> None:
    version = card.version
    with st.container(border=True, gap="xxsmall", key=f"card-{place}"):
        st.markdown(f"**v{version.version}** {plain(version.artifact)}")
        if card.value is not None:
            star = "★ " if card.is_best else ""
            beside = f" :gray[({plain(card.beside)})]" if card.beside else ""
            st.markdown(f"{star}**{plain(shown.text(card.value))}** {plain(metric)}{beside}")
        if card.checklist:
            sign = ":green[✓]" if card.is_complete else ":orange[✗]"
            st.markdown(f"{sign} {plain(card.checklist)} checklist items")
        if version.reason:
            st.markdown(plain(shown.cut(version.reason, 160)))
        who = [f"made by {card.owner}"] if card.owner else []
        if version.promoted_by:
            who.append(f"moved by {version.promoted_by}")
        if version.promoted_at:
            who.append(shown.ago(version.promoted_at, context.now))
        if who:
            st.caption(plain(", ".join(who)), help=_exactly(version.promoted_at))
        if card.next_stage and context.may("promote"):
            st.button(
                f"To {card.next_stage} …",
                key=f"next-{place}",
                type="tertiary",
                icon=":material/arrow_forward:",
                on_click=stage_form.begin,
                args=(version, card.next_stage),
                help="Fills in the form below; nothing is changed before you agree.",
            )


def _exactly(when: Any) -> str | None:
    return plain(shown.exact_time(when)) if when else None
