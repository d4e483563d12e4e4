"""Makes docs/columns.md from the schema: ``python -m docs.build_columns``. A test holds that the page is current."""

from __future__ import annotations

from pathlib import Path

from tracker.schema import PREFIX_HELP, PREFIX_KINDS, TABLES, Table
from tracker.settings import COLUMN_PREFIX, DEFAULTS

PAGE = Path(__file__).with_name("columns.md")
WRITERS = {"script": "scripts", "person": "you", "both": "scripts; what you change stays"}
INTRODUCTION = """\
# Tables and columns

<!-- Made by docs/build_columns.py from tracker/schema.py; change it there. -->

Each table is an Excel table that Tracker finds by its *table name* (Table Design, Table Name), wherever it stands.
Columns are found by their headers, in any order; to give a column another header, add the row
`{prefix}TABLE.NAME` with the new header as its value to the settings. Columns that are not listed here are yours:
Tracker shows them and never touches them.
"""


def page() -> str:
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


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
