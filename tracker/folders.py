"""Where a registry keeps things: the workbook and the side folder that moves and copies along with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The paths of one registry. Constructing it touches no disk."""

    workbook: Path
    aside: Path | None = None
    """Where the cache is, and what is found in artifacts is kept, for somebody who changes nothing in the side folder;
    None: in the side folder."""

    @cached_property
    def side(self) -> Path:
        """``registry.tracker`` beside ``registry.xlsx``."""
        return self.workbook.with_suffix(".tracker")

    @property
    def pending(self) -> Path:
        return self.side / "pending"

    @property
    def changes(self) -> Path:
        return self.side / "changes"

    @property
    def versions(self) -> Path:
        return self.side / "versions"

    @property
    def outside(self) -> Path:
        """What people saved in other programs, as far as syncs found it."""
        return self.side / "outside"

    @property
    def runs(self) -> Path:
        return self.side / "runs"

    @cached_property
    def artifacts(self) -> Path:
        return self.side / "artifacts"

    @property
    def trash(self) -> Path:
        return self.side / "trash"

    @property
    def lock(self) -> Path:
        return self.side / "sync.lock"

    @property
    def cache(self) -> Path:
        """Facts that only save time; may be deleted at any moment."""
        return self.aside or self.side / "cache"

    def metrics(self, run_id: str) -> Path:
        """Every step of every metric of the run."""
        return self.runs / run_id / "metrics.csv"

    def output(self, run_id: str) -> Path:
        """What the run printed, where that was asked for."""
        return self.runs / run_id / "output.txt"

    def relative(self, path: Path) -> str:
        """``path`` as stored in the workbook: relative to its folder, with ``/``."""
        return path.relative_to(self.workbook.parent).as_posix()

    def present(self, stored: str) -> str:
        """A stored path as it reads now, where the workbook and its side folder were renamed together since.

        Any other path stays as it is, and so does one that leads to nothing.
        """
        first, _, rest = stored.partition("/")
        if first == self.side.name or not first.endswith(self.side.suffix) or ".." in rest:
            return stored
        is_kept = rest.startswith((f"{self.artifacts.name}/", f"{self.trash.name}/"))
        return f"{self.side.name}/{rest}" if is_kept and os.path.lexists(self.side / rest) else stored

    def profile(self, name: str, version: int) -> Path:
        """The profile of an artifact version that is a table: ``artifacts/churn-train/v3.profile.json``."""
        return self.artifacts / name / f"v{version}.profile.json"

    def metadata(self, name: str, version: int) -> Path:
        """What was found in an artifact version: ``artifacts/churn-train/v3.metadata.json``."""
        return self.artifacts / name / f"v{version}.metadata.json"
