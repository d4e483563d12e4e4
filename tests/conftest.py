"""What tests ask for by name: registries, workbooks from the zoo and from the wild, a LibreOffice."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, Shown, opened
from invoking import Invoke, invoking
from libreoffice import Office, why_missing
from zoo import BROKEN, TRAPS, WORKBOOKS, Broken, Specimen, Trap, with_openpyxl

import tracker

ROOT = Path(__file__).parent.parent
CORPUS = Path(os.environ.get("TRACKER_CORPUS", ROOT.parent / "shared" / "workbooks"))
"""Workbooks from the wild, which are not part of this repository; TRACKER_CORPUS names another folder with some."""
NO_CORPUS = f"no workbooks from the wild in {CORPUS}; TRACKER_CORPUS names another folder"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test that opens a LibreOffice."""
    for item in items:
        if "libreoffice" in getattr(item, "fixturenames", ()):
            item.add_marker("libreoffice")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test with ``wild_workbook`` once per workbook from the wild."""
    if "wild_workbook" in metafunc.fixturenames:
        files = sorted(path for path in CORPUS.glob("*.xl*") if path.is_file())
        nothing = [pytest.param(None, id="none", marks=pytest.mark.skip(reason=NO_CORPUS))]
        params = [pytest.param(path, id=path.name) for path in files] or nothing
        metafunc.parametrize("wild_workbook", params, indirect=True)


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A LibreOffice of this worker's own, started when it is first asked something."""
    reason = why_missing()
    if reason is not None:
        pytest.skip(reason)
    office = Office(tmp_path_factory.mktemp("libreoffice"))
    yield office
    office.end()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of workbooks from the wild."""
    if not CORPUS.is_dir():
        pytest.skip(NO_CORPUS)
    return CORPUS


@pytest.fixture
def wild_workbook(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of each workbook from the wild, one by one."""
    return Path(shutil.copyfile(request.param, tmp_path / request.param.name))


@pytest.fixture(autouse=True, scope="session")
def nothing_in_the_background() -> Iterator[None]:
    """Nobody looks into tables unless a test asks for it: hundreds of tests log some."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKER_PROFILE", "off")
        yield


@pytest.fixture(autouse=True, scope="session")
def components_are_looked_for_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for components with each app that a test opens; once will do."""
    with pytest.MonkeyPatch.context() as patch:
        with contextlib.suppress(ImportError):
            from streamlit.components.v2 import manifest_scanner

            look = functools.cache(manifest_scanner.scan_component_manifests)
            patch.setattr(manifest_scanner, "scan_component_manifests", look)
        yield


@pytest.fixture
def registry_path(tmp_path: Path) -> Path:
    """A new registry, made from the general template."""
    return Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", tmp_path / "registry.xlsx"))


@pytest.fixture
def bare_registry(tmp_path: Path) -> Path:
    """A registry of two tables and three runs, with a column of a person's own."""
    path = tmp_path / "bare.xlsx"
    runs = (
        ("r1", "first", "FINISHED", 0.5, "mine"),
        ("r2", "second", "FAILED", 0.25, None),
        ("r3", "third", "RUNNING", None, "also"),
    )
    columns = ("run_id", "name", "status", "metrics.loss", "my verdict")
    with_openpyxl.simple(path, {"runs": (columns, runs), "artifacts": (("artifact", "name", "version"), ())})
    return path


@pytest.fixture(params=WORKBOOKS, ids=str)
def rich_workbook(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each feature-rich workbook of the zoo, with all of a registry's tables."""
    specimen: Specimen = request.param
    path = tmp_path / f"registry{specimen.ending}"
    specimen.build(path, _corpus_for(specimen))
    return path


@pytest.fixture(params=WORKBOOKS, ids=str)
def resaved_workbook(
    request: pytest.FixtureRequest, tmp_path: Path, resaved: dict[Specimen, bytes], libreoffice: Office
) -> Path:
    """Each feature-rich workbook of the zoo after somebody saved it in LibreOffice."""
    specimen: Specimen = request.param
    path = tmp_path / f"registry{specimen.ending}"
    if specimen not in resaved:
        specimen.build(path, _corpus_for(specimen))
        with libreoffice.open(path) as document:
            document.save()
        resaved[specimen] = path.read_bytes()
    path.write_bytes(resaved[specimen])
    return path


@pytest.fixture(scope="session")
def resaved() -> dict[Specimen, bytes]:
    """What LibreOffice made of each specimen, kept for the other tests of the session."""
    return {}


@pytest.fixture(params=TRAPS, ids=str)
def trap(request: pytest.FixtureRequest) -> Trap:
    """Each trap of the zoo."""
    return request.param


@pytest.fixture(params=BROKEN, ids=str)
def broken(request: pytest.FixtureRequest) -> Broken:
    """Each file of the zoo that is no workbook."""
    return request.param


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, for all tests of this module."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def app(chromium: Any, registry_path: Path, tmp_path: Path) -> Iterator[Shown]:
    """The app on a registry with three runs."""
    for number, name in enumerate(("forest", "boosting", "linear")):
        with tracker.start_run(registry_path, experiment="churn", name=name) as run:
            run.log_params({"depth": number + 3})
            for step in range(5):
                run.log_metric("loss", 1 / (step + 1 + number), step=step)
            run.log_metric("auc", 0.8 + number / 20)
            run.log_text(
                "# Seen\n\n![pixel](https://elsewhere.example/x.png) \\![more](https://e.example/y.png)", "report.md"
            )
    with opened(chromium, registry_path, tmp_path) as shown:
        shown.open("/runs")
        yield shown


def _corpus_for(specimen: Specimen) -> Path:
    if specimen.needs_corpus and not CORPUS.is_dir():
        pytest.skip(NO_CORPUS)
    return CORPUS


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command in an empty folder; the exit code must be the expected one."""
    return invoking(tmp_path, monkeypatch)
