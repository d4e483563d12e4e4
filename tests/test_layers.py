"""The layers of the code: a module imports only from its own layer or from one below, and nothing heavy comes along."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = (
    "app",
    "tracker.web",
    "tracker.__main__",
    "tracker.cli",
    "tracker.serving",
    "tracker",
    "tracker.exporting",
    "tracker.bridges tracker.reproducing tracker.cards",
    "tracker.comparing tracker.adopting tracker.merging tracker.archiving",
    "tracker.runs",
    "tracker.contents",
    "tracker.retention",
    "tracker.deciding",
    "tracker.reading",
    "tracker.syncing",
    "tracker.history",
    "tracker.checklist",
    "tracker.store",
    "tracker.journal",
    "tracker.whole_sheets",
    "tracker.workbook",
    "tracker.data tracker.git tracker.xlsx",
    "tracker.capture tracker.collector tracker.conversions tracker.disk tracker.errors tracker.folders tracker.ids "
    "tracker.matching tracker.model tracker.processes tracker.read_only tracker.schema tracker.settings "
    "tracker.terminal tracker.values tracker.wording tracker.written",
)
"""Top to bottom. A package stands for all its modules."""

PACKAGES = tuple(f"tracker.{path.name}" for path in (ROOT / "tracker").iterdir() if (path / "__init__.py").exists())
HEAVY = ("pandas", "numpy", "openpyxl", "streamlit", "sklearn", "altair", "pyarrow", "scipy", "matplotlib", "mlflow")


def unit(module: str) -> str:
    """The name under which a module stands in ``LAYERS``."""
    return next((package for package in PACKAGES if module == package or module.startswith(package + ".")), module)


def layer(module: str) -> int | None:
    """How far from the top a module stands; None if it has no place."""
    return next((depth for depth, names in enumerate(LAYERS) if unit(module) in names.split()), None)


@cache
def sources() -> dict[str, Path]:
    """Every module of the project on disk, by its dotted name."""
    found = {}
    for path in [*ROOT.glob("tracker/**/*.py"), *ROOT.glob("app.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[tuple[str, int]]:
    """What a module imports, wherever in its text, with line numbers; of the project's own, the module meant."""
    found = set()
    for node in ast.walk(ast.parse(sources()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.name, node.lineno) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports by dots; write the whole name"
            base = node.module or ""
            inner = {f"{base}.{alias.name}" for alias in node.names} & sources().keys()
            found |= {(name, node.lineno) for name in inner or {base}}
    return frozenset(found)


def own_imports(module: str) -> set[str]:
    """The project's own modules that a module imports."""
    return {name for name, _ in imports(module) if name in sources()}


def test_every_module_has_a_place_in_the_order() -> None:
    strangers = sorted(module for module in sources() if layer(module) is None)
    assert not strangers, f"give these a place in LAYERS: {strangers}"


def test_no_module_stands_in_two_layers() -> None:
    names = [name for names in LAYERS for name in names.split()]
    assert len(names) == len(set(names))


def test_imports_only_point_downward() -> None:
    upward = [
        f"{module}:{line} imports {name}"
        for module in sources()
        for name, line in imports(module)
        if name in sources() and (layer(name) or 0) < (layer(module) or 0)
    ]
    assert not upward, "\n".join(sorted(upward))


def test_no_import_cycles() -> None:
    graph = {module: own_imports(module) - {module} for module in sources()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("streamlit", ("app", "tracker.web")), ("altair", ("app", "tracker.web")), ("openpyxl", ()), ("xlsxwriter", ())],
)
def test_packages_stay_where_they_belong(package: str, allowed: tuple[str, ...]) -> None:
    strays = [
        f"{module}:{line}"
        for module in sources()
        for name, line in imports(module)
        if name.partition(".")[0] == package and unit(module) not in allowed
    ]
    assert not strays, f"{package} is imported by {strays}"


def test_the_reader_of_imports_finds_all_ways_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import a.b\nfrom tracker import errors\nfrom tracker.errors import TrackerError\ndef f():\n    import c\n"
    path = tmp_path / "probe.py"
    path.write_text(text, encoding="utf-8")
    known = {"probe": path, "tracker": path, "tracker.errors": path}
    monkeypatch.setattr(sys.modules[__name__], "sources", lambda: known)
    assert imports.__wrapped__("probe") == {("a.b", 1), ("tracker.errors", 2), ("tracker.errors", 3), ("c", 5)}


def test_import_tracker_is_light() -> None:
    code = "import sys, tracker; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = set(child.stdout.split()) & set(HEAVY)
    assert not heavy, f"import tracker loads {sorted(heavy)}"
