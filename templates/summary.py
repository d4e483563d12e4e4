"""The Summary sheet: live formulas and charts over the tables, blank or 0 while a registry is empty."""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl.formatting.rule import DataBarRule, FormulaRule
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.blocks import columns_line, head_line
from templates.charts import run_chart, status_chart
from templates.rules import TONES
from templates.sheets import FIRST_ROW, Placed, link, print_landscape
from tracker.schema import RUN_STATUS

METRIC_CELL, BEST_CELL = "$D$8", "$G$8"
EXPERIMENTS = range(10, 18)
LATEST = range(22, 28)
STATUSES = range(22, 22 + len(RUN_STATUS))
METRIC_NAMES = range(FIRST_ROW, FIRST_ROW + 20)

HEADERS = "runs[[#Headers]]"
PLACE = "Lists!$F$25"
METRIC = f"INDEX(runs[],0,{PLACE})"
"""The column of the chosen metric, by its place in the table, which is 0 where there is none."""

CARDS = (
    ("B", "Runs", "=COUNTA(runs[run_id])", '=COUNTIFS(runs[start_time],">="&NOW()-7)&" in the last 7 days"', "0"),
    (
        "C",
        "Finished",
        '=COUNTIFS(runs[status],"FINISHED")',
        '=COUNTIFS(runs[status],"RUNNING")&" running"',
        "0",
    ),
    (
        "E",
        "Failed or killed",
        '=COUNTIFS(runs[status],"FAILED")+COUNTIFS(runs[status],"KILLED")',
        '=ROUND(100*IFERROR(E5/B5,0),0)&"% of all"',
        "0",
    ),
    (
        "G",
        "Artifact versions",
        "=COUNTA(artifacts[artifact])",
        '=ROUND(SUMIFS(artifacts[size],artifacts[status],"stored")/1000000,1)&" MB stored"',
        "0",
    ),
    (
        "H",
        "Checklist done",
        '=IF(COUNTA(checklist[item])=0,"–",(COUNTIFS(checklist[status],"done")+COUNTIFS(checklist[status],"waived"))'
        '/MAX(1,COUNTA(checklist[item])-COUNTIFS(checklist[status],"not applicable")))',
        '=COUNTIFS(checklist[status],"missing",checklist[level],"must")&" musts missing"',
        "0%",
    ),
    (
        "J",
        "Models in production",
        '=COUNTIFS(models[stage],"production")',
        '=COUNTIFS(models[stage],"candidate")+COUNTIFS(models[stage],"staging")&" on their way"',
        "0",
    ),
)

ATTENTION = (
    ("Musts missing in checklists", "Checklist", '=COUNTIFS(checklist[status],"missing",checklist[level],"must")'),
    ("Waivers without a reason", "Checklist", '=COUNTIFS(checklist[status],"waived",checklist[why],"")'),
    ("Finished runs without an insight", "Runs", '=COUNTIFS(runs[status],"FINISHED",runs[insight],"")'),
    ("Runs from uncommitted code", "Runs", "=COUNTIFS(runs[git_dirty],TRUE)"),
    (
        "Artifacts without a retention class",
        "Artifacts",
        '=COUNTIFS(artifacts[status],"stored",artifacts[retention_class],"")',
    ),
    ("Artifacts missing from disk", "Artifacts", '=COUNTIFS(artifacts[status],"missing")'),
    (
        "SOP items due for review",
        "SOP",
        '=COUNTIFS(sop[next_review],"<="&TODAY(),sop[next_review],">0",sop[level],"<>retired")',
    ),
)


def add_summary(book: Workbook, placed: Mapping[str, Placed], metric: str, chart_column: str, chart_title: str) -> None:
    """Make the sheet, the lists behind its two drop-downs, and the charts.

    ``metric`` is chosen at first (blank: the first there is); ``chart_column`` of the runs table is drawn run by run.
    """
    sheet = book.create_sheet("Summary", 1)
    widths = {"A": 2.5, "B": 24, "C": 11, "D": 13, "E": 12, "F": 12, "G": 26, "H": 21, "I": 3, "J": 37, "K": 10}
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = width
    look.dress(sheet["B1"], "Summary", font=look.font(22, bold=True), alignment=look.align())
    link(sheet["B2"], "Start", "← Start", "B2", size=9.5)
    look.dress(
        sheet["C2"],
        "Live: every number follows the tables. Change the sheet as you like, or delete it; Tracker does not need it.",
        font=look.font(10, look.GREY),
        alignment=look.align(),
    )
    sheet.row_dimensions[1].height = 36

    _cards(sheet)
    _experiments(sheet)
    _metric_lists(book, metric)
    _latest(sheet)
    _attention(sheet)
    _statuses(sheet)
    sheet.add_chart(status_chart(sheet, STATUSES), "J29")
    sheet.add_chart(run_chart(book, placed["runs"], chart_column, chart_title), "B29")

    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.INK
    print_landscape(sheet, pages_high=1)


def _cards(sheet: Worksheet) -> None:
    for letter, label, formula, below, number_format in CARDS:
        column = sheet[f"{letter}4"].column
        span = 2 if letter in "CEJ" else 1
        for row in (4, 5, 6):
            for offset in range(span):
                look.dress(sheet.cell(row, column + offset), fill=look.fill(look.PALE))
                edges = ("left",) if offset == 0 else ()
                sheet.cell(row, column + offset).border = look.edge(*edges, color=look.BLUE, style="thick")
            if span == 2:
                sheet.merge_cells(start_row=row, end_row=row, start_column=column, end_column=column + 1)
        left = look.align("left", indent=1)
        look.dress(sheet[f"{letter}4"], label, font=look.font(10, look.GREY), alignment=left)
        look.dress(
            sheet[f"{letter}5"], formula, font=look.font(22, bold=True), alignment=left, number_format=number_format
        )
        look.dress(sheet[f"{letter}6"], below, font=look.font(10, look.GREY), alignment=left)
    for row, height in ((3, 8), (4, 20), (5, 32), (6, 20), (7, 14)):
        sheet.row_dimensions[row].height = height


def _line(sheet: Worksheet, row: int, formulas: Mapping[str, str], formats: Mapping[str, str]) -> None:
    for letter, formula in formulas.items():
        look.dress(
            sheet[f"{letter}{row}"],
            formula,
            font=look.font(10.5),
            alignment=look.align("right" if letter in "CDEF" else "left", indent=1),
            border=look.edge("bottom"),
            number_format=formats.get(letter, "General"),
        )
    sheet.row_dimensions[row].height = 18


def _experiments(sheet: Worksheet) -> None:
    """The latest experiments, found by formulas; best and mean of the metric that a person chooses."""
    head_line(sheet, 8, "B", "H", "By experiment")
    small = {"font": look.font(10, look.GREY), "alignment": look.align("right", indent=1)}
    look.dress(sheet["C8"], "metric", **small)
    look.dress(sheet["F8"], "best is the", **small)
    for address, value, choices in ((METRIC_CELL, None, "metric_list"), (BEST_CELL, "highest", '"highest,lowest"')):
        look.dress(
            sheet[address.replace("$", "")],
            value,
            font=look.font(11, look.BLUE, bold=True),
            fill=look.fill(look.PERSON_CELL),
            alignment=look.align("left", indent=1),
            border=look.edge("bottom", color=look.BLUE, style="medium"),
        )
        check = DataValidation("list", formula1=choices, allow_blank=True, showErrorMessage=choices != "metric_list")
        check.add(address.replace("$", ""))
        sheet.add_data_validation(check)
    columns_line(
        sheet,
        9,
        {"B": "latest first", "C": "runs", "D": "finished", "E": "best", "F": "mean", "G": "best run", "H": "last run"},
    )
    for row in EXPERIMENTS:
        name = f"$B{row}"
        own = f"runs[experiment],{name}"
        unseen = f"(COUNTIF($B$9:$B{row - 1},runs[experiment])=0)"
        measured = f'COUNTIFS({own},{METRIC},">-1E+300")'
        _line(
            sheet,
            row,
            {
                "B": f'=IFERROR(LOOKUP(2,1/({unseen}*(runs[experiment]<>"")),runs[experiment]),"")',
                "C": f'=IF({name}="","",COUNTIFS(runs[experiment],{name}))',
                "D": f'=IF({name}="","",COUNTIFS(runs[experiment],{name},runs[status],"FINISHED"))',
                "E": f'=IF(OR({name}="",{PLACE}=0),"",IF({measured}=0,"",IFERROR(IF({BEST_CELL}="lowest",'
                f'_xlfn.MINIFS({METRIC},{own}),_xlfn.MAXIFS({METRIC},{own})),"")))',
                "F": f'=IF(OR({name}="",{PLACE}=0),"",IFERROR(AVERAGEIFS({METRIC},{own}),""))',
                "G": f'=IF($E{row}="","",IFERROR(LOOKUP(2,1/((runs[experiment]={name})*({METRIC}=$E{row})),'
                f'runs[name])&"",""))',
                "H": f'=IF({name}="","",IFERROR(_xlfn.MAXIFS(runs[start_time],{own}),""))',
            },
            {"E": look.METRIC_FORMAT, "F": look.METRIC_FORMAT, "H": look.TIME_FORMAT},
        )
    rows = f"{EXPERIMENTS.start}:C{EXPERIMENTS.stop - 1}"
    sheet.conditional_formatting.add(
        f"C{rows}", DataBarRule(start_type="num", start_value=0, end_type="max", color=look.SKY)
    )


def _latest(sheet: Worksheet) -> None:
    head_line(sheet, 20, "B", "H", "Latest runs")
    columns_line(
        sheet,
        21,
        {"B": "run", "C": "status", "D": "seconds", "E": "metric", "F": "owner", "G": "experiment", "H": "began"},
    )
    for number, row in enumerate(LATEST, 1):
        began = f"$H{row}"
        measured = f"INDEX({METRIC},MATCH({began},runs[start_time],0))"

        def of(column: str, began: str = began) -> str:
            return f'=IF({began}="","",IFERROR(INDEX(runs[{column}],MATCH({began},runs[start_time],0))&"",""))'

        _line(
            sheet,
            row,
            {
                "B": of("name"),
                "C": of("status"),
                "D": f'=IF({began}="","",IFERROR(INDEX(runs[duration],MATCH({began},runs[start_time],0)),""))',
                "E": f'=IF(OR({began}="",{PLACE}=0),"",IFERROR(IF({measured}="","",{measured}),""))',
                "F": of("owner"),
                "G": of("experiment"),
                "H": f'=IFERROR(LARGE(runs[start_time],{number}),"")',
            },
            {"D": "#,##0.0", "E": look.METRIC_FORMAT, "H": look.TIME_FORMAT},
        )
        sheet[f"C{row}"].alignment = look.align("left", indent=1)
        sheet[f"F{row}"].alignment = look.align("left", indent=1)
    sheet["C21"].alignment = look.align("left", indent=1)
    sheet["F21"].alignment = look.align("left", indent=1)
    _status_tones(sheet, f"C{LATEST.start}:C{LATEST.stop - 1}", f"$C{LATEST.start}")


def _status_tones(sheet: Worksheet, where: str, cell: str) -> None:
    for value, tone in TONES["runs", "status"].items():
        rule = FormulaRule(formula=[f'{cell}="{value}"'])
        rule.dxf = tone.differential()
        sheet.conditional_formatting.add(where, rule)


def _attention(sheet: Worksheet) -> None:
    head_line(sheet, 8, "J", "K", "Needs a look")
    for row, (text, target, formula) in enumerate(ATTENTION, 9):
        link(sheet[f"J{row}"], target, text, f"A{FIRST_ROW}", size=10.5)
        look.dress(
            sheet[f"K{row}"], formula, font=look.font(11, bold=True), alignment=look.align("center"), number_format="0"
        )
        for letter in "JK":
            sheet[f"{letter}{row}"].border = look.edge("bottom")
    where = f"K9:K{8 + len(ATTENTION)}"
    for formula, tone in (("K9>0", look.CAUTION), ("K9=0", look.GOOD)):
        rule = FormulaRule(formula=[formula])
        rule.dxf = tone.differential()
        sheet.conditional_formatting.add(where, rule)


def _statuses(sheet: Worksheet) -> None:
    head_line(sheet, STATUSES.start - 2, "J", "K", "Runs by status")
    head = {"font": look.font(10, look.GREY, bold=True), "border": look.edge("bottom")}
    look.dress(sheet[f"J{STATUSES.start - 1}"], "status", alignment=look.align("left", indent=1), **head)
    look.dress(sheet[f"K{STATUSES.start - 1}"], "runs", alignment=look.align("center"), **head)
    for row, status in zip(STATUSES, RUN_STATUS, strict=True):
        look.dress(sheet[f"J{row}"], status, font=look.font(10.5), alignment=look.align("left", indent=1))
        count = f"=COUNTIFS(runs[status],$J{row})"
        look.dress(sheet[f"K{row}"], count, font=look.font(10.5), alignment=look.align("center"), number_format="0")
        for letter in "JK":
            sheet[f"{letter}{row}"].border = look.edge("bottom")
    _status_tones(sheet, f"J{STATUSES.start}:J{STATUSES.stop - 1}", f"$J{STATUSES.start}")


def _metric_lists(book: Workbook, metric: str) -> None:
    """The metrics that the runs table has, found by their headers; and the names that the drop-down lists use."""
    lists = book["Lists"]
    for letter, width in {"D": 4, "E": 28, "F": 10}.items():
        lists.column_dimensions[letter].width = width
    head = {"font": look.font(11, look.WHITE, bold=True), "fill": look.fill(look.GREY)}
    head["alignment"] = look.align("left", indent=1)
    look.dress(lists["E3"], "metrics found in runs", **head)
    look.dress(lists["F3"], "column", **head)
    quiet = {
        "font": look.font(10.5, look.GREY),
        "border": look.edge("bottom"),
        "alignment": look.align("left", indent=1),
    }
    for row in METRIC_NAMES:
        before = f"$F{row - 1}" if row > FIRST_ROW else "0"
        rest = f"INDEX({HEADERS},1,{before}+1):INDEX({HEADERS},1,COLUMNS({HEADERS}))"
        found = f'IFERROR({before}+MATCH("metrics.*",{rest},0),0)'
        look.dress(lists[f"E{row}"], f'=IF($F{row}=0,"",MID(INDEX({HEADERS},1,$F{row}),9,250))', **quiet)
        look.dress(lists[f"F{row}"], f"=IF({before}=0,0,{found})" if row > FIRST_ROW else f"={found}", **quiet)
        lists[f"F{row}"].number_format = "0;;"
    look.dress(lists["E25"], "chosen in Summary", **quiet)
    look.dress(lists["F25"], f'=IFERROR(MATCH("metrics."&Summary!{METRIC_CELL},{HEADERS},0),0)', **quiet)
    book["Summary"][METRIC_CELL.replace("$", "")] = metric or f"=Lists!$E${FIRST_ROW}"

    def growing(name: str, sheet: str, letter: str, rows: range, counted: str) -> None:
        """A name for the filled part of a list of formulas."""
        first, last = rows.start, rows.stop - 1
        filled = f'MAX(1,COUNTIF({sheet}!${counted}${first}:${counted}${last},">0"))'
        cells = f"{sheet}!${letter}${first}"
        book.defined_names[name] = DefinedName(name, attr_text=f"{cells}:INDEX({cells}:${letter}${last},{filled})")

    growing("metric_list", "Lists", "E", METRIC_NAMES, "F")
    growing("experiment_list", "Summary", "B", EXPERIMENTS, "C")
