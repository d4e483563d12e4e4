"""What a person does to a workbook in a window of their own: opens it, edits, and saves what the window holds.

Quick and without a spreadsheet program: openpyxl stands for the program. It saves the state it opened, whatever has
become of the file meanwhile, and replaces the file as Excel does. test_stale_save.py has a real LibreOffice instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.table import Table, TableColumn
from openpyxl.worksheet.worksheet import Worksheet


class Person:
    """A person with one workbook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.Workbook()

    def opens(self) -> None:
        self.book = openpyxl.load_workbook(self.path)

    def saves(self) -> None:
        temporary = self.path.with_name("saving.tmp")
        self.book.save(temporary)
        os.replace(temporary, self.path)

    def writes(self, run_id: str, column: str, value: Any) -> None:
        sheet, _, columns, rows = self._runs()
        sheet.cell(rows[run_id], columns[column]).value = value

    def types(self, **cells: Any) -> None:
        """Types a row below the table, which Excel then takes into the table."""
        self.types_below(**cells)
        sheet, table, _, _ = self._runs()
        first_column, first_row, last_column, last_row = range_boundaries(table.ref)
        table.ref = (
            f"{sheet.cell(first_row, first_column).coordinate}:{sheet.cell(last_row + 1, last_column).coordinate}"
        )
        if table.autoFilter is not None:
            table.autoFilter.ref = table.ref

    def types_below(self, **cells: Any) -> None:
        """Types a row below the table, which LibreOffice leaves outside."""
        sheet, table, columns, _ = self._runs()
        row = range_boundaries(table.ref)[3] + 1
        for column, value in cells.items():
            sheet.cell(row, columns[column], value)

    def adds_a_column_beside(self, header: str, **cells: Any) -> None:
        """Adds a column right of the table, by run, which Excel takes into the table and LibreOffice leaves outside."""
        sheet, table, _, rows = self._runs()
        _, header_row, last_column, _ = range_boundaries(table.ref)
        place = last_column + 1
        while sheet.cell(header_row, place).value is not None:
            place += 1
        sheet.cell(header_row, place, header)
        for run_id, value in cells.items():
            sheet.cell(rows[run_id], place, value)

    def writes_far_below(self, value: Any, rows_below: int) -> None:
        sheet, table, _, _ = self._runs()
        first_column, _, _, last_row = range_boundaries(table.ref)
        sheet.cell(last_row + rows_below, first_column + 1).value = value

    def deletes(self, run_id: str) -> None:
        """Deletes a table row: those below move up."""
        sheet, table, _, rows = self._runs()
        first_column, first_row, last_column, last_row = range_boundaries(table.ref)
        for row in range(rows[run_id], last_row + 1):
            for column in range(first_column, last_column + 1):
                sheet.cell(row, column).value = sheet.cell(row + 1, column).value if row < last_row else None
        table.ref = (
            f"{sheet.cell(first_row, first_column).coordinate}:{sheet.cell(last_row - 1, last_column).coordinate}"
        )
        if table.autoFilter is not None:
            table.autoFilter.ref = table.ref

    def sorts(self, column: str, descending: bool = False) -> None:
        sheet, table, columns, _ = self._runs()
        first_column, first_row, last_column, last_row = range_boundaries(table.ref)
        rows = [
            [sheet.cell(row, place).value for place in range(first_column, last_column + 1)]
            for row in range(first_row + 1, last_row + 1)
        ]
        rows.sort(key=lambda row: str(row[columns[column] - first_column]), reverse=descending)
        for number, row in enumerate(rows, first_row + 1):
            for place, value in enumerate(row, first_column):
                sheet.cell(number, place).value = value

    def renames_sheet(self, new: str) -> None:
        self._runs()[0].title = new

    def renames_column(self, old: str, new: str) -> None:
        sheet, table, columns, _ = self._runs()
        sheet.cell(range_boundaries(table.ref)[1], columns[old], new)
        next(column for column in table.tableColumns if column.name == old).name = new

    def inserts_column(self, header: str, before: str) -> None:
        """Inserts a column into the table: those from ``before`` on move to the right, also in a row typed below."""
        sheet, table, columns, _ = self._runs()
        first_column, first_row, last_column, last_row = range_boundaries(table.ref)
        place = columns[before]
        for row in range(first_row, last_row + 2):
            for column in range(last_column, place - 1, -1):
                sheet.cell(row, column + 1).value = sheet.cell(row, column).value
            sheet.cell(row, place).value = header if row == first_row else None
        number = 1 + max(column.id for column in table.tableColumns)
        table.tableColumns.insert(place - first_column, TableColumn(id=number, name=header))
        table.ref = (
            f"{sheet.cell(first_row, first_column).coordinate}:{sheet.cell(last_row, last_column + 1).coordinate}"
        )
        if table.autoFilter is not None:
            table.autoFilter.ref = table.ref

    def _runs(self) -> tuple[Worksheet, Table, dict[str, int], dict[str, int]]:
        """The sheet and table of runs, the places of its columns, and the rows of its runs."""
        for sheet in self.book.worksheets:
            if "runs" in sheet.tables:
                table = sheet.tables["runs"]
                first_column, first_row, last_column, last_row = range_boundaries(table.ref)
                columns = {sheet.cell(first_row, place).value: place for place in range(first_column, last_column + 1)}
                key = columns["run_id"]
                rows = {sheet.cell(row, key).value: row for row in range(first_row + 1, last_row + 1)}
                return sheet, table, columns, rows
        raise AssertionError("the workbook has no table of runs")
