"""A real LibreOffice for the tests: what a person does in it, and what it shows of a workbook.

One process per test worker, started at the first question and ended with the worker::

    with office.open(path) as document:
        document.sort_table("runs", "loss")
        document.set_cell("Runs", "B2", 0.5)
        document.save()                      # under its own name, as Ctrl-S does

``uno`` exists only for LibreOffice's own or the system's Python, so uno_server.py runs there and is asked over a pipe.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

Grid = list[list[Any]]

SERVER = Path(__file__).with_name("uno_server.py")
# Who the lock file says has the workbook open.
PERSON = ("Test", "Analyst")


class OfficeError(Exception):
    """LibreOffice refused, as it would have told a person."""


class OfficeGoneError(OfficeError):
    """LibreOffice crashed or did not answer in time; the next request starts a new one."""


def find_soffice() -> str | None:
    """The LibreOffice program, or None."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    usual = (
        "/Applications/LibreOffice.app/Contents/MacOS/soffice",
        r"C:\Program Files\LibreOffice\program\soffice.exe",
    )
    return found or next((path for path in usual if Path(path).exists()), None)


@functools.cache
def find_uno_python() -> str | None:
    """An interpreter that can ``import uno``: this one, the system's, or LibreOffice's own; or None."""
    soffice = find_soffice()
    beside = Path(soffice).resolve().parent if soffice else Path()
    candidates = [
        sys.executable,
        "/usr/bin/python3",
        beside / "python",
        beside / "python.exe",
        beside / "../Resources/python",
    ]
    for candidate in candidates:
        if Path(candidate).exists():
            tried = subprocess.run([candidate, "-c", "import uno"], capture_output=True, check=False)
            if tried.returncode == 0:
                return str(candidate)
    return None


def why_missing() -> str | None:
    """Why there is no LibreOffice to test with, for a skip; None where there is one."""
    if find_soffice() is None:
        return "LibreOffice is not installed"
    if find_uno_python() is None:
        return "no Python that can 'import uno' (Debian and Ubuntu: package python3-uno)"
    return None


class Office:
    """One LibreOffice process with a profile of its own, started on demand."""

    def __init__(self, folder: Path, timeout: float = 60.0) -> None:
        self._folder = folder
        self._timeout = timeout
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self.starts = 0
        """How often a LibreOffice had to be started."""

    @contextlib.contextmanager
    def open(self, path: Path) -> Iterator[Document]:
        """The workbook, open as a person's is: with a lock file beside it until the block ends."""
        document = Document(self, self.ask("open", path=str(path.resolve())), path)
        try:
            yield document
        finally:
            if document.is_open:
                document.close()

    def sheet_values(self, path: Path, recalculate: bool = False) -> dict[str, Grid]:
        """What LibreOffice shows a person who opens the workbook: the values of all sheets, errors as ``#N/A``.

        With ``recalculate``, every formula is computed anew, as Ctrl-Shift-F9 does.
        """
        shown, computed = self.saved_and_computed(path)
        return computed if recalculate else shown

    def saved_and_computed(self, path: Path) -> tuple[dict[str, Grid], dict[str, Grid]]:
        """What LibreOffice shows when it opens the workbook, and what it shows after computing every formula anew."""

        def look(copy: Path) -> tuple[dict[str, Grid], dict[str, Grid]]:
            with self.open(copy) as document:
                shown = {sheet: document.values(sheet) for sheet in document.sheets()}
                document.recalculate()
                return shown, {sheet: document.values(sheet) for sheet in document.sheets()}

        return self._with_copy(path, look)

    def convert(self, path: Path, to: str, out: Path) -> list[Path]:
        """The workbook saved into a folder as ``csv`` (one file per sheet), ``pdf``, ``xlsx``, ``xlsm`` or ``ods``."""
        out.mkdir(parents=True, exist_ok=True)

        def save(copy: Path) -> list[Path]:
            before = set(out.iterdir())
            target = out / f"{path.stem}.{to}"
            target.unlink(missing_ok=True)
            with self.open(copy) as document:
                document.save_as(target)
            return sorted(set(out.iterdir()) - before | ({target} if target.exists() else set()))

        return self._with_copy(path, save)

    def _with_copy(self, path: Path, act: Any) -> Any:
        """Works on a copy, so that no lock file appears beside the original; tries once more if LibreOffice dies."""
        folder = self._folder / "copies"
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / path.name
        shutil.copyfile(path, copy)
        try:
            return act(copy)
        except OfficeGoneError:
            return act(copy)
        finally:
            copy.unlink()

    def ask(self, op: str, **arguments: Any) -> Any:
        """One operation of uno_server.py and its answer; raises OfficeError or OfficeGoneError."""
        process = self._running()
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"op": op, "arguments": arguments}) + "\n")
            process.stdin.flush()
            answer = self._next_answer()
        except BrokenPipeError:
            answer = {"error": "LibreOffice is gone", "gone": True}
        if answer.get("gone"):
            self.kill()
            raise OfficeGoneError(f"{op}: {answer['error']}; its output is in {self._log}")
        if "error" in answer:
            raise OfficeError(f"{op}: {answer['error']}")
        return answer["ok"]

    def end(self) -> None:
        """Lets LibreOffice end in good order; kills it if it does not."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()

    def kill(self) -> None:
        """Ends LibreOffice at once, as a crash would: no file is closed, lock files stay."""
        process, self._process = self._process, None
        if process is None:
            return
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    @property
    def _log(self) -> Path:
        return self._folder / "output.txt"

    def _next_answer(self) -> dict[str, Any]:
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            return {"error": f"no answer within {self._timeout:.0f} s", "gone": True}
        return json.loads(line) if line else {"error": "LibreOffice is gone", "gone": True}

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.kill()
        soffice, python = find_soffice(), find_uno_python()
        if soffice is None or python is None:
            raise OfficeError(why_missing())
        profile = self._folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(PROFILE.format(*PERSON), encoding="utf-8")
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [python, str(SERVER), soffice, str(profile)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                start_new_session=True,
            )
        self.starts += 1
        self._answers = queue.Queue()
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        answer = self._next_answer()
        if "ok" not in answer:
            self.kill()
            raise OfficeGoneError(f"LibreOffice did not start: {answer['error']}; its output is in {self._log}")
        return self._process


def _listen(pipe: Any, answers: queue.Queue[str]) -> None:
    with contextlib.suppress(ValueError):  # closed by kill()
        for line in pipe:
            answers.put(line)
    answers.put("")


class Document:
    """A workbook that is open in LibreOffice: everything a person does there."""

    def __init__(self, office: Office, number: int, path: Path) -> None:
        self._office = office
        self._number = number
        self.path = path
        self.is_open = True

    @property
    def lock_file(self) -> Path:
        """LibreOffice's lock file beside the workbook; it exists while the document is open."""
        return self.path.with_name(f".~lock.{self.path.name}#")

    def sheets(self) -> list[str]:
        """The names of the sheets in order."""
        return self._ask("sheets")

    def tables(self) -> dict[str, tuple[str, str]]:
        """Sheet and area of each table, by name: ``{"runs": ("Runs", "A1:F20")}``."""
        return {name: (sheet, area) for name, (sheet, area) in self._ask("tables").items()}

    def values(self, sheet: str) -> Grid:
        """All values of a sheet from A1 on, as computed; dates as serial numbers, booleans as 1 and 0, blanks as ''."""
        return self._ask("values", sheet=sheet)

    def get(self, sheet: str, cell: str) -> Any:
        """One value: None, a number or a text."""
        return self._ask("get", sheet=sheet, cell=cell)["value"]

    def look(self, sheet: str, cell: str) -> dict[str, Any]:
        """One cell: its ``value``, shown ``text``, ``formula``, ``colour`` and ``note``."""
        return self._ask("get", sheet=sheet, cell=cell)

    def recalculate(self) -> None:
        """Computes every formula anew."""
        self._ask("recalculate")

    def set_cell(self, sheet: str, cell: str, value: Any) -> None:
        """Types a value; None empties the cell; text that starts with ``=`` is a formula, as when a person types it."""
        if isinstance(value, datetime):
            days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
            self._ask("set_cell", sheet=sheet, cell=cell, value=days, is_date=True)
        else:
            self._ask("set_cell", sheet=sheet, cell=cell, value=value)

    def type_rows(self, sheet: str, cell: str, rows: Grid) -> None:
        """Types rows of values from a cell on; a None leaves its cell alone."""
        self._ask("type_rows", sheet=sheet, cell=cell, rows=rows)

    def sort_table(self, table: str, column: str, descending: bool = False) -> None:
        """Sorts the rows of a table by the column with that header."""
        self._ask("sort_table", table=table, column=column, descending=descending)

    def filter_table(self, table: str, column: str, value: str) -> None:
        """Hides all rows of a table but those whose column shows this value."""
        self._ask("filter_table", table=table, column=column, value=value)

    def insert_columns(self, sheet: str, before: str, count: int = 1) -> None:
        """Inserts whole columns left of the one with these letters."""
        self._ask("insert_columns", sheet=sheet, before=before, count=count)

    def delete_columns(self, sheet: str, first: str, count: int = 1) -> None:
        """Deletes whole columns, from the one with these letters on."""
        self._ask("delete_columns", sheet=sheet, first=first, count=count)

    def insert_rows(self, sheet: str, before: int, count: int = 1) -> None:
        """Inserts whole rows above the one with this number, counted from 1."""
        self._ask("insert_rows", sheet=sheet, before=before, count=count)

    def delete_rows(self, sheet: str, first: int, count: int = 1) -> None:
        """Deletes whole rows, from the one with this number on."""
        self._ask("delete_rows", sheet=sheet, first=first, count=count)

    def rename_sheet(self, sheet: str, name: str) -> None:
        """Gives a sheet another name."""
        self._ask("rename_sheet", sheet=sheet, name=name)

    def add_sheet(self, name: str, position: int = 0) -> None:
        """Adds an empty sheet at a position, counted from 0."""
        self._ask("add_sheet", name=name, position=position)

    def set_colour(self, sheet: str, cells: str, colour: int) -> None:
        """Fills an area with a colour, such as 0xFFCC00."""
        self._ask("set_colour", sheet=sheet, cells=cells, colour=colour)

    def add_note(self, sheet: str, cell: str, text: str) -> None:
        """Puts a note (comment) on a cell."""
        self._ask("add_note", sheet=sheet, cell=cell, text=text)

    def add_chart(self, sheet: str, cells: str, name: str = "chart") -> None:
        """Puts a column chart of an area on its sheet."""
        self._ask("add_chart", sheet=sheet, cells=cells, name=name)

    def save(self) -> None:
        """Saves under its own name and in its own format, as Ctrl-S does; also over a file that changed meanwhile.

        The lock file is gone for a moment. LibreOffice renames a temporary file over the workbook, except where the
        workbook has a hard link: then it writes in place, and the link sees the change.
        """
        self._ask("save")

    def save_as(self, path: Path) -> None:
        """Saves a copy in the format that the ending names; the document stays what it was."""
        self._ask("save_as", path=str(path.resolve()), to=path.suffix.lstrip("."))

    def close(self) -> None:
        """Closes the document without saving; its lock file goes."""
        self.is_open = False
        self._ask("close")

    def _ask(self, op: str, **arguments: Any) -> Any:
        return self._office.ask(op, document=self._number, **arguments)


PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.UserProfile/Data">
<prop oor:name="givenname" oor:op="fuse"><value>{}</value></prop>
<prop oor:name="sn" oor:op="fuse"><value>{}</value></prop>
</item>
</oor:items>
"""
