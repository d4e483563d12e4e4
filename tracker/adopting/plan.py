"""The plan to make a registry of a workbook: which list becomes the runs table, what each column is, what is added.

Pure: it looks at cells and says what would be done; :mod:`tracker.adopting.carry_out` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tracker.adopting.guess import Guess, guess_column, moment
from tracker.adopting.regions import Region, find_regions
from tracker.adopting.words import slug
from tracker.errors import BadRequestError
from tracker.schema import RUNS
from tracker.whole_sheets import MAX_COLUMN, MAX_HEADER, FoundTable, SheetCells
from tracker.workbook import ErrorValue

Mode = Literal["in place", "linked", "copied"]
"""The range becomes a table; a table that is there is used under its own name; the rows are copied to a new sheet."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column of the list and what it is taken for."""

    column: int
    header: str
    """As the table will have it: a text, different from all others."""
    was: Any
    """What stands in the header cell now."""
    guess: Guess
    examples: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The column of the runs table; empty for what stays the person's own."""
        return self.guess.name if self.guess.role in ("run", "metric", "param") else ""


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """What adopting would do with a workbook."""

    sheet: str
    """The sheet with the runs; empty where no list was found and only new sheets are added."""
    region: Region | None
    mode: Mode
    why: str
    """Why it is done in this way and not in place."""
    table: str
    """The name of the Excel table that is there, in mode ``linked``."""
    columns: tuple[Mapped, ...]
    rows: tuple[int, ...]
    """The sheet's row numbers of the runs."""
    add_columns: tuple[str, ...]
    """Columns that the runs table gets at its right."""

    @property
    def unsure(self) -> list[Mapped]:
        """The columns that a person should look at."""
        return [mapped for mapped in self.columns if not mapped.guess.is_sure]

    @property
    def new_headers(self) -> list[Mapped]:
        """The columns whose header cell must change, since a table needs a name of its own for each."""
        return [mapped for mapped in self.columns if mapped.was != mapped.header]


NEEDED = tuple(column.name for column in RUNS.columns if column.writer != "person")
"""What scripts write into the runs table, and therefore what it must have."""


def plan_adoption(
    sheets: Sequence[SheetCells],
    *,
    sheet: str = "",
    header_row: int = 0,
    columns: Mapping[str, str] | None = None,
    copy: bool = False,
) -> AdoptionPlan:
    """Plan from what stands in the workbook.

    Args:
        sheet: the sheet with the runs; without it the one that looks most like it.
        header_row: the row with the names of the columns.
        columns: what columns are, by their header: ``{"AUC": "metrics.auc", "Who": "owner", "Color": "own"}``.
        copy: copy the rows to a new sheet in any case, and leave theirs as it is.

    Raises:
        BadRequestError: there is no such sheet, row or column, or two columns would be the same.
    """
    if sheet and sheet not in [s.name for s in sheets]:
        raise BadRequestError(reason=f"There is no sheet '{sheet}'. There are: {', '.join(s.name for s in sheets)}.")
    candidates = [
        candidate for one in sheets if not sheet or one.name == sheet for candidate in _candidates(one, header_row)
    ]
    if not candidates:
        if sheet or header_row:
            raise BadRequestError(
                reason="No row of names over rows of values was found there. Name another --sheet or --header-row."
            )
        return AdoptionPlan("", None, "in place", "", "", (), (), NEEDED)
    _, chosen, region, table, mapped = max(candidates, key=lambda found: found[0])
    mapped = _as_said(mapped, columns or {})
    rows = tuple(
        row
        for row in range(region.header_row + 1, region.last_row + 1)
        if any(column in chosen.cells.get(row, {}) for column in region.columns)
    )
    have = {found.target for found in mapped}
    added = tuple(name for name in NEEDED if name not in have)
    mode, why = _mode(chosen, region, table, len(added), copy)
    if mode == "copied":
        added = tuple(name for name in NEEDED if name not in have)
    return AdoptionPlan(
        chosen.name, region, mode, why, table.name if table and mode == "linked" else "", tuple(mapped), rows, added
    )


def _candidates(
    sheet: SheetCells, header_row: int
) -> list[tuple[float, SheetCells, Region, FoundTable | None, list[Mapped]]]:
    regions: list[tuple[Region, FoundTable | None]] = []
    for table in sheet.tables:
        top, left, bottom, right = table.ref
        if table.usable and bottom > top and right > left:
            end = bottom - table.totals
            regions.append((Region(top, left, right, end, bottom if table.totals else 0), table))
    covered = [*(table.ref for table in sheet.tables), *sheet.pivots]
    for region in find_regions(sheet.cells, sheet.merged):
        if not any(_meets(region, ref) for ref in covered):
            regions.append((region, None))
    found = []
    for region, known in regions:
        if header_row and region.header_row != header_row:
            continue
        mapped = _mapped(sheet, region)
        found.append((_runs_like(mapped, region), sheet, region, known, mapped))
    return found


def _runs_like(mapped: Sequence[Mapped], region: Region) -> float:
    """How much a list looks like one of runs: metrics and params in it, more than one row."""
    weights = {"metric": 2.0, "param": 1.5, "run": 1.0, "artifact": 0.5, "own": 0.1}
    score = sum(weights[found.guess.role] * found.guess.sure for found in mapped)
    return score * min(1.0, 0.3 + (region.last_row - region.header_row) / 10)


def _mapped(sheet: SheetCells, region: Region) -> list[Mapped]:
    """What each column is; of two that would be the same, the surer or the first keeps the name."""
    headers = _headers([sheet.cells[region.header_row].get(column) for column in region.columns])
    found = []
    for column, header in zip(region.columns, headers, strict=True):
        was = sheet.cells[region.header_row].get(column)
        values = [
            value
            for row in range(region.header_row + 1, region.last_row + 1)
            if (value := sheet.cells.get(row, {}).get(column)) is not None
        ]
        group = (region.groups or {}).get(column, "")
        guess = guess_column(str(was) if was is not None else "", values, group)
        if guess.role in ("own", "artifact"):
            guess = replace(guess, name=header)
        found.append(Mapped(column, header, was, guess, tuple(str(value)[:40] for value in values[:3])))
    return _without_doubles(_named_by_group(found, region))


def _named_by_group(found: list[Mapped], region: Region) -> list[Mapped]:
    """Columns of the same name under different labels get the label into theirs: AUC over mean and std."""
    names = [mapped.target for mapped in found]
    fresh = []
    for mapped in found:
        label = (region.groups or {}).get(mapped.column, "")
        prefix, _, name = mapped.target.partition(".")
        if name and label and names.count(mapped.target) > 1:
            mapped = replace(mapped, guess=replace(mapped.guess, name=f"{prefix}.{slug(label)}_{name}"))
        fresh.append(mapped)
    return fresh


def _without_doubles(found: list[Mapped]) -> list[Mapped]:
    best: dict[str, Mapped] = {}
    for mapped in found:
        target = mapped.target
        if target and (target not in best or mapped.guess.sure > best[target].guess.sure):
            best[target] = mapped
    fresh = []
    for mapped in found:
        if mapped.target and best[mapped.target] is not mapped:
            reason = f"'{best[mapped.target].header}' is {mapped.target} already"
            mapped = replace(mapped, guess=Guess("own", mapped.header, 0.5, reason))
        fresh.append(mapped)
    return fresh


def _headers(cells: Sequence[Any]) -> list[str]:
    """The names of a table's columns, as Excel makes them: blanks are Column1, a second ``mean`` is mean2.

    An error is no name, and none is longer than Excel allows.
    """
    taken = {str(cell).casefold() for cell in cells if isinstance(cell, str)}
    seen: set[str] = set()
    names = []
    for index, cell in enumerate(cells, 1):
        named = cell is not None and str(cell).strip() and not isinstance(cell, ErrorValue)
        name = str(cell)[:MAX_HEADER] if named else f"Column{index}"
        if name.casefold() in seen or not isinstance(cell, str):
            number, fresh = 2, name
            while fresh.casefold() in seen or (fresh.casefold() in taken and fresh != name):
                fresh, number = f"{name[: MAX_HEADER - len(str(number))]}{number}", number + 1
            name = fresh
        seen.add(name.casefold())
        names.append(name)
    return names


def _as_said(found: list[Mapped], columns: Mapping[str, str]) -> list[Mapped]:
    """The columns as a person decided about them."""
    left = {header.strip(): target for header, target in columns.items()}
    fresh = []
    for mapped in found:
        for header in (mapped.header.strip(), str(mapped.was).strip()):
            if header in left:
                mapped = replace(mapped, guess=_said(mapped.header, left.pop(header)))
                break
        fresh.append(mapped)
    if left:
        raise BadRequestError(
            reason=f"There is no column '{next(iter(left))}'. There are: {', '.join(m.header for m in found)}."
        )
    targets = [mapped.target for mapped in fresh if mapped.target]
    double = next((target for target in targets if targets.count(target) > 1), "")
    if double:
        which = " and ".join(f"'{mapped.header}'" for mapped in fresh if mapped.target == double)
        raise BadRequestError(reason=f"{which} cannot both be {double}: say which of them is not.")
    return fresh


def _said(header: str, target: str) -> Guess:
    reason = "you said so"
    if target in ("own", ""):
        return Guess("own", header, 1.0, reason)
    if target == "artifact":
        return Guess("artifact", header, 1.0, reason)
    prefix, _, name = target.partition(".")
    if prefix in ("metrics", "params", "tags") and name:
        return Guess("metric" if prefix == "metrics" else "param", target, 1.0, reason)
    if RUNS.column(target) is None:
        known = ", ".join(column.name for column in RUNS.columns)
        raise BadRequestError(
            reason=f"'{target}' is no column: say metrics.NAME, params.NAME, tags.NAME, own, artifact, or one of "
            f"{known}."
        )
    return Guess("run", target, 1.0, reason)


def _mode(sheet: SheetCells, region: Region, table: FoundTable | None, added: int, copy: bool) -> tuple[Mode, str]:
    """How the list can become the runs table, and what speaks against the better way."""
    if copy:
        return "copied", "you asked for a copy"
    bottom = max(region.last_row, region.totals_row)
    right = region.last_column + added
    if sheet.protected:
        return "copied", "the sheet is protected"
    if right > MAX_COLUMN:
        return "copied", "the sheet has no room for more columns"
    for top, left, low, end in sheet.merged:
        if low >= region.header_row and left <= right and end >= region.first_column:
            return "copied", f"cells are merged in its way (row {top})"
    for top, left, low, end in sheet.arrays:
        if low >= region.header_row and left <= region.last_column and end >= region.first_column and low > top:
            return "copied", f"a formula fills several cells (row {top})"
    for row, cells in sheet.cells.items():
        if row > bottom and any(region.first_column <= column <= right for column in cells):
            return "copied", f"something stands below it (row {row}), where new runs must go"
        if region.header_row <= row <= bottom and any(region.last_column < column <= right for column in cells):
            return "copied", f"something stands to the right of it (row {row}), where columns must go"
    for top, left, low, end in sheet.pivots:
        if low >= region.header_row and left <= right and end >= region.first_column:
            return "copied", f"a pivot table stands in its way (row {top})"
    for other in sheet.tables:
        if (
            other is not table
            and other.ref[2] >= region.header_row
            and other.ref[1] <= right
            and other.ref[3] >= region.first_column
        ):
            return "copied", f"the table '{other.name}' stands in its way"
    return ("linked", "") if table is not None else ("in place", "")


def _meets(region: Region, ref: tuple[int, int, int, int]) -> bool:
    top, left, bottom, right = ref
    return (
        left <= region.last_column
        and region.first_column <= right
        and top <= max(region.last_row, region.totals_row)
        and region.header_row <= bottom
    )


def dated(plan: AdoptionPlan, sheet: SheetCells) -> dict[int, Any]:
    """The start time of each row, as far as a column says it."""
    column = next((mapped.column for mapped in plan.columns if mapped.target == "start_time"), None)
    return {} if column is None else {row: moment(sheet.cells.get(row, {}).get(column)) for row in plan.rows}
