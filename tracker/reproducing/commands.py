"""What a recorded command line means for whoever wants to run it again: which script, from which folder, with what."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from tracker.capture import MASK

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*w?(?:\.exe)?", re.IGNORECASE)
_TAKES_A_WORD = re.compile(r"-[bBdEhiIOPqRsSuvx]*[XW]")
_MODULE = re.compile(r"-[bBdEhiIOPqRsSuvx]*m")
_CODE = re.compile(r"-[bBdEhiIOPqRsSuvx]*c")
_MODULE_NAME = re.compile(r"\w+(?:\.\w+)*")
_CUT = "…"
_MAIN = "__main__.py"


@dataclass(frozen=True, slots=True)
class Command:
    """A recorded command, understood. Nothing in it leads out of the code's folder, save what its arguments name."""

    kind: Literal["script", "module", "entry point", "none"] = "none"
    """A file of the code, a module (``python -m``), or a program that a package installed."""
    target: str = ""
    """The script relative to ``folder``, the module's name, or the program's."""
    options: tuple[str, ...] = ()
    """Python's own options, such as ``-X dev``."""
    arguments: tuple[str, ...] = ()
    folder: str = ""
    """The working folder, relative to the top of the code; empty for the top itself."""
    problem: str = ""
    """Why it cannot be run as it stands; empty where it can."""
    assumed: str = ""
    """What had to be assumed about the working folder; empty where that follows from what was recorded."""

    def words(self, python: str | Path, programs: Path) -> list[str]:
        """The words to start: with this Python, and the programs of its environment in this folder."""
        if self.kind == "module":
            target = ["-m", self.target]
        elif self.kind == "script":
            target = [self.target]
        else:
            target = [str(programs / self.target)]
        return [str(python), *self.options, *target, *self.arguments]


def understand(recorded: str, source: str, folder: str = "") -> Command:
    """What a command line means, as :func:`tracker.capture.command_line` and :func:`tracker.capture.source` wrote it.

    ``folder`` is what :func:`tracker.capture.working_folder` wrote. It counts where it does not follow from the other
    two, for a script may have gone elsewhere before its run began. All three come from cells that anybody may have
    edited: what is no Python program of the code's own is none at all.
    """
    try:
        words = shlex.split(recorded)
    except ValueError:
        return Command(problem="The recorded command has quotation marks that do not close")
    if not words:
        return Command(problem="No command was recorded")
    if not _PYTHON.fullmatch(words[0]):
        return Command(problem=f"The recorded command does not start Python but '{words[0]}'")
    start = _first_that_is_no_option(words)
    options, rest = words[1:start], words[start:]
    problem = _incomplete(words)
    if not rest or rest == ["-"]:
        return Command(problem="It was typed into Python; no script was recorded")
    if _CODE.fullmatch(rest[0]):
        return Command(problem="The code stood in the command itself (python -c), which is not recorded")
    if source in ("notebook", "interactive"):
        return Command(problem="It was logged from a notebook, a shell, or Python into which code was typed")
    if _MODULE.fullmatch(rest[0]):
        command = _module([*options, *_flags(rest[0])], rest[1:], source, problem)
    else:
        command = _script(options, rest, source, problem)
    return _started_in(command, folder) if command.assumed and _is_inside(folder) else command


def _started_in(command: Command, folder: str) -> Command:
    """The command from another folder than the top."""
    target = posixpath.relpath(command.target, folder) if command.kind == "script" else command.target
    place = posixpath.normpath(folder)
    return replace(command, target=target, folder="" if place == "." else place, assumed="")


def _first_that_is_no_option(words: Sequence[str]) -> int:
    """Where the script stands, or the option that says what is in its place."""
    index = 1
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        if _CODE.fullmatch(words[index]) or _MODULE.fullmatch(words[index]):
            break
        index += 2 if _TAKES_A_WORD.fullmatch(words[index]) else 1
    return min(index, len(words))


def _flags(option: str) -> list[str]:
    """The other options that stand with ``m`` in one word: of ``-um`` it is ``-u``."""
    return [option[:-1]] if len(option) > 2 else []


def _incomplete(words: Sequence[str]) -> str:
    if any(MASK in word for word in words):
        return f"A secret in the command was not recorded and stands there as {MASK}"
    if words[-1].endswith(_CUT):
        return "The command was too long to be recorded whole"
    return ""


def _module(options: Sequence[str], rest: Sequence[str], source: str, problem: str) -> Command:
    if not rest or not _MODULE_NAME.fullmatch(rest[0]):
        return Command(problem="The recorded command names no module")
    path = rest[0].replace(".", "/")
    found = (_before(source, f"{path}.py"), _before(source, f"{path}/{_MAIN}"))
    folder = next((folder for folder in found if folder is not None), None)
    assumed = "the top of the code, since the module is none of its own" if folder is None else ""
    return Command("module", rest[0], tuple(options), tuple(rest[1:]), folder or "", problem, assumed)


def _script(options: Sequence[str], rest: Sequence[str], source: str, problem: str) -> Command:
    word, arguments = rest[0], tuple(rest[1:])
    path = PureWindowsPath(word) if re.match(r"[A-Za-z]:|.*\\", word) else PurePosixPath(word)
    rooted = bool(path.root or path.drive)
    if rooted and path.parent.name.lower() in ("bin", "scripts") and re.search(r"\w", path.name):
        assumed = "the top of the code, since the program may be started anywhere"
        return Command("entry point", path.name, tuple(options), arguments, "", problem, assumed)
    if not _is_inside(source):
        return Command(problem=f"The recorded script '{source}' is no file of the code")
    files = [source, source.removesuffix(_MAIN).rstrip("/") or "."] if _ends_with(source, _MAIN) else [source]
    if not rooted and ".." not in path.parts:
        for file in files:
            folder = _before(file, path.as_posix())
            if folder is not None:
                return Command("script", path.as_posix(), tuple(options), arguments, folder, problem)
    if path.name not in [PurePosixPath(file).name for file in files]:
        return Command(problem=f"The recorded command runs '{word}', but the recorded script is '{source}'")
    assumed = "the top of the code; the script was started from a folder that was not recorded"
    return Command("script", source, tuple(options), arguments, "", problem, assumed)


def _is_inside(path: str) -> bool:
    """Whether a path from a cell is relative and stays in the folder that it is relative to."""
    windows = PureWindowsPath(path)
    return bool(path) and not windows.drive and not windows.root and ".." not in windows.parts and path.isprintable()


def _ends_with(path: str, ending: str) -> bool:
    return path == ending or path.endswith(f"/{ending}")


def _before(path: str, ending: str) -> str | None:
    """The folder in front of the path's ending; None where it ends otherwise, or leads out of the code."""
    if not _is_inside(path) or not _ends_with(path, ending):
        return "" if path == ending == "." else None
    return path[: -len(ending)].rstrip("/")
