"""What surrounds a run: the code's state in git, the packages, the machine, the command line. Nothing here raises.

No environment variable but the person's name is read into a record, and the command line is kept without its secrets.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MAX_DIFF = 1_000_000
"""Bytes of a diff that are kept."""
GIT_SECONDS = 10.0
MAX_UNTRACKED = 200
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
    except Exception:  # ImportError, KeyError or OSError, by system and Python version
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


# -- the code ---------------------------------------------------------------------------------------------------


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


def repository(folder: Path) -> Path | None:
    """The git working tree that a folder lies in."""
    try:
        return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class GitState:
    """The code as git sees it."""

    commit: str
    branch: str
    """Empty where the head is detached."""
    dirty: bool | None
    """Tracked files were changed, or the script itself is not in git; None where git did not answer in time."""
    diff: str
    """What is not committed: the untracked files by name, then the changes, with the whole script where git does not
    have it; ``git apply`` takes it as it stands. Empty where nothing is."""


def git_state(folder: Path, *, script: Path | None = None, ignore: Iterable[Path] = ()) -> GitState | None:
    """The state of the repository around a folder; None where there is none, or no git.

    Args:
        folder: Where to look from.
        script: The running script: while git does not have it, the code counts as changed.
        ignore: Files and folders whose changes do not count, such as the registry itself.
    """
    top = repository(folder)
    if top is None:
        return None
    try:
        commit, branch = _git(top, "rev-parse", "HEAD", "--abbrev-ref", "HEAD").split()
    except Exception:  # no git, no commit yet, somebody else's repository, no answer in time
        return None
    branch = "" if branch == "HEAD" else branch
    try:
        changed, untracked, diff = _uncommitted(top, ignore)
    except Exception:
        return GitState(commit, branch, None, "")
    if script is not None and _covers(untracked, script, top):
        return GitState(commit, branch, True, _listing(untracked) + diff + _as_new_file(script, top))
    return GitState(commit, branch, changed, _listing(untracked) + diff if changed else "")


_PLAIN_DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
"""Whatever a person's settings are, a diff that ``git apply`` takes."""


def _uncommitted(top: Path, ignore: Iterable[Path]) -> tuple[bool, list[str], str]:
    """Whether tracked files were changed, the untracked files and folders, and the changes."""
    inside = [path.relative_to(top).as_posix() for path in ignore if path.is_relative_to(top)]
    only = ["--", ".", *(f":(exclude,top){path}" for path in inside)]
    entries = _git(top, "status", "--porcelain", "--no-renames", "-z", *only).split("\0")
    untracked = [entry[3:] for entry in entries if entry.startswith("??")]
    changed = any(entry and not entry.startswith("??") for entry in entries)
    diff = _git(top, "diff", *_PLAIN_DIFF, "HEAD", *only) if changed else ""
    if len(diff) > MAX_DIFF:
        diff = f"{diff[:MAX_DIFF]}\n# … cut off after {MAX_DIFF:,} characters\n"
    return changed, untracked, diff


def _listing(untracked: Sequence[str]) -> str:
    lines = [f"# untracked: {name}\n" for name in untracked[:MAX_UNTRACKED]]
    if len(untracked) > MAX_UNTRACKED:
        lines.append(f"# … and {len(untracked) - MAX_UNTRACKED} more\n")
    return "".join(lines)


def _covers(untracked: Sequence[str], script: Path, top: Path) -> bool:
    if not script.is_relative_to(top):
        return False
    name = script.relative_to(top).as_posix()
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in untracked)


def _as_new_file(script: Path, top: Path) -> str:
    """The script as a diff that adds it; empty where it is empty, too long, or no text that a diff could hold."""
    name = script.relative_to(top).as_posix()
    try:
        text = script.read_bytes()[: MAX_DIFF + 1].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    plain = name.isprintable() and not set('"\\') & set(name)
    if not text or len(text) > MAX_DIFF or "\0" in text or not plain:
        return ""
    *lines, rest = text.split("\n")
    added = [f"+{line}\n" for line in lines]
    if rest:
        added.append(f"+{rest}\n\\ No newline at end of file\n")
    header = f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n"
    return f"{header}@@ -0,0 +1,{len(added)} @@\n{''.join(added)}"


def _git(top: Path, *arguments: str) -> str:
    """What git answers, or its beginning where that is long.

    Nothing that the repository's own configuration names is run, and other git commands are not kept waiting.

    Raises:
        OSError, RuntimeError: there is no git, it failed, or it took too long.
    """
    import subprocess
    from threading import Timer

    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", "-C", str(top), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as git:
        assert git.stdout is not None
        limit = Timer(GIT_SECONDS, git.kill)
        limit.start()
        answer = git.stdout.read(2 * MAX_DIFF)
        whole = not git.stdout.read(1)
        git.stdout.close()
        failed = git.wait() != 0
        limit.cancel()
    if whole and failed:
        raise RuntimeError(f"git {arguments[0]} failed")
    return answer.decode("utf-8", "replace")


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
