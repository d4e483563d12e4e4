"""Makes docs/columns.md, docs/roles.md and the map in README.md from the code: ``python -m docs.build``.

A test holds that they are current.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tracker.reading.roles import ACTS, Act, allows
from tracker.schema import PREFIX_HELP, PREFIX_KINDS, ROLES, TABLES, Table
from tracker.settings import COLUMN_PREFIX, DEFAULTS

ROOT = Path(__file__).parent.parent
COLUMNS, ROLES_PAGE, README = ROOT / "docs" / "columns.md", ROOT / "docs" / "roles.md", ROOT / "README.md"
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
            "history",
            "xlsx",
            "store",
            "checklist",
            "data",
            "contents",
            "reading",
            "deciding",
            "adopting",
            "archiving",
            "bridges",
            "merging",
            "retention",
            "comparing",
            "cards",
            "reproducing",
            "exporting",
            "cli",
            "web",
            "web/common",
            "web/entering",
            "web/reading",
            "web/overview",
            "web/runs",
            "web/run",
            "web/compare",
            "web/artifacts",
            "web/datasets",
            "web/models",
            "web/retention",
            "web/procedure",
            "web/sheets",
            "web/history",
            "web/problems",
            "web/settings",
            "web/importing",
            "web/script",
        )
    ),
    "templates",
    "templates/lists",
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

ROLES_INTRODUCTION = """\
# Who may do what

<!-- Made by docs/build.py from tracker/reading/roles.py; change it there. -->

The `people` table says who has which role: viewer, contributor or manager. A higher role may do all that a lower one
may.

- While the table names nobody, there is one trusted local user, who may do everything. Begin with yourself as a
  manager.
- From the first name on, somebody who is not in it is a viewer. So is somebody whose role is blank or no role;
  `check` lists a word that is none with its cell.
- A name is matched without regard to capitals and to blanks around it. Of a name that stands twice, the first counts.
- Who somebody is: the e-mail address that they logged in with to the app, else `TRACKER_USER`, else the login name.
- A role counts as soon as it is saved: with `python -m tracker people`, or typed into the sheet.

The same gate holds for scripts, for the command line and for the app. Where the role does not allow something,
nothing is changed, and the message says which role it takes. Looking, and taking copies out, is open to everybody.
"""
ROLES_END = """
## What this is, and what it is not

It guards colleagues against mistakes: the wrong model in production, a rule changed in passing, files deleted by
somebody who only wanted to look. It is no lock. Whoever may write the folder can edit the workbook and the files
beside it directly, a role in the `people` table too, and can say any name in `TRACKER_USER`. What keeps people out is
the folder's own permissions: give viewers read access only. What happened is in the history: `python -m tracker
history` shows who changed which cell through Tracker, and the earlier workbooks in `registry.tracker/versions/` show
what was typed by hand.
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


# -- docs/roles.md ------------------------------------------------------------------------------------------------


def roles_page() -> str:
    """The whole page as Markdown."""
    lines = [ROLES_INTRODUCTION, f"| to … | {' | '.join(ROLES)} |", f"|---{'|:-:' * len(ROLES)}|"]
    return "\n".join([*lines, *map(_act, ACTS.values()), ROLES_END])


def _act(act: Act) -> str:
    marks = ("yes" if allows(role, act.role) else "" for role in ROLES)
    return f"| {_cell(act.what)} | {' | '.join(marks)} |"


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
    ROLES_PAGE.write_text(roles_page(), "utf-8")
    README.write_text(readme(), "utf-8")
