"""The code of one run and what it ran in: commit, command, what was not committed, packages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.search_box import find_among
from tracker.web.common.shown import count
from tracker.web.reading import files

FACTS = {
    "git_commit": "commit",
    "git_branch": "branch",
    "git_remote": "repository",
    "source": "script",
    "working_folder": "folder",
    "host": "host",
    "python": "Python",
}
COMMIT_PAGES = {"github.com": "commit", "gitlab.com": "-/commit", "codeberg.org": "commit", "bitbucket.org": "commits"}
"""Where well-known hosts show a commit, below the address of the repository."""


def show(context: Context, run: pd.Series, artifacts: pd.DataFrame) -> None:
    """The tab.

    Args:
        artifacts: those that the run made, of which some are its code and its packages.
    """
    left, right = st.columns([5, 4], gap="medium")
    with left:
        _facts(run)
        _changes(context, run, artifacts)
    with right:
        _packages(context, artifacts)


def _facts(run: pd.Series) -> None:
    st.markdown("## Code")
    facts = {word: run[name] for name, word in FACTS.items() if name in run.index and not shown.is_blank(run[name])}
    if not facts and shown.is_blank(run["command"]):
        st.caption("Nothing is known about the code of this run.")
        return
    if facts:
        table = pd.DataFrame({"what": list(facts), "value": [shown.exact(value) for value in facts.values()]})
        st.dataframe(
            table,
            key="run-code",
            hide_index=True,
            column_config={"what": st.column_config.TextColumn(width=100)},
            alt="Code and machine",
        )
    if page := commit_page(run.get("git_remote"), run["git_commit"]):
        st.link_button("Open the commit", page, icon=":material/commit:")
    if not shown.is_blank(run["command"]):
        st.code(str(run["command"]), language="bash", wrap_lines=True)


def _changes(context: Context, run: pd.Series, artifacts: pd.DataFrame) -> None:
    """What was changed and not committed; where there was no git, the script."""
    for kind, title in (("diff", "Not committed"), ("script", "The script as it ran")):
        made = artifacts[(artifacts["kind"] == kind) & (artifacts["direction"] != "in")]
        for artifact in made.to_dict("records"):
            path = files.inside(context.place.folders, artifact["path"])
            if path is None or not path.is_file():
                continue
            text, more = files.readable(path)
            st.markdown(f"## {title}")
            if kind == "diff":
                st.caption(changed_files(text))
            language = "diff" if kind == "diff" else files.language(path)
            st.code(text, language=language, height=420 if text.count("\n") > 18 else "content")
            if more:
                st.caption("The rest is not shown; the file is among the artifacts.")
            return
    if run["git_dirty"] is True:
        st.warning("Files were changed and not committed when this ran; their diff is not here.")
    elif run["git_dirty"] is False:
        st.caption(":material/check: Nothing was uncommitted.")


def changed_files(diff: str) -> str:
    """``2 files, 5 lines added, 1 removed``."""
    lines = diff.splitlines()
    names = sum(line.startswith("diff --git ") for line in lines)
    added = sum(line.startswith("+") and not line.startswith("+++ ") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    return f"{count(names, 'file')}, {count(added, 'line')} added, {removed:,} removed"


def _packages(context: Context, artifacts: pd.DataFrame) -> None:
    st.markdown("## Packages")
    made = artifacts[(artifacts["kind"] == "environment") & (artifacts["direction"] != "in")]
    for artifact in made.to_dict("records"):
        path = files.inside(context.place.folders, artifact["path"])
        if path is not None and path.is_file():
            table = packages(path)
            found = find_among(table, "package", "packages-find")
            st.dataframe(
                found, key="run-packages", hide_index=True, height=shown.grid_height(len(found), 460), alt="Packages"
            )
            return
    st.caption("None are recorded.")


def packages(path: Path) -> pd.DataFrame:
    """The packages of a requirements file, with their versions; other lines stand as they are."""
    text, _ = files.text(path)
    rows = []
    for line in text.splitlines():
        name, _, version = line.partition("==") if "==" in line else line.partition(" @ ")
        if name.strip() and not name.startswith("#"):
            rows.append((name.strip(), version.strip()))
    return pd.DataFrame(rows, columns=["package", "version"])


def commit_page(remote: Any, commit: Any) -> str | None:
    """The page of a commit, where its repository lies with one of the well-known hosts."""
    if not isinstance(remote, str) or not isinstance(commit, str) or not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        return None
    known = re.fullmatch(r"(?:https?://|ssh://)?(?:[\w.-]+@)?([a-z.]+)[:/]([\w.-]+(?:/[\w.-]+)+)/?", remote, re.ASCII)
    if known is None or known[1] not in COMMIT_PAGES or ".." in known[2]:
        return None
    return f"https://{known[1]}/{known[2].removesuffix('.git')}/{COMMIT_PAGES[known[1]]}/{commit}"
