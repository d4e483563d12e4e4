"""What a browser says of a grid in which somebody clicks: streamlit's own tester has no grids to click in."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def key(app: AppTest, place: str) -> str:
    """The key of the grid that was drawn last at a place, see :mod:`tracker.web.common.ticks`."""
    return str(app.session_state[f"{place} as drawn"][-1].key)


def tick(app: AppTest, place: str, *rows: int) -> None:
    """Tick these rows and no others, with the next run of the page."""
    say(app, key(app, place), *rows)


def say(app: AppTest, grid: str, *rows: int) -> None:
    """Of the grid with this key, which may be an earlier one, say that these rows are ticked."""
    app.session_state[grid] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
