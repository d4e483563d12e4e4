"""Artifacts are looked into once: beside the training, in a process of its own, or by whoever asks first."""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tracker
from tracker import store
from tracker.contents import backlog, kept, tasks
from tracker.contents.compared import drift_between, kept_leakage, leakage_between
from tracker.contents.kept import look_into
from tracker.contents.parts import Part, find_part, tables_of
from tracker.data.profile import Profile, read_profile
from tracker.errors import ArtifactAlteredError, ArtifactNotFoundError, MissingPackageError
from tracker.folders import Folders
from tracker.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "registry.xlsx")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    pd.DataFrame({"age": range(100), "city": ["Bonn", "Rome"] * 50}).to_csv(path, index=False)
    return path


@pytest.fixture
def in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKER_PROFILE")


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def profile_of(registry: Path, artifact: str) -> Profile | None:
    name, _, version = artifact.rpartition(":v")
    return read_profile(Folders(registry).profile(name, int(version)))


# -- while a run goes on ------------------------------------------------------------------------------------------


def test_a_table_gets_a_profile_when_it_is_logged(registry_path: Path, table: Path, in_the_background: None) -> None:
    with tracker.start_run(registry_path) as run:
        run.log_artifact(table, name="train")
        run.log_table({"x": [1, 2]}, "errors.parquet")
        run.log_text("no table", "notes.md")
        wait_for(lambda: profile_of(registry_path, "train:v1") and profile_of(registry_path, "errors.parquet:v1"))
    found = profile_of(registry_path, "train:v1")
    assert found is not None
    assert (found.rows, [column.name for column in found.columns]) == (100, ["age", "city"])
    folders = Folders(registry_path)
    assert json.loads(folders.metadata("train", 1).read_text())["rows"] == 100
    assert not folders.metadata("notes.md", 1).exists()
    assert store.verify(folders) == []


def test_data_that_a_run_reads_or_refers_to_gets_a_profile_too(
    registry_path: Path, table: Path, in_the_background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(Folders(registry_path), table, "before")
    with tracker.start_run(registry_path) as run:
        run.use_artifact("before")
        run.log_reference(table, name="elsewhere")
        wait_for(lambda: profile_of(registry_path, "before:v1") and profile_of(registry_path, "elsewhere:v1"))


def test_a_script_that_ends_at_once_has_it_done_by_a_process_that_outlives_it(
    registry_path: Path, table: Path, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        f"import tracker\nwith tracker.start_run({str(registry_path)!r}) as run:\n"
        f"    for name in 'abcdef':\n        run.log_artifact({str(table)!r}, name=name)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRACKER_PROFILE": "on"}
    command = [sys.executable, "-X", "dev", "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and all(" checklist items" in line for line in done.stderr.splitlines())
    wait_for(lambda: all(profile_of(registry_path, f"{name}:v1") for name in "abcdef"))


def test_modules_beside_the_script_do_not_get_in_the_way(
    registry_path: Path, table: Path, tmp_path: Path, in_the_background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "numpy.py", "tracker.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    with tracker.start_run(registry_path) as run:
        run.log_artifact(table, name="train")
        wait_for(lambda: profile_of(registry_path, "train:v1"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_process_that_is_killed_leaves_nothing_half_and_the_next_to_ask_finds_out(
    folders: Folders, tmp_path: Path
) -> None:
    path = tmp_path / "large.csv"
    pd.DataFrame(np.random.default_rng(0).normal(size=(300_000, 4)), columns=list("abcd")).to_csv(path, index=False)
    part = Part(store.put(folders, path, "large"))
    process = tasks.start(folders, [tasks.Task("large:v1")])
    wait_for(lambda: list((folders.cache / "contents").glob("*.lock")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not folders.profile("large", 1).exists()
    assert kept.kept(folders, part) is None
    found = look_into(folders, part).profile
    assert found is not None
    assert (found.rows, found.read, found.sampled) == (300_000, 200_000, True)
    assert any("uniform random sample" in note for note in found.notes)


def test_where_no_process_can_be_started_the_training_goes_on(
    registry_path: Path, table: Path, in_the_background: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with tracker.start_run(registry_path) as run:
        stored = run.log_artifact(table, name="train")
    assert stored is not None
    assert run.status == "FINISHED"
    assert not Folders(registry_path).profile("train", 1).exists()


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [({}, True), ({"data.profile": "Off"}, False), ({"data.profile": False}, False), ({"data.megabytes": 0}, False),
     ({"data.profile": True}, True), ({"data.megabytes": "many"}, True)],
)  # fmt: skip
def test_the_settings_say_what_is_looked_into_unasked(
    folders: Folders, table: Path, in_the_background: None, settings: dict[str, object], wanted: bool
) -> None:
    part = Part(store.put(folders, table, "train"))
    assert backlog.is_wanted(folders, part, Settings(settings)) == wanted
    look_into(folders, part)
    assert not backlog.is_wanted(folders, part, Settings(settings)), "it was looked into"


def test_a_variable_of_the_machine_turns_it_off(folders: Folders, table: Path) -> None:
    assert os.environ["TRACKER_PROFILE"] == "off"
    assert not backlog.is_wanted(folders, Part(store.put(folders, table, "train")), Settings())


# -- by whoever asks ----------------------------------------------------------------------------------------------


def test_what_was_found_is_kept_and_not_looked_for_again(
    folders: Folders, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(store.put(folders, table, "train"))
    assert kept.kept(folders, part) is None
    first = look_into(folders, part)
    monkeypatch.setattr(kept, "describe", lambda path: pytest.fail("it was looked into before"))
    assert look_into(folders, part) == first == kept.kept(folders, part)


def test_what_is_deleted_leaves_no_values_behind(folders: Folders, table: Path) -> None:
    look_into(folders, Part(store.put(folders, table, "train")))
    store.delete(folders, "train:v1")
    assert sorted(path.name for path in (folders.artifacts / "train").iterdir()) == ["v1.json"]


def test_a_table_that_cannot_be_read_says_why_once(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing else")
    part = Part(store.put(folders, tmp_path / "broken.parquet"))
    found = look_into(folders, part)
    assert found.profile is not None and "Not profiled" in found.profile.refused
    assert kept.kept(folders, part) == found
    assert not folders.profile("broken.parquet", 1).exists(), "no profile is none"


def test_what_another_environment_could_read_is_not_given_up(
    folders: Folders, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(store.put(folders, table, "train"))

    def lacking(path: Path, **_: object) -> Profile:
        raise MissingPackageError(what="Reading a table", package="pyarrow")

    with monkeypatch.context() as patched, pytest.raises(MissingPackageError):
        patched.setattr(kept, "profile_table", lacking)
        look_into(folders, part)
    assert look_into(folders, part).profile is not None


def test_in_a_folder_that_may_only_be_read_it_is_found_and_not_kept(
    folders: Folders, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: bytes) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(kept, "write_durably", refuse)
    part = Part(store.put(folders, table, "train"))
    assert look_into(folders, part).profile is not None
    assert kept.kept(folders, part) is None


def test_what_is_kept_and_damaged_is_found_anew(folders: Folders, table: Path) -> None:
    part = Part(store.put(folders, table, "train"))
    first = look_into(folders, part)
    for path in (folders.profile("train", 1), folders.metadata("train", 1)):
        for content in (b"", b"[]", b'{"profile": 99}', b"\xff\x00"):
            path.write_bytes(content)
            assert kept.kept(folders, part) is None
            assert look_into(folders, part) == first


def test_a_pickle_is_described_and_never_loaded(folders: Folders, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'loaded'}",)

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Harmful()))
    found = look_into(folders, Part(store.put(folders, tmp_path / "model.pkl")))
    assert found.profile is None
    assert found.metadata["imports"] == [f"{os.system.__module__}.system"]
    assert found.metadata["warnings"]
    assert not (tmp_path / "loaded").exists()


def test_data_that_is_referred_to_must_be_what_it_was(folders: Folders, table: Path) -> None:
    part = Part(store.put_reference(folders, table, "train"))
    table.write_text("age\n1\n")
    with pytest.raises(ArtifactAlteredError, match="referred to"):
        look_into(folders, part)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("field.csv", lambda: 'a,b\n1,"' + "x" * 50_000_000 + '"\n', "longer than 16 MiB"),
        ("line.json", lambda: '{"a": [' + "1," * 50_000_000 + "1]}", "can only be read as a whole"),
        ("line.jsonl", lambda: '{"a": "' + "x" * 100_000_000 + '"}\n', "longer than 16 MiB"),
        ("wide.csv", lambda: ",".join(map(str, range(60_000))) + "\n", "more than the 50,000"),
    ],
)
def test_what_is_too_large_to_be_a_table_is_refused_in_words(
    folders: Folders, tmp_path: Path, name: str, content: Callable[[], str], says: str
) -> None:
    (tmp_path / name).write_text(content())
    found = look_into(folders, Part(store.put(folders, tmp_path / name)))
    assert found.profile is not None and says in found.profile.refused


@pytest.mark.slow  # test_data_reading.py has one in the usual suite
def test_a_table_of_more_columns_than_a_sheet_has_gets_its_profile(folders: Folders, tmp_path: Path) -> None:
    line = ",".join(f"c{number}" for number in range(16_385))
    (tmp_path / "wide.csv").write_text(f"{line}\n{','.join(['1'] * 16_385)}\n")
    part = Part(store.put(folders, tmp_path / "wide.csv"))
    found = look_into(folders, part)
    assert found.profile is not None and len(found.profile.columns) == 16_385
    assert kept.kept(folders, part) == found


# -- folders ------------------------------------------------------------------------------------------------------


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "inner").mkdir(parents=True)
    pd.DataFrame({"a": range(50), "b": np.arange(50) % 7}).to_csv(folder / "train.csv", index=False)
    pd.DataFrame({"a": range(45, 60), "b": np.arange(45, 60) % 7}).to_parquet(folder / "inner" / "test.parquet")
    (folder / "readme.txt").write_text("x")
    return folder


def test_each_table_of_a_folder_has_a_profile(folders: Folders, data_folder: Path) -> None:
    stored = store.put(folders, data_folder)
    assert [str(part) for part in tables_of(stored)] == ["data:v1/inner/test.parquet", "data:v1/train.csv"]
    part = find_part(folders, "data/train.csv")
    found = look_into(folders, part)
    assert found.profile is not None and found.profile.rows == 50
    assert kept.kept(folders, part) == found
    assert look_into(folders, Part(stored)).metadata["tables"] == ["inner/test.parquet", "train.csv"]
    assert store.verify(folders) == []
    with pytest.raises(ArtifactNotFoundError, match="holds inner/test"):
        find_part(folders, "data:v1/other.csv")


def test_rows_of_one_table_in_another_are_found_once(
    folders: Folders, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store.put(folders, data_folder)
    train, test = (find_part(folders, f"data:v1/{name}") for name in ("train.csv", "inner/test.parquet"))
    assert kept_leakage(folders, train, test) is None
    found = leakage_between(folders, train, test)
    assert (found.count, found.test_rows, [leak.test_row for leak in found.examples]) == (5, 15, [1, 2, 3, 4, 5])
    assert leakage_between(folders, train, test, ignore=["a"]).count == 15
    drift = drift_between(folders, train, test)
    assert [test.column for test in drift.drifted] == ["a"]
    shutil.rmtree(stored.path)
    assert leakage_between(folders, train, test) == found == kept_leakage(folders, train, test)


def test_what_is_no_table_is_not_compared(folders: Folders, table: Path, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"x")
    parts = Part(store.put(folders, table)), Part(store.put(folders, tmp_path / "x.bin"))
    assert drift_between(folders, *parts).refused
    with pytest.raises(tracker.BadRequestError, match="no format"):
        leakage_between(folders, *parts)


def test_an_alias_names_a_part(registry_path: Path, table: Path) -> None:
    with tracker.start_run(registry_path) as run:
        run.log_artifact(table, name="train", aliases=["current"])
        table.write_text("age\n1\n")
        run.log_artifact(table, name="train")
    folders = Folders(registry_path)
    assert [str(find_part(folders, text)) for text in ("train", "train:current")] == ["train:v2", "train:v1"]


# -- in a process of its own --------------------------------------------------------------------------------------


def test_a_task_that_fails_says_why_and_the_others_are_done(folders: Folders, table: Path) -> None:
    for name in ("gone", "train"):
        store.put(folders, table, name)
    shutil.rmtree(folders.artifacts / "gone" / "v1")
    given = [tasks.Task("gone:v1"), tasks.Task("train:v1"), tasks.Task("train:v1", test="train:v1")]
    process = tasks.start(folders, given, stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"gone:v1" in said and b"Traceback" not in said
    train = find_part(folders, "train:v1")
    assert kept.kept(folders, train) is not None
    leakage = kept_leakage(folders, train, train)
    assert leakage is not None and leakage.count == 100
    assert not list((folders.cache / "contents").glob("*.progress"))


def test_how_far_it_is_is_told(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_TELL_SECONDS", 0.0)
    path = tmp_path / "large.csv"
    pd.DataFrame({"x": range(700_000)}).to_csv(path, index=False)
    said: list[str] = []
    look_into(folders, Part(store.put(folders, path, "large")), tell=said.append)
    assert said[-1] == "large:v1: 700,000 rows read"
    assert len(said) > 1


# -- guesses ------------------------------------------------------------------------------------------------------


def test_what_nobody_said_is_guessed_and_known_to_be(folders: Folders, table: Path) -> None:
    stored = store.put(folders, table, "train")
    assert (stored.category, stored.kind, stored.guessed) == ("model", "data set", ("category", "kind"))
    assert store.read_guesses(folders, "train", 1) == {"category": "model", "kind": "data set"}
    assert store.find(folders, "train").guessed == ("category", "kind")
    table.write_text("age\n1\n")
    said = store.put(folders, table, "train", category="model", kind="data set")
    assert (said.guessed, store.read_guesses(folders, "train", 2)) == ((), {})
    assert store.put(folders, table, "other", category='a "new"\none').guessed == ("kind",)
    assert store.read_guesses(folders, "other", 1) == {"kind": "data set"}


def test_the_content_tells_what_the_name_does_not(folders: Folders, tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.to_parquet(tmp_path / "a.x")
    (tmp_path / "b.x").write_bytes(pickle.dumps({"a": 1}))
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (tmp_path / "c.x").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\0\0")
    (tmp_path / "d.x").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "e.x").write_bytes(b"nobody knows")
    kinds = [store.put(folders, tmp_path / f"{name}.x").kind for name in "abcde"]
    assert kinds == ["data set", "model file", "model file", "figure", ""]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["config.json", "model.safetensors"], "model file"),
        (["MLmodel", "conda.yaml", "model.pkl"], "model file"),
        (["1.png", "2.png"], "data set"),
        (["train.csv", "inner/test.parquet"], "data set"),
        (["train.csv", "main.py"], "folder"),
        (["a.py", "b.py"], "script"),
    ],
)
def test_the_files_of_a_folder_tell_what_it_is(files: list[str], kind: str) -> None:
    assert store.guess("results", folder=True, files=files)[1] == kind
