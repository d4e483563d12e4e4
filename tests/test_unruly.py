"""What a client that keeps to no rules can do over the websocket: nothing that its role does not allow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets.exceptions
from browser import ROOT, free_port, wait_for
from unruly import FORCED, Widget, unruly
from websockets.sync.client import connect

import tracker
from tracker.deciding import decide
from tracker.deciding.people import set_roles
from tracker.folders import Folders
from tracker.reading.registry import Registry
from tracker.web.pages import PAGES

ANN, BOSS = "ann", "boss"
FOUND_OUT = (".metadata.json", ".profile.json")
"""What somebody who looks into an artifact leaves beside it, so that the next need not."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with something to do on every page; Ann, at the page, is what the test makes of her."""
    folder = tmp_path_factory.mktemp("unruly")
    path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
    (folder / "train.csv").write_text("age,churned\n31,1\n42,0\n")
    for number, name in enumerate(("forest", "boosting")):
        with tracker.start_run(path, experiment="churn", name=name) as run:
            run.log_params({"depth": number + 3})
            run.log_metric("auc", 0.8 + number / 20)
            run.log_artifact(folder / "train.csv", name="churn-train", category="model")
            run.log_text(f"# Report {number}", "report.md")
            run.log_dict({"depth": number}, "model.json")
    decide.register(Registry(path), "churn", "model.json:v1", BOSS)
    set_roles(Registry(path), {BOSS: "manager", ANN: "manager"}, BOSS)
    return path


@pytest.fixture(scope="module")
def server(registry: Path) -> Iterator[str]:
    """The app, at which Ann sits."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    log = registry.parent / "server.log"
    environment = {**os.environ, "TRACKER_USER": ANN, "XDG_CACHE_HOME": str(registry.parent / "cache")}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, "--", str(registry)], stdout=output, stderr=output, cwd=registry.parent, env=environment
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def ann_is(registry: Path, role: str) -> None:
    set_roles(Registry(registry), {ANN: role}, BOSS)


def kept(registry: Path) -> dict[str, bytes]:
    """Everything that is the registry's: the workbook, the journal, the files; not what is found out about them."""
    folders = Folders(registry)
    found = {str(registry): registry.read_bytes()}
    for folder in (folders.pending, folders.changes, folders.artifacts, folders.trash, folders.versions, folders.runs):
        found |= {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: content for name, content in found.items() if not any(each in name for each in FOUND_OUT)}


def all_states(widgets: list[Widget]) -> list:
    return [state for widget in widgets for state in widget.states()]


@pytest.mark.parametrize("page", [page.address for page in PAGES])
def test_a_viewer_changes_nothing_with_any_widget_of_anybodys_page(registry: Path, server: str, page: str) -> None:
    ann_is(registry, "manager")
    with unruly(server) as session:
        session.show(page)
        of_a_manager = session.widgets
        fields = [widget for widget in of_a_manager if not widget.is_trigger]
        session.show(page, all_states(fields))  # what is typed stays in the session, whoever types it
        of_a_manager = session.widgets
        ann_is(registry, "viewer")
        before = kept(registry)
        session.show(page, all_states(of_a_manager))  # a page that was open when the role was taken away
        assert kept(registry) == before
    with unruly(server) as session:
        session.show(page, all_states(of_a_manager))
        assert kept(registry) == before
        of_a_viewer = session.widgets
        others = [widget for widget in of_a_viewer if not widget.is_trigger]
        for trigger in (widget for widget in of_a_viewer if widget.is_trigger):
            session.show(page, all_states([*others, trigger]))
            assert kept(registry) == before, f"{trigger.kind} {trigger.message.label}"


def test_a_form_that_was_opened_with_a_role_is_saved_with_it_and_refused_without(registry: Path, server: str) -> None:
    ann_is(registry, "contributor")
    with unruly(server) as session:
        session.show("run")
        session.show("run", named(session.widgets, "Edit").states())
        typed = [*named(session.widgets, "notes").states(), *named(session.widgets, "Save").states()]
        ann_is(registry, "viewer")
        before = kept(registry)
        session.show("run", typed)
        assert kept(registry) == before
        ann_is(registry, "contributor")
        session.show("run")
        session.show("run", [*named(session.widgets, "notes").states(), *named(session.widgets, "Save").states()])
    assert FORCED in set(Registry(registry).runs()["notes"])


def named(widgets: list[Widget], label: str) -> Widget:
    return next(widget for widget in widgets if getattr(widget.message, "label", "") == label)


# -- what the server itself holds off -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"Host": "elsewhere.example"}, {"Origin": "https://elsewhere.example"}],
    ids=["a name that somebody made mean this machine", "a page from elsewhere"],
)
def test_no_page_from_elsewhere_reaches_the_app(server: str, headers: dict[str, str]) -> None:
    address = server.replace("http", "ws", 1) + "/_stcore/stream"
    if host := headers.pop("Host", ""):
        address = address.replace("127.0.0.1", host)
    with (
        socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2]))) as reached,
        pytest.raises(websockets.exceptions.InvalidStatus, match="403"),
        connect(address, additional_headers=headers, sock=reached),
    ):
        pass


def test_an_upload_takes_a_session_and_the_token_of_the_page(server: str) -> None:
    request = urllib.request.Request(
        f"{server}/_stcore/upload_file/no-session/no-file", data=b"x", method="PUT", headers={"Content-Type": "x/y"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value:
        assert refused.value.code in (400, 403)


def test_the_size_of_an_upload_is_bounded() -> None:
    import tomllib

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
    assert settings["maxUploadSize"] <= 100 and settings["enableXsrfProtection"] and settings["enableCORS"]


def test_nothing_outside_of_the_app_is_served(server: str) -> None:
    for path in (
        "/app/static/../../app.py",
        "/media/../../etc/passwd",
        "/component/x/../../../etc/passwd",
        "/etc/passwd",
    ):
        try:
            with urllib.request.urlopen(server + path) as answer:
                assert b"<title>Streamlit</title>" in answer.read(), path  # the app's own page
        except urllib.error.HTTPError as refused:
            with refused:
                assert refused.code in (400, 403, 404)
