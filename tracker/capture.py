"""What surrounds a run: the script, the packages, the machine, the command line. Nothing here raises.

No environment variable but the person's name is read into a record, and the command line is kept without its secrets.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

MAX_COMMAND = 4_000
MASK = "***"
USER_VARIABLE = "TRACKER_USER"
"""Names the person where the login does not, such as in a container or on a machine that several people use."""


def utc_now() -> datetime:
    """The time as cells hold it: UTC without a time zone, to the millisecond."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def owner() -> str:
    """Who runs this: what TRACKER_USER says, else the login name; ``unknown`` where the system has none."""
    import getpass

    named = os.environ.get(USER_VARIABLE, "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # by system and Python version
        return "unknown"


def host() -> str:
    """The machine's name, its processors and its system: ``gpu-3, 16 CPUs, Linux x86_64``."""
    import platform
    import socket

    return f"{socket.gethostname()}, {os.cpu_count() or '?'} CPUs, {platform.system()} {platform.machine()}".strip()


def python_version() -> str:
    """``3.11.7``; with the implementation's name where it is not CPython."""
    version = ".".join(map(str, sys.version_info[:3]))
    return version if sys.implementation.name == "cpython" else f"{version} ({sys.implementation.name})"


# -- the script -------------------------------------------------------------------------------------------------


def script() -> Path | None:
    """The file that Python runs; None in a notebook, an interactive session, or Tracker's own command line."""
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    if not name or "ipykernel" in sys.modules:
        return None
    path = Path(os.path.abspath(name))
    return None if path.parent == Path(__file__).parent or path.stem == "tracker" else path


def source(path: Path | None) -> str:
    """How the script is named in the workbook: relative to its git repository, else the name of the file."""
    if path is None:
        return "notebook" if "ipykernel" in sys.modules else "interactive"
    top = repository(path.parent)
    return path.relative_to(top).as_posix() if top else path.name


def working_folder(path: Path | None) -> str:
    """The folder that the command was started in, relative to the top of the script's repository.

    ``.`` is the top itself; empty where it is elsewhere, or there is no repository.
    """
    try:
        here = Path.cwd()
    except OSError:  # it was removed meanwhile
        return ""
    top = repository(path.parent if path else here)
    return here.relative_to(top).as_posix() if top and here.is_relative_to(top) else ""


def repository(folder: Path) -> Path | None:
    """The git working tree that a folder lies in."""
    try:
        return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    except OSError:
        return None


# -- the environment --------------------------------------------------------------------------------------------


def packages(path: Sequence[str] | None = None) -> str:
    """The Python version and every installed package, one ``name==version`` a line, as pip reads it.

    Taken from the names of the packages' own folders: reading their descriptions would take a hundred times longer.
    A comment follows where a package came from somewhere else than an index, since no index may have it.
    """
    found: dict[str, str] = {}
    for place in sys.path if path is None else path:
        try:
            names = os.listdir(place or ".")
        except OSError:
            continue
        for name in names:
            match = _DISTRIBUTION.fullmatch(name)
            if match:
                found.setdefault(match[1].replace("_", "-").lower(), match[2] + _origin(os.path.join(place, name)))
    lines = [f"{name}=={version}\n" for name, version in sorted(found.items())]
    return f"# Python {python_version()}\n" + "".join(lines)


def _origin(folder: str) -> str:
    """Where a package came from, as a comment: a folder or file of this machine, or an address; of an index nothing."""
    import json

    try:
        with open(os.path.join(folder, "direct_url.json"), encoding="utf-8") as file:
            record = json.load(file)
        url = str(record["url"])
        commit = record.get("vcs_info", {}).get("commit_id")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    if url.startswith("file:"):
        return "  # from a local folder" if "dir_info" in record else "  # from a local file"
    address = mask_secrets(f"{record['vcs_info'].get('vcs')}+{url}@{commit}" if commit else url)
    return f"  # from {address}" if address.isprintable() else "  # from elsewhere"


_DISTRIBUTION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*?)-([0-9][^-]*)(?:-py[\d.]+)?\.(?:dist-info|egg-info|egg)")


# -- the command line -------------------------------------------------------------------------------------------

_SECRET = (
    r"(?:passwo?r?d|passphrase|pwd|secret|credential|api[-_. ]?key|(?:access|private|auth)[-_. ]?key|token(?![a-z])"
    r"|(?<![a-z])(?:pass|auth|authorization)(?![a-z]))"
)
_SECRET_OPTION = re.compile(rf"-[^=]*{_SECRET}[^=]*", re.IGNORECASE)
_SECRET_VALUE = re.compile(rf"""({_SECRET}[\w.-]*["']?\s*[=:]\s*)\S.*""", re.IGNORECASE | re.DOTALL)
_USER_IN_ADDRESS = re.compile(r"(\w://)[^/\s]*@")
_KNOWN_TOKEN = re.compile(
    r"\b(?:gh[a-z]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_\w{16,}|sk-[\w-]{16,}|xox[a-z]-[\w-]{8,}|AKIA\w{16}"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*)"
)
_INLINE_CODE = re.compile(r"-[bBdEhiIOPqRsSuvx]*c")


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The command that started this process, with its secrets masked and without code that stands in it.

    A secret is the value of an option or assignment whose name sounds like one, a user and password in an address, or
    a text that has the form of a known kind of token.
    """
    import shlex

    words = list(sys.orig_argv if arguments is None else arguments)
    if not words:
        return ""
    shown = [os.path.basename(words[0])]
    code = _inline_code(words)
    for index in range(1, len(words)):
        word, before = words[index], words[index - 1]
        if index == code:
            shown.append("…")
        elif _SECRET_OPTION.fullmatch(before) and not word.startswith("--"):
            shown.append(MASK)
        else:
            shown.append(mask_secrets(word))
    command = shlex.join(shown)
    return command if len(command) <= MAX_COMMAND else command[: MAX_COMMAND - 1] + "…"


def mask_secrets(text: str) -> str:
    """The text without what looks like a secret; everything after a secret's name is taken for part of it."""
    text = _USER_IN_ADDRESS.sub(rf"\1{MASK}@", text)
    return _KNOWN_TOKEN.sub(MASK, _SECRET_VALUE.sub(rf"\1{MASK}", text))


def _inline_code(words: Sequence[str]) -> int | None:
    """Where the code of ``python -c CODE`` stands."""
    for index, word in enumerate(words[1:], 1):
        if _INLINE_CODE.fullmatch(word):
            return index + 1
        if not word.startswith("-") and words[index - 1] not in ("-X", "-W"):
            return None
    return None
