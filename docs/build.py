"""Makes docs/columns.md from the schema and the map in README.md from the modules: ``python -m docs.build``.

A test holds that both are current.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tracker.schema import PREFIX_HELP, PREFIX_KINDS, TABLES, Table
from tracker.settings import COLUMN_PREFIX, DEFAULTS

ROOT = Path(__file__).parent.parent
COLUMNS, README = ROOT / "docs" / "columns.md", ROOT / "README.md"
MAP = re.compile(r"(?<=<!-- map -->\n).*(?=<!-- end of map -->)", re.DOTALL)
FOLDERS = (
    "",
    "tracker",
    *(
        f"tracker/{package}"
        for package in (
            "runs",
            "journal",
            "syncing",
            "xlsx",
            "store",
            "data",
            "reading",
            "deciding",
            "comparing",
            "cards",
            "reproducing",
            "cli",
            "web",
        )
    ),
    "templates",
    "docs",
    "sample_workbooks",
)
"""The folders of the map, in its order."""
WRITERS = {"script": "scripts", "person": "you", "both": "scripts; what you change stays"}
INTRODUCTION = """\
# Tables and columns

<!-- Made by docs/build.py from tracker/schema.py; change it there. -->

Each table is an Excel table that Tracker finds by its *table name* (Table Design, Table Name), wherever it stands.
Columns are found by their headers, in any order; to give a column another header, add the row
`{prefix}TABLE.NAME` with the new header as its value to the settings. Columns that are not listed here are yours:
Tracker shows them and never touches them.
"""


# -- docs/columns.md ----------------------------------------------------------------------------------------------


def columns_page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION.format(prefix=COLUMN_PREFIX), *map(_table, TABLES.values()), _settings()]
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [
        f"## {table.name}\n",
        f"{table.help} Key: {', '.join(f'`{column}`' for column in table.key)}.\n",
        "| column | holds | who writes it | what it means |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        choices = f" One of: {', '.join(column.choices)}." if column.choices else ""
        lines.append(f"| `{column.name}` | {column.kind} | {WRITERS[column.writer]} | {_cell(column.help + choices)} |")
    for prefix in table.open_prefixes:
        lines.append(f"| `{prefix}*` | {PREFIX_KINDS[prefix]} | scripts | {_cell(PREFIX_HELP[prefix])} |")
    return "\n".join(lines) + "\n"


def _settings() -> str:
    lines = ["## The settings\n", "| name | default | what it does |", "|---|---|---|"]
    for name, (default, text) in DEFAULTS.items():
        value = "" if default is None else f"`{_cell(str(default))}`"
        lines.append(f"| `{name}` | {value} | {_cell(text)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# -- the map in README.md -----------------------------------------------------------------------------------------


def readme() -> str:
    """README.md with its map of the modules as they are on disk."""
    return MAP.sub(lambda _: "\n" + "\n".join(map(_folder, FOLDERS)) + "\n", README.read_text("utf-8"))


def _folder(folder: str) -> str:
    lines = []
    if folder:
        package = ROOT / folder / "__init__.py"
        about = f" {_first_sentence(package)}" if package.exists() and folder != "tracker" else ""
        lines.append(f"**{folder}/**{about}\n")
    for path in sorted((ROOT / folder).glob("*.py")):
        if path.name == "__init__.py" and folder != "tracker":
            continue  # its sentence stands behind the folder's name
        lines.append(f"- `{path.name}` {_first_sentence(path)}")
    return "\n".join(lines) + "\n"


def _first_sentence(path: Path) -> str:
    """What a module is, as its docstring begins; a script without one is a script."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "A script."
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0].replace("``", "`").replace(":mod:`", "`").replace("\n", " ")


if __name__ == "__main__":
    COLUMNS.write_text(columns_page(), "utf-8")
    README.write_text(readme(), "utf-8")
