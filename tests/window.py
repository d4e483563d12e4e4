"""The registry open in a real LibreOffice, with what a person there looks at: runs and columns, not cell names."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from libreoffice import Document, Office
from openpyxl.utils import get_column_letter, range_boundaries


class Window:
    """One open workbook; a person finds a run and a column by looking."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def rows(self) -> dict[str, dict[str, Any]]:
        """The runs as they are shown, by run_id."""
        _, header, below = self._looks()
        rows = [dict(zip(header, row, strict=False)) for row in below]
        return {row["run_id"]: row for row in rows if row["run_id"]}

    def cell(self, run_id: str, column: str) -> str:
        """The name of the cell of a run."""
        top, header, below = self._looks()
        number = next(index for index, row in enumerate(below) if row[header.index("run_id")] == run_id)
        return f"{get_column_letter(header.index(column) + 1)}{top + 1 + number}"

    def write(self, run_id: str, column: str, value: Any) -> None:
        self.document.set_cell("Runs", self.cell(run_id, column), value)

    def insert_column(self, header: str, before: str) -> None:
        top, headers, _ = self._looks()
        letters = get_column_letter(headers.index(before) + 1)
        self.document.insert_columns("Runs", letters)
        self.document.set_cell("Runs", f"{letters}{top}", header)

    def add_column_beside(self, header: str, **cells: Any) -> None:
        """Types a column right of the table and of what was typed there before: LibreOffice takes none of it in."""
        top, headers, _ = self._looks()
        letters = get_column_letter(1 + max(place for place, name in enumerate(headers, 1) if name not in (None, "")))
        self.document.set_cell("Runs", f"{letters}{top}", header)
        for run_id, value in cells.items():
            row = re.sub(r"\D", "", self.cell(run_id, "run_id"))
            self.document.set_cell("Runs", f"{letters}{row}", value)

    def delete(self, run_id: str) -> None:
        self.document.delete_rows("Runs", int(re.sub(r"\D", "", self.cell(run_id, "run_id"))))

    def type_below(self, **cells: Any) -> None:
        """Types a row just below the table, and below what was typed there before: LibreOffice takes none of it in."""
        top, headers, below = self._looks()
        number = range_boundaries(self.document.tables()["runs"][1])[3] + 1
        while any(cell not in (None, "") for row in below[number - top - 1 : number - top] for cell in row):
            number += 1
        for column, value in cells.items():
            self.document.set_cell("Runs", f"{get_column_letter(headers.index(column) + 1)}{number}", value)

    def _looks(self) -> tuple[int, list[Any], list[list[Any]]]:
        """The row number of the headers, the headers, and the rows below them."""
        rows = self.document.values("Runs")
        top = next(index for index, row in enumerate(rows) if "run_id" in row)
        return top + 1, rows[top], rows[top + 1 :]


class Desk:
    """A person who opens the registry itself: LibreOffice's lock file lies beside it as long as it is open."""

    def __init__(self, path: Path, office: Office) -> None:
        self.path = path
        self._office = office
        self._window: Window | None = None

    @property
    def window(self) -> Window:
        assert self._window is not None, "it is not open"
        return self._window

    def opens(self) -> None:
        self._shows(self.path)

    def saves(self) -> None:
        self.window.document.save()

    def closes(self) -> None:
        if self._window is not None:
            self._window.document.close()
            self._window = None

    def _shows(self, path: Path) -> None:
        self._window = Window(Document(self._office, self._office.ask("open", path=str(path)), path))


class OfficePerson(Desk):
    """:class:`person.Person` with a LibreOffice, on a machine of their own: nobody sees that they have it open."""

    def __init__(self, path: Path, office: Office, folder: Path) -> None:
        super().__init__(path, office)
        self._copy = folder / path.name

    def opens(self) -> None:
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path, self._copy)
        self._shows(self._copy)

    def saves(self) -> None:
        super().saves()
        temporary = self.path.with_name("saving.tmp")
        shutil.copyfile(self._copy, temporary)
        os.replace(temporary, self.path)

    def writes(self, run_id: str, column: str, value: Any) -> None:
        self.window.write(run_id, column, value)

    def types_below(self, **cells: Any) -> None:
        self.window.type_below(**cells)

    types = types_below

    def adds_a_column_beside(self, header: str, **cells: Any) -> None:
        self.window.add_column_beside(header, **cells)

    def deletes(self, run_id: str) -> None:
        self.window.delete(run_id)

    def sorts(self, column: str, descending: bool = False) -> None:
        self.window.document.sort_table("runs", column, descending)

    def inserts_column(self, header: str, before: str) -> None:
        self.window.insert_column(header, before)
