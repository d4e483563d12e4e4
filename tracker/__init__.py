"""Tracker: an experiment tracker whose registry is one Excel workbook.

```python
import tracker

with tracker.start_run("registry.xlsx", experiment="churn", name="gbm depth 6") as run:
    run.log_params({"depth": 6, "lr": 0.1})
    for step in range(100):
        run.log_metric("auc", auc, step=step)
    run.log_artifact("model.pkl", name="churn-model", category="model")

tracker.open("registry.xlsx").runs("metrics.auc > 0.9")
```

Whatever is more than an error class is loaded when it is first used: to import Tracker costs a script next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.errors import (
    ArtifactAlteredError,
    ArtifactAwayError,
    ArtifactNotFoundError,
    ArtifactPathError,
    BadRequestError,
    CellTooLongError,
    ChangeNotFoundError,
    ConflictNotFoundError,
    ContentInTheWayError,
    GateError,
    MissingPackageError,
    ModelNotFoundError,
    NoTablesError,
    NotAPackError,
    NotAWorkbookError,
    NotMovedError,
    NotReproducibleError,
    PermissionRefusedError,
    PlanChangedError,
    QueryError,
    ReadOnlyError,
    RegistryLockedError,
    RegistryNotFoundError,
    RegistryNotWritableError,
    RuleError,
    RunNotFoundError,
    SheetFullError,
    StageError,
    StoreError,
    StoreFullError,
    StoreRefusedError,
    StoreUnreachableError,
    TrackerError,
    TrackerWarning,
    UndoRefusedError,
    ValueChangedError,
    VersionNotFoundError,
    WorkbookChangedError,
    WorkbookEncryptedError,
    WorkbookOpenElsewhereError,
    WorkbookUnsupportedError,
)

if TYPE_CHECKING:
    from tracker.adopting.carry_out import adopt
    from tracker.exporting.pack import export_audit
    from tracker.reading.many import open_folder
    from tracker.reading.registry import Registry
    from tracker.reading.registry import init_registry as init
    from tracker.reading.registry import open_registry as open
    from tracker.runs.fluent import (
        active_run,
        end_run,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_reference,
        log_table,
        log_text,
        set_experiment,
        set_note,
        set_tag,
        set_tags,
        start_run,
        use_artifact,
    )
    from tracker.runs.run import Run

__version__ = "0.1.0"

__all__ = [
    "ArtifactAlteredError",
    "ArtifactAwayError",
    "ArtifactNotFoundError",
    "ArtifactPathError",
    "BadRequestError",
    "CellTooLongError",
    "ChangeNotFoundError",
    "ConflictNotFoundError",
    "ContentInTheWayError",
    "GateError",
    "MissingPackageError",
    "ModelNotFoundError",
    "NoTablesError",
    "NotAPackError",
    "NotAWorkbookError",
    "NotMovedError",
    "NotReproducibleError",
    "PermissionRefusedError",
    "PlanChangedError",
    "QueryError",
    "ReadOnlyError",
    "Registry",
    "RegistryLockedError",
    "RegistryNotFoundError",
    "RegistryNotWritableError",
    "RuleError",
    "Run",
    "RunNotFoundError",
    "SheetFullError",
    "StageError",
    "StoreError",
    "StoreFullError",
    "StoreRefusedError",
    "StoreUnreachableError",
    "TrackerError",
    "TrackerWarning",
    "UndoRefusedError",
    "ValueChangedError",
    "VersionNotFoundError",
    "WorkbookChangedError",
    "WorkbookEncryptedError",
    "WorkbookOpenElsewhereError",
    "WorkbookUnsupportedError",
    "__version__",
    "active_run",
    "adopt",
    "end_run",
    "export_audit",
    "init",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_reference",
    "log_table",
    "log_text",
    "open",
    "open_folder",
    "set_experiment",
    "set_note",
    "set_tag",
    "set_tags",
    "start_run",
    "use_artifact",
]

_HOMES = {
    "Registry": ("tracker.reading.registry", "Registry"),
    "Run": ("tracker.runs.run", "Run"),
    "adopt": ("tracker.adopting.carry_out", "adopt"),
    "export_audit": ("tracker.exporting.pack", "export_audit"),
    "init": ("tracker.reading.registry", "init_registry"),
    "open": ("tracker.reading.registry", "open_registry"),
    "open_folder": ("tracker.reading.many", "open_folder"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'tracker' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _HOMES.get(name, ("tracker.runs.fluent", name))
    globals()[name] = value = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return __all__
