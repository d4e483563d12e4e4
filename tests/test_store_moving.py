"""Versions on their way into the trash, the archive and another store: shared files, kills at every step, and back."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import killed_acts
import pytest
from killed_acts import CONTENTS, SUBJECTS, WHEN, do, prepare, stored

from tracker import store
from tracker.errors import ArtifactAlteredError, ArtifactAwayError, ArtifactNotFoundError, RegistryLockedError
from tracker.folders import Folders
from tracker.journal.pending import read_pending
from tracker.store import acts, local
from tracker.store.local import LocalPlace
from tracker.store.manifest import Stored
from tracker.store.reaching import place_at, trash_of

ROOT = Path(__file__).parent.parent
ACTS = {
    "trash": "trash",
    "restore": "stored",
    "purge": "deleted",
    "archive": "archived",
    "unarchive": "stored",
    "move": "stored",
}
"""Each act, and the state that a version has after it."""
every_act = pytest.mark.parametrize("act", ACTS)
both_kinds_of_disk = pytest.mark.parametrize("links", ["links", "no links"])


@pytest.fixture
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With hard links, and as on a disk without, such as a memory stick."""
    if request.param != "links":
        monkeypatch.setattr(os, "link", killed_acts.without_links)
    return str(request.param)


on_both_disks = pytest.mark.parametrize("links", ["links", "no links"], indirect=True)


def content(folders: Folders, one: Stored) -> dict[str, bytes]:
    """The files of a version, from wherever their bytes lie."""
    found = {}
    for file in one.files:
        spot = one.spot(file)
        place = trash_of(folders, spot.store) if spot.trash else place_at(folders, spot.store)
        path = place.on_this_machine(spot.path)
        assert path is not None
        found[file.path] = path.read_bytes()
    return found


def on_disk(folders: Folders) -> int:
    """The bytes of all stored files; what has several names counts once."""
    roots = [folders.artifacts, folders.trash, folders.workbook.parent / "the archive"]
    roots.append(folders.workbook.parent / "other disk")
    files = [path for root in roots for path in root.rglob("*") if path.is_file() and path.suffix != ".json"]
    return sum({path.stat().st_ino: path.stat().st_size for path in files}.values())


def all_is_well(folders: Folders) -> None:
    """Every version that is not deleted has its content, and nothing lies about that belongs to none."""
    for artifact, files in CONTENTS.items():
        one = stored(folders, artifact)
        if one.state != "deleted":
            assert content(folders, one) == files, artifact
    assert store.verify(folders) == []
    known = {
        spot.path
        for artifact in CONTENTS
        for spot in stored(folders, artifact).spots()
        if spot.trash and not spot.store
    }
    there = {path.relative_to(folders.trash).as_posix() for path in folders.trash.rglob("*") if path.is_file()}
    assert there == known
    assert not list((folders.side / "moving").glob("*.jsonl"))


def rows(folders: Folders) -> dict[str, str]:
    """The status that the artifacts' rows were given last."""
    changes = [change for file in read_pending(folders.pending, {}) for change in file.changes]
    return {change.key[0]: str(change.set["status"]) for change in changes}


# -- each act -----------------------------------------------------------------------------------------------------


@every_act
@on_both_disks
def test_each_act_does_what_it_says_and_nothing_is_lost(tmp_path: Path, act: str, links: str) -> None:
    folders = prepare(tmp_path, act)
    before = on_disk(folders)
    freed = do(folders, act)
    assert {stored(folders, artifact).state for artifact in SUBJECTS} == {ACTS[act]}
    assert rows(folders) | dict.fromkeys(SUBJECTS, ACTS[act]) == rows(folders)
    all_is_well(folders)
    if act == "purge":
        assert sum(freed) == before - on_disk(folders) == 3000 + 2000, "what the second version needs is not freed"


@on_both_disks
def test_in_the_trash_files_lie_beside_the_workbook_and_come_back(tmp_path: Path, links: str) -> None:
    folders = prepare(tmp_path, "trash")
    do(folders, "trash")
    assert (folders.trash / "m" / "v1" / "model.pkl").read_bytes() == CONTENTS["m:v1"]["model.pkl"]
    assert not (folders.artifacts / "m" / "v1").exists()
    assert store.location(folders, stored(folders, "m:v1")) == "registry.tracker/trash/m/v1/model.pkl"
    do(folders, "restore")
    assert store.find(folders, "m:v1").path.read_bytes() == CONTENTS["m:v1"]["model.pkl"]
    assert store.fetch(folders, "d:v1", tmp_path / "out").is_dir()
    assert not any(path.is_file() for path in folders.trash.rglob("*"))


@on_both_disks
def test_all_versions_that_share_a_file_can_go_and_the_last_takes_it_along(tmp_path: Path, links: str) -> None:
    folders = prepare(tmp_path, "trash")
    sizes = on_disk(folders)
    with store.Mover(folders) as mover:
        for artifact in ("d:v1", "d:v2"):
            before = stored(folders, artifact)
            mover.move(store.Step(before, acts.trashed(folders, before, WHEN, "ds1", "")))
    all_is_well(folders)
    freed = 0
    with store.Mover(folders) as mover:
        for artifact in ("d:v1", "d:v2"):
            before = stored(folders, artifact)
            freed += mover.move(store.Step(before, acts.deleted(folders, before, WHEN, "ds1", "")))
    assert freed == sizes - 2000 == sizes - on_disk(folders)


def test_what_is_away_says_so_and_how_it_comes_back(tmp_path: Path) -> None:
    folders = prepare(tmp_path, "trash")
    for act, words in (
        ("trash", ["in the trash since 2027-01-01 (ds1: scratch)", "tracker retention restore", "m:v1"]),
        ("purge", ["deleted for good since 2027-01-01 (ds1: scratch)"]),
    ):
        do(folders, act)
        with pytest.raises(ArtifactAwayError) as away:
            store.find(folders, "m:v1")
        assert all(word in str(away.value) for word in words)
    with pytest.raises(ArtifactNotFoundError):
        store.find(folders, "m:latest")
    assert store.find(folders, "d:latest").version == 2


def test_an_archived_version_is_still_the_latest(tmp_path: Path) -> None:
    folders = prepare(tmp_path, "archive")
    do(folders, "archive")
    with pytest.raises(ArtifactAwayError, match=r"in the archive .*unarchive"):
        store.find(folders, "m")


def test_a_version_goes_from_the_archive_into_the_trash_and_back(tmp_path: Path) -> None:
    folders = prepare(tmp_path, "unarchive")
    do(folders, "trash")
    assert (tmp_path / "the archive" / ".trash" / "m" / "v1" / "model.pkl").exists()
    all_is_well(folders)
    do(folders, "restore")
    assert stored(folders, "m:v1").state == "archived"
    all_is_well(folders)


def test_an_archive_that_two_registries_share_keeps_both(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (prepare(tmp_path / name, "archive") for name in ("one", "two"))
    with store.Mover(one) as mover:
        before = stored(one, "m:v1")
        mover.move(store.Step(before, acts.archived(one, before, str(tmp_path / "shared"), WHEN, "ds1", "")))
    with store.Mover(two) as mover:
        before = stored(two, "m:v1")
        mover.move(store.Step(before, acts.archived(two, before, str(tmp_path / "shared"), WHEN, "ds1", "")))
    assert len(list((tmp_path / "shared" / "m").iterdir())) == 2
    assert content(one, stored(one, "m:v1")) == content(two, stored(two, "m:v1")) == CONTENTS["m:v1"]


def test_an_altered_file_is_not_archived_and_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", killed_acts.without_links)
    folders = prepare(tmp_path, "archive")
    path = stored(folders, "m:v1").path
    path.chmod(0o644)
    path.write_bytes(b"x" * 2000)
    with pytest.raises(ArtifactAlteredError):
        do(folders, "archive")
    assert stored(folders, "m:v1").state == "stored" and path.exists()
    assert not (tmp_path / "the archive" / "m").exists()
    assert stored(folders, "d:v1").state == "archived", "what was done before stays done"
    assert rows(folders) == {"d:v1": "archived"}


def test_a_missing_file_does_not_keep_the_rest_from_being_trashed_and_purged(tmp_path: Path) -> None:
    folders = prepare(tmp_path, "trash")
    stored(folders, "d:v1").path.joinpath("inner", "one.bin").unlink()
    do(folders, "trash")
    do(folders, "restore")
    do(folders, "trash")
    do(folders, "purge")
    assert content(folders, stored(folders, "d:v2")) == CONTENTS["d:v2"]


def test_a_full_disk_leaves_everything_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker.errors import RegistryNotWritableError

    monkeypatch.setattr(os, "link", killed_acts.without_links)
    folders = prepare(tmp_path, "archive")
    monkeypatch.setattr(local, "write_some", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        do(folders, "archive")
    assert {stored(folders, artifact).state for artifact in SUBJECTS} == {"stored"}
    all_is_well(folders)


def test_only_one_moves_files_at_a_time(tmp_path: Path) -> None:
    folders = prepare(tmp_path, "trash")
    with store.Mover(folders), pytest.raises(RegistryLockedError), store.Mover(folders, wait=0.05):
        pass


def test_bytes_that_a_version_in_the_making_may_share_stay_until_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", killed_acts.without_links)
    folders = prepare(tmp_path, "trash")
    source = tmp_path / "source" / "d-v3"
    source.mkdir()
    (source / "one.bin").write_bytes(CONTENTS["d:v1"]["inner/one.bin"])
    (source / "same.bin").write_bytes(CONTENTS["d:v1"]["same.bin"])

    def trashes(one: Stored) -> None:
        do(folders, "trash")
        do(folders, "purge")

    new = store.put(folders, source, "d", announce=trashes)
    store.finish_moves(folders)
    assert content(folders, new) == {path.name: path.read_bytes() for path in source.iterdir()}
    assert store.verify(folders) == []


# -- killed at every step -----------------------------------------------------------------------------------------


@every_act
@both_kinds_of_disk
def test_killed_before_every_call_that_changes_the_disk(tmp_path: Path, act: str, links: str) -> None:
    command = [sys.executable, str(Path(killed_acts.__file__)), str(tmp_path), act, links]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    steps = sorted(int(path.name) for path in tmp_path.iterdir())
    assert len(steps) > 20
    ended = set()
    for limit in steps:
        folders = Folders(tmp_path / str(limit) / "registry.xlsx")
        before = rows(folders) if act in ("restore", "purge", "unarchive") else {}
        store.finish_moves(folders)
        all_is_well(folders)
        for artifact in SUBJECTS:
            state = stored(folders, artifact).state
            was = {"restore": "trash", "purge": "trash", "unarchive": "archived"}.get(act, "stored")
            assert state in (was, ACTS[act]), (limit, artifact)
            if act != "move":
                expected = state if state != was else before.get(artifact)
                assert rows(folders).get(artifact) == expected, (limit, artifact)
        ended.add(tuple((stored(folders, a).state, stored(folders, a).store) for a in SUBJECTS))
    assert len(ended) == 3, "none moved, one moved, both moved"


def test_files_are_made_while_others_remove_folders_that_are_empty(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path)

    def work(number: int) -> None:
        for turn in range(200):
            path = f"folder/inner/{number}-{turn}"
            place.remove([path])
            place.make(path, b"x")
            place.remove([path])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert place.entries("") == []
