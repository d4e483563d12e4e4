"""Drives one LibreOffice for the tests; run by an interpreter that can ``import uno`` (see libreoffice.py).

    python3 uno_server.py SOFFICE PROFILE_FOLDER

Reads one JSON request per line, ``{"op": "set_cell", "arguments": {…}}``, and answers each with one line:
``{"ok": value}``, or ``{"error": text, "gone": true where LibreOffice has died}``. LibreOffice ends with the input.
It works on documents that are loaded as a person's are, not hidden: so there is a lock file while one is open, and a
save keeps frozen panes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
import uuid
from typing import Any

import uno
import unohelper
from com.sun.star.awt import Rectangle
from com.sun.star.beans import PropertyValue
from com.sun.star.lang import DisposedException
from com.sun.star.sheet import TableFilterField
from com.sun.star.table import CellRangeAddress, TableSortField
from com.sun.star.task import XInteractionHandler

ERROR_RESULTS = 4  # com.sun.star.sheet.FormulaResult.ERROR
NEVER, EXECUTE_NOTHING = 0, 0  # UpdateDocMode.NO_UPDATE, MacroExecMode.NEVER_EXECUTE
FILTERS = {
    "xlsx": "Calc MS Excel 2007 XML",
    "xlsm": "Calc MS Excel 2007 VBA XML",
    "ods": "calc8",
    "pdf": "calc_pdf_Export",
    "csv": "Text - txt - csv (StarCalc)",
}
# Comma, double quote, UTF-8; values as shown; formulas' results; all sheets, one file each (NAME-SHEET.csv).
CSV_OPTIONS = "44,34,76,1,,0,false,true,false,false,false,-1"
MOST_ROWS = 20_000


def properties(**values: Any) -> tuple[PropertyValue, ...]:
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


class SaveAnyway(unohelper.Base, XInteractionHandler):
    """Presses the default button of "The file has been changed since it was opened": Save Anyway."""

    def handle(self, request: Any) -> None:
        for choice in request.getContinuations():
            approve = choice.queryInterface(uno.getTypeByName("com.sun.star.task.XInteractionApprove"))
            if approve is not None:
                approve.select()


class Server:
    """The operations; each public method is one ``op``."""

    def __init__(self, desktop: Any) -> None:
        self._desktop = desktop
        self._documents: dict[int, Any] = {}
        self._count = 0

    # Documents

    def open(self, path: str) -> int:
        document = self._desktop.loadComponentFromURL(
            uno.systemPathToFileUrl(path),
            "_blank",
            0,
            properties(Hidden=False, UpdateDocMode=NEVER, MacroExecutionMode=EXECUTE_NOTHING),
        )
        if document is None:
            raise ValueError(f"LibreOffice cannot open {path}")
        if not hasattr(document, "Sheets"):
            document.close(True)
            raise ValueError(f"{path} did not open as a spreadsheet")
        self._count += 1
        self._documents[self._count] = document
        return self._count

    def save(self, document: int) -> None:
        self._documents[document].storeSelf(properties(InteractionHandler=SaveAnyway()))

    def save_as(self, document: int, path: str, to: str) -> None:
        options = {"FilterOptions": CSV_OPTIONS} if to == "csv" else {}
        self._documents[document].storeToURL(
            uno.systemPathToFileUrl(path), properties(FilterName=FILTERS[to], Overwrite=True, **options)
        )

    def close(self, document: int) -> None:
        self._documents.pop(document).close(True)

    # Looking

    def sheets(self, document: int) -> list[str]:
        return list(self._documents[document].Sheets.ElementNames)

    def tables(self, document: int) -> dict[str, list[str]]:
        ranges = self._documents[document].DatabaseRanges
        found = {}
        for name in ranges.ElementNames:
            area = ranges.getByName(name).DataArea
            found[name] = [self._documents[document].Sheets.getByIndex(area.Sheet).Name, reference(area)]
        return found

    def values(self, document: int, sheet: str) -> list[list[Any]]:
        page = self._sheet(document, sheet)
        cursor = page.createCursor()
        cursor.gotoEndOfUsedArea(False)
        end = cursor.RangeAddress
        area = page.getCellRangeByPosition(0, 0, end.EndColumn, min(end.EndRow, MOST_ROWS))
        rows = [list(row) for row in area.DataArray]
        for broken in area.queryFormulaCells(ERROR_RESULTS).RangeAddresses:
            for row in range(broken.StartRow, broken.EndRow + 1):
                for column in range(broken.StartColumn, broken.EndColumn + 1):
                    rows[row][column] = page.getCellByPosition(column, row).String
        return rows

    def get(self, document: int, sheet: str, cell: str) -> dict[str, Any]:
        it = self._cell(document, sheet, cell)
        number = it.Type.value == "VALUE" or (it.Type.value == "FORMULA" and it.FormulaResultType2 == 1)
        empty = it.Type.value == "EMPTY"
        return {
            "value": None if empty else it.Value if number else it.String,
            "text": it.String,
            "formula": it.Formula if it.Type.value == "FORMULA" else None,
            "colour": it.CellBackColor,
            "note": it.Annotation.String,
        }

    def recalculate(self, document: int) -> None:
        self._documents[document].calculateAll()

    # What a person does

    def set_cell(self, document: int, sheet: str, cell: str, value: Any, is_date: bool = False) -> None:
        self._put(document, self._cell(document, sheet, cell), value, is_date)

    def type_rows(self, document: int, sheet: str, cell: str, rows: list[list[Any]]) -> None:
        page, start = self._sheet(document, sheet), self._cell(document, sheet, cell).CellAddress
        for down, row in enumerate(rows):
            for right, value in enumerate(row):
                if value is not None:
                    self._put(document, page.getCellByPosition(start.Column + right, start.Row + down), value)

    def sort_table(self, document: int, table: str, column: str, descending: bool) -> None:
        area = self._documents[document].DatabaseRanges.getByName(table).DataArea
        cells = self._area(document, area)
        field = TableSortField(Field=self._position(cells, column), IsAscending=not descending)
        cells.sort(
            properties(
                SortFields=uno.Any("[]com.sun.star.table.TableSortField", (field,)),
                ContainsHeader=True,
                IsSortColumns=False,
            )
        )

    def filter_table(self, document: int, table: str, column: str, value: str) -> None:
        range_ = self._documents[document].DatabaseRanges.getByName(table)
        cells = self._area(document, range_.DataArea)
        descriptor = range_.getFilterDescriptor()
        field = TableFilterField(Field=self._position(cells, column), StringValue=value)
        field.Operator = uno.Enum("com.sun.star.sheet.FilterOperator", "EQUAL")
        descriptor.setFilterFields((field,))
        descriptor.ContainsHeader = True
        range_.AutoFilter = True
        range_.refresh()

    def insert_columns(self, document: int, sheet: str, before: str, count: int) -> None:
        column = self._cell(document, sheet, f"{before}1").CellAddress.Column
        self._sheet(document, sheet).Columns.insertByIndex(column, count)

    def delete_columns(self, document: int, sheet: str, first: str, count: int) -> None:
        column = self._cell(document, sheet, f"{first}1").CellAddress.Column
        self._sheet(document, sheet).Columns.removeByIndex(column, count)

    def insert_rows(self, document: int, sheet: str, before: int, count: int) -> None:
        self._sheet(document, sheet).Rows.insertByIndex(before - 1, count)

    def delete_rows(self, document: int, sheet: str, first: int, count: int) -> None:
        self._sheet(document, sheet).Rows.removeByIndex(first - 1, count)

    def rename_sheet(self, document: int, sheet: str, name: str) -> None:
        self._sheet(document, sheet).Name = name

    def add_sheet(self, document: int, name: str, position: int) -> None:
        self._documents[document].Sheets.insertNewByName(name, position)

    def set_colour(self, document: int, sheet: str, cells: str, colour: int) -> None:
        self._sheet(document, sheet).getCellRangeByName(cells).CellBackColor = colour

    def add_note(self, document: int, sheet: str, cell: str, text: str) -> None:
        self._sheet(document, sheet).Annotations.insertNew(self._cell(document, sheet, cell).CellAddress, text)

    def add_chart(self, document: int, sheet: str, cells: str, name: str) -> None:
        page = self._sheet(document, sheet)
        area: CellRangeAddress = page.getCellRangeByName(cells).RangeAddress
        page.Charts.addNewByName(name, Rectangle(X=20_000, Y=500, Width=9_000, Height=6_000), (area,), True, False)

    # Helpers

    def _sheet(self, document: int, sheet: str) -> Any:
        return self._documents[document].Sheets.getByName(sheet)

    def _cell(self, document: int, sheet: str, cell: str) -> Any:
        return self._sheet(document, sheet).getCellRangeByName(cell).getCellByPosition(0, 0)

    def _area(self, document: int, area: Any) -> Any:
        page = self._documents[document].Sheets.getByIndex(area.Sheet)
        return page.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)

    def _position(self, cells: Any, column: str) -> int:
        headers = list(cells.Rows.getByIndex(0).DataArray[0])
        return headers.index(column)

    def _put(self, document: int, cell: Any, value: Any, is_date: bool = False) -> None:
        formats = self._documents[document].NumberFormats
        language = uno.createUnoStruct("com.sun.star.lang.Locale")
        if value is None:
            cell.clearContents(1023 & ~32)  # everything but the cell's own look
        elif isinstance(value, bool):
            cell.Value = 1.0 if value else 0.0
            cell.NumberFormat = formats.getStandardFormat(1024, language)  # NumberFormat.LOGICAL
        elif isinstance(value, (int, float)):
            cell.Value = value
            if is_date:
                cell.NumberFormat = formats.getStandardFormat(6, language)  # NumberFormat.DATETIME
        elif value.startswith("="):
            cell.Formula = value
        else:
            cell.String = value


def reference(area: Any) -> str:
    """An area as people write it: A1:C7."""

    def letters(column: int) -> str:
        column += 1
        name = ""
        while column:
            column, digit = divmod(column - 1, 26)
            name = chr(65 + digit) + name
        return name

    first, last = f"{letters(area.StartColumn)}{area.StartRow + 1}", f"{letters(area.EndColumn)}{area.EndRow + 1}"
    return f"{first}:{last}"


def start(soffice: str, profile: str) -> tuple[subprocess.Popen[bytes], Any]:
    """A new LibreOffice with a profile of its own, and its desktop."""
    pipe = "tracker-tests-" + uuid.uuid4().hex
    process = subprocess.Popen(
        [
            soffice,
            *("--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard"),
            "-env:UserInstallation=" + uno.systemPathToFileUrl(profile),
            f"--accept=pipe,name={pipe};urp;",
        ],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while process.poll() is None:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except Exception:  # not listening yet: PyUNO raises plain UNO exceptions of several kinds
            time.sleep(0.05)
            continue
        return process, context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    raise SystemExit(f"{soffice} ended with code {process.returncode} before it could be asked anything")


def main() -> None:
    # LibreOffice's library prints to the standard output at times: answers have a channel of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    process, desktop = start(sys.argv[1], os.path.abspath(sys.argv[2]))
    server = Server(desktop)
    print(json.dumps({"ok": "ready"}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer: dict[str, Any] = {"ok": getattr(server, request["op"])(**request["arguments"])}
        except DisposedException as error:
            answer = {"error": str(error), "gone": True}
        except Exception as error:  # whatever LibreOffice says goes back to the test
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}", "gone": process.poll() is not None}
        print(json.dumps(answer), file=answers, flush=True)
    try:
        desktop.terminate()
        process.wait(10)
    except Exception:  # it is gone already, or will not go
        process.kill()


if __name__ == "__main__":
    main()
