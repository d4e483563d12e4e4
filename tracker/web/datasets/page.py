"""The Data page: the tables among the artifacts, what is in each, what changed between two, which runs saw which."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from tracker import store
from tracker.contents.kept import kept
from tracker.contents.parts import Part, find_part, tables_of
from tracker.data.drift import DataComparison, compare_profiles
from tracker.data.endings import format_of
from tracker.data.profile import Profile
from tracker.data.seen import runs_by_data
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.web.artifacts import artifact_view, contents_view
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.datasets import drift_view, profile_view
from tracker.web.reading.watch import Stamp

CODE = """with tracker.start_run({path!r}, experiment="churn") as run:
    run.log_artifact("train.csv", name="churn-train")
    train = run.use_artifact("churn-train:latest")
"""
KINDS = ("data set", "dataset", "data", "table")
GONE = ("trash", "deleted", "missing", "archived")
NOTHING = "nothing"
SHARED: address.Defaults = {"drift-only": False}
"""What the page's address says of it, besides the tables."""
MOST_FILES = 200
"""How many tables of one folder can be chosen."""
MOST_VERSIONS = 100
MOST_NAMED = 6


def show(context: Context) -> None:
    """The page."""
    names = tables(context.place.path, context.stamp)
    wanted = st.query_params.get("artifact")
    if not names and wanted is None:
        say.nothing_yet(
            "No data yet",
            "Tables that runs log or read (CSV, Parquet, Excel, JSON lines …) are shown here, column by column.",
            CODE.format(path=str(context.place.path)),
        )
        return
    address.take_over(SHARED, of="artifact")
    left, right = _chosen(context, names)
    if left is None:
        return
    if right is None:
        _one(context, left)
    else:
        _two(context, left, right)
    _versions(context, left.stored.name)
    address.write(SHARED, keep=None)


@st.cache_data(max_entries=4, show_spinner=False)
def tables(path: Path, stamp: Stamp) -> list[str]:
    """The tables of a registry, ``name:v3`` or ``name:v3/file.csv``, the newest first."""
    from tracker.reading.registry import Registry

    folders, artifacts = Folders(path), Registry(path).table("artifacts")
    found: list[str] = []
    for row in artifacts.sort_values("created", ascending=False, na_position="last", kind="stable").itertuples():
        if row.status in GONE or shown.is_blank(row.artifact):
            continue
        if not shown.is_blank(row.path) and format_of(Path(str(row.path))):
            found.append(str(row.artifact))
        elif str(row.kind) in KINDS or str(row.kind) == "folder":
            found += _inside(folders, str(row.artifact))
    return found


def data_versions(artifacts: pd.DataFrame) -> list[str]:
    """The artifact versions that are data, by their kind or by the endings of their files."""
    found = artifacts[artifacts["artifact"].notna()]
    is_table = found["path"].map(lambda path: not shown.is_blank(path) and bool(format_of(Path(str(path)))))
    return [str(artifact) for artifact in found.loc[is_table | found["kind"].isin(KINDS), "artifact"]]


def _inside(folders: Folders, artifact: str) -> list[str]:
    try:
        return [str(part) for part in tables_of(store.find(folders, artifact))[:MOST_FILES]]
    except TrackerError:
        return []


def _chosen(context: Context, names: list[str]) -> tuple[Part | None, Part | None]:
    """What the page's address names, else what was looked at last, else the newest table; and the other one."""
    said = {key: st.query_params.get(key) for key in ("artifact", "with")}
    if said["artifact"] is None:
        last = st.session_state.get("last-data", (None, None))
        said = dict(zip(said, last, strict=True)) if last[0] in names else {"artifact": names[0], "with": None}
    parts = [_found(context, text) for text in said.values()]

    def turn() -> None:
        for key, text in (("artifact", st.session_state["data-left"]), ("with", st.session_state["data-right"])):
            st.query_params.pop(key, None)
            if text and text != NOTHING:
                st.query_params[key] = text

    labels = [None if part is None else str(part) for part in parts]
    options = [*names, *(label for label in dict.fromkeys(labels) if label and label not in names)]
    st.session_state["data-left"] = labels[0]
    st.session_state["data-right"] = labels[1] or NOTHING
    left, right = st.columns(2)
    left.selectbox(
        "Table", options, index=None, key="data-left", on_change=turn, placeholder="Choose one", format_func=str
    )
    right.selectbox("Compared with", [NOTHING, *options], key="data-right", on_change=turn, format_func=str)
    if parts[0] is not None:
        st.session_state["last-data"] = (labels[0], labels[1])
        address.name("artifact", str(labels[0]))
    if labels[1]:
        address.name("with", labels[1])
    return parts[0], parts[1]


def _found(context: Context, text: str | None) -> Part | None:
    if not text:
        return None
    try:
        return find_part(context.folders, text)
    except TrackerError as error:
        say.failed(error)
        return None


# -- one table, two tables ----------------------------------------------------------------------------------------


def _one(context: Context, part: Part) -> None:
    found = contents_view.contents(context, part)
    if found is not None:
        if found.profile is None:
            st.info(f"{plain(part)} is no table; the Artifacts page says what it is.")
        else:
            profile_view.show(found.profile, "profile")
    artifact_view.lineage(context, part.stored.artifact, "data")


def _two(context: Context, left: Part, right: Part) -> None:
    found = [contents_view.contents(context, part) for part in (left, right)]
    profiles = [one.profile or Profile(refused="It is no table.") for one in found if one is not None]
    if len(profiles) < 2:
        return
    comparison = _comparison(context.place.path, context.folders.aside, left.key, right.key, str(left), str(right))
    drift_view.show(comparison, str(left), str(right))
    if not comparison.refused:
        common = [column.name for column in comparison.left.columns if comparison.right.column(column.name)]
        drift_view.show_leakage(context, left, right, common, st.query_params.get_all("ignore"))


@st.cache_data(max_entries=16, show_spinner="Comparing …")
def _comparison(path: Path, aside: Path | None, left_key: str, right_key: str, left: str, right: str) -> DataComparison:
    """What changed, from the profiles that were kept; the keys say of which content."""
    folders = Folders(path, aside)
    found = [kept(folders, find_part(folders, text)) for text in (left, right)]
    nothing = Profile(refused="It is no table.")
    return compare_profiles(*((one.profile if one is not None else None) or nothing for one in found))


# -- versions -----------------------------------------------------------------------------------------------------


def _versions(context: Context, name: str) -> None:
    """Every version of the artifact, and which runs saw it."""
    artifacts = context.table("artifacts")
    own = artifacts[artifacts["name"] == name].sort_values("version", ascending=False, kind="stable")
    if own.empty:
        return
    _, labels = context.named_runs()
    readers = runs_by_data(context.table("lineage").to_dict("records"))
    st.markdown(f"## Versions of {plain(name)}, and which runs saw which")
    rows = []
    for row in own.head(MOST_VERSIONS).itertuples():
        runs = readers.get(str(row.artifact), ())
        named = ", ".join(labels.get(run, str(run)) for run in runs[:MOST_NAMED])
        rows.append(
            {
                "artifact": row.artifact,
                "rows": _rows(context, str(row.artifact)),
                "size": row.size,
                "created": row.created,
                "aliases": row.aliases,
                "status": row.status,
                "runs": len(runs),
                "read by": named + (f" and {len(runs) - MOST_NAMED} more" if len(runs) > MOST_NAMED else ""),
            }
        )
    table = pd.DataFrame(rows)
    empty = [c for c in ("rows", "aliases") if table[c].isna().all()]
    empty += ["status"] if (table["status"] == "stored").all() else []
    st.container(key="data-versions").dataframe(
        table.drop(columns=empty),
        hide_index=True,
        height=shown.grid_height(len(table), 320),
        placeholder="",
        column_config={
            "artifact": st.column_config.TextColumn(width="medium"),
            "rows": st.column_config.NumberColumn(format="localized", width=90),
            "size": st.column_config.NumberColumn(format="bytes", width=85),
            "created": st.column_config.DatetimeColumn(format="distance"),
            "runs": st.column_config.NumberColumn(width=60, help="How many runs read it."),
            "read by": st.column_config.TextColumn(width="large"),
        },
        alt="The versions and the runs that read them",
    )
    seen = [artifact for artifact in own["artifact"] if readers.get(str(artifact))]
    if len(seen) > 1:
        total = len({run for artifact in seen for run in readers[str(artifact)]})
        text = f"{count(total, 'run')} saw {len(seen)} versions. Only runs that saw the same data compare fairly."
        st.caption(plain(text))


def _rows(context: Context, artifact: str) -> int | None:
    """How many rows a version has, where that was found before."""
    try:
        found = kept(context.folders, find_part(context.folders, artifact))
    except TrackerError:
        return None
    rows = found.metadata.get("rows") if found else None
    return rows if isinstance(rows, int) else None
