"""Registries that stand among a person's things, made by XlsxWriter with all that it can write."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_range_abs

from zoo.samples import SampleTable, registry_tables
from zoo.zips import png, read_parts, swap_pattern, write_zip

TOP, LEFT = 3, 1
"""Where the runs table begins on its sheet, counted from 0: a title stands above, a margin at the left."""
ASIDE = 51
"""The first column of a person's own cells beside the runs table, far enough off for new columns: AZ."""


def plain(path: Path) -> None:
    """A registry and nothing else: one sheet per table."""
    with xlsxwriter.Workbook(path) as workbook:
        for table in registry_tables().values():
            _write_table(workbook, workbook.add_worksheet(table.name.title()), table, 0, 0)


def inline_strings(path: Path) -> None:
    """Strings in the cells themselves, no shared strings; dates count from 1904."""
    with xlsxwriter.Workbook(path, {"date_1904": True}) as workbook:
        for table in registry_tables().values():
            _write_table(workbook, workbook.add_worksheet(table.name.title()), table, 0, 0)
    parts = read_parts(path)
    strings = re.findall(rb"<si>(.*?)</si>", parts.pop("xl/sharedStrings.xml"), re.DOTALL)
    for name in parts:
        if name.startswith("xl/worksheets/sheet"):
            parts[name] = re.sub(
                rb't="s"><v>(\d+)</v>',
                lambda found: b't="inlineStr"><is>' + strings[int(found[1])] + b"</is>",
                parts[name],
            )
    swap_pattern(parts, "[Content_Types].xml", r"<Override PartName=\"/xl/sharedStrings.xml\"[^>]*/>", "")
    swap_pattern(parts, "xl/_rels/workbook.xml.rels", r"<Relationship [^>]*sharedStrings.xml\"/>", "")
    write_zip(path, parts)


def beside(path: Path) -> None:
    """All features beside the tables; nothing refers to a table, so a sync may touch the runs sheet and table only."""
    _everything(path, bound=False)


def bound(path: Path) -> None:
    """All features, and formats, charts, names, sparklines, formulas and the print area refer to the tables' data."""
    _everything(path, bound=True)


def totals(path: Path) -> None:
    """As ``bound``; the runs table has a totals row and a calculated column."""
    _everything(path, bound=True, with_totals=True)


def macros(path: Path, vba_project: bytes) -> None:
    """As ``bound``, with a VBA project and a button; ``path`` ends in .xlsm."""
    _everything(path, bound=True, vba_project=vba_project)


def protected(path: Path) -> None:
    """A protected runs sheet with a range that people may edit, and a protected workbook structure."""
    with xlsxwriter.Workbook(path) as workbook:
        tables = registry_tables()
        sheet = workbook.add_worksheet("Runs")
        _write_table(workbook, sheet, tables["runs"], 0, 0)
        sheet.protect("", {"insert_rows": True})
        sheet.unprotect_range("I2:M13", "notes")
        _write_table(workbook, workbook.add_worksheet("Artifacts"), tables["artifacts"], 0, 0)


def _everything(path: Path, bound: bool, with_totals: bool = False, vba_project: bytes | None = None) -> None:
    tables = registry_tables()
    with xlsxwriter.Workbook(path) as workbook:
        workbook.set_properties({"title": "Our experiments", "category": "registry", "comments": "kept by hand"})
        workbook.set_custom_property("Project", "churn")
        workbook.set_custom_property("Reviewed", datetime(2026, 1, 5), "date")
        workbook.set_custom_property("Pages", 3, "number")
        summary = workbook.add_worksheet("Summary")
        sheet = workbook.add_worksheet("Runs")
        _write_table(workbook, sheet, tables["runs"], TOP, LEFT, with_totals)
        for name, table in tables.items():
            if name != "runs":
                _write_table(workbook, workbook.add_worksheet(name.title()), table, 0, 0)
        _decorate(workbook, sheet)
        _own_sheet(workbook, workbook.add_worksheet("Plans"))
        hidden = workbook.add_worksheet("Lists")
        hidden.write_column("A1", ["RUNNING", "FINISHED", "FAILED", "KILLED", "PLANNED"])
        hidden.very_hidden()
        if bound:
            _bind(workbook, sheet, summary, tables["runs"])
        if vba_project is not None:
            workbook.add_vba_project(io.BytesIO(vba_project), is_stream=True)
            sheet.insert_button("BA2", {"macro": "say_hello", "caption": "Press", "width": 80, "height": 30})


def _write_table(
    workbook: xlsxwriter.Workbook,
    sheet: Any,
    table: SampleTable,
    top: int,
    left: int,
    with_totals: bool = False,
) -> None:
    date = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    number = workbook.add_format({"num_format": "0.0000", "font_color": "#1F4E79"})
    columns: list[dict[str, Any]] = []
    for name in table.columns:
        kind = {"num_format": date} if name.endswith("_time") or name in ("time", "created", "when") else {}
        column: dict[str, Any] = {"header": name}
        if kind:
            column["format"] = date
        if name.startswith("metrics."):
            column["format"] = number
        columns.append(column)
    if with_totals:
        columns[0]["total_string"] = "Total"
        for column in columns:
            if column["header"].startswith("metrics."):
                column["total_function"] = "average"
        columns.append({"header": "loss in percent", "formula": "=[@[metrics.loss]]*100", "format": number})
    bottom = top + max(len(table.rows), 1) + with_totals
    options = {"name": table.name, "columns": columns, "total_row": with_totals, "style": "Table Style Medium 7"}
    sheet.add_table(top, left, bottom, left + len(columns) - 1, options)
    for down, row in enumerate(table.rows, top + 1):
        for right, (value, column) in enumerate(zip(row, columns, strict=False), left):
            _write_value(sheet, down, right, value, column.get("format"))
    if with_totals:
        for right, column in enumerate(columns, left):
            if "total_function" in column:
                # Excel names the table here, XlsxWriter does not, and LibreOffice needs it.
                values = [row[right - left] for row in table.rows if row[right - left] is not None]
                formula = f"=SUBTOTAL(101,{table.name}[{column['header']}])"
                sheet.write_formula(bottom, right, formula, number, sum(values) / len(values))
        loss = table.column("metrics.loss")
        for down, row in enumerate(table.rows, top + 1):
            sheet.write_formula(
                down, left + len(table.columns), "=runs[[#This Row],[metrics.loss]]*100", number, row[loss] * 100
            )
    sheet.set_column(left, left + len(columns) - 1, 14)


def _write_value(sheet: Any, row: int, column: int, value: Any, cell_format: Any) -> None:
    if value is None:
        sheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, cell_format)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, cell_format)
    elif isinstance(value, str):
        sheet.write_string(row, column, value, cell_format)
    else:
        sheet.write_number(row, column, value, cell_format)


def _decorate(workbook: xlsxwriter.Workbook, sheet: Any) -> None:
    """A person's things on the runs sheet that refer to no table."""
    bold, red = workbook.add_format({"bold": True}), workbook.add_format({"color": "#C00000", "bg_color": "#FFEB9C"})
    sheet.write_rich_string("B1", "Our ", bold, "experiments", red, " of the year")
    sheet.merge_range("B2:E2", "kept by the whole team", workbook.add_format({"align": "center", "italic": True}))
    sheet.freeze_panes(TOP + 1, LEFT + 2)
    sheet.set_zoom(90)
    sheet.set_tab_color("#70AD47")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(TOP)
    sheet.set_h_pagebreaks([20, 40])
    sheet.set_header("&L&G&CRuns&R&D", {"image_left": "logo.png", "image_data_left": io.BytesIO(png(16, 16))})
    sheet.set_footer("Page &P of &N")
    sheet.set_row(TOP, 24, workbook.add_format({"bold": True, "bottom": 2}))
    for row in range(TOP + 2, TOP + 6):
        sheet.set_row(row, None, None, {"level": 1})
    sheet.set_column("D:D", 20, None, {"level": 1})
    sheet.write_comment("B4", "The id: leave it.", {"author": "ds1", "visible": True})
    sheet.write_comment("D6", "Look at this one again.", {"x_scale": 2, "color": "#E2EFDA"})
    sheet.write_url("BA4", "https://example.org/runs?a=1&b=2", string="the wiki", tip="Where the rules are")
    sheet.write_url("BA5", "internal:'Plans'!A1", string="plans")
    sheet.insert_image("BC6", "roc.png", {"image_data": io.BytesIO(png(60, 40)), "description": "ROC curve"})
    sheet.insert_textbox("BC12", "Ask before you delete.", {"fill": {"color": "#FFF2CC"}})
    sheet.insert_checkbox("BA8", True)
    # Beside and below the table's last rows: new rows must leave these cells alone.
    for row in range(TOP + 8, TOP + 22, 3):
        sheet.write_string(row, ASIDE, f"beside {row}", bold)
    sheet.data_validation("BA9", {"validate": "list", "source": ["yes", "no"], "input_title": "Ready?"})
    sheet.data_validation("BA10", {"validate": "list", "source": "=Lists!$A$1:$A$5"})
    sheet.conditional_format("BA11:BA20", {"type": "cell", "criteria": ">", "value": 3, "format": red})
    sheet.conditional_format("BB11:BB20", {"type": "data_bar", "data_bar_2010": True, "bar_solid": True})
    sheet.conditional_format("BC11:BC20", {"type": "icon_set", "icon_style": "5_ratings"})
    sheet.ignore_errors({"number_stored_as_text": "BA30:BA40"})
    sheet.write_column("BB11", [3, 1, 4, 1, 5, 9, 2, 6, 5, 3])
    sheet.add_sparkline("BA12", {"range": "Plans!B2:B8", "type": "column", "markers": True, "high_point": True})


def _own_sheet(workbook: xlsxwriter.Workbook, sheet: Any) -> None:
    """A sheet of the person's own with a table, formulas, charts, pictures in cells."""
    sheet.add_table(
        "A1:C8",
        {
            "name": "plans",
            "total_row": True,
            "columns": [
                {"header": "month", "total_string": "all"},
                {"header": "hours", "total_function": "sum"},
                {"header": "cost", "formula": "=[@hours]*80"},
            ],
        },
    )
    for row in range(1, 7):
        sheet.write_row(row, 0, [f"2026-{row:02}", row * 10])
        sheet.write_formula(row, 2, "=plans[[#This Row],[hours]]*80", None, row * 800)
    sheet.write_formula("B8", "=SUBTOTAL(109,plans[hours])", None, 180)  # two of its rows are hidden
    sheet.write_formula("E1", "=SUM(B2:B7)", None, 210)
    sheet.write_array_formula("E2:E3", "{=B2:B3*2}", None, 20)
    sheet.write_number("E3", 40)
    sheet.write_dynamic_array_formula("F1", "=SORT(B2:B7,,-1)", None, 60)
    sheet.write_formula("G1", "=LAMBDA(_xlpm.x, _xlpm.x+1)(41)", None, 42)
    sheet.write_formula("G2", '=IFERROR(1/0,"none")', None, "none")
    sheet.write_formula("G3", "=NA()", None, "#N/A")
    sheet.embed_image("I1", "plot.png", {"image_data": io.BytesIO(png(30, 30))})
    sheet.set_background(io.BytesIO(png(8, 8)))
    workbook.define_name("hour_price", "=80")
    workbook.define_name("Plans!months", "=Plans!$A$2:$A$7")
    for place, kind in enumerate(("line", "bar", "pie", "doughnut", "scatter", "area", "radar")):
        chart = workbook.add_chart({"type": kind})
        chart.add_series({"categories": "=Plans!$A$2:$A$7", "values": "=Plans!$B$2:$B$7", "name": "=Plans!$B$1"})
        chart.set_title({"name": f"hours as {kind}"})
        sheet.insert_chart(10 + 16 * place, 1, chart)
    sheet.autofilter("K1:L5")
    sheet.filter_column("K", "x > 2")
    sheet.write_column("K1", ["n", 1, 2, 3, 4])
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.set_row(2, None, None, {"hidden": True})


def _bind(workbook: xlsxwriter.Workbook, sheet: Any, summary: Any, runs: SampleTable) -> None:
    """What refers to the runs table's data, by its name and by its cells."""
    first, last = TOP + 1, TOP + len(runs.rows)
    red = workbook.add_format({"font_color": "#9C0006", "bg_color": "#FFC7CE"})

    def cells(column: str) -> tuple[int, int, int, int]:
        at = LEFT + runs.column(column)
        return first, at, last, at

    def formula(column: str) -> str:
        return "=Runs!" + xl_range_abs(*cells(column))

    sheet.data_validation(*cells("status"), {"validate": "list", "source": "=Lists!$A$1:$A$5"})
    sheet.data_validation(*cells("duration"), {"validate": "decimal", "criteria": ">=", "value": 0})
    sheet.conditional_format(
        *cells("status"), {"type": "text", "criteria": "containing", "value": "FAILED", "format": red}
    )
    sheet.conditional_format(*cells("metrics.auc"), {"type": "3_color_scale"})
    sheet.conditional_format(*cells("metrics.loss"), {"type": "data_bar", "data_bar_2010": True})
    sheet.conditional_format(*cells("duration"), {"type": "icon_set", "icon_style": "3_arrows"})
    sheet.conditional_format(
        first, LEFT, last, LEFT + len(runs.columns) - 1, {"type": "formula", "criteria": '=$E5="KILLED"', "format": red}
    )
    sheet.ignore_errors({"number_stored_as_text": xl_range_abs(*cells("notes")).replace("$", "")})
    sheet.print_area(0, 0, last, LEFT + len(runs.columns) - 1)
    sheet.add_sparkline("BA14", {"range": formula("metrics.loss")[1:], "type": "line"})
    workbook.define_name("all_losses", formula("metrics.loss"))
    workbook.define_name("best_auc", "=MAX(runs[metrics.auc])")
    chart = workbook.add_chart({"type": "column"})
    chart.add_series({"name": "AUC", "categories": formula("name"), "values": formula("metrics.auc")})
    line = workbook.add_chart({"type": "line"})
    line.add_series({"values": formula("metrics.loss"), "y2_axis": True, "trendline": {"type": "linear"}})
    chart.combine(line)
    sheet.insert_chart("BC20", chart)
    page = workbook.add_chartsheet("Curve")
    curve = workbook.add_chart({"type": "scatter", "subtype": "straight_with_markers"})
    curve.add_series({"categories": formula("metrics.loss"), "values": formula("metrics.auc")})
    page.set_chart(curve)
    _summarise(summary, runs, xl_col_to_name(LEFT + runs.column("metrics.loss")), first + 1, last + 1)


def _summarise(summary: Any, runs: SampleTable, loss: str, first: int, last: int) -> None:
    """Formulas over the runs table, with the results that Excel would have saved."""
    losses = [row[runs.column("metrics.loss")] for row in runs.rows]
    scores = [row[runs.column("metrics.auc")] or 0 for row in runs.rows]
    finished = [row[runs.column("status")] for row in runs.rows].count("FINISHED")
    summary.write_column("A1", ["runs", "finished", "loss", "loss by cells", "best", "named", "array", "own"])
    summary.write_formula("B1", "=ROWS(runs[])", None, len(runs.rows))
    summary.write_formula("B2", '=COUNTIF(runs[status],"FINISHED")', None, finished)
    summary.write_formula("B3", "=SUM(runs[metrics.loss])", None, sum(losses))
    summary.write_formula("B4", f"=SUM(Runs!{loss}{first}:{loss}{last})", None, sum(losses))
    summary.write_formula("B5", "=best_auc", None, max(scores))
    summary.write_formula("B6", "=SUM(all_losses)", None, sum(losses))
    summary.write_array_formula("B7", '{=MAX(IF(runs[status]="FINISHED",runs[metrics.auc]))}', None, 0.5 + 10 / 30)
    summary.write_formula("B8", "=40+2", None, 42)
    summary.write_formula("C3", "=B3*2", None, 2 * sum(losses))
    summary.write_formula("C8", "=B8*2", None, 84)
