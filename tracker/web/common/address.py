"""What a page shows, in its address: so it can be sent to others, and the browser's way back leads to it.

Widgets keep their values in the session. An address that says something else, because somebody sent it or went back,
wins over the session; an address that says nothing, because somebody came by the menu, does not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st

Default = str | bool | int | float | list[str] | None
Defaults = Mapping[str, Default]
"""What each widget of a page says at first, by its key; the address leaves that out. None is at first no date."""

YES = "yes"
MOST_NAMED = 50
"""Runs, columns … that an address names; one with more would be too long for some programs, and names none of them."""


def take_over(defaults: Defaults, of: str = "") -> None:
    """Set the widgets of a page to what its address says; to be called before they are drawn.

    Args:
        defaults: what they say at first.
        of: the parameter that names what the page shows. An address that has it was not come to by the menu: what it
            leaves out is as at first.
    """
    said = {key: st.query_params.get_all(key) for key in defaults if key in st.query_params}
    if not (said or of in st.query_params) or said == st.session_state.get(_name(defaults)):
        return
    _take(defaults, said)
    st.session_state[_name(defaults)] = said


def _read(said: str, default: Default) -> Default | date:
    """What an address says of a widget, as a value of its kind; the default where it cannot be that."""
    if isinstance(default, bool):
        return not default
    if default is None:
        return _date(said)
    if isinstance(default, (int, float)):
        try:
            number = type(default)(said)
        except ValueError:
            return default
        return number if math.isfinite(number) else default
    return said


def _date(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def write(defaults: Defaults, keep: Collection[str] | None = ()) -> None:
    """Put what the widgets of a page say into its address; to be called after they were drawn.

    Of what else is there, the registry stays and what is to be kept: None keeps all.
    """
    says = _said(defaults)
    st.session_state[_name(defaults)] = says
    kept = {
        key: values
        for key, values in _current().items()
        if key == "registry" or (key not in defaults if keep is None else key in keep)
    }
    _set({**kept, **says})


def text(defaults: Defaults) -> str:
    """What the widgets of a page say, as stands behind the ``?`` of an address."""
    return urlencode(_said(defaults), doseq=True)


def take(defaults: Defaults, text: str) -> None:
    """Set the widgets of a page to what such a text says; what it does not name is as at first."""
    _take(defaults, parse_qs(text))


def _take(defaults: Defaults, said: Mapping[str, list[str]]) -> None:
    for key, default in defaults.items():
        values = said.get(key)
        if values is None:
            st.session_state[key] = list(default) if isinstance(default, list) else default
        else:
            st.session_state[key] = values if isinstance(default, list) else _read(values[0], default)


def _said(defaults: Defaults) -> dict[str, list[str]]:
    says: dict[str, list[str]] = {}
    for key, default in defaults.items():
        value: Any = st.session_state.get(key)
        if isinstance(value, list) and len(value) > MOST_NAMED:
            continue
        if value and value != default:
            says[key] = (
                [str(one) for one in value] if isinstance(value, list) else [YES if value is True else str(value)]
            )
    return says


def name(key: str, value: str) -> None:
    """Put one more thing into the address, such as the run that a page shows."""
    if st.query_params.get_all(key) != [value]:
        st.query_params[key] = value


def with_parameters(**parameters: str) -> dict[str, list[str]]:
    """The parameters of this address with others: where they lead to, the way back leads here again."""
    return {**_current(), **{key: [value] for key, value in parameters.items()}}


def keep_valid(key: str, options: Collection[Any]) -> None:
    """Forget what a widget no longer offers, because an address is old or a column is gone."""
    value = st.session_state.get(key)
    if isinstance(value, list):
        kept = [one for one in value if one in options]
        if kept != value:
            st.session_state[key] = kept
    elif value is not None and value not in options:
        del st.session_state[key]


def _name(defaults: Defaults) -> str:
    return "address of " + " ".join(defaults)


def _current() -> dict[str, list[str]]:
    return {key: st.query_params.get_all(key) for key in st.query_params}


def _set(parameters: dict[str, list[str]]) -> None:
    if parameters != _current():
        st.query_params.from_dict(parameters)
