"""The code of a run out of git: which repository has its commit, a copy of that, and the recorded diff."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tracker.capture import repository

_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SECTION = re.compile(r"^diff --git ", re.MULTILINE)
_BINARY = re.compile(r"^Binary files (?:a/(.+)|/dev/null) and (?:b/(.+)|/dev/null) differ$", re.MULTILINE)
_ADDED = re.compile(r"^new file mode \d+\n(?:index .+\n)?--- /dev/null\n\+\+\+ b/([^\t\n]+)\t?$", re.MULTILINE)
_UNTRACKED = "# untracked: "
_ADDRESS = re.compile(
    r"(?:https?|ssh|git|file)://[^-\s]\S*|(?:\w[\w.-]*@)?\w[\w.-]+:(?!:)[^-\s]\S*|/.+|[A-Za-z]:[\\/].+"
)
_PROTOCOLS = "http:https:ssh:git:file"
_SECONDS = 600.0
_OF_THE_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
"""What a git hook or alias sets for the repository that it belongs to."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What a recorded diff says."""

    untracked: tuple[str, ...]
    """Files that were not in git, by name; a name that ends with ``/`` is a whole folder."""
    binary: tuple[str, ...]
    """Changed files that are no text, of which the diff says no more."""
    added: tuple[str, ...]
    cut: bool
    """It was too long and only its beginning was kept."""
    patch: str
    """What can be applied; empty where there is nothing."""

    def covers(self, name: str) -> bool:
        """Whether a file was not in git."""
        return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in self.untracked)


def read_diff(text: str) -> Diff:
    """What a diff says that :func:`tracker.git.git_state` recorded."""
    starts = [match.start() for match in _SECTION.finditer(text)]
    head = text[: starts[0]] if starts else text
    lines = head.splitlines()
    sections = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    binary = [match for section in sections if (match := _BINARY.search(section))]
    return Diff(
        untracked=tuple(line.removeprefix(_UNTRACKED) for line in lines if line.startswith(_UNTRACKED)),
        binary=tuple(match[2] or match[1] for match in binary),
        added=tuple(match[1] for section in sections if (match := _ADDED.search(section))),
        cut=re.search(r"^# … cut off after ", text, re.MULTILINE) is not None,
        patch="".join(section for section in sections if not _BINARY.search(section)),
    )


def is_commit(text: str) -> bool:
    """Whether a cell holds a commit; nothing else is handed to git."""
    return _COMMIT.fullmatch(text) is not None


def find_repository(places: Iterable[Path], commit: str) -> Path | None:
    """The first repository in or around one of the places that has the commit."""
    for top in dict.fromkeys(top for place in places if (top := repository(place.absolute())) is not None):
        try:
            git(top, "cat-file", "-e", f"{commit}^{{commit}}")
        except RuntimeError:
            continue
        return top
    return None


def check_out(top: Path, commit: str, target: Path) -> None:
    """Make a copy of a repository that is its own, with the files of a commit.

    Raises:
        RuntimeError: git says why not.
    """
    git(top, "clone", "--quiet", "--no-checkout", "--local", "--template=", "--", str(top), str(target))
    git(target, "checkout", "--quiet", "--detach", commit)


def clone_address(text: str) -> str:
    """The address of a repository in a cell, if it is one to clone from; else nothing.

    Some of git's addresses name a program to run, so only those are taken that name a server or a folder.
    """
    return text if len(text) < 2000 and text.isprintable() and _ADDRESS.fullmatch(text) else ""


def clone(address: str, commit: str, target: Path) -> None:
    """Make a copy of a repository that is elsewhere, with the files of a commit; or leave nothing there.

    Raises:
        RuntimeError: git says why not.
    """
    try:
        git(target.parent, "clone", "--quiet", "--no-checkout", "--template=", "--", address, str(target))
        try:
            git(target, "checkout", "--quiet", "--detach", commit)
        except RuntimeError:  # no branch or tag has it any more; many servers give it out all the same
            git(target, "fetch", "--quiet", "origin", commit)
            git(target, "checkout", "--quiet", "--detach", commit)
    except RuntimeError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def apply_patch(patch: str, target: Path) -> None:
    """Make the recorded changes; git refuses those that would leave the folder.

    Raises:
        RuntimeError: they do not fit; then none is made.
    """
    git(target, "apply", "--whitespace=nowarn", "-", given=patch)


def git(folder: Path, *arguments: str, given: str = "") -> str:
    """What git answers. No hook and nothing that the repository's own settings name is run.

    Raises:
        RuntimeError: there is no git, it failed, or it took too long.
    """
    settings = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotepath=off")
    environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_CALLER}
    try:
        done = subprocess.run(
            ["git", *settings, "-C", str(folder), *arguments],
            input=given.encode("utf-8", "replace"),
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": _PROTOCOLS},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"git did not answer: {error}") from error
    if done.returncode:
        reason = " ".join(done.stderr.decode("utf-8", "replace").split()) or f"it ended with {done.returncode}"
        raise RuntimeError(f"git {arguments[0]} says: {reason}")
    return done.stdout.decode("utf-8", "replace")
