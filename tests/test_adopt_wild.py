"""Workbooks from the wild become registries, runs are logged to them, and what people had in them stays as it was."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from compare import grids_differ, parts
from faults import faults
from libreoffice import Office, OfficeError
from package import Package

import tracker
from tracker.adopting.carry_out import plan_adoption_of
from tracker.adopting.plan import AdoptionPlan
from tracker.deciding.edits import set_cell
from tracker.errors import TrackerError

LISTS = r"\[Content_Types\]\.xml|.*\.rels|docProps.custom\.xml|.*workbook\.xml|.*styles\.xml|.*calcChain\.xml"
"""Parts in which new sheets, tables and the stamp are named, and the one that goes when formulas move."""


@pytest.fixture
def path(wild_workbook: Path) -> Path:
    """A workbook from the wild under a name that a registry may have."""
    macros = wild_workbook.suffix in (".xlsm", ".xltm")
    return wild_workbook.rename(wild_workbook.with_name(f"team{'.xlsm' if macros else '.xlsx'}"))


def adopted(path: Path) -> AdoptionPlan | None:
    """The plan after it was carried out and used; None where the workbook is refused, and then it is unchanged."""
    before = path.read_bytes()
    try:
        plan = plan_adoption_of(path)
        registry = tracker.adopt(path)
    except TrackerError as error:
        assert "othing was" in str(error) or "No" in str(error)
        assert path.read_bytes() == before
        return None
    count = len(registry.runs())
    assert count == len(plan.rows)
    for number in range(3):
        with tracker.start_run(path, name=f"new {number}") as run:
            run.log_param("fresh_param", number)
            run.log_metric("fresh_metric", number / 4)
    registry.sync()
    frame = registry.runs()
    assert list(frame["metrics.fresh_metric"][count:]) == [0.0, 0.25, 0.5]
    set_cell(registry, "runs", (frame["run_id"].iloc[-1],), "tags.seen", "yes", None, "anna")
    assert registry.runs()["tags.seen"].iloc[-1] == "yes"
    assert not [problem for problem in registry.check() if problem.severity == "error"]
    return plan


def without_results(xml: bytes) -> bytes:
    """A sheet's bytes without saved results of formulas and the hints of rows that lost one."""
    xml = re.sub(rb"(<(?:\w+:)?row\b[^>]*?)\s+spans=[\"'][\d: ]*[\"']", rb"\1", xml)
    xml = re.sub(rb"(<(?:\w+:)?c\b[^>]*?)\s+t=[\"'](?:str|b|e|n)[\"']", rb"\1", xml)
    return re.sub(rb"<(?:\w+:)?v>[^<]*</(?:\w+:)?v>", b"", xml)


def test_what_has_nothing_to_do_with_the_runs_stays_byte_for_byte(path: Path) -> None:
    before = Path(shutil.copy(path, path.with_name(f"before{path.suffix}")))
    plan = adopted(path)
    if plan is None:
        return
    old, new = parts(before), parts(path)
    own = {sheet.part for sheet in Package(path).sheets if sheet.name == plan.sheet and plan.mode != "copied"}
    own |= {name for name in old if re.fullmatch(r".*/(tables|charts)/.*\.xml", name)} if own else set()
    changed = {name for name in old if old[name] != new.get(name)} - own
    for name in {name for name in changed if not re.fullmatch(LISTS, name)}:
        assert without_results(new[name]) == without_results(old[name]), name
    assert [fault for fault in faults(path) if fault not in faults(before)] == []


@pytest.mark.slow
def test_libreoffice_shows_the_same_values_in_the_old_cells(path: Path, libreoffice: Office) -> None:
    before = Path(shutil.copy(path, path.with_name(f"before{path.suffix}")))
    try:
        old, computed = libreoffice.saved_and_computed(before)
    except OfficeError:
        pytest.skip("LibreOffice does not open it")
    plan = adopted(path)
    if plan is None:
        return
    new = libreoffice.sheet_values(path)
    package, content = Package(before), parts(before)
    dice = {sheet.name for sheet in package.sheets if re.search(b"RAND|NOW|TODAY", content[sheet.part])}
    rels = {sheet.name: content.get(re.sub(r"([^/]+)$", r"_rels/\1.rels", sheet.part), b"") for sheet in package.sheets}
    dice |= {name for name, xml in rels.items() if b"/pivotTable" in xml}  # LibreOffice fills them anew from the list
    not_computed = grids_differ(old, computed)  # by this LibreOffice, where Excel could
    for cell, (was, now) in grids_differ(old, {name: new[name] for name in old}).items():
        sheet, _, place = cell.rpartition("!")
        row = int(re.sub(r"\D", "", place))
        region = plan.region
        header = region is not None and sheet == plan.sheet and row == region.header_row
        below = region is not None and sheet == plan.sheet and plan.mode != "copied" and row > region.last_row
        assert was == "" or header or below or sheet in dice or cell in not_computed, (cell, was, now)
