"""A client that keeps to no rules of the browser: it sends the server any widget's state over the websocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

SECONDS = 60
FORCED = "forced by hand"
TRIGGERS = ("button", "download_button", "menu_button")


@dataclass(frozen=True, slots=True)
class Widget:
    """A widget that a page offers."""

    kind: str
    message: Any

    @property
    def id(self) -> str:
        return str(self.message.id)

    @property
    def is_trigger(self) -> bool:
        return self.kind in TRIGGERS

    def states(self) -> list[WidgetState]:
        """States that nobody would be in who has not touched it: another choice, another text, a changed cell."""
        options = [str(option) for option in getattr(self.message, "options", ())]
        match self.kind:
            case "button" | "download_button":
                return [WidgetState(id=self.id, trigger_value=True)]
            case "checkbox":
                return [WidgetState(id=self.id, bool_value=not self.message.default)]
            case "text_input" | "text_area":
                return [WidgetState(id=self.id, string_value=FORCED)]
            case "number_input":
                return [WidgetState(id=self.id, double_value=self.message.default + 1)]
            case "selectbox" | "radio" if options:
                return [WidgetState(id=self.id, string_value=options[-1])]
            case "multiselect" if options:
                state = WidgetState(id=self.id)
                state.string_array_value.data.extend(options[-2:])
                return [state]
            case "dataframe":
                return self._of_grid()
        return []

    def _of_grid(self) -> list[WidgetState]:
        clicks = [
            WidgetState(id=str(button), string_trigger_value={"data": json.dumps({"row": 0, "value": ""})})
            for button in dict(self.message.button_click_widgets).values()
        ]
        if not self.message.id:
            return clicks
        if self.message.editing_mode:
            columns = json.loads(self.message.columns or "{}")
            cells = {name: FORCED for name in columns if not name.startswith("_")}
            says: dict[str, Any] = {"edited_rows": {"0": cells}, "added_rows": [], "deleted_rows": []}
        else:
            says = {"selection": {"rows": [0], "columns": [], "cells": []}}
        return [*clicks, WidgetState(id=self.id, string_value=json.dumps(says))]


@dataclass
class Unruly:
    """One session with a server."""

    socket: ClientConnection
    widgets: list[Widget] = field(default_factory=list)
    """What the page offers that was drawn last."""

    def show(self, page: str, states: list[WidgetState] | None = None, query: str = "") -> None:
        """Have a page drawn, with these states of widgets, whoever may have them."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        message.rerun_script.widget_states.widgets.extend(states or [])
        self.socket.send(message.SerializeToString())
        self._read()

    def _read(self) -> None:
        """Take in what a run of the script draws, until the last one is through."""
        known: set[str] = set()
        while True:
            message = ForwardMsg.FromString(self.socket.recv(timeout=SECONDS))  # type: ignore[arg-type]
            match message.WhichOneof("type"):
                case "new_session":
                    self.widgets, known = [], set()
                case "delta" if message.delta.WhichOneof("type") == "new_element":
                    element = message.delta.new_element
                    kind = str(element.WhichOneof("type"))
                    drawn = getattr(element, kind)
                    offers = getattr(drawn, "id", "") or getattr(drawn, "button_click_widgets", None)
                    if offers and getattr(drawn, "id", "") not in known - {""}:
                        known.add(drawn.id)
                        self.widgets.append(Widget(kind, drawn))
                case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return


@contextmanager
def unruly(url: str) -> Iterator[Unruly]:
    """A new session with the server at an address."""
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
        yield Unruly(socket)
