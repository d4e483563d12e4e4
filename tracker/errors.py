"""Every error that Tracker raises on purpose.

TrackerError
├── RegistryNotFoundError          no workbook at that path
├── NotAWorkbookError              a text file, a truncated zip, a zip bomb, a damaged part
├── WorkbookEncryptedError         password-protected, or the old .xls format
├── WorkbookUnsupportedError       a whole workbook that cannot be patched safely
├── NoTablesError                  a workbook without a ``runs`` table
├── ContentInTheWayError           cells, merges or another table where new rows or columns must go
├── SheetFullError                 1,048,576 rows or 16,384 columns are used up
├── CellTooLongError               more than 32,767 characters
├── WorkbookOpenElsewhereError     open in Excel or LibreOffice
├── WorkbookChangedError           somebody saved while we were about to replace
├── RegistryLockedError            another sync holds the lock
├── RegistryNotWritableError       read-only folder, full disk
├── RunNotFoundError, ArtifactNotFoundError, ArtifactPathError
├── ArtifactAwayError              an artifact that is archived, in the trash or deleted; an ArtifactNotFoundError
├── VersionNotFoundError           no earlier workbook is the one that is meant
├── ChangeNotFoundError            no change set or outside save is the one that is meant
├── UndoRefusedError               cells that an undo would set have changed since
├── ArtifactAlteredError           a stored file is not what it was when it was stored
├── StoreError                     the artifact store cannot do what it should
│   ├── StoreUnreachableError      no connection, or it was lost
│   ├── StoreRefusedError          wrong credentials, or they do not allow it
│   └── StoreFullError             its disk or quota is full
├── NotAPackError                  no audit pack
├── NotReproducibleError           a run of which too little was recorded to run it again
├── ModelNotFoundError             no registered model has that name and version
├── StageError                     a promotion, revert or alias that makes no sense as things stand
├── QueryError                     a filter that cannot be understood
├── RuleError                      a rule of the procedure that cannot be understood
├── GateError                      a model version may not go into a stage yet
├── ValueChangedError              the value a person saw is no longer there
├── PlanChangedError               a plan of retention is no longer the one that was shown
├── PermissionRefusedError         a person's role does not allow it
├── ReadOnlyError                  TRACKER_READ_ONLY is set, or the app is only for looking
├── BadRequestError                a wrong argument
└── MissingPackageError            an optional package is not installed

TrackerWarning                     a fault while logging: the training goes on, and it is said once

Each class owns its message: what happened, where, that nothing was lost, and what to do. Bad *data* in a workbook is
never an exception: it is a :class:`tracker.model.Problem` in a list.
"""

from __future__ import annotations

from typing import Any


class TrackerError(Exception):
    """Something that Tracker refused or could not do; ``fields`` say about what, ``str()`` says it to a person."""

    template = "{reason}"
    exit_code = 1

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.fields = fields

    def __str__(self) -> str:
        return self.template.format(**self.fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.fields)


def _rebuild(cls: type[TrackerError], fields: dict[str, Any]) -> TrackerError:
    return cls(**fields)


class RegistryNotFoundError(TrackerError):
    """There is no workbook at the given path."""

    template = "There is no registry at {path}. Make one with: python -m tracker init {path}"
    exit_code = 2


class NotAWorkbookError(TrackerError):
    """The file is not a readable .xlsx or .xlsm workbook."""

    template = (
        "{path} is not a readable Excel workbook: {reason}. Nothing was written. "
        "If it was a registry, an earlier version is in the versions folder beside it."
    )
    exit_code = 3


class WorkbookEncryptedError(TrackerError):
    """The workbook is password-protected or in the old .xls format."""

    template = (
        "{path} is encrypted or in the old .xls format, so Tracker cannot read it. Nothing was written. "
        "Open it in Excel, remove the password, and save it as .xlsx."
    )
    exit_code = 3


class WorkbookUnsupportedError(TrackerError):
    """The workbook uses a feature with which it cannot be changed safely."""

    template = "{path} cannot be changed safely: {reason}. Nothing was written; logged values stay pending. {hint}"
    exit_code = 3


class NoTablesError(TrackerError):
    """The workbook has no table named ``runs``."""

    template = (
        "{path} has no table named 'runs', so it is not a registry. Nothing was written. "
        "Start one with 'python -m tracker init', or name your table 'runs' (Table Design, Table Name)."
    )
    exit_code = 3


class ContentInTheWayError(TrackerError):
    """Something stands where a table has to grow."""

    template = (
        "Table '{table}' cannot grow: {what} at {sheet}!{cell} is in the way. Nothing was overwritten; "
        "the changes stay pending. Move it away from the table, then sync again."
    )
    exit_code = 4


class SheetFullError(TrackerError):
    """The sheet has no room for more rows or columns."""

    template = (
        "Table '{table}' on sheet '{sheet}' is full: Excel allows {limit}. Nothing was cut off; "
        "the changes stay pending. Move old runs to another workbook, then sync again."
    )
    exit_code = 4


class CellTooLongError(TrackerError):
    """A text is longer than a cell can hold."""

    template = (
        "{column} of {key} has {length:,} characters; a cell holds 32,767. Nothing was cut off: "
        "the value stays pending. Log long text with log_text instead."
    )
    exit_code = 4


class WorkbookOpenElsewhereError(TrackerError):
    """The workbook is open in Excel or LibreOffice."""

    template = (
        "{path} is open in {program} by {owner} (lock file {lock}). "
        "Nothing was lost: what was logged stays pending and is written when it is closed."
    )
    exit_code = 5


class WorkbookChangedError(TrackerError):
    """The workbook was saved by somebody else while a sync was writing."""

    template = (
        "{path} was saved by somebody else during the sync. Nothing was lost or overwritten: "
        "the changes are in the journal and go in with the next sync."
    )
    exit_code = 5


class RegistryLockedError(TrackerError):
    """Another sync is at work and did not finish in time."""

    template = (
        "Another sync of {path} is at work ({owner}). Nothing was lost: what was logged stays pending, "
        "and whoever holds the lock writes it. Try again in a moment."
    )
    exit_code = 5


class RegistryNotWritableError(TrackerError):
    """The folder is read-only or the disk is full."""

    template = "{path} cannot be written: {reason}. The workbook is unchanged. {hint}"
    exit_code = 6


class RunNotFoundError(TrackerError):
    """No run has that id or name."""

    template = "There is no run '{run}' in {path}. 'python -m tracker runs {path}' lists them."
    exit_code = 2


class VersionNotFoundError(TrackerError):
    """No earlier workbook is the one that is meant, or it was thinned."""

    template = (
        "There is no version '{version}' of {path}. Nothing was changed. {hint} "
        "'python -m tracker restore {path}' lists them."
    )
    exit_code = 2


class ChangeNotFoundError(TrackerError):
    """No change set and no outside save is the one that is meant."""

    template = (
        "There is no change set or outside save '{change}' in the history of {path}. Nothing was changed. "
        "'python -m tracker history {path}' lists them."
    )
    exit_code = 2


class ConflictNotFoundError(TrackerError):
    """No open conflict is the one that is meant."""

    template = (
        "There is no open conflict {number} in {path}: it was settled, or its cell was changed since. Nothing was "
        "changed. 'python -m tracker resolve {path}' lists those that are open."
    )
    exit_code = 2


class UndoRefusedError(TrackerError):
    """Cells that an undo would set hold something else by now."""

    template = (
        "{what} cannot be undone as a whole: {count} changed since. Nothing was changed.\n{cells}\n"
        "--what-is-unchanged undoes the rest of it."
    )
    exit_code = 7


class ArtifactNotFoundError(TrackerError):
    """No artifact has that name and version."""

    template = "There is no artifact '{artifact}' in {path}. {hint}"
    exit_code = 2


class ArtifactAwayError(ArtifactNotFoundError):
    """The artifact is archived, in the trash, or deleted."""

    template = "{artifact} is {state}{told}. {hint}"


class ArtifactPathError(TrackerError):
    """A file that may not or cannot be stored as an artifact."""

    template = "{path} cannot be stored as an artifact: {reason}. Nothing was copied."
    exit_code = 2


class ArtifactAlteredError(TrackerError):
    """A stored file was changed, cut off or removed since it was stored."""

    template = (
        "{artifact} cannot be trusted: {path} {reason}. Nothing was changed. "
        "Restore the file from a backup, or log the artifact again."
    )
    exit_code = 3


class StoreError(TrackerError):
    """The artifact store, on a file system elsewhere, cannot do what it should."""

    template = "The artifact store {store} {reason}. No version was changed. {hint}"
    exit_code = 6


class StoreUnreachableError(StoreError):
    """There is no connection to the artifact store, or it was lost."""


class StoreRefusedError(StoreError):
    """The artifact store does not accept the credentials, or they do not allow what was asked for."""


class StoreFullError(StoreError):
    """The artifact store has no room."""


class NotAPackError(TrackerError):
    """The file is no audit pack, or so damaged that nothing can be said of it."""

    template = "{path} is no audit pack that can be checked: {reason}. Ask for the file again."
    exit_code = 3


class NotReproducibleError(TrackerError):
    """Too little was recorded of a run, or is at hand, to run it again."""

    template = "{run} cannot be run again: {reason}. Nothing was run. {hint}"
    exit_code = 2


class ModelNotFoundError(TrackerError):
    """No registered model has that name, version or stage."""

    template = "There is no registered model '{model}' in the models table. {hint}"
    exit_code = 2


class StageError(TrackerError):
    """A promotion, revert or alias that makes no sense as things stand."""

    template = "{what}: {reason}. Nothing was changed. {hint}"
    exit_code = 2


class QueryError(TrackerError):
    """A filter or order that cannot be understood."""

    template = "Cannot understand the filter at position {position}: {reason}\n  {query}\n  {pointer}"
    exit_code = 2


class RuleError(TrackerError):
    """A rule or pattern of the sop table that cannot be understood."""

    template = "Cannot understand the rule at position {position}: {reason}\n  {rule}\n  {pointer}"
    exit_code = 2


class GateError(TrackerError):
    """A run or model version lacks what it must have before it goes into a stage."""

    template = "{what} may not go into {stage}:{findings}\nNothing was changed. {hint}"
    exit_code = 9


class ValueChangedError(TrackerError):
    """A person edits a value that has changed since they saw it."""

    template = (
        "{column} of {key} has changed since you saw it: you saw {seen!r}, it is now {current!r}. "
        "Nothing was overwritten; look again and decide."
    )
    exit_code = 7


class PlanChangedError(TrackerError):
    """A person agreed to a plan, and by now another would be carried out."""

    template = (
        "The plan is no longer the one that was shown ({agreed}, now {current}): {difference}. "
        "Nothing was done; look at the new plan and decide."
    )
    exit_code = 7


class NotMovedError(TrackerError):
    """What was copied into another workbook is not there as it was."""

    template = (
        "Run {run} was not moved: {what} is not in {path} as it is here. Nothing was taken away here. "
        "Look at that workbook with 'python -m tracker check', then do it again."
    )
    exit_code = 6


class PermissionRefusedError(TrackerError):
    """A person's role in the registry does not allow what they asked for."""

    template = (
        "{who} is a {role} in {path}; this needs a {needed}: to {act}. Nothing was changed. "
        "A manager can change roles in the people table."
    )
    exit_code = 8


class ReadOnlyError(TrackerError):
    """This process only looks: somebody started it so."""

    template = (
        "Only to be looked at here, so nothing was changed in {path}. Whoever started this chose that, with "
        "TRACKER_READ_ONLY or with --read-only."
    )
    exit_code = 8


class BadRequestError(TrackerError):
    """A wrong argument."""

    template = "{reason}"
    exit_code = 2


class MissingPackageError(TrackerError):
    """An optional package is needed for this."""

    template = "{what} needs the package '{package}'. Install it with: pip install {package}"
    exit_code = 2


class TrackerWarning(UserWarning):
    """Something could not be logged. The training goes on, and what was logged is kept where that is possible."""
