"""The settings of a registry: rows of its ``settings`` sheet, resolved once and passed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tracker.schema import TABLES
from tracker.values import key_text

DEFAULTS: dict[str, tuple[Any, str]] = {
    "metrics.main": (
        None,
        "Metrics by which runs are ranked, the first that an experiment has; names with * as a wildcard, separated by "
        "commas. Blank: the one that most of its runs have.",
    ),
    "metrics.summary": (
        "last",
        "What of a metric's steps goes into the runs sheet: last, best, min, max; separated by commas.",
    ),
    "metrics.minimize": (
        "*loss*, *error*, *rmse*, *mae*, *mse*, *perplexity*, *time*, *seconds*, *duration*, *latency*",
        "Metrics whose best value is the smallest; names with * as a wildcard.",
    ),
    "sync.share": (0.05, "The share of a training's time that syncs between runs may take."),
    "versions.keep": (50, "How many of the newest earlier workbooks are all kept; of older ones the last of each day."),
    "versions.megabytes": (
        500,
        "How much room those newest may take together; at least five are kept whatever their size.",
    ),
    "artifacts.store": (
        None,
        "Where artifact files go: blank for the folder beside the workbook, another folder, or an address such as "
        "s3://bucket/prefix or sftp://host/path. Never a password: credentials come from the environment.",
    ),
    "artifacts.archive": (
        None,
        "Where archived artifact files go: another folder or address, as for artifacts.store; blank: nowhere yet.",
    ),
    "data.profile": (
        "on",
        "Whether tables get a profile when a run logs or reads them: on or off. It is made in the background and holds "
        "the most frequent values of each column. Off: only when somebody asks for it.",
    ),
    "data.megabytes": (1000, "Tables whose file is larger get their profile when somebody first asks for it."),
    "trash.days": (14, "Days that deleted artifacts stay in the trash."),
    "gate.stages": (
        "production",
        "Stages that a model version enters only with all must-items, whole files and another's approval; "
        "separated by commas, none for no gate.",
    ),
    "checklist.review": (None, "Date of the next review of the standard operating procedure."),
}
"""Every setting: its default and what it does. ``column.TABLE.NAME`` may also be set: the header a column goes by."""

COLUMN_PREFIX = "column."
TABLE_PREFIX = "table."
"""``table.runs`` may be set to the name of a table that people made, which then is the runs table."""
VIEW_PREFIX = "view."
"""``view.NAME`` is a view of the Runs page that somebody saved under that name for all: an address."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one registry, with defaults for what its sheet does not say."""

    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Settings:
        """The settings in the rows of a ``settings`` table; of a name that stands twice the first counts."""
        headers = [column.lower() for column in columns]
        if not {"name", "value"} <= set(headers):
            return cls()
        name, value = headers.index("name"), headers.index("value")
        found: dict[str, Any] = {}
        for row in rows:
            if text := key_text(row[name]):
                found.setdefault(text, row[value])
        return cls(found)

    def get(self, name: str) -> Any:
        """A setting's value; its default where the cell is blank or missing."""
        value = self.values.get(name)
        return DEFAULTS[name][0] if value is None or value == "" else value

    def number(self, name: str) -> float:
        """A setting as a number; its default where the cell holds anything else."""
        try:
            return float(self.get(name))
        except (TypeError, ValueError):
            return float(DEFAULTS[name][0])

    def is_on(self, name: str) -> bool:
        """Whether a setting says on: whatever a person may have typed for off is off."""
        return str(self.get(name)).strip().lower() not in ("off", "false", "no", "0", "0.0")

    def words(self, name: str) -> tuple[str, ...]:
        """A setting as a list of words, which its cell separates by commas."""
        return tuple(word.strip() for word in str(self.get(name)).split(",") if word.strip())

    def minimize(self, metric: str) -> bool:
        """Whether the best value of a metric is its smallest."""
        return any(fnmatchcase(metric.lower(), pattern.lower()) for pattern in self.words("metrics.minimize"))

    def header(self, table: str, column: str) -> str:
        """The header under which a column stands in the workbook: people may rename columns."""
        return key_text(self.values.get(f"{COLUMN_PREFIX}{table}.{column}")) or column

    def column(self, table: str, header: str) -> str:
        """The column's own name for the header that a person gave it."""
        prefix = f"{COLUMN_PREFIX}{table}."
        for name, value in self.values.items():
            if name.startswith(prefix) and key_text(value).lower() == header.lower():
                return name.removeprefix(prefix)
        return header


def own_names(table: str, headers: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The columns' own names for the headers that stand in the sheet, which people may have changed."""
    declared = {}
    for column in TABLES[table].columns if table in TABLES else ():
        declared[settings.header(table, column.name).lower()] = column.name
    return tuple(declared.get(header.lower()) or settings.column(table, header) for header in headers)
