"""The code as git sees it: commit, branch, what is not committed, where the repository came from. Nothing here raises,
save :func:`ask_git`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from tracker.capture import mask_secrets, repository

MAX_DIFF = 1_000_000
"""Bytes of a diff that are kept."""
GIT_SECONDS = 10.0
MAX_UNTRACKED = 200
_SETTLED_NS = 2_000_000_000
"""A file that was written to less than so long ago may be written to again without its time telling it."""

_NO_ANSWER = (OSError, RuntimeError, LookupError, ValueError)
"""What asking git raises: it is not there, it failed, it took too long, or it said something else than git says."""


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
    remote: str = ""
    """Where the repository was cloned from; see :func:`public_address`."""


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
    inside = [path.relative_to(top).as_posix() for path in ignore if path.is_relative_to(top)]
    only = ("--", ".", *(f":(exclude,top){path}" for path in inside))
    try:
        status = _status(top, only)
    except _NO_ANSWER:  # no git, somebody else's repository, no answer in time
        return _without_status(top)
    if status is None:
        return None
    remote = remote_of(top)
    try:
        diff = _changes(top, status, only)
    except _NO_ANSWER:
        return GitState(status.commit, status.branch, None, "", remote)
    listing = _listing(status.untracked)
    if script is not None and _covers(status.untracked, script, top):
        return GitState(status.commit, status.branch, True, listing + diff + _as_new_file(script, top), remote)
    dirty = bool(status.changed)
    return GitState(status.commit, status.branch, dirty, listing + diff if dirty else "", remote)


def _without_status(top: Path) -> GitState | None:
    """What can be said of a repository that is too large to be looked through in time."""
    try:
        commit, branch = ask_git(top, "rev-parse", "HEAD", "--abbrev-ref", "HEAD").split()
    except _NO_ANSWER:
        return None
    return GitState(commit, "" if branch == "HEAD" else branch, None, "", remote_of(top))


# -- where it came from -----------------------------------------------------------------------------------------


def remote_of(top: Path) -> str:
    """Where a repository was cloned from, as :func:`public_address` has it; ``origin`` if there are several."""
    try:
        lines = ask_git(top, "config", "--get-regexp", r"^remote\..*\.url$").splitlines()
    except _NO_ANSWER:  # there is none
        return ""
    urls = dict(line.partition(" ")[::2] for line in lines)
    return public_address(urls.get("remote.origin.url") or next(iter(urls.values()), ""))


def public_address(address: str) -> str:
    """The address of a repository as everybody may see it: no password, no key, for the web no user either.

    Empty where a secret may be left in it, and for a folder that is named relative to another.
    """
    if address.startswith(".") or not address.isprintable():
        return ""
    hidden = address
    if "://" in address:
        try:
            parts = urlsplit(address)
        except ValueError:
            return ""
        user, _, host = parts.netloc.rpartition("@")
        login = user.partition(":")[0] if parts.scheme.lower().endswith("ssh") else ""
        address = parts._replace(netloc=f"{login}@{host}" if login else host, query="", fragment="").geturl()
        hidden = host + parts.path
    return address if mask_secrets(hidden) == hidden else ""


# -- what is not committed --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Status:
    """What ``git status`` says, with one line as git has it for every changed file that it knows."""

    commit: str
    branch: str
    changed: tuple[str, ...]
    untracked: tuple[str, ...]


_PLAIN_DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--submodule=short",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
"""Whatever a person's settings are, a diff that ``git apply`` takes."""


def _status(top: Path, only: Sequence[str]) -> _Status | None:
    """None where there is no commit yet."""
    options = ("status", "--porcelain=v2", "--branch", "--no-renames", "-z")
    entries = ask_git(top, *options, *only, settings=("status.aheadBehind=false",)).split("\0")
    head = dict(entry[2:].split(" ", 1) for entry in entries if entry.startswith("# "))
    commit, branch = head["branch.oid"], head["branch.head"]
    if commit == "(initial)":
        return None
    changed = tuple(entry for entry in entries if entry[:2] in ("1 ", "u "))
    untracked = tuple(entry[2:] for entry in entries if entry.startswith("? "))
    return _Status(commit, "" if branch == "(detached)" else branch, changed, untracked)


def _changes(top: Path, status: _Status, only: Sequence[str]) -> str:
    """The diff; in a loop of runs git is asked for it only where something was changed since the last one."""
    if not status.changed:
        return ""
    seen = _seen(top, status)
    return _diff(top, only) if seen is None else _diff_of(top, tuple(only), status.commit, seen)


def _seen(top: Path, status: _Status) -> tuple[object, ...] | None:
    """What is another when the diff is; None where that cannot be told from outside: files changed just now."""
    seen: list[object] = []
    for entry in status.changed:
        fields = entry.split(" ", 8 if entry.startswith("1") else 10)
        if fields[2] != "N...":  # a submodule has a state of its own
            return None
        seen.append(entry)
        try:
            file = os.lstat(top / fields[-1])
        except FileNotFoundError:
            continue
        if time.time_ns() - max(file.st_mtime_ns, file.st_ctime_ns) < _SETTLED_NS:
            return None
        seen.append((file.st_size, file.st_mtime_ns, file.st_ctime_ns, file.st_ino))
    return tuple(seen)


@lru_cache(maxsize=2)
def _diff_of(top: Path, only: tuple[str, ...], commit: str, seen: tuple[object, ...]) -> str:
    return _diff(top, only)


def _diff(top: Path, only: Sequence[str]) -> str:
    diff = ask_git(top, "diff", *_PLAIN_DIFF, "HEAD", *only)
    return diff if len(diff) <= MAX_DIFF else f"{diff[:MAX_DIFF]}\n# … cut off after {MAX_DIFF:,} characters\n"


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


def ask_git(top: Path, *arguments: str, settings: Sequence[str] = ()) -> str:
    """What git answers, or its beginning where that is long.

    Nothing that the repository's own configuration names is run, and other git commands are not kept waiting.

    Raises:
        OSError, RuntimeError: there is no git, it failed, or it took too long.
    """
    import subprocess
    from threading import Timer

    settings = ("core.fsmonitor=false", "core.quotepath=off", *settings)
    options = [word for setting in settings for word in ("-c", setting)]
    command = ["git", *options, "-C", str(top), *arguments]
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
