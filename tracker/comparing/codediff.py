"""What changed in the code between two commits, as git says it, where their repository is at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tracker.capture import repository
from tracker.git import MAX_DIFF, ask_git

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
"""Nothing else from a cell is handed to git."""


@dataclass(frozen=True, slots=True)
class CodeDiff:
    """The code of two runs."""

    left: str
    """The commit; empty where none was recorded."""
    right: str
    repository: Path | None = None
    """Where both commits were found."""
    stat: str = ""
    """How many lines changed in which file."""
    text: str = ""
    """The diff; its beginning where it is very long."""
    why_not: str = ""
    """Why there is no diff; empty where there is one, and where both commits are the same."""

    @property
    def same(self) -> bool:
        """Both runs had the same commit."""
        return bool(self.left) and self.left == self.right


def code_diff(left: str, right: str, places: Iterable[Path]) -> CodeDiff:
    """The diff from one commit to another, from the first repository around one of the places that has both.

    Nothing that a repository's configuration names is run; git gets some seconds and no more.
    """
    if not (left and right):
        whose = "either run" if not left and not right else "the first run" if not left else "the second run"
        return CodeDiff(left, right, why_not=f"No commit is recorded for {whose}.")
    if left == right:
        return CodeDiff(left, right)
    if not (_COMMIT.fullmatch(left) and _COMMIT.fullmatch(right)):
        return CodeDiff(left, right, why_not=f"'{left}' and '{right}' are no commits of git.")
    for top in dict.fromkeys(top for place in places if (top := repository(place)) is not None):
        try:
            for commit in (left, right):
                ask_git(top, "cat-file", "-e", f"{commit}^{{commit}}")
        except (OSError, RuntimeError):
            continue
        options = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
        try:
            stat = ask_git(top, *options, "--stat=100", left, right, "--")
            text = ask_git(top, *options, left, right, "--")
        except (OSError, RuntimeError):
            return CodeDiff(left, right, top, why_not=f"git in {top} gave no answer in time.")
        if len(text) > MAX_DIFF:
            text = f"{text[:MAX_DIFF]}\n… cut off after {MAX_DIFF:,} characters\n"
        return CodeDiff(left, right, top, stat, text)
    hint = f"in a repository that has them: git diff {left[:12]} {right[:12]}"
    return CodeDiff(left, right, why_not=f"No repository here has the commits {left[:12]} and {right[:12]}; {hint}")
