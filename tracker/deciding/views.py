"""Views of the Runs page that a team shares: rows of the ``settings`` table, ``view.NAME``, each with an address.

The address is what stands behind the ``?`` of the page: its filter, order, columns and groups.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row, new_row, on_one_line
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError, ValueChangedError
from tracker.reading.registry import Registry
from tracker.reading.tables import read_grid
from tracker.settings import VIEW_PREFIX, Settings
from tracker.values import key_text

LONGEST = 60
"""Characters that a view's name may have."""


def views(settings: Settings) -> dict[str, str]:
    """The address of each saved view by its name; one that was removed is blank and left out."""
    found = {
        name.removeprefix(VIEW_PREFIX): key_text(value)
        for name, value in settings.values.items()
        if name.startswith(VIEW_PREFIX)
    }
    return {name: found[name] for name in sorted(found, key=str.casefold) if found[name]}


def save_view(registry: Registry, name: str, address: str | None, who: str, seen: str | None = None) -> Decided:
    """Keep a view under a name, or remove it with None.

    Args:
        seen: the address that the person saw under that name; None where they saw no such view.

    Raises:
        BadRequestError: no name, or the workbook has no settings table.
        ValueChangedError: somebody saved another view under that name since.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    if read_grid(registry.folders, "settings") is None:
        reason = "The workbook has no table 'settings': copy that sheet from a template. Nothing was changed."
        raise BadRequestError(reason=reason)
    return carry_out(
        registry,
        lambda: plan_view(cells_of(registry.folders, "settings"), name, address, who, time.time(), seen),
        who,
    )


def plan_view(
    rows: Sequence[Cells], name: str, address: str | None, who: str, now: float, seen: str | None = None
) -> Decision:
    """The plan to keep a view; arguments and errors as for :func:`save_view`."""
    name = on_one_line(name)
    if not name or len(name) > LONGEST:
        raise BadRequestError(reason=f"Give the view a name of at most {LONGEST} characters. Nothing was changed.")
    key = (VIEW_PREFIX + name,)
    row = next((row for row in rows if key_text(row["name"]) == key[0]), None)
    current = key_text(row.get("value")) if row else ""
    if current != (seen or ""):
        raise ValueChangedError(column="value", key=key[0], seen=seen, current=current or None)
    values = {"value": address or None, "help": f"A view of the runs, saved by {who}." if address else None}
    if row is None:
        changes = (new_row("settings", key, values, who, now),) if address else ()
    else:
        change = change_row("settings", key, row, values, who, now)
        changes = (change,) if change else ()
    return Decision(f"the view {name} is {'saved' if address else 'removed'}", changes, "view")
