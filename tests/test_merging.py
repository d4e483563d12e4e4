"""Conflict copies and branches: what one side alone changed comes in, what both changed is shown, nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from person import Person

import tracker
from tracker.deciding.edits import set_cell
from tracker.errors import BadRequestError, PermissionRefusedError
from tracker.history.compare import Differences
from tracker.merging.merge import merge, plan_merge
from tracker.merging.three_way import plan_three_way
from tracker.model import CellChange, Entry
from tracker.reading.copies import conflict_copies, is_conflict_name
from tracker.reading.registry import Registry
from tracker.workbook import open_workbook


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """A registry with three runs."""
    for name in ("one", "two", "three"):
        with tracker.start_run(registry_path, name=name) as run:
            run.log_metric("auc", 0.5)
    registry = tracker.open(registry_path)
    registry.sync()
    return registry


def ids(registry: Registry) -> dict[str, str]:
    frame = registry.runs()
    return dict(zip(frame["name"], frame["run_id"], strict=True))


def copied(registry: Registry, rest: str = " (conflicted copy 2026-11-25)") -> Path:
    """A copy as a cloud drive makes it."""
    return Path(shutil.copy2(registry.path, registry.path.with_name(f"registry{rest}.xlsx")))


def edit(registry: Registry, copy: Path, cells: dict[str, dict[str, object]]) -> None:
    """A person opens the copy, writes into the rows of these runs, and saves."""
    person, runs = Person(copy), ids(registry)
    person.opens()
    for name, values in cells.items():
        for column, value in values.items():
            person.writes(runs[name], column, value)
    person.saves()


# -- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rest",
    [
        " (Anna's conflicted copy 2026-11-25)",
        " (conflicted copy 2026-11-25 101500)",
        ".sync-conflict-20261125-101500-ABCDEFG",
        " (1)",
        "(2)",
        " - Copy",
        " - Copy (2)",
        " - Kopie",
        "_conflict-2026",
        " (Case Conflict)",
    ],
)
def test_copies_are_known_by_what_programs_call_them(rest: str) -> None:
    assert is_conflict_name(rest)


@pytest.mark.parametrize("rest", ["-backup", " 2025", "_old", "2", " final"])
def test_a_name_that_a_person_gave_is_no_conflict(rest: str) -> None:
    assert not is_conflict_name(rest)


def test_copies_beside_the_registry_are_found_and_reported(registry: Registry) -> None:
    found = {copied(registry), copied(registry, " (1)"), copied(registry, "-LAPTOP7")}
    copied(registry, " final version")
    (registry.path.parent / "registry-NOTES.xlsx").write_bytes(b"no workbook")
    assert set(conflict_copies(registry.folders)) == found
    assert sum(problem.code == "conflict-copy" for problem in registry.check()) == 3


# -- a copy -------------------------------------------------------------------------------------------------------


def test_what_only_the_copy_has_comes_in(registry: Registry) -> None:
    copy = copied(registry)
    run = ids(registry)
    edit(registry, copy, {"one": {"insight": "from the copy"}, "two": {"notes": "also"}})
    with tracker.start_run(registry.path, name="four"):
        pass
    set_cell(registry, "runs", (run["three"],), "insight", "from here", None, "ben")
    merged = merge(registry, copy, "anna")
    assert merged.in_workbook and not merged.plan.clashes
    frame = registry.runs().set_index("name")
    assert (frame["insight"]["one"], frame["notes"]["two"], frame["insight"]["three"]) == (
        "from the copy",
        "also",
        "from here",
    )
    assert "four" in frame.index and not merge(registry, copy, "anna").plan.changes


def test_of_a_cell_that_both_changed_ours_stays_and_both_are_shown(registry: Registry) -> None:
    copy, run = copied(registry), ids(registry)["one"]
    edit(registry, copy, {"one": {"insight": "theirs"}})
    set_cell(registry, "runs", (run,), "insight", "ours", None, "ben")
    merged = merge(registry, copy, "anna")
    (clash,) = merged.plan.clashes
    assert (clash.key, clash.column, clash.base, clash.ours, clash.theirs) == (
        (run,),
        "insight",
        None,
        "ours",
        "theirs",
    )
    assert registry.runs()["insight"][0] == "ours"
    (problem,) = [found for found in registry.check() if found.code == "conflict"]
    assert "ours" in problem.message and "theirs" in problem.message
    merge(registry, copy, "anna", take="theirs")
    assert registry.runs()["insight"][0] == "theirs"
    assert not [found for found in registry.check() if found.code == "conflict"]


def test_runs_that_were_logged_or_typed_into_the_copy_come_in_once(registry: Registry) -> None:
    copy = copied(registry)
    away = registry.path.parent / "away"
    away.mkdir()
    shutil.copy2(copy, away / "registry.xlsx")
    shutil.copytree(registry.folders.side, away / "registry.tracker")
    with tracker.start_run(away / "registry.xlsx", name="elsewhere") as run:
        run.log_metric("auc", 0.75)
    shutil.copy2(away / "registry.xlsx", copy)
    for _ in range(2):
        merge(registry, copy, "anna")
    frame = registry.runs().set_index("name")
    assert list(frame.index) == ["one", "two", "three", "elsewhere"] and frame["metrics.auc"]["elsewhere"] == 0.75


def test_a_viewer_merges_nothing(registry: Registry) -> None:
    copy = copied(registry)
    edit(registry, copy, {"one": {"insight": "theirs"}})
    set_cell_of_people(registry)
    with pytest.raises(PermissionRefusedError):
        merge(registry, copy, "guest")
    assert registry.runs()["insight"][0] is None


def set_cell_of_people(registry: Registry) -> None:
    from tracker.deciding.edits import edit_row

    edit_row(registry, "people", ("boss",), {"role": "manager"}, {}, "boss", create=True)


def test_the_registry_is_no_copy_of_itself(registry: Registry) -> None:
    with pytest.raises(BadRequestError, match="is the registry itself"):
        plan_merge(registry, registry.path)


VALUES = st.sampled_from([None, "a", "b", 1.0, 2.0])


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=8))
def test_a_side_that_changed_a_cell_alone_is_right(cells: list[tuple[object, object, object]]) -> None:
    entries, ours = [], {}
    for number, (base, mine, theirs) in enumerate(cells):
        if base != theirs:
            entries.append(Entry("runs", (f"r{number}",), {"notes": CellChange(base, theirs)}))
        ours[f"r{number}",] = {"run_id": f"r{number}", "notes": mine}
    plan = plan_three_way(Differences(tuple(entries)), {"runs": ours}, {"runs": ["run_id", "notes"]}, "me", 0.0)
    set_to = {change.key[0]: change.set["notes"] for change in plan.changes}
    clashes = {clash.key[0] for clash in plan.clashes}
    for number, (base, mine, theirs) in enumerate(cells):
        key = f"r{number}"
        if mine == base != theirs:
            assert set_to[key] == theirs
        else:
            assert key not in set_to
        assert (key in clashes) == (base != theirs and mine not in (base, theirs))


# -- git ----------------------------------------------------------------------------------------------------------


def git(folder: Path, *words: str, code: int = 0) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def log_run(path: Path, name: str, auc: float) -> None:
    with tracker.start_run(path, name=name) as run:
        run.log_metric("auc", auc)
    tracker.open(path).sync()


@pytest.fixture
def repository(registry: Registry) -> Path:
    """A git repository with the registry in it, set up."""
    folder = registry.path.parent
    git(folder, "init", "-q", "-b", "main")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "tracker", "git-setup", str(folder)], capture_output=True, text=True, check=True
        )
    assert "shows and merges" in done.stdout and "new lines" not in done.stdout
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "A registry")
    return folder


def test_git_diff_shows_cells(repository: Path, registry: Registry) -> None:
    run = ids(registry)["one"]
    set_cell(registry, "runs", (run,), "insight", "more trees help", None, "ben")
    shown = git(repository, "diff", "registry.xlsx")
    assert f"+{run} | insight = more trees help" in shown
    assert sum(line.startswith(("+", "-")) and not line.startswith(("+++", "---")) for line in shown.splitlines()) == 1


def test_two_branches_that_both_logged_runs_merge(repository: Path, registry: Registry) -> None:
    git(repository, "checkout", "-q", "-b", "theirs")
    log_run(registry.path, "on their branch", 0.8)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Theirs")
    git(repository, "checkout", "-q", "main")
    log_run(registry.path, "on our branch", 0.9)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Ours")
    git(repository, "merge", "-q", "-m", "Both", "theirs")
    registry.sync()
    frame = registry.runs().set_index("name")
    assert sorted(frame.index) == ["on our branch", "on their branch", "one", "three", "two"]
    assert (frame["metrics.auc"]["on our branch"], frame["metrics.auc"]["on their branch"]) == (0.9, 0.8)
    assert not [problem for problem in registry.check() if problem.severity == "error"]
    with open_workbook(registry.path) as book:
        assert book.stamp is not None


def test_a_cell_that_both_branches_changed_stops_the_merge_and_ours_stays(repository: Path, registry: Registry) -> None:
    run = ids(registry)["one"]
    git(repository, "checkout", "-q", "-b", "theirs")
    set_cell(registry, "runs", (run,), "insight", "theirs", None, "anna")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Theirs")
    git(repository, "checkout", "-q", "main")
    set_cell(registry, "runs", (run,), "insight", "ours", None, "ben")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Ours")
    said = git(repository, "merge", "-m", "Both", "theirs", code=1)
    assert "insight" in said and "'ours'" in said and "'theirs'" in said and "CONFLICT" in said
    assert registry.runs()["insight"][0] == "ours"
