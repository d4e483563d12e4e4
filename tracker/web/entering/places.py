"""Which registry the app shows: a named one, one opened before, or a copy of the sample. No streamlit in here."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.disk import write_durably
from tracker.errors import BadRequestError, RegistryNotWritableError
from tracker.folders import Folders

REGISTRY_VARIABLE = "TRACKER_REGISTRY"
HOME_VARIABLES = ("LOCALAPPDATA", "XDG_CACHE_HOME")
RECENT = 8


@dataclass(frozen=True, slots=True)
class Place:
    """A registry to show."""

    path: Path
    sample: bool = False
    """It is a copy of the sample registry, in which nothing can go wrong."""

    @property
    def folders(self) -> Folders:
        return Folders(self.path)


def named_registry(arguments: Sequence[str], environment: Mapping[str, str]) -> Path | None:
    """The registry that the command line or TRACKER_REGISTRY names; the command line wins."""
    named = next((argument for argument in arguments if not argument.startswith("-")), "")
    named = named or environment.get(REGISTRY_VARIABLE, "")
    return absolute(named) if named else None


def absolute(path: str) -> Path:
    """The path as a person gave it, without quotation marks and ``~``, from the folder the app was started in."""
    return Path(os.path.abspath(os.path.expanduser(path.strip().strip("\"'"))))


def new_path(folder: str, name: str) -> Path:
    """Where a new registry of that name goes.

    Raises:
        BadRequestError: it is no file name, there is no such folder, or something is there already.
    """
    place, file = absolute(folder or "."), plain_file_name(name)
    if not file.lower().endswith((".xlsx", ".xlsm")):
        file += ".xlsx"
    if not place.is_dir():
        raise BadRequestError(reason=f"There is no folder {place}. Make it first, or name another")
    if (place / file).exists():
        raise BadRequestError(
            reason=f"{place / file} exists already; nothing was overwritten. Open it, or choose another name"
        )
    return place / file


def plain_file_name(name: str) -> str:
    """The name of a file in one folder and no other. BadRequestError where it is none."""
    file = name.strip()
    if not file or file in (".", "..") or any(sign in file for sign in '/\\:*?"<>|'):
        raise BadRequestError(reason="Give the registry a file name, such as experiments.xlsx")
    return file


# -- the sample ---------------------------------------------------------------------------------------------------


def sample_workbook(folder: Path | None) -> Path | None:
    """The first workbook in the folder of samples."""
    if folder is None or not folder.is_dir():
        return None
    return next((path for path in sorted(folder.glob("*.xlsx")) if not path.name.startswith(("~", "."))), None)


def sample_copy(sample: Path, home: Path) -> Path:
    """A person's own copy of a sample registry, under ``home``; the one made before, while the sample is the same.

    Raises:
        RegistryNotWritableError: it cannot be copied.
    """
    facts = sample.stat()
    mark = hashlib.sha256(f"{sample.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:10]
    target = home / f"sample-{mark}" / sample.name
    if target.exists():
        return target
    partial = target.parent.with_name(f".{target.parent.name}-{os.getpid()}-{os.urandom(3).hex()}")
    try:
        partial.mkdir(parents=True)
        side = Folders(sample).side
        if side.is_dir():
            shutil.copytree(side, partial / side.name)
        shutil.copyfile(sample, partial / sample.name)
        with contextlib.suppress(OSError):  # another window has just made it
            os.rename(partial, target.parent)
    except OSError as error:
        hint = "Free some space, or name a registry: streamlit run app.py -- registry.xlsx"
        raise RegistryNotWritableError(path=target, reason=error.strerror or str(error), hint=hint) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def discard_copy(copy: Path) -> None:
    """Delete a copy that :func:`sample_copy` made, so that the next one is fresh."""
    if copy.parent.name.startswith("sample-"):
        shutil.rmtree(copy.parent, ignore_errors=True)


def home(environment: Mapping[str, str]) -> Path:
    """A folder of this person's own for what may be deleted at any time."""
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "tracker-workbook"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="tracker-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="tracker-"))


def aside(home: Path, registry: Path) -> Path:
    """Where what was found in a registry's files is kept for those who change nothing in it."""
    return home / "found" / hashlib.sha256(str(registry).encode()).hexdigest()[:20]


# -- what was opened before ---------------------------------------------------------------------------------------


def recent(home: Path) -> list[Path]:
    """The registries that a person opened or made here, the latest first."""
    try:
        paths = json.loads((home / "recent.json").read_text("utf-8"))
        return [Path(path) for path in paths if isinstance(path, str)]
    except (OSError, ValueError, TypeError):
        return []


def remember(home: Path, path: Path) -> None:
    """Put a registry at the top of the recent ones; that it cannot be noted is no reason to stop."""
    paths = [path, *(other for other in recent(home) if other != path)][:RECENT]
    with contextlib.suppress(OSError):
        write_durably(home / "recent.json", json.dumps([str(other) for other in paths]).encode())
