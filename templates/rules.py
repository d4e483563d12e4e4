"""What helps people fill in the tables: drop-down lists, checks of what is typed, formats by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation

from templates.look import ACTIVE, BAD, BLUE, CAUTION, EXCUSED, GOOD, GREY, QUIET, WHITE, Tone
from tracker.schema import RETIRED, Column, Table

OPEN_LISTS = {("artifacts", "category")}
"""Columns with choices that a team may extend: another value is asked about, not refused."""

LISTS_BY_NAME = {
    ("runs", "experiment"): "experiment_list",
    ("artifacts", "kind"): "kind_list",
    ("artifacts", "retention_class"): "retention_list",
    ("checklist", "item"): "sop_list",
}
"""Columns whose drop-down list is a defined name over other cells; any other value is welcome."""

TONES: dict[tuple[str, str], dict[str, Tone]] = {
    ("runs", "status"): {
        "FINISHED": GOOD,
        "FAILED": BAD,
        "KILLED": CAUTION,
        "RUNNING": ACTIVE,
        "PLANNED": QUIET,
    },
    ("artifacts", "status"): {
        "stored": GOOD,
        "referenced": ACTIVE,
        "archived": EXCUSED,
        "trash": CAUTION,
        "deleted": QUIET,
        "missing": BAD,
    },
    ("checklist", "status"): {"done": GOOD, "waived": EXCUSED, "not applicable": QUIET},
    ("models", "stage"): {"production": GOOD, "staging": ACTIVE, "candidate": CAUTION, "retired": QUIET},
    ("lineage", "direction"): {"input": ACTIVE, "output": GOOD},
    ("people", "role"): {"manager": GOOD, "contributor": ACTIVE, "viewer": QUIET},
}
"""How single values stand out."""


@dataclass(frozen=True, slots=True)
class Follow:
    """A format where a formula over the row's cells holds; ``{name}`` stands for the row's cell in that column."""

    formula: str
    look: DifferentialStyle
    columns: tuple[str, ...] = ()
    """Where it shows; the whole row if none is named."""


FOLLOW: dict[str, tuple[Follow, ...]] = {
    "runs": (
        Follow("{git_dirty}=TRUE", CAUTION.differential(), ("git_dirty",)),
        Follow(
            'AND({checklist}<>"",LEFT({checklist},FIND(" of ",{checklist}&" of ")-1)'
            '=MID({checklist},FIND(" of ",{checklist}&" of ")+4,9))',
            GOOD.differential(),
            ("checklist",),
        ),
        Follow('{checklist}<>""', CAUTION.differential(), ("checklist",)),
    ),
    "artifacts": (
        Follow("{hold}=TRUE", CAUTION.differential(), ("hold",)),
        Follow('{status}="deleted"', DifferentialStyle(font=Font(color=GREY, strike=True))),
        Follow(
            'AND({artifact}<>"",{retention_class}="",{status}<>"deleted")',
            CAUTION.differential(),
            ("retention_class",),
        ),
        Follow('{aliases}<>""', DifferentialStyle(font=Font(bold=True)), ("artifact",)),
        Follow("_xlfn.ISFORMULA({path})", DifferentialStyle(font=Font(color=BLUE, underline="single")), ("path",)),
    ),
    "checklist": (
        Follow('AND({status}="missing",{level}="must")', BAD.differential(bold=True), ("item", "status", "level")),
        Follow('{status}="missing"', CAUTION.differential(), ("status",)),
        Follow('AND({status}="waived",{why}="")', BAD.differential(), ("why",)),
    ),
    "sop": (
        Follow('AND({next_review}<>"",{next_review}<TODAY())', BAD.differential(bold=True), ("next_review",)),
        Follow('AND({next_review}<>"",{next_review}<TODAY()+30)', CAUTION.differential(), ("next_review",)),
        Follow('{level}="must"', DifferentialStyle(font=Font(bold=True)), ("level", "item")),
        Follow(f'{{level}}="{RETIRED}"', DifferentialStyle(font=Font(color=GREY))),
    ),
    "models": (Follow('{stage}="retired"', DifferentialStyle(font=Font(color=GREY))),),
}

SMALL_IS_GOOD = ("loss", "error", "rmse", "mae", "mse")


def validation(table: str, column: Column) -> DataValidation | None:
    """What may be typed into a column; None where anything may."""
    name = LISTS_BY_NAME.get((table, column.name))
    if name:
        return DataValidation("list", formula1=name, allow_blank=True, showErrorMessage=False)
    if column.choices:
        check = DataValidation("list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
        message = f"Choose one of: {', '.join(column.choices)}."
    elif column.kind == "boolean":
        check, message = DataValidation("list", formula1='"TRUE,FALSE"', allow_blank=True), "TRUE or FALSE, or blank."
    elif column.writer == "script":
        return None
    elif column.kind == "integer":
        check = DataValidation("whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        message = "A whole number, 0 or more; or blank."
    elif column.kind == "datetime":
        check = DataValidation("date", operator="greaterThan", formula1="1", allow_blank=True)
        message = "A date, such as 2026-12-31."
    else:
        return None
    is_open = (table, column.name) in OPEN_LISTS
    check.errorStyle = "warning" if is_open else "stop"
    check.showErrorMessage = True
    check.errorTitle = column.name
    check.error = message + (" Keep your own value?" if is_open else "")
    return check


def conditional_formats(table: Table, cells: Mapping[str, str]) -> Iterator[tuple[list[str], Any]]:
    """Each rule with the columns it is for. ``cells`` has each column's cell in the first data row, such as ``$D4``."""
    for follow in FOLLOW.get(table.name, ()):
        formula = follow.formula.format_map(cells)
        yield list(follow.columns or cells), Rule(type="expression", dxf=follow.look, formula=[formula])
    for column in cells:
        for value, tone in TONES.get((table.name, column), {}).items():
            rule = CellIsRule(operator="equal", formula=[f'"{value}"'])
            rule.dxf = tone.differential()
            yield [column], rule
        if column.startswith("metrics."):
            ends = (GOOD.tint, WHITE) if any(word in column for word in SMALL_IS_GOOD) else (WHITE, GOOD.tint)
            yield (
                [column],
                ColorScaleRule(start_type="min", start_color=ends[0], end_type="max", end_color=ends[1]),
            )
