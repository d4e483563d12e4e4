"""The Import page: uploads and stores are shown before anything comes in, and come in once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from script import Script
from test_import import STORES, WANDB
from test_web import Open, _run, open_app, words  # noqa: F401

from tracker.bridges.plan import plan_import
from tracker.bridges.sources import open_source
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.web.entering import start
from tracker.web.importing import page as imports
from tracker.web.importing.page import runs_table


def test_an_uploaded_export_comes_in_as_runs_once(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    app = open_app(registry_path, "import")
    app.file_uploader(key="import-upload").set_value(("../we&b <x>.csv", WANDB.encode(), "text/csv"))
    _run(app)
    said = words(app).replace("\\", "")
    assert "An export of W&B" in said and "2 runs would come in" in said
    assert Registry(registry_path).runs().empty
    _run(app.button(key="import-do").click())
    assert "2 runs imported: they are in the workbook." in app.success[0].value
    assert sorted(Registry(registry_path).runs()["name"]) == ["dark-sky-2", "sweet-sun-1"]
    _run(app)
    assert "2 runs imported" in app.success[0].value, "a page that is drawn anew by itself still says so"
    again = open_app(registry_path, "import")
    again.file_uploader(key="import-upload").set_value(("copy.csv", WANDB.encode(), "text/csv"))
    assert "All of it is here already." in _run(again).success[0].value


def test_a_store_of_mlflow_comes_in_by_its_path(open_app: Open, registry_path: Path, tmp_path: Path) -> None:  # noqa: F811
    with zipfile.ZipFile(STORES) as archive:
        archive.extractall(tmp_path / "theirs")
    app = open_app(registry_path, "import")
    _run(app.text_input(key="import-path").set_value(str(tmp_path / "theirs" / "nowhere")))
    assert "There is no file or folder" in app.error[0].value
    _run(app.text_input(key="import-path").set_value(str(tmp_path / "theirs" / "files" / "mlruns")))
    assert "4 runs would come in" in words(app)
    _run(app.toggle(key="import-files").set_value(False))
    _run(app.button(key="import-do").click())
    registry = Registry(registry_path)
    assert len(registry.runs()) == 4 and registry.artifacts().empty


def test_an_uploaded_table_goes_beside_the_registry_to_become_one(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    app = open_app(registry_path, "import")
    app.file_uploader(key="import-upload").set_value(("team.csv", WANDB.encode(), "text/csv"))
    _run(app)
    _run(app.segmented_control(key="import-way").set_value("A registry of its own, beside this one"))
    _run(app.button(key="import-beside").click())
    assert registry_path.with_name("team.csv").read_bytes() == WANDB.encode()
    assert "Make a registry of team" in words(app)


def test_what_is_no_table_says_so(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    app = open_app(registry_path, "import")
    app.file_uploader(key="import-upload").set_value(("broken.xlsx", b"PK nothing", "application/octet-stream"))
    _run(app)
    assert "It cannot be imported" in app.error[0].value


def test_over_the_network_no_path_is_asked_for(
    open_app: Open,  # noqa: F811
    registry_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(start, "may_choose", lambda: False)
    app = open_app(registry_path, "import")
    assert not [field for field in app.text_input if field.key == "import-path"]
    app.file_uploader(key="import-upload").set_value(("team.csv", WANDB.encode(), "text/csv"))
    _run(app)
    assert not app.segmented_control and "2 runs would come in" in words(app)


def test_a_viewer_is_not_offered_to_import(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    Script(registry_path).log(Change("people", ("boss",), {"role": "manager"}, new=True, by="person"))
    app = open_app(registry_path, "import")
    assert "Importing takes a contributor" in words(app) and not app.file_uploader


def test_the_runs_that_would_come_in_are_listed_with_their_params(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(WANDB, encoding="utf-8")
    table = runs_table(plan_import(open_source(tmp_path / "export.csv"), (), (), ()))
    assert table["name"].tolist() == ["sweet-sun-1", "dark-sky-2"]
    assert "lr 0.001" in table["params"][0] and "val_loss" in table["metrics"][0]


def test_uploads_are_kept_under_safe_names_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Folder:
        name = str(tmp_path)

    monkeypatch.setattr(imports, "_folder", Folder)
    paths = [imports._kept("../../../etc/x <b>.CSV", f"a,b\n{number},1\n".encode()) for number in range(25)]
    assert {path.name for path in paths} == {"x _b_.csv"}
    assert all(path.parent.parent == tmp_path for path in paths)
    assert len(list(tmp_path.iterdir())) == imports.MOST_KEPT and paths[-1].exists()
    assert imports._kept("x.csv", b"a,b\n0,1\n").read_bytes() == b"a,b\n0,1\n", "it is put there again"
