"""Adding a ready-made list to a registry's standard operating procedure: the items of a template that it lacks.

A list is the ``sop`` table of a template, so a workbook that a team made its own can be one too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, new_row, on_one_line
from tracker.deciding.rows import cells_of, values_of
from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.reading.registry import Registry, find_template
from tracker.schema import SOP
from tracker.values import key_text


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
    items = "item" if added == 1 else "items"
    sentence = f"{added} {items} of {title} added to the procedure" if added else f"all items of {title} are there"
    return f"{sentence}; {kept} {'was' if kept == 1 else 'were'} there already" if added and kept else sentence
