"""A fresh Python environment with the packages that a run had."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import NotReproducibleError

Say = Callable[[bytes], object]
"""Takes the output of a program as it comes."""

FOLDER = "environment"
_UNWANTED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_NOT_FOUND = re.compile(rb"No matching distribution found for ([^\s;]+)==([^\s;]+)")
_NAME_AND_VERSION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_SHOW_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"


@dataclass(frozen=True, slots=True)
class Python:
    """An environment to run in."""

    path: Path
    programs: Path
    """The folder of the programs that packages install."""
    notes: tuple[str, ...] = ()
    """What is not as it was recorded."""


def current() -> Python:
    """The environment that this process runs in."""
    return Python(Path(sys.executable), Path(sys.executable).parent)


def make_environment(folder: Path, version: str, log: Path, say: Say) -> Python:
    """Make the environment of a reproduction's folder, from its requirements.txt; one that is there is replaced.

    Where pip looks for packages is up to its own settings and variables. Exact versions are installed without asking
    what they depend on, since the list is complete. What no index has is left out, and noted.

    Args:
        folder: What :func:`tracker.reproducing.folder.write_reproduction` wrote.
        version: The Python version that was recorded, ``3.11.7``.
        log: A file for the output.
        say: Gets the output too.

    Raises:
        NotReproducibleError: the environment cannot be made.
    """
    place = folder / FOLDER
    base, notes = _base(version)
    if run_logged([base, "-m", "venv", "--clear", str(place)], folder, clean_variables(), log, say):
        raise NotReproducibleError(run="The run", reason="no environment could be made", hint=f"See {log}.")
    programs = place / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    notes += _install(python, folder, log, say)
    return Python(python, programs, tuple(notes))


def clean_variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of this process without those that lead Python to other packages, and with some more."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return kept | dict(more or {})


def run_logged(words: Sequence[str], folder: Path, variables: Mapping[str, str], log: Path, say: Say) -> int:
    """Run a program in a folder; its output goes to the end of a log and is said. Returns its exit code.

    Raises:
        NotReproducibleError: it could not be started.
    """
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
    except OSError as error:
        reason = f"{words[0]} could not be started ({error})"
        raise NotReproducibleError(run="The run", reason=reason, hint="") from error
    assert process.stdout is not None
    with process, open(log, "ab") as file:
        try:
            while chunk := process.stdout.read(65536):
                file.write(chunk)
                say(chunk)
        except BaseException:
            process.kill()
            raise
    return process.returncode


def _base(version: str) -> tuple[str, list[str]]:
    """A Python of the recorded version, as near as there is one, and how it differs."""
    wanted = version.split(".")[:2]
    found = sys.executable
    if len(wanted) == 2 and wanted != [str(part) for part in sys.version_info[:2]]:
        found = shutil.which(f"python{'.'.join(wanted)}") or found
    try:
        words = [found, "-c", _SHOW_VERSION]
        answer = subprocess.run(words, capture_output=True, text=True, env=clean_variables(), timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotReproducibleError(run="The run", reason=f"{found} does not start ({error})", hint="") from error
    is_now = answer.stdout.strip()
    return found, [f"Python {is_now} in place of {version}"] if version and is_now != version else []


def _install(python: Path, folder: Path, log: Path, say: Say) -> list[str]:
    """Install the packages; what was left out or replaced."""
    notes: list[str] = []
    lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
    listed = folder / FOLDER / "requirements.txt"
    words = [str(python), "-m", "pip", "install", "--no-input", "--no-deps", "-r", str(listed)]
    while True:
        listed.write_text("\n".join(lines) + "\n", "utf-8")
        begin = log.stat().st_size
        if not run_logged(words, folder, clean_variables(), log, say):
            return notes
        with open(log, "rb") as file:
            file.seek(begin)
            missing = _NOT_FOUND.search(file.read())
        number = _line_of(lines, missing[1].decode(), missing[2].decode()) if missing else None
        if missing is None or number is None:
            raise NotReproducibleError(run="The run", reason="pip could not install its packages", hint=f"See {log}.")
        lines[number : number + 1] = _instead(lines[number], notes)


def _line_of(lines: Sequence[str], name: str, version: str) -> int | None:
    for number, line in enumerate(lines):
        match = _NAME_AND_VERSION.fullmatch(line)
        if match and (_normal(match[1]), match[2]) == (_normal(name), version):
            return number
    return None


def _instead(requirement: str, notes: list[str]) -> list[str]:
    """What to install for a version that no index has: the public version of a build such as ``2.3.0+cu121``."""
    public, plus, _ = requirement.partition("+")
    notes.append(f"{public} in place of {requirement}" if plus else f"{requirement} is in no index, and not installed")
    return [public] if plus else []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
