"""The tables and columns of a registry, declared once: templates, validation, docs and pages derive from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tracker.values import Kind

Writer = Literal["script", "person", "both"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it means, what it may hold, and who fills it."""

    name: str
    kind: Kind
    help: str
    writer: Writer = "script"
    choices: tuple[str, ...] = ()
    width: int = 14
    """Characters, as Excel measures column widths."""
    link: bool = False
    """A path that opens when the cell is clicked, where it leads to something beside the workbook."""
    added: bool = False
    """Added to a table that lacks it, such as one of an earlier version, once there is something to write there."""


@dataclass(frozen=True, slots=True)
class Table:
    """One Excel table (ListObject), found by its table name wherever it stands."""

    name: str
    key: tuple[str, ...]
    help: str
    columns: tuple[Column, ...]
    open_prefixes: tuple[str, ...] = ()
    """Prefixes under which scripts add columns of their own: ``params.``, ``metrics.``, ``tags.``."""
    unique_keys: bool = False
    """Whoever makes a row makes a key that never was before, so that nobody needs to look whether it is there."""

    def column(self, name: str) -> Column | None:
        """The declared column, or the one that a prefix stands for; None for a column that is the person's own."""
        for column in self.columns:
            if column.name == name:
                return column
        for prefix in self.open_prefixes:
            if name.startswith(prefix) and len(name) > len(prefix):
                return Column(name, PREFIX_KINDS[prefix], PREFIX_HELP[prefix], width=12)
        return None

    def kind(self, name: str) -> Kind:
        """How the cells of a column are read; a person's own column is read as it stands."""
        column = self.column(name)
        return column.kind if column else "raw"


PREFIX_KINDS: dict[str, Kind] = {"params.": "any", "metrics.": "number", "tags.": "text"}
PREFIX_HELP = {
    "params.": "A param that the script logged with log_param.",
    "metrics.": "A metric that the script logged with log_metric; all steps are in the run's metrics.csv.",
    "tags.": "A tag: free text to find runs by. Scripts and people set it.",
}

RUN_STATUS = ("RUNNING", "FINISHED", "FAILED", "KILLED", "PLANNED")
MOVED, MOVED_TO = "MOVED", "tags.moved_to"
"""The status of a run whose values and files are in another workbook, which nobody chooses by hand; and which one."""
ARTIFACT_CATEGORIES = ("model", "code", "project management", "documentation")
ARTIFACT_STATUS = ("stored", "referenced", "archived", "trash", "deleted", "missing")
CHECKLIST_STATUS = ("missing", "done", "waived", "not applicable")
STAGES = ("none", "candidate", "staging", "production", "retired")
SINGLE_STAGES = {"staging": "none", "production": "retired"}
"""Stages that one version of a model holds at a time, and where the one before goes when another takes its place."""
RETIRED = "retired"
"""The level of an item that was taken out of the procedure. Its row stays, as what runs were judged by."""
ROLES = ("viewer", "contributor", "manager")
RETENTION_TRIGGERS = ("created", "last used", "superseded", "model retired")

RUNS = Table(
    "runs",
    ("run_id",),
    "One row per run. Scripts fill the grey columns; goal, change, insight, next_step and notes are yours.",
    (
        Column("run_id", "text", "The run's unique id. Leave it: it is how Tracker finds the row again.", width=12),
        Column("name", "text", "What the run is called.", "both", width=26),
        Column(
            "experiment",
            "text",
            "The question that the run belongs to; runs of one experiment are compared.",
            "both",
            width=18,
        ),
        Column(
            "status",
            "text",
            "RUNNING, FINISHED, FAILED or KILLED; PLANNED for a run you intend to make.",
            "both",
            RUN_STATUS,
            12,
        ),
        Column("owner", "text", "Who started it.", "both", width=12),
        Column("start_time", "datetime", "When it began (UTC).", width=19),
        Column("end_time", "datetime", "When it ended (UTC).", width=19),
        Column("duration", "number", "Seconds from start to end.", width=11),
        Column("goal", "text", "What you wanted to find out.", "person", width=28),
        Column("change", "text", "What is different from the run before.", "person", width=28),
        Column("insight", "text", "What you learned.", "person", width=28),
        Column("next_step", "text", "What to do next.", "person", width=24),
        Column(
            "notes",
            "text",
            "Anything else. A script adds notes only while the cell is empty or its own.",
            "both",
            width=30,
        ),
        Column("checklist", "text", "How many checklist items are done, such as '7 of 9'.", width=11),
        Column("parent_run_id", "text", "The run that this one is part of, such as a sweep.", width=14),
        Column("git_commit", "text", "The commit of the code.", width=12),
        Column("git_branch", "text", "The branch of the code.", width=12),
        Column(
            "git_dirty",
            "boolean",
            "TRUE: files were changed and not committed; the diff is kept as an artifact.",
            width=10,
        ),
        Column("git_remote", "text", "Where the code was cloned from, without passwords.", width=26, added=True),
        Column("source", "text", "The script that ran.", width=22),
        Column("command", "text", "The command line, without secrets.", width=26),
        Column(
            "working_folder",
            "text",
            "The folder that it was started in, relative to the top of the code.",
            width=14,
            added=True,
        ),
        Column("host", "text", "The machine and its processors.", width=18),
        Column("python", "text", "The Python version; all packages are kept as an artifact.", width=10),
    ),
    ("params.", "metrics.", "tags."),
    unique_keys=True,
)

ARTIFACTS = Table(
    "artifacts",
    ("artifact",),
    "One row per version of an artifact: any file that training reads or makes.",
    (
        Column("artifact", "text", "Name and version, such as churn-model:v3. Leave it.", width=26),
        Column("name", "text", "The artifact's name; all versions share it.", width=20),
        Column("version", "integer", "1 for v1, 2 for v2 …", width=9),
        Column("category", "text", "Which of the four kinds of work it belongs to.", "both", ARTIFACT_CATEGORIES, 14),
        Column("kind", "text", "data set, model file, figure, report … Extend the list as you like.", "both", width=14),
        Column("path", "text", "Where it is, relative to this workbook. Click it to open it.", width=54, link=True),
        Column("size", "integer", "Bytes, all files together.", width=12),
        Column("files", "integer", "How many files.", width=8),
        Column("sha256", "text", "Fingerprint of the content: the same content has the same one.", width=18),
        Column("run_id", "text", "The run that made it.", width=12),
        Column("created", "datetime", "When it was stored (UTC).", width=19),
        Column("created_by", "text", "Who stored it.", width=12),
        Column(
            "aliases",
            "text",
            "Names that point to this version, such as champion; separated by commas.",
            "both",
            width=16,
        ),
        Column("retention_class", "text", "How long it is kept: a class of the retention table.", "both", width=14),
        Column("hold", "boolean", "TRUE: never delete, whatever the rules say.", "person", width=8),
        Column(
            "hold_reason", "text", "Why it is on hold, such as an audit or a dispute.", "person", width=24, added=True
        ),
        Column("held_by", "text", "Who put it on hold.", "person", width=12, added=True),
        Column(
            "status", "text", "stored, referenced, archived, trash, deleted or missing.", "script", ARTIFACT_STATUS, 11
        ),
        Column(
            "status_time",
            "datetime",
            "When it was archived, put into the trash or deleted (UTC).",
            width=19,
            added=True,
        ),
        Column("status_by", "text", "Who archived, trashed or deleted it.", width=12, added=True),
        Column("status_why", "text", "The rule or the reason for that.", width=30, added=True),
        Column("notes", "text", "Anything else.", "person", width=28),
    ),
    unique_keys=True,
)

LINEAGE = Table(
    "lineage",
    ("run_id", "direction", "artifact"),
    "Which run read (input) or wrote (output) which artifact version.",
    (
        Column("run_id", "text", "The run.", width=14),
        Column(
            "direction",
            "text",
            "input: the run read it; output: the run wrote it.",
            choices=("input", "output"),
            width=11,
        ),
        Column("artifact", "text", "The artifact version.", width=28),
        Column("time", "datetime", "When (UTC).", width=19),
    ),
)

CHECKLIST = Table(
    "checklist",
    ("run_id", "item"),
    "One row per run and item of the standard operating procedure.",
    (
        Column("run_id", "text", "The run.", width=14),
        Column("item", "text", "The item of the sop table.", width=34),
        Column("status", "text", "missing, done, waived or not applicable.", "both", CHECKLIST_STATUS, 14),
        Column("level", "text", "must or should.", choices=("must", "should"), width=9),
        Column("evidence", "text", "What proves it: an artifact, a param, a note.", "both", width=34),
        Column("who", "text", "Who ticked or waived it.", "both", width=12),
        Column("when", "datetime", "When (UTC).", "both", width=19),
        Column("why", "text", "The reason for a waiver.", "person", width=30),
        Column("until", "datetime", "The last day of a waiver; blank: for good.", "person", width=13, added=True),
        Column(
            "sop_version", "text", "The version of the procedure that the item was judged by.", width=11, added=True
        ),
    ),
)

SOP = Table(
    "sop",
    ("item",),
    "The standard operating procedure: what every run must have.",
    (
        Column("item", "text", "What a run must have.", "person", width=32),
        Column(
            "applies_to",
            "text",
            "Experiments it holds for, with * as a wildcard; tag:team=risk, stage:production; blank for all.",
            "person",
            width=18,
        ),
        Column(
            "level",
            "text",
            "must: no gate without it; should: good practice; retired: no run is asked for it any more.",
            "person",
            ("must", "should", RETIRED),
            9,
        ),
        Column(
            "rule",
            "text",
            "What proves it: artifact category=…, param seed, metric auc, git clean …",
            "person",
            width=34,
        ),
        Column("owner", "text", "Who answers for the item.", "person", width=14),
        Column("source", "text", "Where the item comes from.", "person", width=26),
        Column("version", "text", "Version of the procedure.", "person", width=9),
        Column("next_review", "datetime", "When the item is looked at again.", "person", width=13),
    ),
)

MODELS = Table(
    "models",
    ("model", "version"),
    "Registered model versions: which artifact is in which stage, who promoted it and why.",
    (
        Column("model", "text", "The model's name.", width=22),
        Column("version", "integer", "1, 2, 3 …", width=9),
        Column("artifact", "text", "The artifact version that holds it.", width=26),
        Column("run_id", "text", "The run that made it.", width=14),
        Column("stage", "text", "none, candidate, staging, production or retired.", "both", STAGES, 12),
        Column("promoted_by", "text", "Who moved it to its stage.", width=14),
        Column("promoted_at", "datetime", "When (UTC).", width=19),
        Column("reason", "text", "Why.", "both", width=34),
        Column(
            "override",
            "text",
            "What was missing when a manager promoted it all the same, and why.",
            width=28,
            added=True,
        ),
        Column("notes", "text", "Anything else.", "person", width=28),
    ),
)

RETENTION = Table(
    "retention",
    ("class",),
    "How long artifacts of a class are kept, from when on, and what happens then.",
    (
        Column("class", "text", "The name of the class.", "person", width=16),
        Column(
            "category",
            "text",
            "Artifacts of this category belong to the class where their own cell is blank; blank: no category does.",
            "person",
            ARTIFACT_CATEGORIES,
            16,
            added=True,
        ),
        Column(
            "pattern",
            "text",
            "So do artifacts of these names, with * as a wildcard, separated by commas; names count before categories.",
            "person",
            width=22,
            added=True,
        ),
        Column("keep_days", "integer", "Days to keep; blank: for ever.", "person", width=11),
        Column("trigger", "text", "When the days begin to count.", "person", RETENTION_TRIGGERS, 15),
        Column("keep_last", "integer", "The newest versions that stay whatever their age.", "person", width=10),
        Column("action", "text", "What happens then: trash or archive.", "person", ("trash", "archive"), 10),
        Column("notes", "text", "Why this class exists.", "person", width=44),
    ),
)

PEOPLE = Table(
    "people",
    ("person",),
    "Who may do what. Empty: one trusted local user.",
    (
        Column("person", "text", "Login name or e-mail address.", "person", width=26),
        Column("role", "text", "viewer, contributor or manager.", "person", ROLES, 13),
        Column("notes", "text", "Anything else.", "person", width=34),
    ),
)

SETTINGS = Table(
    "settings",
    ("name",),
    "How this registry works. Change the values; a name that is missing has its default.",
    (
        Column("name", "text", "The setting.", width=26),
        Column("value", "any", "Its value.", "both", width=30),
        Column("help", "text", "What it does.", width=70),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table for table in (RUNS, ARTIFACTS, LINEAGE, CHECKLIST, SOP, MODELS, RETENTION, PEOPLE, SETTINGS)
}
