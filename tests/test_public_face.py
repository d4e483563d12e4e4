"""What ``import tracker`` offers: all of it is there, typed, documented, and nothing is paid before it is used."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tracker
from tracker import errors

ROOT = Path(__file__).parent.parent


def test_every_public_name_can_be_had_and_is_sorted() -> None:
    assert sorted(tracker.__all__) == sorted(set(tracker.__all__))
    for name in tracker.__all__:
        assert getattr(tracker, name) is not None
    assert set(tracker.__all__) <= set(dir(tracker))


def test_what_is_no_public_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="'tracker' has no attribute 'nonsense'"):
        tracker.nonsense  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    names = set()
    for node in ast.walk(ast.parse((ROOT / "tracker" / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tracker."):
            names |= {alias.asname or alias.name for alias in node.names}
    assert names | {"__version__"} == set(tracker.__all__)


def test_every_error_is_public() -> None:
    raised = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, (errors.TrackerError, errors.TrackerWarning))
    }
    assert raised <= set(tracker.__all__)


def test_every_public_function_says_what_it_does() -> None:
    for name in tracker.__all__:
        value = getattr(tracker, name)
        if callable(value):
            assert inspect.getdoc(value), name


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("log_param", ["key", "value"]),
        ("log_params", ["params"]),
        ("log_metric", ["key", "value", "step", "timestamp"]),
        ("log_metrics", ["metrics", "step", "timestamp"]),
        ("set_tag", ["key", "value"]),
        ("set_tags", ["tags"]),
        ("log_artifact", ["local_path", "artifact_path"]),
        ("log_artifacts", ["local_dir", "artifact_path"]),
        ("log_figure", ["figure", "artifact_file"]),
        ("log_dict", ["dictionary", "artifact_file"]),
        ("log_text", ["text", "artifact_file"]),
        ("log_table", ["data", "artifact_file"]),
        ("log_image", ["image", "artifact_file"]),
        ("end_run", ["status"]),
    ],
)
def test_the_verbs_take_their_arguments_in_mlflows_order_in_a_run_too(name: str, order: list[str]) -> None:
    def positional(function: object) -> list[str]:
        parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
        return [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD and one.name != "self"]

    assert positional(getattr(tracker, name)) == order
    if name != "end_run":
        method = getattr(tracker.Run, name)
        assert [one for one in positional(inspect.unwrap(method)) if one != "args"] == order


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tracker.__version__ == project["version"]


def loaded_by(code: str) -> set[str]:
    """The modules that are loaded after the code ran in a new process."""
    code += "\nimport sys\nprint(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(child.stdout.split())


def test_importing_loads_next_to_nothing() -> None:
    extra = loaded_by("import tracker") - loaded_by("import typing")
    assert {name for name in extra if name.startswith("tracker")} == {"tracker", "tracker.errors"}
    assert extra <= {"tracker", "tracker.errors", "__future__"}


def test_logging_loads_nothing_heavy() -> None:
    heavy = {"pandas", "numpy", "openpyxl", "streamlit", "matplotlib", "yaml", "importlib.metadata", "click"}
    assert not loaded_by("import tracker\ntracker.start_run\ntracker.open") & heavy
