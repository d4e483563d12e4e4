"""A manager's decision to bring an earlier workbook back: what it would change, and who may."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.errors import BadRequestError, ValueChangedError
from tracker.history.compare import Differences, compare_files
from tracker.history.versions import Version, find_version, list_versions
from tracker.reading import tables
from tracker.reading.registry import Registry
from tracker.reading.roles import require
from tracker.syncing.cache import FileIdentity
from tracker.syncing.restore import restore
from tracker.syncing.sync import SyncReport


@dataclass(frozen=True, slots=True)
class Restoring:
    """What bringing a version back would change."""

    version: Version
    differences: Differences
    """From the workbook as it is to the version."""
    workbook: FileIdentity | None
    """Which state of the workbook was looked at."""

    @property
    def removed_runs(self) -> tuple[str, ...]:
        """The runs that are not in the version: their rows go, and stay in the history."""
        return tuple(e.key[0] for e in self.differences.entries if e.table == "runs" and e.removed and e.key[0])

    @property
    def under_way(self) -> tuple[str, ...]:
        """Those of them that still run: what they log from then on is kept in the history only."""
        running = {
            entry.key[0]
            for entry in self.differences.entries
            if entry.removed and entry.table == "runs" and "RUNNING" in [cell.old for cell in entry.cells.values()]
        }
        return tuple(run for run in self.removed_runs if run in running)

    @property
    def orphans(self) -> int:
        """How many artifact versions lose their row; their files stay where they are."""
        return sum(entry.removed and entry.table == "artifacts" for entry in self.differences.entries)


def restoring(registry: Registry, version: str) -> Restoring:
    """The plan to bring a version back.

    Args:
        version: as :func:`tracker.history.versions.find_version` understands it.

    Raises:
        VersionNotFoundError: there is none.
        BadRequestError: it is the workbook itself.
        NotAWorkbookError and others: one of both cannot be read.
    """
    found = find_version(registry.path, registry.folders.versions, version)
    if found.path not in list_versions(registry.folders.versions):
        raise BadRequestError(reason=f"That is {found.label}: there is nothing to bring back.")
    seen = tables.identity(registry.folders)
    differences = tables.steadily(registry.folders, lambda: compare_files(registry.path, found.path))
    return Restoring(found, differences, seen)


def restore_version(registry: Registry, version: str, who: str, agreed: Restoring | None = None) -> SyncReport:
    """Bring a version back, its charts and formats too. What came since stays in the history, and can be taken back.

    Args:
        agreed: what :func:`restoring` gave and the person saw.

    Raises:
        PermissionRefusedError: the person is no manager.
        VersionNotFoundError: there is none.
        ValueChangedError: the workbook was saved since the person saw the plan.
        Others: as :func:`tracker.syncing.restore.restore`; the workbook is unchanged.
    """
    require(registry.folders, who, "version")
    found = find_version(registry.path, registry.folders.versions, version)
    if found.path not in list_versions(registry.folders.versions):
        raise BadRequestError(reason=f"That is {found.label}: there is nothing to bring back.")
    if agreed is not None and agreed.workbook != tables.identity(registry.folders):
        raise ValueChangedError(column="The content", key=registry.path.name, seen="another state", current="a new one")
    return restore(registry.folders, found.path, who=who)
