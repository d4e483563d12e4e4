"""What takes long to find out in a large registry: workers beside the server do it. No streamlit in here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.comparing.lineage import Graph, read_graph
from tracker.folders import Folders
from tracker.model import Problem
from tracker.reading import check
from tracker.reading import tables as reading
from tracker.reading.conflicts import OpenConflict, open_conflicts
from tracker.reading.facts import read_facts
from tracker.reading.registry import Registry
from tracker.retention.inventory import Inventory, read_inventory
from tracker.retention.report import Expiry, forecast

if TYPE_CHECKING:
    import pandas as pd


def table(path: Path, name: str) -> pd.DataFrame:
    """See :meth:`tracker.reading.registry.Registry.table`."""
    return Registry(path).table(name)


def problems(path: Path) -> tuple[list[Problem], list[OpenConflict]]:
    """Problems and conflicts, from one look at every cell."""
    folders = Folders(path)

    def look() -> tuple[list[Problem], list[OpenConflict]]:
        facts = read_facts(folders)
        return check.problems_in(facts), open_conflicts(facts)

    return reading.steadily(folders, look)


def inventory(path: Path) -> Inventory:
    """See :func:`tracker.retention.inventory.read_inventory`."""
    return read_inventory(Registry(path))


def expiries(path: Path) -> Mapping[str, Expiry]:
    """Until when each artifact version is kept, and why."""
    return {one.artifact: one for one in forecast(inventory(path))}


def graph(path: Path) -> Graph:
    """See :func:`tracker.comparing.lineage.read_graph`."""
    return read_graph(Registry(path))
