"""Rows for a registry's tables: every column of the schema, all kinds of values, always the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracker import schema

OPEN_COLUMNS = ("params.depth", "params.lr", "params.kernel", "metrics.auc", "metrics.loss", "tags.team")
OWN_COLUMN = "my verdict"
"""A column of a person's own, unknown to the schema."""

NOTES = (
    "plain",
    "two\nlines",
    "=1+1",
    "1e5",
    "007",
    "MAR1",
    "  spaces around  ",
    "_x000D_ as typed",
    "<b>&amp; \"quotes\" 'n' all</b>",
    "Größe 漢字 🎈",
    "NaN",
    "'marked",
)


@dataclass(frozen=True)
class SampleTable:
    """A table's name, headers and rows of cell values."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> int:
        """The position of a column, counted from 0."""
        return self.columns.index(name)


def registry_tables(runs: int = 12) -> dict[str, SampleTable]:
    """All tables of a registry by name, with this many runs in them."""
    rows = {
        "runs": [_run(number) for number in range(runs)],
        "artifacts": [_artifact(number) for number in range(runs // 3)],
        "lineage": [
            {"run_id": run_id(number), "direction": "output", "artifact": f"model-{number}:v1", "time": moment(number)}
            for number in range(runs // 3)
        ],
        "checklist": [
            {"run_id": run_id(number), "item": "seed", "status": ("done", "missing")[number % 2], "level": "must"}
            for number in range(runs)
        ],
        "sop": [{"item": "seed", "level": "must", "rule": "param seed"}, {"item": "data set", "level": "should"}],
        "models": [{"model": "churn", "version": 1, "artifact": "model-0:v1", "stage": "candidate"}],
        "retention": [{"class": "standard", "keep_days": 365, "trigger": "created", "keep_last": 3, "action": "trash"}],
        "people": [{"person": "analyst", "role": "manager"}],
        "settings": [{"name": "trash days", "value": 30, "help": "Days in the trash."}],
    }
    tables = {}
    for name, table in schema.TABLES.items():
        columns = tuple(column.name for column in table.columns)
        if name == "runs":
            columns += (*OPEN_COLUMNS, OWN_COLUMN)
        values = tuple(tuple(row.get(column) for column in columns) for row in rows[name])
        tables[name] = SampleTable(name, columns, values)
    return tables


def run_id(number: int) -> str:
    """The id of the sample run with this number."""
    return f"{number:04x}{(number * 2654435761) % 2**32:08x}"


def moment(number: int) -> datetime:
    """A time of its own for each number."""
    return datetime(2026, 3, 1, 8, 30) + timedelta(hours=number, milliseconds=125 * number)


def _run(number: int) -> dict[str, Any]:
    status = ("FINISHED", "FAILED", "FINISHED", "RUNNING")[number % 4]
    ended = status != "RUNNING"
    return {
        "run_id": run_id(number),
        "name": f"gbm {number}",
        "experiment": ("churn", "fraud", "credit")[number % 3],
        "status": status,
        "owner": ("ds1", "ds2")[number % 2],
        "start_time": moment(number),
        "end_time": moment(number) + timedelta(minutes=3) if ended else None,
        "duration": 180.0 if ended else None,
        "goal": "a better recall" if number % 5 == 0 else None,
        "notes": NOTES[number % len(NOTES)],
        "git_commit": f"{number:040x}",
        "git_dirty": number % 2 == 0,
        "source": "train.py",
        "python": "3.12",
        "params.depth": number % 7,
        "params.lr": 0.1 / (number + 1),
        "params.kernel": ("rbf", 3, True, None)[number % 4],
        "metrics.auc": 0.5 + number / 30 if ended else None,
        "metrics.loss": 1.0 / (number + 3),
        "tags.team": "risk",
        OWN_COLUMN: ("keep", None)[number % 2],
    }


def _artifact(number: int) -> dict[str, Any]:
    return {
        "artifact": f"model-{number}:v1",
        "name": f"model-{number}",
        "version": 1,
        "category": "model",
        "kind": "model file",
        "path": f"registry.tracker/artifacts/model-{number}/v1",
        "size": 1024 * (number + 1),
        "files": 1,
        "sha256": f"{number:064x}",
        "run_id": run_id(number),
        "created": moment(number),
        "created_by": "ds1",
        "hold": False,
        "status": "stored",
    }
