"""Changing a registry's standard operating procedure: a ready-made list added, an item renamed or taken out.

A list is the ``sop`` table of a template, so a workbook that a team made its own can be one too. A row is found again
by its item and is never deleted: an item that is taken out is retired, and one that is renamed is retired in favour of
a new one, to which what runs have of it moves along.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from tracker.checklist.items import is_retired
from tracker.checklist.standing import TRACKER
from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row, new_row, on_one_line
from tracker.deciding.rows import cells_of, values_of
from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.matching import is_blank
from tracker.model import Change, Key
from tracker.reading.registry import Registry, find_template
from tracker.schema import CHECKLIST, RETIRED, SOP
from tracker.values import key_text, utc
from tracker.wording import count


def add_items(
    registry: Registry, template: str | os.PathLike[str], who: str, agreed: Decision | None = None
) -> Decided:
    """Add the items of a template's procedure to that of a registry; items that are there already stay as they are.

    Args:
        template: the name of one that Tracker brings, such as ``release-gate``, or the path of a workbook.
        agreed: what :func:`adding` gave and the person saw.

    Raises:
        BadRequestError: there is no such template, or the registry has no ``sop`` table that could hold the items.
        NoTablesError and others: the template is no registry.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, lambda: adding(registry, template, who), who, agreed)


def adding(registry: Registry, template: str | os.PathLike[str], who: str) -> Decision:
    """The plan to add a template's items; arguments and errors as for :func:`add_items`."""
    source = find_template(template)
    listed = values_of(Folders(source), SOP.name)
    table = registry.rows(SOP.name)
    if not table.ref:
        reason = f"{registry.path} has no table '{SOP.name}'. Copy its sheet from a template. Nothing was changed."
        raise BadRequestError(reason=reason)
    return plan_items(cells_of(registry.folders, SOP.name), listed, table.columns, source.stem, who, time.time())


def plan_items(
    there: Sequence[Cells],
    listed: Sequence[Mapping[str, Any]],
    columns: Collection[str],
    title: str,
    who: str,
    now: float,
) -> Decision:
    """Add the listed items that are not there; ``facts`` has the names under ``"added"`` and ``"kept"``.

    Args:
        there: the rows of the procedure as they are.
        listed: the rows of the list, with values.
        columns: those that the procedure's table has.
        title: the name of the list, for people.

    Raises:
        BadRequestError: the procedure lacks a column without which the items would mean something else.
        CellTooLongError: more text than a cell holds.
    """
    known = {_same_item(row["item"]) for row in there}
    added: dict[str, Mapping[str, Any]] = {}
    kept = []
    for row in listed:
        item = key_text(row["item"])
        if _same_item(item) in known:
            kept.append(item)
        else:
            known.add(_same_item(item))
            added[item] = row
    lacking = sorted({name for row in added.values() for name in NEEDED_COLUMNS if row.get(name)} - set(columns))
    if lacking:
        names = ", ".join(lacking)
        raise BadRequestError(reason=f"Table '{SOP.name}' lacks the columns {names}. Add them; nothing was changed.")
    changes = tuple(
        new_row(SOP.name, (item,), {name: row.get(name) for name in OTHER_COLUMNS if name in columns}, who, now)
        for item, row in added.items()
    )
    facts = {"added": tuple(added), "kept": tuple(kept)}
    return Decision(_sentence(title, len(added), len(kept)), changes, "sop", facts)


OTHER_COLUMNS = tuple(column.name for column in SOP.columns if column.name not in SOP.key)
NEEDED_COLUMNS = ("applies_to", "level", "rule")


def _same_item(cell: Any) -> str:
    return on_one_line(key_text(cell)).casefold()


def _sentence(title: str, added: int, kept: int) -> str:
    fresh = f"{count(added, 'item')} of {title} added to the procedure"
    sentence = fresh if added else f"all items of {title} are there"
    return f"{sentence}; {kept} {'was' if kept == 1 else 'were'} there already" if added and kept else sentence


# -- one item -----------------------------------------------------------------------------------------------------


def retire(registry: Registry, item: str, who: str, agreed: Decision | None = None) -> Decided:
    """Take an item out of the procedure: no run is asked for it any more; its row and earlier judgements stay.

    Args:
        agreed: what :func:`retiring` gave and the person saw.

    Raises:
        BadRequestError: there is no such item, or the table has no column for the level.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, lambda: retiring(registry, item, who), who, agreed)


def retiring(registry: Registry, item: str, who: str) -> Decision:
    """The plan to take an item out; ``facts`` has under ``"judged"`` how many runs have a judgement of it."""
    row = _item(cells_of(registry.folders, SOP.name), item)
    judged = sum(
        key_text(one["item"]) == item and not is_blank(one["status"]) for one in _checklist(registry, {"status"})
    )
    change = change_row(SOP.name, (item,), row, {"level": RETIRED}, who, time.time())
    return Decision(f"{item} is taken out of the procedure", (change,) if change else (), "sop", {"judged": judged})


def rename(registry: Registry, item: str, name: str, who: str, agreed: Decision | None = None) -> Decided:
    """Give an item another name, and what runs have of it with it.

    Args:
        agreed: what :func:`renaming` gave and the person saw.

    Raises:
        BadRequestError: there is no such item, no name, or another item has it.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, lambda: renaming(registry, item, name, who), who, agreed)


def renaming(registry: Registry, item: str, name: str, who: str) -> Decision:
    """The plan to rename an item; arguments and errors as for :func:`rename`."""
    there = cells_of(registry.folders, SOP.name)
    return plan_rename(there, _checklist(registry, {"status", "who"}), item, name, who, time.time())


def plan_rename(
    there: Sequence[Cells], checklist: Iterable[Cells], item: str, name: str, who: str, now: float
) -> Decision:
    """Rename an item; ``facts`` has under ``"moved"`` how many rows of the checklist move along.

    Args:
        there: the rows of the procedure.
        checklist: the rows of the checklist.

    Raises:
        BadRequestError, CellTooLongError: as :func:`rename`.
    """
    name = on_one_line(name)
    row = _item(there, item)
    if not name or name == item:
        raise BadRequestError(reason="Give the item another name. Nothing was changed.")
    taken = next((one for one in there if one is not row and _same_item(one["item"]) == _same_item(name)), None)
    if taken is not None and not is_retired(taken):
        raise BadRequestError(reason=f"There is an item '{key_text(taken['item'])}' already. Nothing was changed.")
    values = {column: cell for column, cell in row.items() if column not in SOP.key and SOP.column(column)}
    changes = [
        _as_row(SOP.name, (key_text(taken["item"]) if taken else name,), taken, values, who, now),
        change_row(SOP.name, (item,), row, {"level": RETIRED}, who, now),
    ]
    name = changes[0].key[0] if changes[0] else name
    rows = [one for one in checklist if key_text(one["item"]) in (item, name)]
    known = {key_text(one["run_id"]): one for one in rows if key_text(one["item"]) == name}
    gone = {"status": "not applicable", "evidence": f"renamed to {name}", "who": TRACKER, "when": utc(int(now))}
    moved = 0
    for one in rows:
        run_id, mine = key_text(one["run_id"]), known.get(key_text(one["run_id"]))
        if key_text(one["item"]) != item or is_blank(one["status"]) or (mine and not is_blank(mine["status"])):
            continue
        cells = {
            column: cell for column, cell in one.items() if column not in CHECKLIST.key and CHECKLIST.column(column)
        }
        changes.append(_as_row(CHECKLIST.name, (run_id, name), mine, cells, who, now))
        here = {column: value for column, value in gone.items() if column in one}
        changes.append(change_row(CHECKLIST.name, (run_id, item), one, here, who, now))
        moved += 1
    facts = {"name": name, "moved": moved}
    return Decision(f"{item} is renamed to {name}", tuple(one for one in changes if one), "sop", facts)


def _as_row(table: str, key: Key, there: Cells | None, cells: Mapping[str, Any], who: str, now: float) -> Change | None:
    """A row that holds these cells: made, or the one that is there already."""
    if there is None:
        return new_row(table, key, cells, who, now)
    return change_row(table, key, there, cells, who, now)


def _item(there: Sequence[Cells], item: str) -> Cells:
    row = next((one for one in there if key_text(one["item"]) == item), None)
    if row is None:
        raise BadRequestError(reason=f"The procedure has no item '{item}' any more. Nothing was changed.")
    if "level" not in row:
        raise BadRequestError(reason=f"Table '{SOP.name}' lacks the column level. Add it; nothing was changed.")
    return row


def _checklist(registry: Registry, needed: Collection[str]) -> list[dict[str, Any]]:
    """The rows of the checklist; none where it lacks columns without which nothing can be said of it."""
    rows = cells_of(registry.folders, CHECKLIST.name)
    return rows if rows and {"item", *needed} <= rows[0].keys() else []
