"""The Import page: tables by drag and drop and other trackers' stores come in as runs, or as a registry."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.adopting.carry_out import sheet_names
from tracker.adopting.plan import AdoptionPlan
from tracker.bridges.carry_out import import_runs, planned
from tracker.bridges.foreign import Source
from tracker.bridges.plan import ImportPlan
from tracker.bridges.say import sentences
from tracker.bridges.sources import open_source
from tracker.bridges.table_files import SUFFIXES, plan_table_file
from tracker.disk import writing
from tracker.errors import BadRequestError, TrackerError
from tracker.reading.registry import Registry
from tracker.syncing.cache import FileIdentity
from tracker.web.common import say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.entering import places, start
from tracker.web.entering.places import Place
from tracker.web.importing import adopt
from tracker.web.reading.watch import Stamp

UPLOADS = ("csv", "xlsx", "xlsm", "db")
MEGABYTES = 50
"""The largest file that may be uploaded."""
MOST_KEPT = 20
"""How many uploads lie on this machine at a time, for as long as the server runs."""
AS_RUNS, AS_REGISTRY = "Its rows as runs of this registry", "A registry of its own, beside this one"
MOST_RUNS = 200
DONE = "import-done"
"""Where the session keeps what its last import did."""


def show(context: Context) -> None:
    """The page."""
    if not context.may("log"):
        say.nothing_yet("Only to look at", f"Importing takes a contributor; your role is {context.role}.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("## From your computer")
        uploaded = st.file_uploader(
            "A table of runs (.csv, .xlsx), an export of W&B, MLflow or Neptune, or MLflow's mlflow.db",
            type=list(UPLOADS),
            max_upload_size=MEGABYTES,
            key="import-upload",
        )
    with right:
        named = _named()
    try:
        if uploaded is not None:
            _uploaded(context, _kept(uploaded.name, uploaded.getvalue()), uploaded.name)
        elif named:
            _plan(context, places.absolute(named), {}, "")
        else:
            _help()
    except TrackerError as error:
        say.failed(error, "It cannot be imported.")


def _help() -> None:
    with st.container(border=True):
        st.markdown(
            "What comes in is shown first, and nothing is changed until you agree. Of MLflow: params, every step of "
            "every metric, tags, notes, artifacts. Of a table: each row is a run, and you say what its columns are. "
            "A run that was imported before is recognised and not imported again."
        )


def _named() -> str:
    """A store on the machine that the app runs on, which is asked for only where nobody else reaches it."""
    st.markdown("## MLflow or TensorBoard, on this machine")
    if not start.may_choose():
        st.caption("Over the network files are only uploaded. On its own machine: `python -m tracker import SOURCE`")
        return ""
    return st.text_input(
        "Folder mlruns, file mlflow.db, a folder with event files, or a table",
        key="import-path",
        placeholder="/home/ann/project/mlruns",
        help="It is only read. Artifacts come along where they lie within the folder of the store.",
    ).strip()


# -- what was uploaded --------------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Where uploads lie while this server runs."""
    return tempfile.TemporaryDirectory(prefix="tracker-uploads-")


def _kept(name: str, content: bytes) -> Path:
    """The upload as a file, under a name that is safe."""
    suffix = Path(name).suffix.lower()
    stem = (
        "".join(sign if sign.isalnum() or sign in " -_" else "_" for sign in Path(name).stem)[:80].strip() or "upload"
    )
    folder = Path(_folder().name) / hashlib.sha256(content).hexdigest()[:16]
    path = folder / f"{stem}{suffix}"
    if not path.exists():
        with writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _thin(folder.parent)
    return path


def _thin(folder: Path) -> None:
    """Remove the oldest uploads; whoever looks at one of them still has it in the browser."""
    with suppress(OSError):  # another session does the same
        for old in sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)[:-MOST_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _uploaded(context: Context, path: Path, name: str) -> None:
    if path.suffix not in SUFFIXES:
        _plan(context, path, {}, "")
        return
    ways = [AS_RUNS, *([AS_REGISTRY] if start.may_choose() else [])]
    way = st.segmented_control("Bring it in as", ways, default=AS_RUNS, key="import-way") if len(ways) > 1 else AS_RUNS
    if way == AS_REGISTRY:
        _beside(context, path, name)
        return
    mark = FileIdentity.of(path.stat())
    names = sheet_names(path)
    sheet = ""
    if len(names) > 1:
        chosen = st.selectbox("Sheet with the runs", [adopt.GUESSED, *names], key="import-sheet")
        sheet = "" if chosen == adopt.GUESSED else str(chosen)
    found = _columns_of(path, mark, sheet)
    above = st.container()  # the plan, which follows from what is said of the columns below it
    columns = adopt.columns_form(found, f"import-columns-{path.parent.name}-{sheet}", "import-columns")
    with above:
        _plan(context, path, columns, sheet)


@st.cache_resource(max_entries=4, show_spinner="Looking at the table …")
def _columns_of(path: Path, mark: FileIdentity, sheet: str) -> AdoptionPlan:
    return plan_table_file(path, None, sheet)[0]


def _beside(context: Context, path: Path, name: str) -> None:
    """Put the file beside the registry, and turn to it: the page that opens shows what would be made of it."""
    folder = context.place.path.parent
    st.caption(f"It is put into {plain(folder)}; then you see what would be made of it, and can say no.")
    file = st.text_input("File name", value=path.name, key=f"import-name-{path.parent.name}")
    if st.button("Put it there and look", key="import-beside", type="primary"):
        target = folder / places.plain_file_name(file)
        if target.suffix.lower() != path.suffix:
            target = target.with_name(target.name + path.suffix)
        with writing(target):
            try:
                with open(target, "xb") as made:
                    made.write(path.read_bytes())
            except FileExistsError:
                raise BadRequestError(reason=f"{target} is there already; nothing was overwritten.") from None
        start.turn_to(Place(target))
        st.rerun()


# -- the plan -----------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=4, show_spinner="Reading …")
def _source(path: Path, mark: Any, columns: tuple[tuple[str, str], ...], sheet: str) -> Source:
    return open_source(path, dict(columns), sheet)


@st.cache_resource(max_entries=4, show_spinner=False)
def _planned(registry: Path, stamp: Stamp, which: tuple[Any, ...], _source: Source) -> ImportPlan:
    return planned(Registry(registry), _source)


def _plan(context: Context, path: Path, columns: Mapping[str, str], sheet: str) -> None:
    """What would come in, and the agreement."""
    if not path.exists():
        raise BadRequestError(reason=f"There is no file or folder {path}.")
    facts = path.stat()
    which = (path, (facts.st_mtime_ns, facts.st_size), tuple(sorted(columns.items())), sheet)
    source = _source(*which)
    plan = _planned(context.place.path, context.stamp, which, source)
    with st.container(border=True, key="import-plan"):
        st.markdown(f"**{plain(source.what[0].upper() + source.what[1:])}**")
        files = True
        if plan.files:
            files = st.toggle("Bring the artifacts too", value=True, key="import-files")
        st.markdown("\n".join(f"- {plain(line)}" for line in sentences(plan, files=files)))
        if not plan.new:
            _said(context, source.path)
            return
        st.dataframe(
            runs_table(plan), key="import-runs", hide_index=True, placeholder="",
            height="content" if len(plan.new) < 8 else 300,
            column_config={"start_time": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
            alt="Runs that would come in",
        )  # fmt: skip
        if len(plan.new) > MOST_RUNS:
            st.caption(f"The first {MOST_RUNS} of {len(plan.new):,}.")
        if st.button(f"Import {count(len(plan.new), 'run')}", key="import-do", type="primary"):
            _do(context, source, plan, files)


def _do(context: Context, source: Source, plan: ImportPlan, files: bool) -> None:
    bar = st.progress(0.0, text="Importing …")

    def progress(done: int, total: int) -> None:
        bar.progress(done / total, text=f"{done:,} of {count(total, 'run')}")

    try:
        done = import_runs(context.registry, source, context.who, files=files, agreed=plan, on_run=progress)
    except TrackerError as error:
        say.failed(error, "The runs so far are in; import again to go on.")
        return
    st.session_state[DONE] = (source.path, len(done.plan.new), done.in_workbook, done.pending_because, done.left)
    st.rerun()


def _said(context: Context, path: Path) -> None:
    """That all of it is here; after an import from here, what that did, for as long as its source is looked at."""
    done = st.session_state.get(DONE)
    if done is None or done[0] != path:
        st.success("All of it is here already.", icon=":material/check:")
        return
    _, number, in_workbook, because, left = done
    text = f"{count(number, 'run')} imported"
    if in_workbook:
        st.success(f"{text}: they are in the workbook.", icon=":material/check:")
        where = {"registry": context.link} if context.link else {}
        st.page_link(context.pages["runs"], label="See them among the runs", query_params=where)
    else:
        st.info(f"{text}: safe, and shown here already; not in the workbook yet. {plain(because)}")
    for sentence in left:
        st.warning(f"Left out: {plain(sentence)}")


def runs_table(plan: ImportPlan) -> pd.DataFrame:
    """The first runs that would come in, with some of their columns."""
    rows = []
    for run in plan.new[:MOST_RUNS]:
        cells = run.cells
        params = {name.removeprefix("params."): value for name, value in cells.items() if name.startswith("params.")}
        listed = ", ".join(f"{name} {shown.text(value)}" for name, value in list(params.items())[:6])
        rows.append(
            {
                "name": cells.get("name"),
                "experiment": cells.get("experiment"),
                "status": cells.get("status"),
                "start_time": cells.get("start_time"),
                "params": listed or None,
                "metrics": ", ".join(run.metrics[:6]) or None,
                "artifacts": len(run.files),
            }
        )
    frame = pd.DataFrame(rows)
    frame["start_time"] = pd.to_datetime(frame["start_time"], errors="coerce")
    for column in ("name", "experiment", "status"):
        frame[column] = frame[column].map(lambda value: None if shown.is_blank(value) else str(value))
    return frame.dropna(axis="columns", how="all")
