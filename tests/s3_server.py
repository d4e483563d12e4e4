"""An S3 server for tests: PORT QUOTA. It knows one key and holds so many bytes in all; moto does the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

KEY, SECRET = "tracker-tests", "known to the tests only"

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def guarded(app: App, quota: int) -> App:
    """The server behind a check of the key and a quota."""
    used = 0

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        nonlocal used
        if f"Credential={KEY}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            text = "The AWS Access Key Id you provided does not exist in our records."
            return refuse(start_response, "403 Forbidden", "InvalidAccessKeyId", text)
        if environ["REQUEST_METHOD"] in ("PUT", "POST"):
            size = int(environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") or environ.get("CONTENT_LENGTH") or 0)
            if used + size > quota:
                return refuse(start_response, "507 Insufficient Storage", "QuotaExceeded", "The quota is used up.")
            used += size
        return app(environ, start_response)

    return answer


def refuse(start_response: Callable[..., Any], status: str, code: str, message: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/xml"), ("Connection", "close")])
    return [f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()]


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def main() -> None:
    port, quota = int(sys.argv[1]), int(sys.argv[2])
    app = guarded(DomainDispatcherApplication(create_backend_app), quota)
    run_simple("127.0.0.1", port, app, threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    main()
