"""Real workbooks for the tests: registries among all that people and programs put into a workbook.

* samples.py: the rows of a registry's tables
* with_xlsxwriter.py, with_openpyxl.py: feature-rich workbooks around them
* grafts.py: the tables put into workbooks from the wild (pivots, slicers, macros, threaded comments, custom XML …)
* raw.py, traps.py, traps_….py: a small registry by hand, and one difficulty each
* broken.py: files that are no workbooks
* zips.py: zip files of every shape
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo import grafts, traps_around_tables, traps_in_packages, traps_in_sheets, with_openpyxl, with_xlsxwriter
from zoo.broken import BROKEN, Broken
from zoo.samples import OWN_COLUMN, SampleTable, registry_tables, run_id
from zoo.traps import Trap
from zoo.zips import read_parts

__all__ = [
    "BROKEN",
    "OWN_COLUMN",
    "TRAPS",
    "WORKBOOKS",
    "Broken",
    "SampleTable",
    "Specimen",
    "Trap",
    "graft_of",
    "registry_tables",
    "run_id",
]


TRAPS = tuple(
    item
    for module in (traps_in_sheets, traps_around_tables, traps_in_packages)
    for item in vars(module).values()
    if isinstance(item, Trap)
)


@dataclass(frozen=True)
class Specimen:
    """One feature-rich workbook with all tables of a registry in it."""

    name: str
    ending: str
    build: Callable[[Path, Path], None]
    """Writes it to the first path; the second is the folder of workbooks from the wild."""
    needs_corpus: bool

    def __str__(self) -> str:
        return self.name


def graft_of(file: str) -> Specimen:
    """The registry's tables grafted into a workbook from the wild."""
    return Specimen(
        f"graft in {file}", Path(file).suffix, lambda path, corpus: grafts.graft(corpus / file, path), needs_corpus=True
    )


def _made(name: str, build: Callable[[Path], None]) -> Specimen:
    return Specimen(name, ".xlsx", lambda path, corpus: build(path), needs_corpus=False)


def _macros(path: Path, corpus: Path) -> None:
    with_xlsxwriter.macros(path, read_parts(corpus / "093-openpyxl.xlsm")["xl/vbaProject.bin"])


WORKBOOKS = (
    _made("xlsxwriter plain", with_xlsxwriter.plain),
    _made("xlsxwriter inline strings 1904", with_xlsxwriter.inline_strings),
    _made("xlsxwriter beside", with_xlsxwriter.beside),
    _made("xlsxwriter bound", with_xlsxwriter.bound),
    _made("xlsxwriter totals", with_xlsxwriter.totals),
    _made("xlsxwriter protected", with_xlsxwriter.protected),
    Specimen("xlsxwriter macros", ".xlsm", _macros, needs_corpus=True),
    _made("openpyxl rich", with_openpyxl.rich),
    Specimen(
        "openpyxl pivot",
        ".xlsx",
        lambda path, corpus: with_openpyxl.into(corpus / "010-ClosedXML.xlsx", path),
        needs_corpus=True,
    ),
    graft_of("004-ClosedXML.xlsx"),  # pivots, prefixed elements, byte order marks, stored members
    graft_of("015-EPPlus.xlsm"),  # ActiveX, form controls, connections, VBA
    graft_of("018-ExcelDataReader.xlsx"),  # strict namespace, ISO dates
    graft_of("021-IronCalc.xlsx"),  # pivots, charts, chart sheets, comments, x14 formats, calculation chain
    graft_of("028-MiniExcel.xlsx"),  # threaded comments, persons
    graft_of("047-Open-XML-SDK.xlsx"),  # charts, diagrams, pictures
    graft_of("050-PhpSpreadsheet.xlsx"),  # x14 sparklines
    graft_of("056-PhpSpreadsheet.xlsx"),  # x14 validations, comments in the XML, pretty printing
    graft_of("079-calamine.xlsx"),  # pictures in cells: rich data
    graft_of("080-calamine.xlsx"),  # custom XML (in UTF-16), connections, pivots
    graft_of("094-openpyxl.xlsm"),  # ActiveX, custom ribbon, VBA
    graft_of("096-openxlsx-data.xlsx"),  # embedded objects, external links
    graft_of("100-openxlsx-data.xlsx"),  # slicers
)
"""All specimens. Each has the tables of :func:`registry_tables`, untouched so far by Tracker."""
