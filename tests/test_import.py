"""Imports from other trackers: real stores of MLflow, exports as tables; every step of every metric, each run once."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tracker.bridges.carry_out import Imported, import_runs, planned
from tracker.bridges.foreign import ORIGIN, ForeignRun, Source, meant, run_id_of
from tracker.bridges.mlflow_files import read_meta
from tracker.bridges.mlflow_words import folder_of
from tracker.bridges.plan import plan_import
from tracker.bridges.sources import open_source
from tracker.cli.commands import main
from tracker.errors import BadRequestError, PermissionRefusedError
from tracker.model import Change
from tracker.reading.registry import Registry

STORES = Path(__file__).with_name("mlflow_stores.zip")
EVENTS = Path(__file__).with_name("tensorboard_events.zip")
WANDB = """Name,ID,State,Notes,User,Tags,Created,Runtime,lr,epochs,optimizer,val_loss,val_accuracy
sweet-sun-1,3k2j1x9z,finished,,ann,"a, b",2026-11-20T08:30:00.000Z,3605,0.001,10,adam,0.31,0.91
dark-sky-2,8f7d6s5a,crashed,too deep,ben,,2026-11-21T09:00:00.000Z,12,0.1,10,sgd,,
"""


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """The stores, at another place than they were made at."""
    with zipfile.ZipFile(STORES) as archive:
        archive.extractall(tmp_path / "theirs")
    return tmp_path / "theirs"


@pytest.fixture(params=["files/mlruns", "files", "database/mlflow.db", "database"])
def store(request: pytest.FixtureRequest, stores: Path) -> Path:
    """The file store and the database, by their own paths and by the folder that they are in."""
    return stores / str(request.param)


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    return Registry(registry_path)


def brought(registry: Registry, path: Path, **options: Any) -> Imported:
    return import_runs(registry, open_source(path), "ann", **options)


def by_name(registry: Registry) -> dict[str, dict[str, Any]]:
    runs = registry.runs()
    return {row["name"]: row for row in runs.astype(object).where(runs.notna(), None).to_dict("records")}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- MLflow -------------------------------------------------------------------------------------------------------


def test_a_store_of_mlflow_comes_in_whole(registry: Registry, store: Path) -> None:
    before = contents(store if store.is_dir() else store.parent)
    done = brought(registry, store)
    assert done.in_workbook and not done.left and done.plan.source.left == ("1 deleted run left out.",)
    runs = by_name(registry)
    assert set(runs) == {"boosting", "fold 1", "broken off", "echo"}
    run = runs["boosting"]
    assert (run["experiment"], run["status"], run["owner"]) == ("churn: 2026 #1", "FINISHED", "ann")
    assert run["notes"] == "Deeper *is* better." and run["tags.team"] == "risk"
    assert (run["params.depth"], run["params.lr"], run["params.loss/name"]) == (3, 0.1, "logloss")
    assert run["params.early"] is True and run["params.version"] == "1.10"
    assert run["metrics.loss"] == 0.25 and run["metrics.val/auc"] == 0.81 and run["metrics.big"] == math.inf
    assert run["start_time"] < run["end_time"] and run["source"] == "tests/make_mlflow_store.py"
    assert run[ORIGIN].startswith("mlflow:") and not any("mlflow." in column for column in run)
    assert runs["broken off"]["status"] == "FAILED"
    assert runs["fold 1"]["parent_run_id"] == run["run_id"]
    assert contents(store if store.is_dir() else store.parent) == before, "it is only read"


def test_every_step_comes_in(registry: Registry, store: Path) -> None:
    brought(registry, store)
    steps = registry.history("boosting")
    loss = steps[steps["metric"] == "loss"]
    assert loss["step"].tolist() == [0, 1, 2, 3] and loss["value"].tolist() == [1.0, 0.5, 1 / 3, 0.25]
    assert loss["timestamp"].dt.year.unique().tolist() == [2026] and loss["timestamp"].is_monotonic_increasing
    assert math.isnan(steps[steps["metric"] == "bad"]["value"].iloc[0])
    assert registry.history("fold 1")["step"].tolist() == [7]


def test_artifacts_and_models_come_in_with_their_lineage(registry: Registry, store: Path, tmp_path: Path) -> None:
    brought(registry, store)
    artifacts = registry.artifacts().set_index("name")
    assert set(artifacts.index) == {"roc.txt", "conf", "echo-model"}
    runs = by_name(registry)
    assert artifacts.loc["echo-model", "run_id"] == runs["echo"]["run_id"]
    assert artifacts.loc["echo-model", "kind"] == "model file"
    assert len(registry.table("lineage")) == 3
    result = CliRunner().invoke(main, ["get", str(registry.path), "conf:latest", str(tmp_path / "got")])
    assert result.exit_code == 0, result.output
    assert json.loads(next((tmp_path / "got").rglob("config.json")).read_text()) == {"depth": 3}


def test_importing_again_adds_nothing(registry: Registry, store: Path) -> None:
    brought(registry, store)
    before = registry.path.read_bytes()
    again = brought(registry, store)
    assert (len(again.plan.new), again.plan.already, again.in_workbook) == (0, 4, True)
    assert registry.path.read_bytes() == before and registry.check() == []


def test_artifacts_may_be_left_where_they_are(registry: Registry, stores: Path) -> None:
    brought(registry, stores / "files", files=False)
    assert len(registry.runs()) == 4 and registry.artifacts().empty


def test_no_address_in_a_store_leads_out_of_its_folder(tmp_path: Path) -> None:
    store, secret = tmp_path / "store", tmp_path / "secret"
    (store / "inside").mkdir(parents=True)
    secret.mkdir()
    (store / "way-out").symlink_to(secret)
    for uri in (str(secret), secret.as_uri(), str(store / "way-out"), f"{store}/inside/../../secret", "s3://bucket/x"):
        assert folder_of(uri, store) is None, uri
    assert folder_of((store / "inside").as_uri(), store) == (store / "inside").resolve()


def test_a_killed_import_goes_on_and_doubles_nothing(registry: Registry, stores: Path) -> None:
    code = f"""
        import os, signal
        from pathlib import Path
        from tracker.bridges import carry_out
        from tracker.bridges.sources import open_source
        from tracker.reading.registry import Registry
        stored = []
        real = carry_out.RunArtifacts.put
        def put(self, path, name, **more):
            done = real(self, path, name, **more)
            stored.append(name)
            if len(stored) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return done
        carry_out.RunArtifacts.put = put
        carry_out.import_runs(Registry({str(registry.path)!r}), open_source(Path({str(stores / "files")!r})), "ann")
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    registry.sync()
    assert len(registry.runs()) < 4
    brought(registry, stores / "files")
    assert sorted(by_name(registry)) == ["boosting", "broken off", "echo", "fold 1"]
    assert registry.artifacts()["artifact"].value_counts().max() == 1 and len(registry.artifacts()) == 3
    assert len(registry.table("lineage")) == 3
    loss = registry.history("boosting")
    assert loss[loss["metric"] == "loss"]["step"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name: plain", "plain"),
        ("name: 'it''s: so'", "it's: so"),
        ('name: "a\\tb \\xe4 \\u00fc"', "a\tb ä ü"),
        ("name: long words that go on\n  in the next line", "long words that go on in the next line"),
        ("name: '123'", "123"),
        ("name: null", None),
        ("name:", None),
    ],
)
def test_meta_files_are_read_as_mlflow_writes_them(tmp_path: Path, text: str, value: str | None) -> None:
    path = tmp_path / "meta.yaml"
    path.write_text(f"first: 1\n{text}\nlast: 2\n", encoding="utf-8")
    found = read_meta(path)
    assert found.get("name") == value and (found["first"], found["last"]) == ("1", "2")


# -- tables -------------------------------------------------------------------------------------------------------


def test_an_export_of_wandb_is_known_by_its_columns(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(WANDB, encoding="utf-8")
    done = brought(registry, path)
    assert done.plan.source.what == "an export of W&B: export.csv"
    runs = by_name(registry)
    first, second = runs["sweet-sun-1"], runs["dark-sky-2"]
    assert (first["status"], second["status"], second["notes"]) == ("FINISHED", "FAILED", "too deep")
    assert (first["owner"], first["duration"], first["tags.tags"]) == ("ann", 3605, "a, b")
    assert f"{first['start_time']:%Y-%m-%d %H:%M}" == "2026-11-20 08:30"
    assert (first["params.lr"], first["params.epochs"], first["params.optimizer"]) == (0.001, 10, "adam")
    assert first["metrics.val_loss"] == 0.31 and second["metrics.val_loss"] is None
    assert first[ORIGIN] == "wandb:3k2j1x9z"
    path.write_text(WANDB + "new-one-3,1a2b3c4d,running,,ann,,2026-11-22,5,0.1,1,sgd,0.5,0.5\n", encoding="utf-8")
    assert [len(brought(registry, path).plan.new) for _ in range(2)] == [1, 0]


def test_rows_of_a_spreadsheet_without_ids_are_known_again(registry: Registry, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    rows = [["Our runs"], ["No.", "Model", "Who", "AUC", "Colour"], [1, "gbm", "Ann", 0.91, "red"]]
    for row in [*rows, [2, "mlp", "Ben", 0.88, "blue"], [2, "mlp", "Ben", 0.88, "blue"]]:
        book.active.append(row)
    book.save(tmp_path / "ours.xlsx")
    done = brought(registry, tmp_path / "ours.xlsx")
    assert (len(done.plan.new), done.plan.twice) == (2, 1)
    assert sorted(registry.runs()["metrics.auc"]) == [0.88, 0.91]
    assert len(brought(registry, tmp_path / "ours.xlsx").plan.new) == 0
    said = open_source(tmp_path / "ours.xlsx", {"Colour": "tags.colour"})
    assert {run.cells["tags.colour"] for run in said.runs} == {"red", "blue"}


def test_an_export_of_the_registry_itself_adds_nothing(registry: Registry, tmp_path: Path) -> None:
    with tracker.start_run(registry.path, name="mine") as run:
        run.log_metric("auc", 0.7)
    registry.runs().to_csv(tmp_path / "mine.csv", index=False)
    assert planned(registry, open_source(tmp_path / "mine.csv")).already == 1


def test_a_registry_is_not_imported_into_another(registry: Registry, tmp_path: Path) -> None:
    other = Path(shutil.copyfile(registry.path, tmp_path / "other.xlsx"))
    with pytest.raises(BadRequestError, match="is a registry itself"):
        open_source(other)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("x")])
def test_what_is_nothing_that_can_be_imported_is_refused(tmp_path: Path, make: Callable[[Path], object]) -> None:
    path = tmp_path / "thing.bin"
    make(path)
    with pytest.raises(BadRequestError):
        open_source(path)


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_bytes(b"SQLite format 3\0" + os.urandom(5000))
    with pytest.raises(BadRequestError, match="damaged"):
        open_source(path)


# -- who, what, once ----------------------------------------------------------------------------------------------


def test_a_viewer_imports_nothing(registry: Registry, stores: Path) -> None:
    from script import Script

    Script(registry.path).log(Change("people", ("ann",), {"role": "manager"}, new=True, by="person"))
    with pytest.raises(PermissionRefusedError):
        import_runs(registry, open_source(stores / "files"), "eve")
    assert registry.runs().empty


def test_what_is_not_what_was_seen_is_not_imported(registry: Registry, stores: Path) -> None:
    source = open_source(stores / "files")
    seen = planned(registry, source)
    import_runs(registry, Source(source.path, source.what, source.runs[:1]), "ann")
    with pytest.raises(BadRequestError, match="changed meanwhile"):
        import_runs(registry, source, "ann", agreed=seen)
    assert len(registry.runs()) == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_each_run_is_new_there_or_twice(names: list[str], known: set[str]) -> None:
    runs = [ForeignRun(f"x:{name}", run_id_of("x", name), {"name": name}) for name in names]
    plan = plan_import(Source(Path(), "", tuple(runs)), set(), {f"x:{name}" for name in known}, ())
    assert len(plan.new) + plan.already + plan.twice == len(names)
    assert {run.cells["name"] for run in plan.new} == set(names) - known


@settings(deadline=None)
@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.text()))
def test_a_param_kept_as_text_means_what_was_logged_or_stays_text(value: Any) -> None:
    found = meant(str(value))
    assert str(found) == str(value)
    assert isinstance(value, str) or found == value or found == str(value)


# -- the command line ---------------------------------------------------------------------------------------------


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["import", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result


def test_the_command_shows_its_plan_and_then_imports(registry: Registry, stores: Path) -> None:
    shown = run(stores / "database", registry.path, "--plan").output
    assert "4 runs would come in" in shown and "boosting" in shown and "1 deleted run left out." in shown
    assert registry.runs().empty
    assert "4 runs are in registry.xlsx" in run(stores / "database", registry.path, "--yes").output
    said = json.loads(run(stores / "database", registry.path, "--json").stdout)
    assert (said["new"], said["already"]) == ([], 4)


# -- TensorBoard --------------------------------------------------------------------------------------------------


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Event files of two runs, as PyTorch and TensorFlow write them."""
    with zipfile.ZipFile(EVENTS) as archive:
        archive.extractall(tmp_path / "logs")
    return tmp_path / "logs"


def test_scalars_of_tensorboard_come_in_with_every_step_and_once(registry: Registry, events: Path) -> None:
    done = brought(registry, events)
    assert "Pictures, histograms and texts stay there." in done.plan.source.left
    runs = by_name(registry)
    assert set(runs) == {"first", "first/hparams", "second"}
    steps = registry.history("first")
    loss = steps[steps["metric"] == "loss/train"]
    assert loss["step"].tolist() == [0, 1, 2, 3, 4]
    assert loss["value"].tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert steps[steps["metric"] == "auc"][["step", "value"]].to_numpy().tolist() == [[-1, 0.875]]
    assert set(steps["metric"]) == {"loss/train", "auc"}
    assert registry.history("second")["value"].tolist() == [0.5, 0.25]
    first = runs["first"]
    assert f"{first['start_time']:%Y-%m-%d}" == "2026-09-21" and first["duration"] == 10
    assert len(brought(registry, events).plan.new) == 0


@settings(deadline=None)
@given(st.data())
def test_a_torn_or_damaged_event_file_gives_what_is_whole(data: st.DataObject) -> None:
    with zipfile.ZipFile(EVENTS) as archive:
        content = archive.read("second/events.out.tfevents.1790000000.host")
    whole = scalars(content)
    cut = data.draw(st.integers(0, len(content)))
    assert scalars(content[:cut]) == whole[: len(scalars(content[:cut]))]
    place, byte = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 255))
    scalars(content[:place] + bytes([byte]) + content[place + 1 :])


def test_an_event_with_an_endless_time_is_read() -> None:
    with zipfile.ZipFile(EVENTS) as archive:
        content = archive.read("second/events.out.tfevents.1790000000.host")
    assert len(scalars(content[:60] + b"\x7f" + content[61:])) == len(scalars(content))


def scalars(content: bytes) -> list[tuple[Any, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.1.host")
        path.write_bytes(content)
        return [(step.metric, step.value, step.step) for run in open_source(Path(folder)).runs for step in run.steps()]
