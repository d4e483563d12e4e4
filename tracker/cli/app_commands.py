"""The command that opens the app: for the person at this machine, or for a team that signs in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tracker.cli import shell
from tracker.errors import BadRequestError, MissingPackageError, NoTablesError, TrackerError

THIS_MACHINE = "127.0.0.1"


@click.command(cls=shell.FolderCommand)
@click.argument("registry", type=shell.RegistryPath(), required=False)
@click.option("--port", type=click.IntRange(1, 65535), help="8501 if it is free.")
@click.option("--headless", is_flag=True, help="Open no browser.")
@click.option("--shared", is_flag=True, help="For a team: everybody signs in, and sees what their role allows.")
@click.option(
    "--address",
    default=THIS_MACHINE,
    show_default=True,
    help="Where to listen: one of this machine's addresses, 0.0.0.0 for all. Others can reach it then: see --shared.",
)
@click.option("--read-only", is_flag=True, help="Nobody changes anything; needs no signing in.")
@click.option("--contact", default="", metavar="TEXT", help="Whom to ask for a role, for those who have none.")
@click.option(
    "--secrets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file with the section [auth]; else .streamlit/secrets.toml, here or at home.",
)
def app(
    registry: str | None,
    port: int | None,
    headless: bool,
    shared: bool,
    address: str,
    read_only: bool,
    contact: str,
    secrets: Path | None,
) -> None:
    """Open the registry's pages in a browser; without a registry, those of a sample.

    Of a folder all registries are listed, one by one or with their runs together. Of a workbook or CSV file that is
    no registry yet, one can be made. For a team there is --shared: docs/signing-in.md says how.

    \b
    python -m tracker app registry.xlsx
    python -m tracker app team_folder
    python -m tracker app registry.xlsx --shared --contact "Ann, ann@example.com"
    python -m tracker app registry.xlsx --read-only --address 0.0.0.0
    """
    import importlib.util

    from tracker import serving
    from tracker.read_only import READ_ONLY_VARIABLE, is_read_only

    if importlib.util.find_spec("streamlit") is None:
        raise MissingPackageError(what="The app", package="tracker-workbook[app]")
    shown = _shown(registry) if registry else None
    shared = shared or address not in serving.LOCAL_ADDRESSES
    words = [sys.executable, "-m", "streamlit", "run", str(_entry()), f"--server.headless={str(headless).lower()}"]
    # Said here too, since a team's folder may have settings of its own.
    words += ["--browser.gatherUsageStats=false", f"--server.address={address}", "--server.showEmailPrompt=false"]
    words += ["--server.enableXsrfProtection=true", "--server.enableCORS=true"]
    words += ["--server.fileWatcherType=none", "--runner.magicEnabled=false", "--runner.postScriptGC=false"]
    hosts: tuple[str, ...] = serving.LOCAL_HOSTS
    if shared:
        file = secrets or serving.secrets_file(Path.cwd(), Path.home())
        auth = _auth(file)
        _refuse_unready(shown, auth, read_only or is_read_only())
        words += [f"--secrets.files={file.absolute()}"] if file and auth else []
        hosts = (serving.host_of(auth),) if auth else ("*",)
    words += [f"--server.allowedHosts={host}" for host in hosts]
    words += [f"--server.port={port}"] if port else []
    said = [str(shown)] if shown else []
    said += [serving.SHARED] * shared + [f"{serving.CONTACT}{contact}"] * bool(contact)
    words += ["--", *said] if said else []
    environment = {**os.environ, READ_ONLY_VARIABLE: "1"} if read_only else None
    try:
        code = subprocess.call(words, env=environment)
    except KeyboardInterrupt:
        code = 0  # ended by the person who started it
    raise SystemExit(code)


def _auth(file: Path | None) -> Mapping[str, Any]:
    """The section for signing in; empty where there is none."""
    import tomllib

    if file is None:
        return {}
    try:
        auth = tomllib.loads(file.read_text("utf-8")).get("auth", {})
    except (OSError, ValueError) as error:
        raise BadRequestError(reason=f"{file} cannot be read: {error}. Nothing was started.") from error
    return auth if isinstance(auth, dict) else {}


def _refuse_unready(shown: Path | None, auth: Mapping[str, Any], read_only: bool) -> None:
    """Raise BadRequestError where others would be served who have not signed in, or nobody could be."""
    from tracker.serving import lacking

    if shown is None:
        raise BadRequestError(reason="Name the registry, or the folder, that others are to see. Nothing was started.")
    if not auth and read_only:
        return
    lack = lacking(auth)
    if lack:
        reason = f"Others would reach the app without signing in. {lack} See docs/signing-in.md, or add --read-only."
        raise BadRequestError(reason=f"{reason} Nothing was started.")
    if not any(_has_manager(path) for path in _registries(shown)):
        command = "python -m tracker people REGISTRY --set you@example.com=manager"
        reason = "The people table names no manager, so nobody could see anything. Name yourself first"
        raise BadRequestError(reason=f"{reason}: {command}. Nothing was started.")


def _registries(shown: Path) -> list[Path]:
    from tracker.reading.many import find_workbooks

    return find_workbooks(shown)[0] if shown.is_dir() else [shown]


def _has_manager(path: Path) -> bool:
    from tracker.deciding.people import people
    from tracker.reading.registry import Registry

    try:
        return any(one.role == "manager" for one in people(Registry(path)))
    except TrackerError:
        return False


def _shown(named: str) -> Path:
    """What the app is to show: a registry, a folder with some, or a file of which it offers to make one."""
    path = Path(named).expanduser().absolute()
    if path.is_dir() or (path.suffix.lower() == ".csv" and path.is_file()):
        return path
    try:
        return shell.opened(named).path
    except NoTablesError:
        return path


def _entry() -> Path:
    """The script that streamlit runs: in a checkout, or in the installed package."""
    package = Path(__file__).parents[1]
    for path in (package.parent / "app.py", package / "entry" / "app.py"):
        if path.is_file():
            return path
    raise BadRequestError(reason=f"This installation of Tracker in {package} has no app. Install it again.")


COMMANDS = (app,)
