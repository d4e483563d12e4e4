"""What is needed to run a run again, and what of it is missing: :func:`plan_reproduction` looks and changes nothing.

:mod:`tracker.reproducing.folder` then writes it all into a folder, and :mod:`tracker.reproducing.run` runs it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import Any, Literal

from tracker import store
from tracker.deciding.rows import values_of
from tracker.errors import ArtifactAlteredError, ArtifactNotFoundError, TrackerError
from tracker.folders import Folders
from tracker.reading.registry import Registry
from tracker.reproducing import code as reproduce_code
from tracker.reproducing.agreement import Expected, metric_values, tolerance_of
from tracker.reproducing.commands import Command, understand

ENVIRONMENT, GIT_DIFF, SCRIPT = "environment", "git-diff", "script"
"""The artifacts in which every run keeps its packages, what was not committed, and its script if git has it not."""
MOST_TEXT = 8_000_000
"""Bytes of a recorded text that are read."""
OUR_PACKAGE = "tracker-workbook"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing or that nobody knows."""

    part: Literal["code", "environment", "inputs", "command", "metrics"]
    text: str
    stops: bool = False
    """Without it the run cannot be run again; otherwise it can, and its metrics may differ for this reason."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code as git had it, or the script alone where there was no git."""

    commit: str = ""
    branch: str = ""
    source: str = ""
    """The script, relative to the top of the repository."""
    repository: Path | None = None
    """A repository at hand that has the commit."""
    remote: str = ""
    """Where to clone it from, if none is at hand; empty where that is not known."""
    diff: str = ""
    """The artifact that holds what was not committed: ``git-diff:v3``; empty where there is none to apply."""
    script: str = ""
    """The artifact that holds the script; empty where git has it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The packages as they were recorded."""

    artifact: str = ""
    python: str = ""
    """``3.11.7``; empty where it was not recorded."""
    requirements: tuple[str, ...] = ()
    """``name==version``, for pip."""
    left_out: tuple[tuple[str, str], ...] = ()
    """What an index does not have or must not be asked for, each with the reason."""


@dataclass(frozen=True, slots=True)
class Input:
    """An artifact version that the run read."""

    artifact: str
    sha256: str
    """As the workbook has it; empty where the cell is blank."""
    size: int
    place: str
    """The folder for its files, relative to that of the reproduction."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known about how to run a run again."""

    workbook: Path
    run_id: str
    name: str
    recorded: str
    """The command line as it was recorded."""
    command: Command
    code: Code
    environment: Environment
    inputs: tuple[Input, ...]
    metrics: tuple[Expected, ...]
    gaps: tuple[Gap, ...]

    @property
    def stopping(self) -> tuple[Gap, ...]:
        """Why the run cannot be run again; empty where it can."""
        return tuple(gap for gap in self.gaps if gap.stops)


def plan_reproduction(
    registry: Registry, run: str, places: Iterable[Path] = (), tolerances: Mapping[str, float] | None = None
) -> Plan:
    """Find out what is needed to run a run again. Nothing is written or run; git is asked whether it has the commit.

    Args:
        registry: Where the run is recorded.
        run: Its id, the unique beginning of the id, or its name.
        places: Folders in or around which a repository may have the commit; the first that has it counts.
        tolerances: How far a metric may be off, relative to its value, by name or with ``*``; 1e-9 where none fits.

    Raises:
        RunNotFoundError, BadRequestError: there is no such run, or several.
        ArtifactAlteredError: the recorded diff or environment is not what it was when it was stored.
    """
    folders = registry.folders
    row = registry.run(run)
    run_id = str(row["run_id"])
    family = family_of(values_of(folders, "runs"), run_id)
    links = [link for link in values_of(folders, "lineage") if link["run_id"] in family]
    outputs = _own_outputs(links, run_id)
    gaps: list[Gap] = []
    command = _command(row, gaps)
    return Plan(
        workbook=folders.workbook,
        run_id=run_id,
        name=str(row.get("name") or run_id),
        recorded=str(row.get("command") or ""),
        code=_code(folders, row, outputs, places, gaps),
        environment=_environment(folders, row, outputs, gaps),
        inputs=_inputs(folders, links, values_of(folders, "artifacts"), gaps),
        command=command,
        metrics=_metrics(folders, row, tolerances or {}, gaps),
        gaps=tuple(gaps),
    )


def text_of(folders: Folders, artifact: str) -> str:
    """The text of an artifact of one file, every byte checked.

    Raises:
        ArtifactNotFoundError: it is not there.
        ArtifactAlteredError: it is not what it was when it was stored, or no text of a likely size.
        StoreError: the artifact store cannot be reached.
    """
    stored = store.find(folders, artifact)
    if stored.folder or stored.size > MOST_TEXT:
        raise ArtifactAlteredError(artifact=artifact, path=stored.path, reason="is no text that Tracker records")
    with TemporaryDirectory(prefix="tracker-") as place:
        return store.fetch(folders, artifact, Path(place)).read_bytes().decode("utf-8", "replace")


# -- which runs one command made ----------------------------------------------------------------------------------


def family_of(runs: Sequence[Row], run_id: str) -> frozenset[str]:
    """The runs that the same process made: those around a nested run, and all within.

    A run that began after its parent had ended, such as one that was run again, is none of them.
    """
    by_id = {str(row["run_id"]): row for row in runs}
    top, seen = run_id, {run_id}
    while (parent := str(by_id.get(top, {}).get("parent_run_id") or "")) in by_id and parent not in seen:
        if not _together(by_id[top], by_id[parent]):
            break
        seen.add(parent)
        top = parent
    found, grown = {top}, True
    while grown:
        inside = {
            str(row["run_id"])
            for row in runs
            if row.get("parent_run_id") in found and _together(row, by_id[str(row["parent_run_id"])])
        }
        grown = not inside <= found
        found |= inside
    return frozenset(found | {run_id})


def _together(run: Row, parent: Row) -> bool:
    """Whether one command made both: it is the same, and the run began before its parent had ended."""
    if run.get("command") != parent.get("command"):
        return False
    begin, end = run.get("start_time"), parent.get("end_time")
    return not (isinstance(begin, datetime) and isinstance(end, datetime) and begin > end)


def _own_outputs(links: Iterable[Row], run_id: str) -> dict[str, str]:
    """The versions that a run wrote, by name; where it wrote several, the first."""
    found: dict[str, str] = {}
    for link in links:
        if link["run_id"] == run_id and link.get("direction") == "output":
            found.setdefault(_name(str(link["artifact"])), str(link["artifact"]))
    return found


# -- code and command -----------------------------------------------------------------------------------------------


def _command(row: Row, gaps: list[Gap]) -> Command:
    recorded = (str(row.get(column) or "") for column in ("command", "source", "working_folder"))
    command = understand(*recorded)
    if command.problem:
        gaps.append(Gap("command", command.problem, stops=True))
    if command.assumed:
        gaps.append(Gap("command", f"The working folder was not recorded; taken is {command.assumed}"))
    elsewhere = [word for word in command.arguments if _is_absolute(word)]
    if elsewhere:
        gaps.append(Gap("command", f"The command names places of the machine it ran on: {', '.join(elsewhere)}"))
    return command


def _is_absolute(word: str) -> bool:
    value = word.rpartition("=")[2]
    windows = PureWindowsPath(value)
    return (PurePosixPath(value).is_absolute() or windows.is_absolute()) and windows.suffix not in (".xlsx", ".xlsm")


def _code(folders: Folders, row: Row, outputs: Mapping[str, str], places: Iterable[Path], gaps: list[Gap]) -> Code:
    commit, branch = str(row.get("git_commit") or ""), str(row.get("git_branch") or "")
    source = str(row.get("source") or "")
    if not commit and SCRIPT in outputs:
        text = "There was no git repository: the script was kept, but not the files that it imports or reads"
        gaps.append(Gap("code", text))
        return Code(source=source, script=outputs[SCRIPT])
    if not reproduce_code.is_commit(commit):
        what = f"'{commit}' is no commit" if commit else "No commit was recorded"
        gaps.append(Gap("code", f"{what}, so the code is not known", stops=True))
        return Code(source=source)
    repository = reproduce_code.find_repository(places, commit)
    remote = "" if repository else reproduce_code.clone_address(str(row.get("git_remote") or ""))
    if repository is None and not remote:
        where = f"commit {commit}" + (f" of branch {branch}" if branch else "")
        text = f"No repository at hand has {where}, which the code is; do this in a clone of it, or name one"
        gaps.append(Gap("code", text, stops=True))
    diff = _diff(folders, row, outputs, gaps)
    return Code(commit, branch, source, repository, remote, diff)


def _diff(folders: Folders, row: Row, outputs: Mapping[str, str], gaps: list[Gap]) -> str:
    """The artifact that holds what was not committed, if there is something in it to apply."""
    if row.get("git_dirty") is None:
        gaps.append(Gap("code", "Whether everything was committed was not recorded"))
    artifact = outputs.get(GIT_DIFF, "")
    if not artifact:
        if row.get("git_dirty"):
            gaps.append(Gap("code", "Files were changed and not committed, and their changes were not kept"))
        return ""
    try:
        text = text_of(folders, artifact)
    except ArtifactNotFoundError:
        gaps.append(Gap("code", f"Files were changed and not committed; {artifact}, which says how, is gone"))
        return ""
    found = reproduce_code.read_diff(text)
    source = str(row.get("source") or "")
    lost = [name for name in found.untracked if name != source or source not in found.added]
    if found.covers(source) and source not in found.added:
        gaps.append(Gap("code", f"The script {source} was not in git and was not kept", stops=True))
    if lost:
        gaps.append(Gap("code", f"Files that were not in git were not kept: {', '.join(lost)}"))
    if found.binary:
        gaps.append(Gap("code", f"Changes of files that are no text were not kept: {', '.join(found.binary)}"))
    if found.cut:
        gaps.append(
            Gap("code", "The changes that were not committed were too long to be kept; the commit alone is run")
        )
        return ""
    return artifact if found.patch else ""


# -- environment ----------------------------------------------------------------------------------------------------

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9._+!-]*)")
_PYTHON_LINE = re.compile(r"# Python (\S+)(?: \(.+\))?")
_NOT_TAKEN = {
    OUR_PACKAGE: "Tracker itself, which is in the folder library",
    "pip": "every environment brings its own",
}


def read_requirements(text: str) -> Environment:
    """The packages in a recorded list. Only exact versions are taken: no address, no folder and no option of pip."""
    python, taken, left_out = "", [], []
    for line in text.splitlines():
        header = _PYTHON_LINE.fullmatch(line)
        if header:
            python = python or header[1]
            continue
        requirement, _, origin = line.partition("#")
        requirement, origin = requirement.strip(), origin.strip()
        if not requirement:
            continue
        match = _PINNED.fullmatch(requirement)
        name = re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""
        if not match:
            left_out.append((requirement, "no exact version of a package"))
        elif name in _NOT_TAKEN:
            left_out.append((requirement, _NOT_TAKEN[name]))
        elif origin:
            left_out.append((requirement, f"it was installed {origin}"))
        else:
            taken.append(requirement)
    return Environment("", python, tuple(taken), tuple(left_out))


def _environment(folders: Folders, row: Row, outputs: Mapping[str, str], gaps: list[Gap]) -> Environment:
    artifact, python = outputs.get(ENVIRONMENT, ""), str(row.get("python") or "")
    try:
        found = read_requirements(text_of(folders, artifact)) if artifact else None
    except ArtifactNotFoundError:
        found = None
    if found is None:
        gaps.append(Gap("environment", "The installed packages were not recorded, or the list is gone"))
        return Environment(python=python)
    foreign = [f"{line} ({why})" for line, why in found.left_out if why not in _NOT_TAKEN.values()]
    if foreign:
        gaps.append(Gap("environment", f"Packages to install by hand: {', '.join(foreign)}"))
    return Environment(artifact, found.python or python, found.requirements, found.left_out)


# -- inputs and metrics ---------------------------------------------------------------------------------------------


def _inputs(folders: Folders, links: Iterable[Row], artifacts: Iterable[Row], gaps: list[Gap]) -> tuple[Input, ...]:
    """What the process read and had not written itself before."""
    known = {str(row["artifact"]): row for row in artifacts}
    found: dict[str, Input] = {}
    for artifact in _read_only(links):
        try:
            stored = store.find(folders, artifact)
        except TrackerError:
            stored = None
        if stored is None or stored.artifact != artifact:
            gaps.append(Gap("inputs", f"{artifact}, which the run read, is not in the registry any more", stops=True))
            continue
        if not stored.sha256:
            gaps.append(
                Gap("inputs", f"{artifact} was only referred to, and never hashed: nobody knows if it is the same")
            )
        sha256 = str(known.get(artifact, {}).get("sha256") or "")
        found[artifact] = Input(artifact, sha256, stored.size, f"inputs/{stored.name}-v{stored.version}")
    return tuple(found.values())


def _read_only(links: Iterable[Row]) -> list[str]:
    """The artifact versions that were read, each once, without those that had been written by then."""
    written: set[str] = set()
    found: dict[str, None] = {}
    for link in sorted(links, key=lambda link: _moment(link.get("time"))):  # what is of one moment stays in its order
        artifact = str(link["artifact"])
        if link.get("direction") == "output":
            written.add(artifact)
        elif artifact not in written:
            found[artifact] = None
    return list(found)


def _moment(cell: Any) -> datetime:
    return cell if isinstance(cell, datetime) else datetime.min


def _metrics(folders: Folders, row: Row, tolerances: Mapping[str, float], gaps: list[Gap]) -> tuple[Expected, ...]:
    values = metric_values(folders, row)
    if not values:
        gaps.append(Gap("metrics", "The run has no metrics that could be compared"))
    if row.get("status") != "FINISHED":
        status = row.get("status") or "no status"
        gaps.append(Gap("metrics", f"The run did not finish ({status}): it has what was logged until then"))
    return tuple(Expected(name, value, tolerance_of(name, tolerances)) for name, value in values.items())


def _name(artifact: str) -> str:
    return artifact.rpartition(":")[0]
