"""Registries among a person's things, made by openpyxl: what it can make, and the pivot tables it carries along."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.chart import BarChart, LineChart, Reference, ScatterChart, Series
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, DataBarRule, FormulaRule, IconSetRule
from openpyxl.packaging.custom import IntProperty, StringProperty
from openpyxl.styles import Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo

from zoo.samples import SampleTable, registry_tables
from zoo.zips import png


def simple(path: Path, tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]) -> None:
    """A workbook with these tables, each its columns and rows, on a sheet of its own from A1 on; for odd registries."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, (columns, rows) in tables.items():
        table = SampleTable(name, tuple(columns), tuple(tuple(row) for row in rows))
        _write_table(workbook.create_sheet(name.title()), table)
    workbook.save(path)


def rich(path: Path) -> None:
    """Charts, pictures, validations, formats, notes, names, formulas over the tables; formulas have no saved "
    "results."""
    workbook = openpyxl.Workbook()
    tables = registry_tables()
    summary = workbook.active
    summary.title = "Summary"
    for name, table in tables.items():
        _write_table(workbook.create_sheet(name.title()), table)
    sheet, runs = workbook["Runs"], tables["runs"]
    last = len(runs.rows) + 1

    def cells(column: str) -> str:
        letters = get_column_letter(runs.column(column) + 1)
        return f"{letters}2:{letters}{last}"

    def chart_range(column: str) -> Reference:
        at = runs.column(column) + 1
        return Reference(sheet, min_col=at, max_col=at, min_row=2, max_row=last)

    choices = DataValidation(
        type="list", formula1='"RUNNING,FINISHED,FAILED,KILLED"', allow_blank=True, showErrorMessage=True
    )
    choices.add(cells("status"))
    long = DataValidation(type="textLength", operator="lessThan", formula1="200")
    long.add(cells("notes"))
    for validation in (choices, long):
        sheet.add_data_validation(validation)
    yellow = PatternFill(bgColor="FFEB9C")
    formats = sheet.conditional_formatting
    formats.add(cells("status"), FormulaRule(formula=['$D2="FAILED"'], fill=yellow))
    formats.add(
        cells("metrics.auc"), ColorScaleRule(start_type="min", start_color="FFFFFF", end_type="max", end_color="63BE7B")
    )
    formats.add(cells("metrics.loss"), DataBarRule("min", None, "max", None, "5B9BD5"))
    formats.add(cells("duration"), IconSetRule("3Arrows", "percent", [0, 33, 67]))
    formats.add(cells("params.depth"), CellIsRule(operator="greaterThan", formula=["4"], font=Font(bold=True)))
    workbook.defined_names["all_losses"] = DefinedName(
        "all_losses", attr_text=f"Runs!{_absolute(cells('metrics.loss'))}"
    )
    sheet.print_area = f"A1:{get_column_letter(len(runs.columns))}{last}"
    sheet.print_title_rows = "1:1"
    sheet.freeze_panes = "C2"
    sheet["A1"].comment = Comment("The id: leave it.", "ds1")
    sheet["D4"].comment = Comment("Failed for want of memory.", "ds2")
    sheet["B3"].hyperlink = "https://example.org/?a=1&b=2"
    sheet["B3"].font = Font(color="0563C1", underline="single")
    sheet["I3"].protection = Protection(locked=False)
    sheet.row_dimensions[3].outlineLevel = 1
    sheet.column_dimensions["H"].hidden = True
    sheet.add_image(Image(io.BytesIO(png(40, 30))), "BA3")
    line = LineChart()
    line.add_data(chart_range("metrics.auc"))
    line.set_categories(chart_range("name"))
    sheet.add_chart(line, "BA10")
    curve = ScatterChart()
    curve.series.append(Series(chart_range("metrics.auc"), chart_range("metrics.loss"), title="AUC by loss"))
    summary.add_chart(curve, "E2")
    page = workbook.create_chartsheet("Bars")
    bars = BarChart()
    bars.add_data(chart_range("duration"))
    page.add_chart(bars)
    formulas = [
        "=COUNTA(runs[run_id])",
        "=SUM(runs[metrics.loss])",
        "=SUM(all_losses)",
        f"=MAX(Runs!{cells('metrics.auc')})",
        "=6*7",
    ]
    for row, formula in enumerate(formulas, 1):
        summary.cell(row, 1, formula)
    workbook.custom_doc_props.append(StringProperty(name="Project", value="churn"))
    workbook.custom_doc_props.append(IntProperty(name="Pages", value=3))
    workbook.properties.title = "Our experiments"
    workbook.save(path)


def into(source: Path, path: Path) -> None:
    """A workbook of somebody else, loaded and saved by openpyxl with a registry's tables put in; pivot tables stay."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # it tells what it loses: the result is a workbook made by openpyxl all the same
        workbook = openpyxl.load_workbook(source)
    taken = {name.lower() for sheet in workbook.worksheets for name in sheet.tables}
    for name, table in registry_tables().items():
        if name not in taken:
            _write_table(workbook.create_sheet(f"{name} table"), table)
    workbook.save(path)


def _write_table(sheet: Any, table: SampleTable) -> None:
    sheet.append(list(table.columns))
    for row in table.rows:
        # openpyxl would take text such as '=1+1' for a formula.
        sheet.append([None if isinstance(value, str) else value for value in row])
    for number, row in enumerate(table.rows, 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = re.sub("_(?=x[0-9a-fA-F]{4}_)", "_x005F_", value)  # openpyxl leaves that to its caller
                cell.data_type = "s"
            elif isinstance(value, datetime):
                cell.number_format = "yyyy-mm-dd hh:mm:ss"
    reference = f"A1:{get_column_letter(len(table.columns))}{max(len(table.rows), 1) + 1}"
    grid = Table(displayName=table.name, ref=reference)
    grid.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    sheet.add_table(grid)


def _absolute(cells: str) -> str:
    return ":".join(
        f"${corner.rstrip('0123456789')}${corner.lstrip('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}" for corner in cells.split(":")
    )
