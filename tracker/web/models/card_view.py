"""The card of a model version on a page, and to take away."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tracker.cards.card import Card, to_html
from tracker.cards.saved import model_card
from tracker.deciding.models import ModelVersion
from tracker.reading.registry import Registry
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading.watch import Stamp

STYLE = """<style>
.st-key-model-card .stHtml { max-width: 54rem; }
.st-key-model-card h1 { font-size: 1.6rem; padding: 0 0 0.4rem; }
.st-key-model-card h2 { font-size: 1.2rem; padding: 1.1rem 0 0.3rem; }
.st-key-model-card table { border-collapse: collapse; margin: 0.4rem 0 0.8rem; }
.st-key-model-card :is(th, td) { border: 1px solid rgba(128, 150, 170, 0.4); padding: 0.2rem 0.6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
.st-key-model-card pre { background: rgba(128, 150, 170, 0.14); padding: 0.7rem; overflow-x: auto; }
.st-key-model-card p > em:only-child { opacity: 0.75; }
</style>
"""


@st.cache_data(max_entries=16, show_spinner=False)
def card_of(path: Path, stamp: Stamp, reference: str) -> Card:
    """The card of a model version as of now; see :func:`tracker.cards.saved.model_card`."""
    return model_card(Registry(path), reference)


def show(context: Context, versions: list[ModelVersion]) -> None:
    """The card of one of a model's versions."""
    labels = {one.version: f"v{one.version} ({one.stage})" for one in versions}
    if st.session_state.get("card-version") not in labels:
        st.session_state.pop("card-version", None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Model card", width="content")
        version = int(
            st.selectbox(
                "Version of the card",
                list(labels),
                format_func=lambda number: labels[number],
                key="card-version",
                label_visibility="collapsed",
                width=200,
            )
        )
        card = card_of(context.place.path, context.stamp, f"{versions[0].model}:v{version}")
        if card.blanks:
            asked = shown.count(len(card.blanks), "section")
            st.badge(f"{asked} to complete", icon=":material/edit_note:", color="orange", help=_blanks(card))
        st.space("stretch")
        name = f"{versions[0].model}-v{version}-card"
        page = to_html(card.markdown, f"Model card: {versions[0].model} v{version}")
        for label, content, ending, kind in (
            ("Markdown", card.markdown, "md", "text/markdown"),
            ("HTML", page, "html", "text/html"),
        ):
            st.download_button(
                label,
                content,
                f"{name}.{ending}",
                kind,
                key=f"card-{ending}",
                on_click="ignore",
                icon=":material/download:",
            )
    # HTML in the card was made text; streamlit takes out whatever could run, and the page's style stays its own.
    with st.container(border=True, key="model-card"):
        st.html(STYLE + page.partition("<body>")[2].partition("</body>")[0])


def _blanks(card: Card) -> str:
    titles = ", ".join(section.title for section in card.blanks)
    return f"Nobody has written yet about: {plain(titles)}."
