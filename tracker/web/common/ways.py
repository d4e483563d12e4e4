"""How each person likes the pages: a small file of theirs beside the app, per registry. No streamlit in here."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.disk import write_durably

MOST_REGISTRIES = 50


def remembered(home: Path, who: str, registry: Path) -> dict[str, Any]:
    """What was remembered of a person for a registry; nothing where there is no such file, or it is damaged."""
    held = _read(_file(home, who)).get(str(registry))
    return held if isinstance(held, dict) else {}


def remember(home: Path, who: str, registry: Path, ways: Mapping[str, Any]) -> None:
    """Remember this of a person for a registry; that it cannot be noted is no reason to stop."""
    path = _file(home, who)
    held = _read(path)
    held.pop(str(registry), None)
    held = {str(registry): {**ways}, **dict(list(held.items())[: MOST_REGISTRIES - 1])}
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, json.dumps(held).encode())


def words(value: Any) -> list[str]:
    """A list of texts, whatever the file holds there."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _file(home: Path, who: str) -> Path:
    return home / "people" / f"{hashlib.sha256(who.casefold().encode()).hexdigest()[:20]}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}
