"""Makes the templates from the schema and the default settings: ``python -m templates.build`` writes them here.

The same sources always give the same parts: nothing in the workbooks depends on when or where they were made.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from templates import look, rows, score, tiers
from templates.forms import add_form
from templates.lists import (
    acl,
    bank,
    classification,
    datasheet,
    eu_ai_act,
    fair,
    general,
    ml_test_score,
    model_card,
    neurips,
    release_gate,
)
from templates.lists.words import Template
from templates.sheets import Placed, add_table
from templates.start import add_start
from templates.summary import add_summary
from tracker.schema import ARTIFACT_CATEGORIES, RUNS, TABLES, Column, Table
from tracker.settings import DEFAULTS

ORDER = ("runs", "artifacts", "checklist", "sop", "models", "lineage", "retention", "people", "settings")
"""The tables as their sheets come."""

TAB_COLORS = {"runs": look.BLUE, "artifacts": look.BLUE, "models": look.BLUE, "lineage": look.BLUE} | {
    name: look.GREEN for name in ("checklist", "sop", "retention")
}

KINDS = Table(
    "kinds",
    ("category", "kind"),
    "The kinds of artifacts that the Artifacts sheet offers to choose from. Add your own.",
    (
        Column("category", "text", "Which of the four kinds of work it belongs to.", "person", ARTIFACT_CATEGORIES, 20),
        Column("kind", "text", "The name of the kind.", "person", width=26),
        Column("what it is", "text", "What belongs to it.", "person", width=62),
    ),
)
"""A table of people alone: Tracker does not know it, and the drop-down list of artifacts reads it."""

MADE = datetime(2026, 1, 1)


TEMPLATES = tuple(
    each.TEMPLATE
    for each in (
        general,
        classification,
        neurips,
        acl,
        ml_test_score,
        model_card,
        datasheet,
        fair,
        eu_ai_act,
        bank,
        release_gate,
    )
)

COMPUTED: dict[str, tuple[str, str, Callable[[Workbook], None]]] = {
    ml_test_score.TEMPLATE.name: (score.TITLE, score.HELP, score.add_score),
    bank.TEMPLATE.name: (tiers.TITLE, tiers.HELP, tiers.add_tiers),
}
"""Sheets that compute from a form: title, what it is for, and what makes it."""


def columns_of(table: Table, template: Template) -> tuple[Column, ...]:
    """The table's columns in the template: the schema's, and in runs those that such runs have beside their owner."""
    if table is not RUNS:
        return table.columns
    extra = [column for name in template.run_columns if (column := RUNS.column(name))]
    place = [column.name for column in RUNS.columns].index("owner") + 1
    return (*RUNS.columns[:place], *extra, *RUNS.columns[place:])


def rows_of(table: Table, template: Template) -> Sequence[rows.Row]:
    """What stands in the table when a registry begins."""
    if table.name == "settings":
        return [{"name": name, "value": value, "help": text} for name, (value, text) in DEFAULTS.items()]
    if table.name == "sop":
        return template.sop()
    return rows.RETENTION_CLASSES if table.name == "retention" else ()


def own_sheets(template: Template) -> list[tuple[str, str, str]]:
    """The sheets that only this template has, in order, with what they are for and who writes them."""
    own = [(form.title, form.help, "you") for form in template.forms]
    if template.name in COMPUTED:
        title, help, _ = COMPUTED[template.name]
        own.append((title, help, "formulas"))
    return own


def make(template: Template) -> Workbook:
    """The template as an openpyxl workbook."""
    book = Workbook()
    book.remove(book.active)
    look.prepare(book)
    for form in template.forms:
        add_form(book, form, template.source)
    if template.name in COMPUTED:
        COMPUTED[template.name][2](book)
    placed: dict[str, Placed] = {}
    for name in ORDER:
        table = TABLES[name]
        color = TAB_COLORS.get(name, look.GREY)
        placed[name] = add_table(book, table, columns_of(table, template), rows_of(table, template), color)
    kinds = add_table(book, KINDS, KINDS.columns, rows.KINDS, look.GREY)
    for name, cells in {
        "sop_list": placed["sop"].column_range("item"),
        "retention_list": placed["retention"].column_range("class"),
        "kind_list": kinds.column_range("kind"),
    }.items():
        book.defined_names[name] = DefinedName(name, attr_text=cells)
    add_start(book, template, own_sheets(template), ORDER)
    add_summary(book, placed, template.metric, template.chart_column, template.chart_title)

    book.properties.title = f"Tracker registry ({template.name})"
    book.properties.subject = template.purpose
    book.properties.keywords = "experiment tracking, registry"
    book.properties.creator = "Tracker"
    book.properties.created = book.properties.modified = MADE
    book.calculation.fullCalcOnLoad = True
    return book


def save(book: Workbook, path: Path) -> None:
    """Save with fixed times, inside the workbook and in the zip, so that the same content is the same file."""
    saved = io.BytesIO()
    book.save(saved)
    quiet = {f"xl/worksheets/sheet{number}.xml": _texts_like_numbers(sheet) for number, sheet in enumerate(book, 1)}
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + f"{MADE:%Y-%m-%dT%H:%M:%SZ}".encode(), content
                )
            if quiet.get(name):
                told = f'<ignoredErrors><ignoredError sqref="{quiet[name]}" numberStoredAsText="1"/></ignoredErrors>'
                content = content.replace(b"<legacyDrawing", told.encode() + b"<legacyDrawing", 1)
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content, compresslevel=9)


def _texts_like_numbers(sheet: Worksheet) -> str:
    """The columns, as ranges, in which texts such as ``2.10`` stand: Excel is told not to mark them as mistakes."""
    columns = {
        cell.column_letter
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.number_format == "@" and re.fullmatch(r"[\d.]+", cell.value)
    }
    return " ".join(f"{letter}1:{letter}{sheet.max_row}" for letter in sorted(columns))


def main(folder: Path) -> None:
    """Write every template into the folder."""
    for template in TEMPLATES:
        save(make(template), folder / f"{template.name}.xlsx")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
