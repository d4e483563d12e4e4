"""The Retention page, the artifact manager's desk: what is due, the trash, holds, acts by hand, who stores what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from tracker import retention as desk
from tracker.retention.inventory import Inventory, order
from tracker.retention.plan import Exempt, Item, Plan, plan_purge, plan_retention, purge_date
from tracker.retention.report import measure, own_sizes
from tracker.web.common import address, say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.reading import data
from tracker.web.retention import retention_acts, storage_view

PURGE = "retention-purge-asked"
"""Where the session keeps that somebody wants to delete for good and has not agreed yet."""
CODE = """import tracker

with tracker.start_run({path!r}, experiment="first") as run:
    run.log_artifact("model.pkl", name="churn-model", category="model")
"""
SHARED: address.Defaults = {"retention-tab": "Due"}
"""What the page's address says of it."""


def show(context: Context) -> None:
    """The page."""
    inventory = data.inventory(context.place.path, context.stamp)
    now = context.now.replace(tzinfo=None)
    if not inventory.versions:
        say.nothing_yet(
            "Nothing is stored yet",
            "Here the artifact manager sees what is due by the retention table and looks after the trash.",
            CODE.format(path=str(context.place.path)),
        )
        return
    due, purge = plan_retention(inventory, now), plan_purge(inventory, now)
    _tiles(inventory, due)
    if not context.may("retain"):
        st.caption(f"Your role is {plain(context.role)}: a manager approves, restores and deletes. You can look.")
    # No counts in the names: with another name the tab that is open would close.
    names = {
        "due": "Due",
        "trash": "Trash",
        "holds": "Holds",
        "hand": "By hand",
        "storage": "Storage",
        "forecast": "Next 90 days",
    }
    address.take_over(SHARED)
    address.keep_valid("retention-tab", names.values())
    say.still_failed(retention_acts.ACTS)
    tabs = dict(zip(names, st.tabs(list(names.values()), key="retention-tab", on_change="rerun"), strict=True))
    address.write(SHARED)
    with tabs["due"]:
        _due(context, inventory, due, now)
    with tabs["trash"]:
        _trash(context, inventory, purge, now)
    with tabs["holds"]:
        retention_acts.holds(context, inventory)
    with tabs["hand"]:
        retention_acts.by_hand(context, inventory)
    storage = measure(inventory, now)
    with tabs["storage"]:
        storage_view.show(context, inventory, storage)
    with tabs["forecast"]:
        storage_view.forecast(storage)


def _tiles(inventory: Inventory, due: Plan) -> None:
    there = [version for version in inventory.versions.values() if version.has_bytes]
    sizes = own_sizes(there)

    def size(state: str) -> tuple[int, int]:
        mine = [version.artifact for version in there if version.state == state]
        return len(mine), sum(sizes[artifact] for artifact in mine)

    with st.container(horizontal=True, key="retention-tiles"):
        for label, state in (("stored", "stored"), ("in the archive", "archived"), ("in the trash", "trash")):
            number, total = size(state)
            _tile(label, shown.size(total), count(number, "version"))
        frees = f"frees {shown.size(due.freed)}" if due.items else "nothing to do"
        _tile("due by its rule", count(len(due.items), "version"), frees)


def _tile(label: str, value: str, below: str) -> None:
    st.metric(label, value, below, delta_color="off", delta_arrow="off", border=True)


# -- what is due --------------------------------------------------------------------------------------------------


def _due(context: Context, inventory: Inventory, plan: Plan, now: datetime) -> None:
    """The plan; a manager ticks what is to go, at first all of it."""
    if not plan.items:
        st.success("Nothing is due by the retention table.", icon=":material/check:")
    else:
        st.caption("All of it goes, or only the rows that you tick. Until it is approved, nothing is changed.")
        picked = _pick([item.artifact for item in plan.items], items_table(plan.items), "retention-due")
        chosen = plan_retention(inventory, now, only=picked) if picked else plan
        _summary(chosen, len(picked) or len(plan.items))
        disabled = not (chosen.items and context.may("retain"))
        label, icon = _what(chosen), ":material/done_all:"
        # Another button for each plan: a click that was on its way when the plan changed agreed to the one before.
        if st.button(label, key=f"retention-approve-{chosen.id}", type="primary", disabled=disabled, icon=icon):
            retention_acts.carry_out(
                lambda: desk.approve(context.registry, chosen, context.who, only=set(picked) or None)
            )
    _exempt(plan.exempt, "Due by its rule, and exempt")
    there = [version for version in inventory.versions.values() if version.has_bytes]
    without = sum(inventory.class_of(version)[0] is None for version in there)
    if without:
        st.caption(
            f"{count(without, 'version')} without a retention class: kept. Choose one in the artifacts sheet, or "
            "give a class a pattern or a category in the retention sheet."
        )


def _pick(names: Sequence[str], table: pd.DataFrame, key: str) -> list[str]:
    """Show a table of versions; those that are ticked."""
    ticked = ticks.rows(
        key,
        names,
        table,
        mode="multi-row",
        height=shown.grid_height(len(table), 400),
        column_config=COLUMNS,
        placeholder="",
        alt="Artifact versions",
    )
    return [names[row] for row in ticked]


def items_table(items: Sequence[Item]) -> pd.DataFrame:
    """The items of a plan, for a grid."""
    table = pd.DataFrame(
        {
            "artifact": [item.artifact for item in items],
            "goes to": [item.action for item in items],
            "size": [item.size for item in items],
            "frees": [item.freed for item in items],
            "due since": [item.when for item in items],
            "rule": [item.reason for item in items],
        }
    )
    return table[[name for name in table.columns if table[name].notna().any()]]


COLUMNS = {
    "artifact": st.column_config.TextColumn(width="medium", pinned=True),
    "goes to": st.column_config.TextColumn(width=80),
    "would go to": st.column_config.TextColumn(width=95),
    "size": st.column_config.NumberColumn(format="bytes", width=85),
    "frees": st.column_config.NumberColumn(format="bytes", width=85, help="Bytes that no other version shares."),
    "due since": st.column_config.DatetimeColumn(format="YYYY-MM-DD", width=105, help="UTC"),
    "in the trash since": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", width=150, help="UTC"),
    "days left": st.column_config.NumberColumn(width=85, help="Until it can be deleted for good."),
    "by": st.column_config.TextColumn(width=110),
    "rule": st.column_config.TextColumn(width="large"),
    "stays because": st.column_config.TextColumn(width="large"),
}


def _summary(plan: Plan, wanted: int) -> None:
    frees = f" {shown.size(plan.freed)} become free once purged." if plan.freed else ""
    st.markdown(f"**{count(len(plan.items), 'version')}, {shown.size(plan.size)}.**{frees}")
    if len(plan.items) < wanted:
        st.info(f"{count(wanted - len(plan.items), 'ticked version')} would stay: {plain(_reasons(plan.exempt))}")


def _reasons(exempt: Sequence[Exempt]) -> str:
    return "; ".join(f"{one.artifact} {'; '.join(one.reasons)}" for one in exempt[:5])


def _what(plan: Plan) -> str:
    """What a button does: ``Put 3 versions into the trash``."""
    trash, archive = len(plan.of_action("trash")), len(plan.of_action("archive"))
    parts = [f"put {count(trash, 'version')} into the trash"] if trash or not archive else []
    parts += [f"move {count(archive, 'version')} to the archive"] if archive else []
    return f"Approve: {' and '.join(parts)}"


def _exempt(exempt: Sequence[Exempt], title: str) -> None:
    if not exempt:
        return
    with st.expander(f"{title}: {count(len(exempt), 'version')}", expanded=len(exempt) <= 12, icon=":material/shield:"):
        table = pd.DataFrame(
            {
                "artifact": [one.artifact for one in exempt],
                "would go to": [one.action for one in exempt],
                "size": [one.size for one in exempt],
                "stays because": ["; ".join(one.reasons) for one in exempt],
            }
        )
        height = shown.grid_height(len(table), 400)
        st.dataframe(table, hide_index=True, height=height, column_config=COLUMNS, alt="Exempt versions")


# -- the trash ----------------------------------------------------------------------------------------------------


def _trash(context: Context, inventory: Inventory, purge: Plan, now: datetime) -> None:
    """What can still be restored, for how long, and what can be deleted for good."""
    there = sorted((one for one in inventory.versions.values() if one.state == "trash"), key=order)
    if not there:
        st.caption(f"The trash is empty. What is put into it can be restored for {inventory.trash_days:g} days.")
        return
    ends = [purge_date(inventory, one) for one in there]
    table = pd.DataFrame(
        {
            "artifact": [one.artifact for one in there],
            "size": [one.size for one in there],
            "days left": [max(0, (end - now).days + 1) if end is not None and end > now else 0 for end in ends],
            "in the trash since": [one.since for one in there],
            "by": [one.stored.by if one.stored else "" for one in there],
            "rule": [one.stored.why if one.stored else "" for one in there],
        }
    )
    picked = _pick([one.artifact for one in there], table, "retention-trash")
    with st.container(horizontal=True, vertical_alignment="center"):
        label = f"Restore {count(len(picked), 'version')}" if picked else "Restore"
        disabled = not (picked and context.may("restore"))
        if st.button(label, key="retention-restore", disabled=disabled, icon=":material/restore_from_trash:"):
            retention_acts.carry_out(lambda: desk.restore(context.registry, picked, context.who))
        label = f"Delete {count(len(purge.items), 'version')} for good" if purge.items else "Delete for good"
        disabled = not (purge.items and context.may("purge"))
        if st.button(label, key="retention-purge", disabled=disabled, icon=":material/delete_forever:"):
            st.session_state[PURGE] = True
        if not picked:
            st.caption("Tick what is to be restored. What has no days left can be deleted for good.", width="content")
    if st.session_state.get(PURGE) and purge.items:
        _confirm_purge(context, purge)
    _exempt(purge.exempt, "Could be deleted for good, and is exempt")


def _confirm_purge(context: Context, plan: Plan) -> None:
    """What is lost for good, and the question."""
    with st.container(border=True, key="retention-purge-shown"):
        st.markdown(
            f"**{count(len(plan.items), 'version')}** will be deleted; **{shown.size(plan.freed)}** become free. "
            "Their rows stay, with hash, size, who, when and by which rule. The files cannot be brought back."
        )
        table = items_table(plan.items).drop(columns="goes to")
        height = shown.grid_height(len(table), 320)
        st.dataframe(table, hide_index=True, height=height, column_config=COLUMNS, alt="What will be deleted")
        with st.container(horizontal=True):
            agreed = st.button("Delete for good", key=f"retention-purge-agree-{plan.id}", type="primary")
            dropped = st.button("Cancel", key="retention-purge-cancel")
    if agreed or dropped:
        st.session_state.pop(PURGE)
    if agreed:
        retention_acts.carry_out(lambda: desk.purge(context.registry, plan, context.who))
    if dropped:
        st.rerun()
