"""Who has taken the tour, or did not want to: remembered in a person's own folder on this machine. No streamlit."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from tracker.disk import write_durably

FILE = "toured.json"


def is_noted(home: Path, who: str) -> bool:
    """Whether the tour is not to be offered to them again."""
    return who in _noted(home)


def note(home: Path, who: str) -> None:
    """Remember it; that it cannot be remembered is no reason to stop."""
    with contextlib.suppress(OSError):
        write_durably(home / FILE, json.dumps(sorted({*_noted(home), who})).encode())


def _noted(home: Path) -> list[str]:
    try:
        names = json.loads((home / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
