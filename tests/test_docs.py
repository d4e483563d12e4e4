"""The documentation says what is so: commands, modules, columns, and examples that run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from docs import build
from tracker.cli.commands import main
from tracker.reading.roles import ACTS
from tracker.schema import ROLES, TABLES
from tracker.settings import DEFAULTS
from tracker.web.entering.places import HOME_VARIABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sample_workbooks/*.md"))


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_first_screen_has_the_commands_that_start_everything() -> None:
    first_screen = "\n".join(README.splitlines()[:30])
    for command in (
        "python -m venv .venv && . .venv/bin/activate",
        "pip install -r requirements.txt && streamlit run app.py",
        "pip install -r requirements.txt && pytest",
    ):
        assert f"```sh\n{command}\n```" in first_screen


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"^\| `{command}` \| .{{15,}} \|$", README, re.MULTILINE)


def test_the_readme_names_no_other_command() -> None:
    named = set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE)) | set(
        re.findall(r"-m tracker ([a-z-]+)", README)
    )
    assert named == set(main.commands)


def test_the_map_lists_exactly_the_modules_on_disk() -> None:
    assert build.readme() == README, "README.md is old; make it with: python -m docs.build"


def test_every_module_has_a_phrase_in_the_map() -> None:
    (block,) = re.findall(r"<!-- map -->(.*)<!-- end of map -->", README, re.DOTALL)
    folder, listed = "", {}
    for line in block.splitlines():
        if line.startswith("**"):
            folder = line.split("**")[1]
        elif line.startswith("- "):
            name, phrase = line.removeprefix("- `").split("` ", 1)
            listed[folder + name] = phrase
    on_disk = {path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("tracker/**/*.py"), ROOT / "app.py")}
    packages = {name for name in on_disk if name.count("/") > 1 and name.endswith("/__init__.py")}
    assert on_disk - packages <= listed.keys()
    assert all(phrase.endswith(".") and len(phrase) < 160 for phrase in listed.values())


def test_the_page_of_columns_is_current_and_complete() -> None:
    page = build.COLUMNS.read_text("utf-8")
    assert build.columns_page() == page, "docs/columns.md is old; make it with: python -m docs.build"
    for table in TABLES.values():
        (section,) = re.findall(rf"^## {table.name}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
        for column in table.columns:
            assert re.search(rf"^\| `{column.name}` \| {column.kind} \| .+ \| .+ \|$", section, re.MULTILINE)
    assert all(f"| `{name}` |" in page for name in DEFAULTS)


def test_the_page_of_roles_is_current_and_complete() -> None:
    page = build.ROLES_PAGE.read_text("utf-8")
    assert build.roles_page() == page, "docs/roles.md is old; make it with: python -m docs.build"
    for act in ACTS.values():
        marks = ["yes" if ROLES.index(role) >= ROLES.index(act.role) else "" for role in ROLES]
        assert f"| {act.what} | {' | '.join(marks)} |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_script_of_the_tour_is_the_one_in_the_samples_and_short() -> None:
    script = (ROOT / "sample_workbooks" / "train_digits.py").read_text("utf-8")
    assert script in blocks("python")
    assert len(script.splitlines()) <= 20


def test_the_tour_runs_as_it_stands(tmp_path: Path) -> None:
    """Every block in order, as a reader would: scripts are saved, commands typed; only the app is left out."""
    tour = README[README.index("## Five minutes") : README.index("## What happens when")]
    printed = ""
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", tour, re.DOTALL | re.MULTILINE):
        if language == "python":
            script = tmp_path / ("train_digits.py" if "sklearn" in block else "look.py")
            script.write_text(block, "utf-8")
            commands = ["python look.py"] if script.name == "look.py" else []
        else:
            commands = [line for line in block.splitlines() if not line.startswith("python -m tracker app")]
        for command in commands:
            words = [sys.executable, *shlex.split(command)[1:]]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "LOGNAME": "analyst", "COLUMNS": "200"}
            child = subprocess.run(
                words, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8"
            )
            assert child.returncode == 0, f"{command}\n{child.stderr}"
            printed += child.stdout
    listed, shown = printed.split("SGD, alpha 0.001 FINISHED")
    assert listed.index("SGD, alpha 0.001 ") < listed.index("SGD, alpha 0.0001")
    assert "SGD, alpha 0.1" not in listed
    assert "log_loss" in shown


def test_every_environment_variable_is_in_the_table() -> None:
    code = "".join(path.read_text("utf-8") for path in (*ROOT.glob("tracker/**/*.py"), ROOT / "app.py"))
    read = set(re.findall(r"\bTRACKER_[A-Z_]+\b", code)) | set(HOME_VARIABLES)
    table = (ROOT / "docs" / "environment.md").read_text("utf-8")
    named = set(re.findall(r"`([A-Z_]+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line)))
    assert named == read


def test_every_environment_variable_has_a_constant() -> None:
    asked = {
        match[1]
        for path in (*ROOT.glob("tracker/**/*.py"), ROOT / "app.py")
        for match in re.finditer(r"environ(?:\.get\(|\[)([^,)\]]+)", path.read_text("utf-8"))
    }
    others = {name for name in asked if not name.endswith("_VARIABLE")}
    assert others <= {'"PATH"', '"PYTHONPATH"', "name"}
