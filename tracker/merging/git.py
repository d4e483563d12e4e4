"""Registries in a git repository: diffs that show cells, and branches that merge cell by cell."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.history.compare import Differences, compare
from tracker.journal.incoming import Incoming
from tracker.journal.merge import plan
from tracker.merging.three_way import Clash, plan_three_way
from tracker.schema import TABLES
from tracker.settings import own_names
from tracker.syncing.apply import apply_plan
from tracker.syncing.replacing import put_in_place, written_beside
from tracker.terminal import one_line
from tracker.values import key_text
from tracker.workbook import open_workbook

ATTRIBUTES = ("*.xlsx diff=tracker merge=tracker", "*.xlsm diff=tracker merge=tracker")
IGNORED = ("*.tracker/cache/", "*.tracker/pending/", "*.tracker/deciding/", "*.tracker/sync.*", ".~lock.*#", "~$*")
"""What of a registry is of this machine and this moment only."""


@dataclass(frozen=True, slots=True)
class GitMerge:
    """What merging two branches' workbooks gave."""

    rows: int
    """Rows of the other branch that came in."""
    clashes: tuple[Clash, ...]
    """Cells that both branches changed differently; ours stays."""


def set_up(folder: Path) -> list[str]:
    """Let git show and merge registries of the repository that the folder is in; gives what was done, in sentences.

    Writes ``.gitattributes`` and ``.gitignore`` at the repository's top and two entries into its own configuration,
    which is not shared: everybody who clones the repository does it once.

    Raises:
        BadRequestError: the folder is in no git repository.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel"))
    python = shlex.quote(Path(sys.executable).as_posix())
    _git(folder, "config", "diff.tracker.textconv", f"{python} -m tracker git-text")
    _git(folder, "config", "merge.tracker.name", "cells of Tracker registries")
    _git(folder, "config", "merge.tracker.driver", f"{python} -m tracker git-merge %O %A %B %P")
    done = [f"git in {top} shows and merges workbooks cell by cell."]
    for name, lines in ((".gitattributes", ATTRIBUTES), (".gitignore", IGNORED)):
        if added := _add_lines(top / name, lines):
            done.append(f"{name} has {added} new lines: commit it, so that others have them too.")
    return done


def text_of(path: Path) -> Iterator[str]:
    """The tables of a workbook as lines, one for each cell, in the order of keys: what git compares.

    Raises:
        NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    with open_workbook(path) as workbook:
        settings = workbook.settings()
        for name in sorted(workbook.table_names):
            rows = workbook.read(name)
            if rows is None:
                continue
            names = own_names(name, rows.columns, settings)
            keys = TABLES[name].key if name in TABLES else names[:1]
            places = [names.index(key) for key in keys if key in names]
            yield f"[{name}]"
            for values in sorted(rows.rows, key=lambda row: [key_text(row[place]) for place in places]):
                key = " ".join(one_line(key_text(values[place])) for place in places)
                for column, value in zip(names, values, strict=True):
                    if value is not None and value != "" and column not in keys:
                        yield f"{key} | {one_line(column)} = {one_line(key_text(value))}"


def merge_files(base: Path, ours: Path, theirs: Path, name: str, who: str) -> GitMerge:
    """Bring into our workbook what the other branch's has beyond the common ancestor; everything else in it stays.

    Args:
        base: the ancestor; an empty file where there is none.
        name: what the workbook is called in the repository: git hands over copies under names of its own.

    Raises:
        NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError: ours is unchanged.
    """
    now = time.time()
    with open_workbook(ours) as mine:
        differences = _differences(base, theirs, ours)
        settings = mine.settings()
        rows, columns = {}, {}
        for table_name in dict.fromkeys(entry.table for entry in differences.entries):
            table = mine.read(table_name)
            if table is None or table_name not in TABLES:
                continue
            columns[table_name] = names = own_names(table_name, table.columns, settings)
            places = [names.index(key) for key in TABLES[table_name].key if key in names]
            found = table.find(places, [entry.key for entry in differences.entries if entry.table == table_name])
            rows[table_name] = {key: dict(zip(names, table.rows[index], strict=True)) for key, index in found.items()}
        decided = plan_three_way(differences, rows, columns, who, now)
        if decided.changes:
            views = {each: view for each in mine.table_names if (view := mine.table(each)) is not None}
            side = Folders(Path(name)).side.name
            apply_plan(mine, plan(views, Incoming(changes=decided.changes), settings, lambda *_: None), settings, side)
            with written_beside(mine, ours) as (target, _):
                put_in_place(target, ours)
    return GitMerge(len(decided.changes), decided.clashes)


def _differences(base: Path, theirs: Path, ours: Path) -> Differences:
    with open_workbook(theirs) as other:
        if base.stat().st_size:
            with open_workbook(base) as ancestor:
                return compare(ancestor, other)
        with open_workbook(ours) as mine:
            return compare(mine, other)


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise BadRequestError(reason="git is not installed.") from None
    except subprocess.CalledProcessError as error:
        raise BadRequestError(reason=f"git says of {folder}: {error.stderr.strip()}") from None
    return done.stdout.strip()


def _add_lines(path: Path, lines: tuple[str, ...]) -> int:
    """Add the lines that a file lacks; gives how many."""
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequestError(reason=f"{path} cannot be read: {error}") from None
    fresh = [line for line in lines if line not in text.splitlines()]
    if fresh:
        start = "" if not text or text.endswith("\n") else "\n"
        path.write_text(text + start + "\n".join(fresh) + "\n", "utf-8", newline="\n")
    return len(fresh)
