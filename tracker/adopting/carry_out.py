"""Makes a registry of a workbook, in one step: as the plan says, and everything else in it stays byte for byte.

The new workbook is written beside the old one and takes its place when it is whole; the old one is kept in
``versions/``. Killed at any point, the path holds the workbook as it was or the registry.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracker.adopting.from_csv import workbook_of_csv
from tracker.adopting.guess import moment, numeric
from tracker.adopting.plan import AdoptionPlan, plan_adoption
from tracker.disk import writing
from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.history.versions import keep_version
from tracker.journal.changes import Journal
from tracker.model import CellChange, ChangeSet, Entry
from tracker.read_only import refuse_read_only
from tracker.reading.registry import Registry, templates
from tracker.schema import RUNS, TABLES, Column
from tracker.settings import COLUMN_PREFIX, TABLE_PREFIX
from tracker.syncing.cache import FileIdentity
from tracker.syncing.elsewhere import refuse_open_elsewhere
from tracker.syncing.lock import locked
from tracker.syncing.replacing import put_in_place, refuse_changed, written_beside
from tracker.values import key_text
from tracker.whole_sheets import SheetCells, add_table_sheet, lay_table, read_sheets
from tracker.workbook import Workbook, open_workbook, read_tables

LOCK_WAIT = 10.0
PROGRAM = "adopt"


def plan_adoption_of(path: str | os.PathLike[str], **options: Any) -> AdoptionPlan:
    """What :func:`adopt` would do with a workbook or a CSV file; options and errors as there. Changes nothing."""
    workbook = Path(os.path.abspath(os.path.expanduser(path)))
    if workbook.suffix.lower() == ".csv":
        return plan_adoption([workbook_of_csv(workbook)[1]], **options)
    with open_workbook(workbook) as book:
        _refuse_registry(book)
        book.refuse_unwritable()
        return plan_adoption(read_sheets(book), **options)


def sheet_names(path: str | os.PathLike[str]) -> list[str]:
    """The sheets among which :func:`adopt` chooses; errors as there. Of a CSV file there are none to choose from."""
    workbook = Path(os.path.abspath(os.path.expanduser(path)))
    if workbook.suffix.lower() == ".csv":
        return []
    with open_workbook(workbook) as book:
        return [sheet.name for sheet in read_sheets(book)]


def adopt(
    path: str | os.PathLike[str],
    *,
    sheet: str = "",
    header_row: int = 0,
    columns: Mapping[str, str] | None = None,
    copy: bool = False,
    who: str = "",
) -> Registry:
    """Make a registry of a workbook that people made, in place. Of a CSV file a workbook is made beside it.

    The list that looks most like runs becomes the runs table: what its columns are is guessed, runs get ids, and what
    scripts write goes into new columns at its right. Where it cannot become a table (merged cells, something below
    or beside it) its rows are copied to a new sheet. Tracker's other tables come as new sheets. Every other part of
    the workbook stays the same bytes, and the workbook as it was is kept in ``versions/``.

    Args:
        sheet: the sheet with the runs, where the guess is wrong.
        header_row: the number of the row with the names of the columns.
        columns: what columns are, by their header: ``{"AUC": "metrics.auc", "Who": "owner", "Color": "own"}``.
        copy: copy the rows to a new sheet in any case.
        who: the person who does it, for the history.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError: it cannot be used.
        BadRequestError: it is a registry already, or what was said of its columns does not fit it.
        WorkbookOpenElsewhereError, WorkbookChangedError, RegistryNotWritableError: later. Nothing was changed.
    """
    source = Path(os.path.abspath(os.path.expanduser(path)))
    refuse_read_only(source)
    if source.suffix.lower() == ".csv":
        target = source.with_suffix(".xlsx")
        if target.exists():
            raise BadRequestError(
                reason=f"{source.name} would become {target}, which is there already. Nothing was changed."
            )
        with writing(target):
            target.write_bytes(workbook_of_csv(source)[0])
        source = target
    folders = Folders(source)
    with writing(folders.side / "."), locked(folders, who, PROGRAM, LOCK_WAIT):
        refuse_open_elsewhere(Path(os.path.realpath(source)))
        before = FileIdentity.of(os.stat(os.path.realpath(source)))
        with open_workbook(source) as book:
            _refuse_registry(book)
            book.refuse_unwritable()
            sheets = read_sheets(book)
            plan = plan_adoption(sheets, sheet=sheet, header_row=header_row, columns=columns, copy=copy)
            now = time.time()
            entries = _change(book, plan, sheets, now, who)
            changes = ChangeSet((), now, who, PROGRAM, tuple(entries))
            _put_in_place(book, folders, before, changes, now)
    return Registry(source)


# -- the workbook -------------------------------------------------------------------------------------------------


def _change(book: Workbook, plan: AdoptionPlan, sheets: Sequence[SheetCells], now: float, who: str) -> list[Entry]:
    """Change the open workbook as the plan says; gives the rows that became runs."""
    links: dict[str, str] = {}
    found = next((one for one in sheets if one.name == plan.sheet), None)
    entries: list[Entry] = []
    if found is None:
        add_table_sheet(book, "Runs", _table_name(book, "runs", links), RUNS.columns, [])
        headers: dict[str, str] = {}
    else:
        headers = _headers(plan)
        rows = _runs(plan, found, now)
        if plan.mode == "copied":
            _copy(book, plan, found, headers, rows, links)
        else:
            _take_over(book, plan, headers, rows, links)
        entries = [_entry(plan, found, run_id, row, status, now, who) for row, (run_id, status) in rows.items()]
    _add_others(book, headers, links)
    return entries


def _headers(plan: AdoptionPlan) -> dict[str, str]:
    """The header of every column of the runs table that has another one than its own name."""
    taken = {mapped.header.casefold() for mapped in plan.columns}
    headers = {
        mapped.target: mapped.header for mapped in plan.columns if mapped.target and mapped.target != mapped.header
    }
    for name in plan.add_columns:
        header, number = name, 2
        while header.casefold() in taken:
            header, number = f"run {name}" if number == 2 else f"run {name} {number}", number + 1
        taken.add(header.casefold())
        if header != name:
            headers[name] = header
    return headers


def _runs(plan: AdoptionPlan, sheet: SheetCells, now: float) -> dict[int, tuple[str, str]]:
    """The run_id and status of each row. The same row always gets the same id, so that adopting again changes none."""
    key = next((mapped.column for mapped in plan.columns if mapped.target == "run_id"), None)
    measured = [mapped.column for mapped in plan.columns if mapped.guess.role == "metric"]
    start = next((mapped.column for mapped in plan.columns if mapped.target == "start_time"), None)
    rows: dict[int, tuple[str, str]] = {}
    taken: set[str] = set()
    for row in plan.rows:
        cells = sheet.cells[row]
        id = key_text(cells.get(key)) if key is not None else ""
        if not id or id in taken:
            when = moment(cells.get(start)) if start is not None else None
            text = "\0".join(f"{column}={key_text(cells.get(column.column))}" for column in plan.columns)
            digest = hashlib.sha256(f"{text}\0{sum(1 for _ in taken)}".encode("utf-8", "replace")).hexdigest()[:6]
            id = f"{when:%Y%m%d-%H%M%S}-{digest}" if when else f"adopted-{row}-{digest}"
        taken.add(id)
        rows[row] = (
            id,
            "FINISHED" if any(numeric(cells.get(column)) is not None for column in measured) else "PLANNED",
        )
    return rows


def _take_over(
    book: Workbook,
    plan: AdoptionPlan,
    headers: Mapping[str, str],
    rows: Mapping[int, tuple[str, str]],
    links: dict[str, str],
) -> None:
    region = plan.region
    assert region is not None
    if plan.mode == "linked":
        links[f"{TABLE_PREFIX}runs"] = name = plan.table
    else:
        name = _table_name(book, "runs", links)
        ref = (region.header_row, region.first_column, max(region.last_row, region.totals_row), region.last_column)
        lay_table(book, plan.sheet, name, ref, [mapped.header for mapped in plan.columns], region.totals_row > 0)
    table = book.table(name)
    assert table is not None
    names = [headers.get(column, column) for column in plan.add_columns]
    table.add_columns(names, [float(max(11, len(column) + 3)) for column in names])
    places = {header: place for place, header in enumerate(table.columns)}
    id_header, status_header = headers.get("run_id", "run_id"), headers.get("status", "status")
    for row, (run_id, status) in rows.items():
        cells: dict[int, Any] = {}
        if "run_id" in plan.add_columns:
            cells[places[id_header]] = run_id
        if "status" in plan.add_columns:
            cells[places[status_header]] = status
        if cells:
            table.set(row, cells)


def _copy(
    book: Workbook,
    plan: AdoptionPlan,
    sheet: SheetCells,
    headers: Mapping[str, str],
    rows: Mapping[int, tuple[str, str]],
    links: dict[str, str],
) -> None:
    columns = [
        Column(mapped.header, _kind(mapped.target), "", width=max(10, min(30, len(mapped.header) + 4)))
        for mapped in plan.columns
    ]
    for name in plan.add_columns:
        declared = RUNS.column(name)
        assert declared is not None
        columns.append(
            Column(headers.get(name, name), declared.kind, "", choices=declared.choices, width=declared.width)
        )
    given = {"run_id": 0, "status": 1}
    lines = [
        [
            *(_converted(sheet.cells[row].get(mapped.column), _kind(mapped.target)) for mapped in plan.columns),
            *(both[given[name]] if name in given else None for name in plan.add_columns),
        ]
        for row, both in rows.items()
    ]
    add_table_sheet(book, "Runs", _table_name(book, "runs", links), columns, lines)


def _kind(target: str) -> Any:
    return RUNS.kind(target) if target else "raw"


def _converted(value: Any, kind: str) -> Any:
    """A copied value: a date or a percentage that was written as text is one; anything else as it stands."""
    if isinstance(value, str):
        if kind == "datetime":
            return moment(value) or value
        if kind in ("number", "integer"):
            number = numeric(value)
            return value if number is None else number
    return value


def _entry(plan: AdoptionPlan, sheet: SheetCells, run_id: str, row: int, status: str, now: float, who: str) -> Entry:
    """A run for the history: the row as it stands, known again if it comes back without its key."""
    cells = {
        mapped.target or mapped.header: CellChange(value, value)
        for mapped in plan.columns
        if (value := sheet.cells[row].get(mapped.column)) not in (None, "")
        and (row, mapped.column) not in sheet.formulas
    }
    for name, value in (("run_id", run_id), ("status", status)):
        if name in plan.add_columns:
            cells[name] = CellChange(None, value)
    return Entry("runs", (run_id,), cells, plan.mode == "copied", plan.mode != "copied", now, who, "person")


def _add_others(book: Workbook, headers: Mapping[str, str], links: dict[str, str]) -> None:
    """Tracker's other tables, each on a sheet of its own, filled as in the general template."""
    filled = read_tables(templates()["general"], {"sop", "retention", "settings"})
    for name, table in TABLES.items():
        if name in ("runs", "settings"):
            continue
        rows = filled.get(name)
        own = _table_name(book, name, links)
        lines = [[row[rows.columns.index(c.name)] for c in table.columns] for row in rows.rows] if rows else []
        add_table_sheet(book, _title(name), own, table.columns, lines)
    settings = filled["settings"]
    lines = [[row[settings.columns.index(c)] for c in ("name", "value", "help")] for row in settings.rows]
    lines += [[name, value, "The table that stands for it."] for name, value in links.items()]
    lines += [[f"{COLUMN_PREFIX}runs.{name}", value, "The header of that column."] for name, value in headers.items()]
    add_table_sheet(book, "Settings", "settings", TABLES["settings"].columns, lines)


def _title(name: str) -> str:
    return "SOP" if name == "sop" else name.capitalize()


def _table_name(book: Workbook, name: str, links: dict[str, str]) -> str:
    """The name for one of Tracker's tables: another one, noted in the settings, where people use it for their own."""
    taken = {*book.book.tables, *book.defined_names}
    fresh, number = name, 1
    while fresh in taken:
        fresh = f"tracker_{name}" if number == 1 else f"tracker_{name}_{number}"
        number += 1
    if fresh != name:
        links[f"{TABLE_PREFIX}{name}"] = fresh
    return fresh


# -- the file -----------------------------------------------------------------------------------------------------


def _refuse_registry(book: Workbook) -> None:
    table = book.table("runs")
    if table is not None and book.table("settings") is not None:
        raise BadRequestError(reason=f"{book.path} is a registry already: its table '{table.name}' has the runs.")
    if "settings" in book.book.tables:
        reason = (
            f"{book.path} has a table named 'settings' of its own, which Tracker needs. Rename that table in Excel."
        )
        raise BadRequestError(reason=reason)


def _put_in_place(book: Workbook, folders: Folders, before: FileIdentity, changes: ChangeSet, now: float) -> None:
    path = Path(os.path.realpath(folders.workbook))
    changes = Journal(folders.changes).commit(changes)
    book.stamp = changes.id
    with written_beside(book, path) as (target, _):
        keep_version(path, folders.versions, None, now)
        refuse_changed(path, before)
        put_in_place(target, path)
