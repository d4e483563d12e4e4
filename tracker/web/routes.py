"""Addresses that streamlit does not know."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tracker.web.pages import PAGES


async def _to_first_page(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"./{query}")


ROUTES: list[BaseRoute] = [Route(f"/{PAGES[0].address}", _to_first_page)]
"""The page that opens first has no address of its own in streamlit: somebody who writes it is led there."""
