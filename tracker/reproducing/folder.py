"""Writes the folder in which a run can be run again, as far as everything for it is at hand.

```
README.md           what this is, what is missing, what the metrics were
run.sh, run.ps1     the command, with Python from the folder environment if that is there
code/               the repository at the run's commit, with what was not committed; or the script alone
uncommitted.diff    what was not committed, as it was recorded
requirements.txt    the packages with their exact versions
inputs/             the artifact versions that it read, every byte checked
library/            Tracker, so that the environment need not have it
```
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tracker import store
from tracker.disk import writing
from tracker.errors import ArtifactAlteredError, BadRequestError
from tracker.folders import Folders
from tracker.reproducing import code as reproduce_code
from tracker.reproducing import text as reproduce_text
from tracker.reproducing.reproduce import Gap, Input, Plan, text_of


def write_reproduction(plan: Plan, folder: Path) -> Plan:
    """Write everything that is at hand into a new folder, or nothing; nothing of it is run.

    Returns:
        The plan with what turned out to be missing on the way.

    Raises:
        BadRequestError: there is something in the folder already.
        ArtifactAlteredError: an input is not what it was when the run read it.
        RegistryNotWritableError: the folder cannot be written.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadRequestError(reason=f"{folder} exists already; nothing was overwritten. Name another folder.")
    partial = folder.with_name(f".{folder.name}.partial-{os.urandom(4).hex()}")
    try:
        with writing(folder):
            partial.mkdir(parents=True)
            plan = _fill(plan, partial)
            if folder.exists():
                folder.rmdir()
            os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return plan


def _fill(plan: Plan, folder: Path) -> Plan:
    folders = Folders(plan.workbook)
    for each in plan.inputs:
        _fetch(folders, each, folder)
    plan = replace(plan, gaps=(*plan.gaps, *_write_code(plan, folders, folder)))
    shutil.copytree(
        Path(__file__).parents[1], folder / "library" / "tracker", ignore=shutil.ignore_patterns("__pycache__")
    )
    _write(folder / "requirements.txt", reproduce_text.requirements(plan))
    if plan.command.kind != "none":
        _write(folder / "run.sh", reproduce_text.shell_script(plan))
        (folder / "run.sh").chmod(0o755)
        # Windows PowerShell takes a file without this mark for one in the system's old code page.
        _write(folder / "run.ps1", "\ufeff" + reproduce_text.power_shell_script(plan))
    _write(folder / "README.md", reproduce_text.readme(plan))
    return plan


def _fetch(folders: Folders, each: Input, folder: Path) -> None:
    stored = store.find(folders, each.artifact)
    if each.sha256 and stored.sha256 != each.sha256:
        reason = "is not the content that the run read, by the hash in the workbook"
        raise ArtifactAlteredError(artifact=each.artifact, path=stored.path, reason=reason)
    target = folder / each.place
    target.mkdir(parents=True)
    store.fetch(folders, each.artifact, target)


def _write_code(plan: Plan, folders: Folders, folder: Path) -> Sequence[Gap]:
    """Write the code; what goes wrong with it is a gap, for the rest of the folder is of use all the same."""
    target = folder / "code"
    if plan.code.script:
        target.mkdir()
        store.fetch(folders, plan.code.script, target)
        return ()
    diff = text_of(folders, plan.code.diff) if plan.code.diff else ""
    if diff:
        _write(folder / "uncommitted.diff", diff)
    try:
        if plan.code.repository is not None:
            reproduce_code.check_out(plan.code.repository, plan.code.commit, target)
        elif plan.code.remote:
            reproduce_code.clone(plan.code.remote, plan.code.commit, target)
        else:
            return ()
        if diff:
            reproduce_code.apply_patch(reproduce_code.read_diff(diff).patch, target)
    except RuntimeError as error:
        return (Gap("code", str(error), stops=True),)
    place = target / plan.command.folder
    if place.resolve().is_relative_to(target.resolve()):
        place.mkdir(parents=True, exist_ok=True)  # git keeps no folder that had only files that it ignores
    if (target / ".gitmodules").is_file():
        return (Gap("code", "The code has submodules, which are not fetched; do: git submodule update --init"),)
    return ()


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "replace"))
