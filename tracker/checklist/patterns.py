"""Texts that a person's pattern means: ``*`` stands for any text, upper and lower case are the same."""

from __future__ import annotations

import re
from functools import lru_cache

Patterns = tuple[str, ...]
"""Alternatives, each with ``*`` as a wildcard."""


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL | re.IGNORECASE)


@lru_cache(maxsize=65_536)
def fits(patterns: Patterns, text: str) -> bool:
    """Whether a text that is not blank looks like one of the patterns."""
    return bool(text) and any(_compiled(pattern).fullmatch(text) for pattern in patterns)
