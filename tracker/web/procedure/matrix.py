"""The checklist as a matrix of runs and items. No streamlit in here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracker.checklist.applies import EVERY_RUN, Applies
from tracker.checklist.items import read_items
from tracker.web.common import shown

if TYPE_CHECKING:
    import pandas as pd

UNRECORDED = "not checked"
NO_RUN = Applies(experiments=("",))
"""For items that the procedure does not have any more: nobody is asked for them."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the standard operating procedure."""

    name: str
    level: str
    rule: str
    owner: str
    applies: Applies = EVERY_RUN

    def holds_for(self, run: Mapping[str, Any], stages: Iterable[str] = ()) -> bool:
        """Whether a run needs it; arguments as for :meth:`tracker.checklist.applies.Applies.to`."""
        return self.applies.to(run, stages)


def items(sop: pd.DataFrame, checklist: pd.DataFrame) -> list[Item]:
    """What the procedure asks for, musts first, then what it does not ask for any more but runs were judged by."""
    read = read_items(rows_of(sop))
    found = {item.name: Item(item.name, item.level, item.rule_text, item.owner, item.applies) for item in read}
    if gone := [name for name in checklist["item"].unique() if _text(name) and _text(name) not in found]:
        left = checklist[checklist["item"].isin(gone)]
        says = left[left["status"].notna() & (left["status"] != "not applicable")].drop_duplicates("item")
        for name, level in zip(says["item"], says["level"], strict=True):
            found[_text(name)] = Item(_text(name), _text(level), "", "", NO_RUN)
    return sorted(found.values(), key=lambda item: item.level != "must")


def of_runs(checklist: pd.DataFrame, run_ids: Collection[str]) -> pd.DataFrame:
    """The rows of these runs alone: all others need not be looked at one by one."""
    return checklist[checklist["run_id"].isin(run_ids)]


def records(checklist: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """The recorded items by run and item; of two with the same key the first counts."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in checklist.to_dict("records"):
        found.setdefault((_text(row["run_id"]), _text(row["item"])), {str(name): value for name, value in row.items()})
    return found


def stages(models: pd.DataFrame, artifacts: pd.DataFrame) -> dict[str, list[str]]:
    """The stages of the model versions that each run made, by its id."""
    made_by = {}
    if len(models):
        wanted = artifacts[artifacts["artifact"].isin(models["artifact"])]
        made_by = dict(zip(wanted["artifact"], wanted["run_id"], strict=True))
    found: dict[str, list[str]] = {}
    for run_id, artifact, stage in zip(models["run_id"], models["artifact"], models["stage"], strict=True):
        for run in {_text(run_id), _text(made_by.get(artifact))} - {""}:
            found.setdefault(run, []).append(_text(stage).lower() or "none")
    return found


def status(recorded: Mapping[str, Any] | None, item: Item, run: Mapping[str, Any], stages: Iterable[str] = ()) -> str:
    """One cell, with symbol and word; blank where the item does not concern the run."""
    if recorded is not None and not shown.is_blank(recorded["status"]):
        return shown.check(recorded["status"])
    return f"· {UNRECORDED}" if item.holds_for(run, stages) else ""


def asked_of(item: Item, runs: pd.DataFrame, checklist: pd.DataFrame, stages: Mapping[str, Iterable[str]]) -> list[str]:
    """The ids of the runs that need an item, or for which it is recorded."""
    if item.applies == EVERY_RUN:
        return [str(run_id) for run_id in runs["run_id"]]
    recorded = set(checklist.loc[checklist["item"] == item.name, "run_id"])
    columns = [name for name in runs.columns if name in ("run_id", "experiment") or str(name).startswith("tags.")]
    return [
        str(run["run_id"])
        for run in rows_of(runs[columns])
        if run["run_id"] in recorded or item.holds_for(run, stages.get(str(run["run_id"]), ()))
    ]


def summary(cells: list[str]) -> str:
    """How far a run is: ``7 of 9``, where what is waived or not applicable does not count."""
    done = sum(cell.startswith(shown.CHECK_SYMBOLS["done"]) for cell in cells)
    open_ = sum(cell.startswith(shown.CHECK_SYMBOLS["missing"]) or cell.endswith(UNRECORDED) for cell in cells)
    return f"{done} of {done + open_}"


def lacking(checklist: pd.DataFrame, wanted: Collection[str]) -> set[str]:
    """The ids of runs for which one of these items is recorded as missing."""
    rows = checklist[checklist["item"].isin(wanted) & (checklist["status"].isna() | (checklist["status"] == "missing"))]
    return {_text(run_id) for run_id in rows["run_id"]} - {""}


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as the workbook has them: blanks are None, times have no time zone."""
    rows: list[dict[str, Any]] = []
    for row in frame.to_dict("records"):
        cells = {str(name): None if shown.is_blank(value) else value for name, value in row.items()}
        for name, value in cells.items():
            if isinstance(value, datetime):
                cells[name] = value.replace(tzinfo=None)
        rows.append(cells)
    return rows


def _text(value: Any) -> str:
    return "" if shown.is_blank(value) else str(value)
