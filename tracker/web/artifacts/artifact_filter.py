"""Which artifact versions the Artifacts page lists: by name, words of the table, size, and the runs that use them.

No streamlit in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SIZES = {"any size": 0, "1 MB or more": 10**6, "10 MB or more": 10**7, "100 MB or more": 10**8, "1 GB or more": 10**9}
USES = ("used or not", "read by a run", "read by no run", "a model's")
"""What is asked of the use of a version; a model's is one that is registered as a version of a model."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person filters by; what is empty filters nothing."""

    text: str = ""
    """A part of the artifact's name."""
    categories: Sequence[str] = ()
    kinds: Sequence[str] = ()
    owners: Sequence[str] = ()
    run: str = ""
    """A part of the name or the id of a run that made or read it."""
    least_size: int = 0
    """Bytes."""
    use: str = USES[0]
    newest: bool = False
    """Only the newest version of each name."""


def matching(
    artifacts: pd.DataFrame, lineage: pd.DataFrame, runs: pd.DataFrame, models: pd.DataFrame, wanted: Wanted
) -> pd.DataFrame:
    """The rows of the artifacts table that are wanted, in their order."""
    found = artifacts
    if wanted.text:
        found = found[_contains(found["artifact"], wanted.text)]
    for column, values in (
        ("category", wanted.categories),
        ("kind", wanted.kinds),
        ("created_by", wanted.owners),
    ):
        if values:
            found = found[found[column].isin(values)]
    if wanted.least_size:
        found = found[found["size"].fillna(0) >= wanted.least_size]
    if wanted.run:
        named = runs[_contains(runs["name"], wanted.run) | _contains(runs["run_id"], wanted.run)]
        linked = lineage.loc[lineage["run_id"].isin(named["run_id"]), "artifact"]
        found = found[found["run_id"].isin(named["run_id"]) | found["artifact"].isin(linked)]
    if wanted.use == "a model's":
        found = found[found["artifact"].isin(models["artifact"].dropna())]
    elif wanted.use != USES[0]:
        read = found["artifact"].isin(lineage.loc[lineage["direction"] == "input", "artifact"])
        found = found[read if wanted.use == "read by a run" else ~read]
    if wanted.newest:
        newest = found.sort_values("version", kind="stable").drop_duplicates("name", keep="last")
        found = found.loc[found.index.isin(newest.index)]
    return found


def _contains(values: pd.Series, text: str) -> pd.Series:
    return values.fillna("").astype(str).str.contains(text, case=False, regex=False)
