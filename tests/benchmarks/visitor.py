"""A session of the app without a browser: what a page in Chromium sends and receives, so that many fit on two cores."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

LARGEST = 256 << 20
"""Bytes of the largest message that is taken."""
PATIENCE = 60.0
"""Seconds after which an answer counts as lost."""


class Visitor:
    """One session: opens pages, sets widgets, and repeats fragments when their time has come."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("http://", "ws://") + "/_stcore/stream"
        self._values: dict[str, WidgetState] = {}
        self._ids: dict[str, str] = {}
        self._pages: dict[str, str] = {}
        self._fragments: dict[str, asyncio.Task[None]] = {}
        self._done = asyncio.Event()
        self._query = ""
        self._page = ""
        self.errors: list[str] = []
        """What pages reported as an exception."""
        self.received = 0
        """Bytes."""

    async def __aenter__(self) -> Visitor:
        self._socket = await connect(self._url, subprotocols=["streamlit"], max_size=LARGEST)  # type: ignore[list-item]
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        self._forget_fragments()
        await self._socket.close()

    async def open(self, page: str = "", **query: str) -> float:
        """Go to a page by its address; gives the seconds until it was there."""
        self._values.clear()
        self._ids.clear()
        self._query, self._page = urlencode(query), page
        state = ClientState(query_string=self._query, page_name=page)
        if page in self._pages:
            state.page_script_hash = self._pages[page]
        return await self._ask(state)

    async def set(self, key: str, **value: Any) -> float:
        """Give a widget a value, such as ``string_value="auc > 0.9"``; gives the seconds until the page was anew."""
        name = self._ids.get(key)
        if name is None:
            raise LookupError(
                f"no widget {key} on the page {self._page or 'that opens'}; there are {sorted(self._ids)}"
            )
        state = WidgetState(id=name, **value)
        self._values[name] = state
        try:
            return await self._ask(self._state())
        finally:
            if {"trigger_value", "string_trigger_value", "json_trigger_value"} & value.keys():
                del self._values[name]

    def has(self, key: str) -> bool:
        """Whether the page shows a widget with this key."""
        return key in self._ids

    def knows(self, page: str) -> bool:
        """Whether there is a page with this address besides the one that opens."""
        return page in self._pages

    def _state(self, fragment: str = "") -> ClientState:
        state = ClientState(query_string=self._query, fragment_id=fragment, is_auto_rerun=bool(fragment))
        state.page_script_hash = self._pages.get(self._page, "")
        state.widget_states.widgets.extend(self._values.values())
        return state

    async def _ask(self, state: ClientState) -> float:
        self._forget_fragments()
        self._done.clear()
        begin = time.perf_counter()
        await self._send(state)
        await asyncio.wait_for(self._done.wait(), PATIENCE)
        return time.perf_counter() - begin

    async def _send(self, state: ClientState) -> None:
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def _read(self) -> None:
        kept: dict[str, ForwardMsg] = {}
        try:
            async for data in self._socket:
                assert isinstance(data, bytes)
                self.received += len(data)
                message = ForwardMsg.FromString(data)
                if message.WhichOneof("type") == "ref_hash":
                    message = kept.get(message.ref_hash, message)
                elif message.metadata.cacheable:
                    kept[message.hash] = message
                self._take(message)
        except ConnectionClosed as closed:
            self.errors.append(f"the connection was closed: {closed}")
            self._done.set()

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":
            self._pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            self._pages |= {"": message.navigation.page_script_hash} if "" not in self._pages else {}
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.HasField("new_element"):
            self._note(message.delta.new_element)
        elif kind == "auto_rerun":
            self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._done.set()

    def _note(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        name = getattr(getattr(element, kind), "id", "") if kind else ""
        if name.startswith("$$ID-"):
            self._ids[name.split("-", 2)[2]] = name

    def _repeat(self, fragment: str, seconds: float) -> None:
        if fragment not in self._fragments:
            self._fragments[fragment] = asyncio.create_task(self._again(fragment, seconds))

    async def _again(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._send(self._state(fragment))

    def _forget_fragments(self) -> None:
        for task in self._fragments.values():
            task.cancel()
        self._fragments.clear()
