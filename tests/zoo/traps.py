"""Workbooks with one difficulty each: what real programs write that a patcher of bytes can stumble over.

A trap is the registry of raw.py with a change. It says what is to be read from it, and what an append of one row to the
table ``runs`` has to do: work, with the row landing in a given row of the sheet, or be refused with one of some errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.errors import (
    ContentInTheWayError,
    NotAWorkbookError,
    SheetFullError,
    TrackerError,
    WorkbookUnsupportedError,
)
from zoo.raw import (
    DECLARATION,
    MAIN,
    OTHER,
    PACKAGE,
    RELATIONS,
    ROWS,
    SHEET,
    SHEET_RELS,
    STRINGS,
    STYLES,
    TABLE,
    TYPE,
    TYPES,
    WORKBOOK,
    WORKBOOK_RELS,
    registry,
)
from zoo.zips import Parts, rename_part, swap, swap_pattern, write_zip

Change = Callable[[Parts], dict[str, Any] | None]


@dataclass(frozen=True)
class Trap:
    """One difficulty; ``build`` writes the workbook."""

    name: str
    build: Callable[[Path], None]
    rows: tuple[tuple[Any, ...], ...] | None
    """What the table holds; None where reading may be refused too."""
    refused: tuple[type[TrackerError], ...]
    """The errors of which an append must raise one; empty where it must work."""
    lands_in: int
    """The sheet's row in which an appended row must stand."""

    def __str__(self) -> str:
        return self.name


TRAPS: list[Trap] = []


def trap(
    *,
    rows: tuple[tuple[Any, ...], ...] | None = ROWS,
    refused: tuple[type[TrackerError], ...] = (),
    lands_in: int = 5,
) -> Callable[[Change], Change]:
    """Makes a trap of a function that changes the parts and may give options for the zip."""

    def collect(change: Change) -> Change:
        def build(path: Path) -> None:
            parts = registry()
            options = change(parts) or {}
            write_zip(path, options.pop("items", parts), **options)

        TRAPS.append(Trap(change.__name__, build, rows, refused, lands_in))
        return change

    return collect


UNSUPPORTED = (WorkbookUnsupportedError,)
DAMAGED = (NotAWorkbookError,)
IN_THE_WAY = (ContentInTheWayError,)


# How XML may be written


@trap()
def nothing_unusual(parts: Parts) -> None:
    """The ground itself."""


@trap()
def prefixed_elements(parts: Parts) -> None:
    """``<x:row>``, as ClosedXML and the Open XML SDK write; attributes have no prefix."""
    for name in (SHEET, OTHER, WORKBOOK, TABLE, STRINGS, STYLES):
        parts[name] = re.sub(rb"<(/?)(?![?!])", rb"<\1x:", parts[name]).replace(b" xmlns=", b" xmlns:x=", 1)


@trap()
def strict_namespace(parts: Parts) -> None:
    """Saved as 'Strict Open XML'."""
    for name in parts:
        parts[name] = parts[name].replace(MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        parts[name] = parts[name].replace(
            RELATIONS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
    swap(parts, WORKBOOK, "<workbook ", '<workbook conformance="strict" ')


@trap()
def byte_order_marks(parts: Parts) -> None:
    for name in parts:
        parts[name] = b"\xef\xbb\xbf" + parts[name]


@trap()
def no_declarations(parts: Parts) -> None:
    for name in parts:
        parts[name] = parts[name].removeprefix(DECLARATION.encode())


@trap()
def single_quotes(parts: Parts) -> None:
    for name in parts:
        parts[name] = parts[name].replace(b'"', b"'")


@trap()
def pretty_printed(parts: Parts) -> None:
    """Indented, with Windows line ends, between all elements that hold no text."""
    for name in parts:
        parts[name] = re.sub(rb">(?=<)(?!</(t|v|f|Application)>)", b">\r\n  ", parts[name])


@trap()
def loose_spaces(parts: Parts) -> None:
    """Spaces and line breaks inside tags, where XML allows them."""
    swap(parts, SHEET, "</row>", "</row >")
    swap(parts, SHEET, "</sheetData>", "</sheetData\n>")
    swap(parts, SHEET, '<row r="', '<row\n  r = "')
    swap(parts, SHEET, "<c r=", "<c\tr=")
    swap(parts, TABLE, 'ref="A1:D4"', 'ref = "A1:D4"')


@trap()
def attributes_in_another_order(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'<c r="(\w+)" ([st]="\w+")', r'<c \2 r="\1"')
    swap_pattern(parts, SHEET, r'<row r="(\d)" spans="1:8"', r'<row spans="1:4" r="\1"')
    swap_pattern(
        parts,
        TABLE,
        r'id="1" name="runs" displayName="runs" ref="A1:D4"',
        'ref="A1:D4" displayName="runs" name="runs" id="1"',
    )


@trap()
def cells_without_references(parts: Parts) -> None:
    """Neither rows nor cells say where they are: they follow each other."""
    swap_pattern(parts, SHEET, r'<c r="\w+"', "<c")
    swap_pattern(parts, SHEET, r'<row r="\d" spans="1:8"', "<row")


@trap()
def greater_sign_in_an_attribute(parts: Parts) -> None:
    """XML allows a bare ``>`` in attribute values."""
    prompt = '<dataValidations count="1"><dataValidation type="whole" sqref="H1" prompt="a > b" promptTitle="x/>"/></dataValidations>'
    swap(parts, SHEET, "</sheetData>", "</sheetData>" + prompt)
    swap(
        parts,
        WORKBOOK,
        "</sheets>",
        '</sheets><definedNames><definedName name="x" comment="a > b">Other!$A$1</definedName></definedNames>',
    )


@trap()
def a_comment_and_an_instruction(parts: Parts) -> None:
    swap(parts, SHEET, "<sheetData>", "<!-- exported --><sheetData><?note nothing?>")
    swap(parts, SHEET, "</sheetData>", "<!-- end of data --></sheetData>")


@trap(refused=UNSUPPORTED, rows=None)
def a_comment_with_a_row(parts: Parts) -> None:
    """Searching for ``</sheetData>`` or ``<row`` would find it in the comment."""
    swap(parts, SHEET, "</sheetData>", '<!-- <row r="9"><c r="A9"/></row></sheetData> --></sheetData>')


@trap(refused=UNSUPPORTED, rows=None)
def cells_in_cdata(parts: Parts) -> None:
    swap_pattern(
        parts, SHEET, r'<c r="D2" t="s"><v>\d+</v></c>', '<c r="D2" t="str"><v><![CDATA[</row></sheetData>]]></v></c>'
    )


@trap(refused=UNSUPPORTED, rows=None)
def a_sheet_in_utf16(parts: Parts) -> None:
    parts[SHEET] = parts[SHEET].decode().replace("UTF-8", "UTF-16").encode("utf-16")


@trap(refused=UNSUPPORTED, rows=None)
def a_sheet_in_latin1(parts: Parts) -> None:
    swap(parts, SHEET, 'encoding="UTF-8"', 'encoding="ISO-8859-1"')


@trap(refused=UNSUPPORTED, rows=None)
def a_doctype(parts: Parts) -> None:
    """Entities that expand to millions of characters; nothing may expand them."""
    laughs = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{at} "&e{at - 1};&e{at - 1};">' for at in range(1, 30))
    parts[SHEET] = parts[SHEET].replace(b"<worksheet", f"<!DOCTYPE w [{laughs}]><worksheet".encode(), 1)
    swap_pattern(parts, SHEET, r'<c r="D2" t="s"><v>\d+</v></c>', '<c r="D2" t="inlineStr"><is><t>&e29;</t></is></c>')


@trap(refused=UNSUPPORTED, rows=None)
def a_row_twice(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'(<row r="3".*?</row>)', r"\1\1")


@trap(refused=UNSUPPORTED, rows=None)
def rows_out_of_order(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'(<row r="2".*?</row>)(<row r="3".*?</row>)', r"\2\1")


@trap(refused=(WorkbookUnsupportedError, NotAWorkbookError), rows=None)
def broken_xml(parts: Parts) -> None:
    """A row that never ends."""
    swap_pattern(parts, SHEET, r"</row>(?=</sheetData>)", "")


# What sheets and cells may hold


@trap()
def no_dimension_no_styles(parts: Parts) -> None:
    swap(parts, SHEET, '<dimension ref="A1:D4"/>', "")
    swap_pattern(parts, SHEET, r' s="\d"', "")
    parts.pop(STYLES)
    swap_pattern(parts, TYPES, r'<Override PartName="/xl/styles.xml"[^>]*/>', "")
    swap_pattern(parts, WORKBOOK_RELS, r'<Relationship [^>]*styles.xml"/>', "")


@trap()
def inline_strings(parts: Parts) -> None:
    """No shared strings at all."""
    texts = re.findall(rb"<si>(.*?)</si>", parts.pop(STRINGS))
    for name in (SHEET, OTHER):
        parts[name] = re.sub(
            rb't="s"><v>(\d+)</v>', lambda found: b't="inlineStr"><is>' + texts[int(found[1])] + b"</is>", parts[name]
        )
    swap_pattern(parts, TYPES, r'<Override PartName="/xl/sharedStrings.xml"[^>]*/>', "")
    swap_pattern(parts, WORKBOOK_RELS, r'<Relationship [^>]*sharedStrings.xml"/>', "")


@trap(rows=(("r1", "first", 0.5, "two words 読み"), *ROWS[1:]))
def rich_and_phonetic_strings(parts: Parts) -> None:
    reading = '<rPh sb="0" eb="1"><t>ヨミ</t></rPh><phoneticPr fontId="0"/>'
    swap(
        parts,
        STRINGS,
        "<si><t>note 1</t></si>",
        f'<si><r><t xml:space="preserve">two </t></r><r><rPr><b/></rPr><t>words 読み</t></r>{reading}</si>',
    )


@trap(rows=(("r1", "a<b>&\n\ttab", 0.5, "_x000D_\r "), ("r2", "", 0.25, "  note 2  "), ROWS[2]))
def escaped_text(parts: Parts) -> None:
    swap(parts, STRINGS, "<t>first</t>", "<t>a&lt;b&gt;&#38;&#10;&#x9;tab</t>")
    swap(parts, STRINGS, "<t>note 1</t>", '<t xml:space="preserve">_x005F_x000D__x000D_ </t>')
    swap(parts, STRINGS, "<si><t>second</t></si>", "<si><t/></si>")
    swap(parts, STRINGS, "<t>note 2</t>", '<t xml:space="preserve">  note 2  </t>')


@trap(rows=(("r1", True, 0.5, "#DIV/0!"), ("r2", "text", None, None), ("r3", None, 1e-300, "#N/A")))
def all_types_of_cells(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'<c r="B2" t="s"><v>\d+</v>', '<c r="B2" t="b"><v>1</v>')
    swap_pattern(parts, SHEET, r'<c r="D2" t="s"><v>\d+</v>', '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v>')
    swap_pattern(parts, SHEET, r'<c r="B3" t="s"><v>\d+</v>', '<c r="B3" t="str"><f>"te"&amp;"xt"</f><v>text</v>')
    swap(parts, SHEET, '<c r="C3" s="2"><v>0.25</v></c>', '<c r="C3" s="2"/>')
    swap_pattern(parts, SHEET, r'<c r="D3" t="s"><v>\d+</v></c>', '<c r="D3"><f>Other!Z99</f></c>')
    swap_pattern(parts, SHEET, r'<c r="B4" t="s"><v>\d+</v></c>', "")
    swap(parts, SHEET, "<v>0.125</v>", "<v>1E-300</v>")
    swap_pattern(parts, SHEET, r'<c r="D4" t="s"><v>\d+</v>', '<c r="D4" t="e"><v>#N/A</v>')


@trap()
def dates_from_1904(parts: Parts) -> None:
    swap(parts, WORKBOOK, "<workbookPr ", '<workbookPr date1904="1" ')


@trap()
def metadata_on_the_last_row(parts: Parts) -> None:
    """``cm`` and ``vm`` belong to one cell and must not be copied to the next row with its style."""
    swap(parts, SHEET, '<c r="C4" s="2">', '<c r="C4" s="2" cm="1" vm="1">')


@trap()
def a_hidden_last_row(parts: Parts) -> None:
    """A filter hides it; the new row is not hidden."""
    swap(parts, SHEET, '<row r="4" spans="1:8">', '<row r="4" spans="1:4" hidden="1" ht="0" customHeight="1">')


@trap()
def form_controls_and_page_breaks(parts: Parts) -> None:
    """``<xdr:row>`` and ``<rowBreaks>`` are no rows."""
    swap(
        parts,
        SHEET,
        "<tableParts",
        '<rowBreaks count="1" manualBreakCount="1"><brk id="40" max="16383" man="1"/></rowBreaks>'
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x14" '
        'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"><controls><control shapeId="1025" name="Box">'
        '<controlPr defaultSize="0"><anchor><from xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">'
        "<xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>7</xdr:row><xdr:rowOff>0</xdr:rowOff></from></anchor></controlPr>"
        "</control></controls></mc:Choice></mc:AlternateContent><tableParts",
    )


@trap()
def formulas_of_every_kind_elsewhere(parts: Parts) -> None:
    """Shared, array and data-table formulas that do not see the table; each keeps its saved result."""
    swap(
        parts,
        OTHER,
        "</sheetData>",
        '<row r="5"><c r="A5"><f t="shared" ref="A5:A6" si="0">B5+1</f><v>77</v></c><c r="B5"><f t="array" ref="B5:B6">C5:C6*2</f>'
        '<v>78</v></c><c r="D5"><f t="dataTable" ref="D5:D6" dt2D="0" dtr="0" r1="H1"/><v>79</v></c></row>'
        '<row r="6"><c r="A6"><f t="shared" si="0"/><v>80</v></c><c r="B6"><v>81</v></c><c r="D6"><v>82</v></c></row></sheetData>',
    )


# Below, beside and at the end of the table


@trap()
def styled_blanks_below(parts: Parts) -> None:
    """Half of all tables have such rows below them; the new row takes their place, in the order of cells."""
    swap(
        parts,
        SHEET,
        "</sheetData>",
        '<row r="5" spans="1:7" ht="20" customHeight="1"><c r="B5" s="3"/><c r="G5" s="1"/></row><row r="6"/><row r="8"><c r="A8" s="1"/></row></sheetData>',
    )


@trap()
def own_cells_beside(parts: Parts) -> None:
    """Right of the table, in its rows and in the row that comes next: they stay."""
    note = '<c r="{}{}" t="inlineStr"><is><t>mine</t></is></c>'
    swap_pattern(parts, SHEET, r'(<row r="3".*?)</row>', r"\1" + note.format("H", 3) + "</row>")
    swap(
        parts, SHEET, "</sheetData>", '<row r="5">' + note.format("H", 5) + note.format("XFD", 5) + "</row></sheetData>"
    )


@trap()
def content_two_rows_below(parts: Parts) -> None:
    """One blank row is left: one new row fits."""
    swap(parts, SHEET, "</sheetData>", '<row r="6"><c r="A6"><v>1</v></c></row></sheetData>')


@trap(refused=IN_THE_WAY)
def a_row_typed_below(parts: Parts) -> None:
    """In LibreOffice a row typed below stays outside the table; it has to be taken in before anything is added."""
    swap(parts, SHEET, "</sheetData>", '<row r="5"><c r="B5" t="inlineStr"><is><t>typed</t></is></c></row></sheetData>')


@trap(refused=IN_THE_WAY)
def a_sum_directly_below(parts: Parts) -> None:
    """A formula of the person's own where the next row would go, in a table without a totals row."""
    swap(parts, SHEET, "</sheetData>", '<row r="5"><c r="D5"><f>1+1</f><v>2</v></c></row></sheetData>')


@trap(refused=IN_THE_WAY)
def merged_cells_below(parts: Parts) -> None:
    swap(parts, SHEET, "</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="B5:C6"/></mergeCells>')


@trap(refused=IN_THE_WAY)
def another_table_below(parts: Parts) -> None:
    """Directly below, which only a program can make; its header must not become a row of ours."""
    _second_table(parts, "A5:D6", 5)


@trap()
def another_table_further_below(parts: Parts) -> None:
    """With one blank row between."""
    _second_table(parts, "A6:D7", 6)


@trap()
def another_table_beside(parts: Parts) -> None:
    swap(
        parts, SHEET, 'count="1"><tablePart r:id="rId1"/>', 'count="2"><tablePart r:id="rId1"/><tablePart r:id="rId2"/>'
    )
    for row, texts in enumerate((("a", "b"), ("c", "d")), 1):
        cells = "".join(
            f'<c r="{column}{row}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in zip("FG", texts, strict=True)
        )
        swap_pattern(parts, SHEET, rf'(<row r="{row}".*?)</row>', rf"\1{cells}</row>")
    _table_part(parts, "F1:G2", ("a", "b"))


def _second_table(parts: Parts, area: str, row: int) -> None:
    swap(
        parts, SHEET, 'count="1"><tablePart r:id="rId1"/>', 'count="2"><tablePart r:id="rId1"/><tablePart r:id="rId2"/>'
    )
    names = ("w", "x", "y", "z")
    cells = "".join(
        f'<c r="{column}{row}" t="inlineStr"><is><t>{name}</t></is></c>'
        for column, name in zip("ABCD", names, strict=True)
    )
    swap(parts, SHEET, "</sheetData>", f'<row r="{row}">{cells}</row></sheetData>')
    _table_part(parts, area, names)


def _table_part(parts: Parts, area: str, names: tuple[str, ...]) -> None:
    columns = "".join(f'<tableColumn id="{at}" name="{name}"/>' for at, name in enumerate(names, 1))
    parts["xl/tables/table2.xml"] = (
        f'{DECLARATION}<table xmlns="{MAIN}" id="2" name="others" displayName="others" ref="{area}" totalsRowShown="0">'
        f'<tableColumns count="{len(names)}">{columns}</tableColumns></table>'
    ).encode()
    swap(
        parts,
        SHEET_RELS,
        "</Relationships>",
        f'<Relationship Id="rId2" Type="{RELATIONS}/table" Target="/xl/tables/table2.xml"/></Relationships>',
    )
    swap(
        parts, TYPES, "</Types>", f'<Override PartName="/xl/tables/table2.xml" ContentType="{TYPE}.table+xml"/></Types>'
    )


@trap(refused=(SheetFullError,))
def a_table_to_the_last_row(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'<row r="4"(.*?)</row>', r'<row r="1048576"\1</row>')
    swap_pattern(parts, SHEET, r'r="([ABCD])4"', r'r="\g<1>1048576"')
    for row in (1, 2, 3):
        swap_pattern(parts, SHEET, rf'<row r="{row}"', f'<row r="{row + 1048572}"')
        swap_pattern(parts, SHEET, rf'r="([ABCD]){row}"', rf'r="\g<1>{row + 1048572}"')
    swap(parts, SHEET, "A1:D4", "A1048573:D1048576")
    swap(parts, TABLE, "A1:D4", "A1048573:D1048576")


# Tables of all kinds


@trap()
def a_totals_row(parts: Parts) -> None:
    """It moves down by one; its label, its formula and the filter with it."""
    _totals(parts)


@trap()
def a_totals_row_with_cells_beside_and_below(parts: Parts) -> None:
    """What stands beside the totals row stays, and content far below is no matter."""
    _totals(parts)
    swap(
        parts,
        SHEET,
        "</c></row></sheetData>",
        '</c><c r="H5" s="1"><v>9</v></c></row><row r="9"><c r="A9"><v>1</v></c></row></sheetData>',
    )


@trap(refused=IN_THE_WAY)
def content_below_the_totals_row(parts: Parts) -> None:
    _totals(parts)
    swap(parts, SHEET, "</c></row></sheetData>", '</c></row><row r="6"><c r="C6"><v>9</v></c></row></sheetData>')


def _totals(parts: Parts) -> None:
    total = '<row r="5" spans="1:8"><c r="A5" s="1" t="inlineStr"><is><t>Total</t></is></c><c r="C5" s="2"><f>SUBTOTAL(109,runs[metrics.loss])</f><v>0.875</v></c></row>'
    swap(parts, SHEET, "</sheetData>", total + "</sheetData>")
    swap(parts, SHEET, 'dimension ref="A1:D4"', 'dimension ref="A1:D5"')
    swap(parts, TABLE, 'ref="A1:D4" totalsRowShown="0"', 'ref="A1:D5" totalsRowCount="1"')
    swap(parts, TABLE, 'name="run_id"', 'name="run_id" totalsRowLabel="Total"')
    swap(parts, TABLE, 'name="metrics.loss"', 'name="metrics.loss" totalsRowFunction="sum"')


@trap()
def a_calculated_column(parts: Parts) -> None:
    """The new row gets the formula, with no result until somebody computes it."""
    _calculated(parts, "runs[[#This Row],[metrics.loss]]*2")
    swap(
        parts,
        TABLE,
        '<tableColumn id="4" name="notes"/>',
        '<tableColumn id="4" name="notes"/><tableColumn id="5" name="double"><calculatedColumnFormula>runs[[#This Row],[metrics.loss]]*2</calculatedColumnFormula></tableColumn>',
    )


@trap()
def a_shared_formula_in_the_rows(parts: Parts) -> None:
    """As LibreOffice leaves it: the formula only in the cells, the last row a follower of a shared one."""
    _calculated(parts, "C2*2", shared=True)
    swap(
        parts,
        TABLE,
        '<tableColumn id="4" name="notes"/>',
        '<tableColumn id="4" name="notes"/><tableColumn id="5" name="double"/>',
    )


def _calculated(parts: Parts, formula: str, shared: bool = False) -> None:
    for name in (SHEET, TABLE):
        swap(parts, name, "A1:D4", "A1:E4")
    swap(parts, TABLE, 'count="4"', 'count="5"')
    swap_pattern(
        parts, SHEET, r'(<row r="1".*?)</row>', r'\1<c r="E1" s="1" t="inlineStr"><is><t>double</t></is></c></row>'
    )
    for row, (_, _, loss, _) in enumerate(ROWS, 2):
        text = f"<f>{formula}</f>"
        if shared:
            text = f'<f t="shared" ref="E2:E4" si="0">{formula}</f>' if row == 2 else '<f t="shared" si="0"/>'
        swap_pattern(
            parts, SHEET, rf'(<row r="{row}".*?)</row>', rf'\1<c r="E{row}" s="2">{text}<v>{loss * 2}</v></c></row>'
        )


@trap(rows=(), lands_in=2)
def an_empty_table(parts: Parts) -> None:
    """A header and the one blank row that Excel demands: the first run goes into the blank row."""
    swap_pattern(parts, SHEET, r'<row r="2".*</row>', "")
    for name in (SHEET, TABLE):
        swap(parts, name, "A1:D4", "A1:D2")


@trap(rows=(), lands_in=2)
def an_empty_table_with_a_styled_row(parts: Parts) -> None:
    """As a template has it: the blank row carries the formats, and a validation covers only it."""
    swap_pattern(
        parts, SHEET, r'<row r="2".*</row>', '<row r="2"><c r="A2" s="1"/><c r="B2"/><c r="C2" s="2"/><c r="D2"/></row>'
    )
    swap(
        parts,
        SHEET,
        "</sheetData>",
        '</sheetData><dataValidations count="1"><dataValidation type="list" sqref="B2"><formula1>"a,b"</formula1></dataValidation></dataValidations>',
    )
    for name in (SHEET, TABLE):
        swap(parts, name, "A1:D4", "A1:D2")


@trap()
def no_filter(parts: Parts) -> None:
    swap(parts, TABLE, '<autoFilter ref="A1:D4"/>', "")


@trap()
def a_filter_and_a_sort_order(parts: Parts) -> None:
    swap(
        parts,
        TABLE,
        '<autoFilter ref="A1:D4"/>',
        '<autoFilter ref="A1:D4"><filterColumn colId="1"><filters><filter val="first"/></filters></filterColumn></autoFilter>'
        '<sortState ref="A2:D4"><sortCondition ref="C2:C4" descending="1"/></sortState>',
    )


@trap()
def escaped_column_names(parts: Parts) -> None:
    """A line break, quotes and an underscore that looks like an escape in headers; found by the text people see."""
    swap(parts, TABLE, 'name="notes"/>', 'name="my_x000a_notes &quot;&amp;&#39;"/>')
    swap(parts, STRINGS, "<t>notes</t>", "<t>my\nnotes &quot;&amp;'</t>")


@trap()
def ids_with_gaps(parts: Parts) -> None:
    """Column ids in no order, as after moving columns about."""
    for old, new in (("1", "9"), ("2", "3"), ("4", "70")):
        swap(parts, TABLE, f'tableColumn id="{old}"', f'tableColumn id="{new}"', 1)
        if old == "2":
            swap(parts, TABLE, 'tableColumn id="3" name="metrics.loss"', 'tableColumn id="12" name="metrics.loss"')


@trap(refused=UNSUPPORTED, rows=None)
def no_header_row(parts: Parts) -> None:
    swap(parts, TABLE, 'totalsRowShown="0"', 'headerRowCount="0" totalsRowShown="0"')


@trap(refused=UNSUPPORTED)
def a_query_table(parts: Parts) -> None:
    swap(parts, TABLE, 'ref="A1:D4" totals', 'ref="A1:D4" tableType="queryTable" totals')
    parts["xl/queryTables/queryTable1.xml"] = (
        f'{DECLARATION}<queryTable xmlns="{MAIN}" name="q" connectionId="1"/>'.encode()
    )
    parts["xl/tables/_rels/table1.xml.rels"] = (
        f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELATIONS}/queryTable" '
        'Target="../queryTables/queryTable1.xml"/></Relationships>'
    ).encode()
    swap(
        parts,
        TYPES,
        "</Types>",
        f'<Override PartName="/xl/queryTables/queryTable1.xml" ContentType="{TYPE}.queryTable+xml"/></Types>',
    )


# The package and its zip


@trap()
def stored_members(parts: Parts) -> dict[str, Any]:
    return {"stored": True}


@trap()
def data_descriptors(parts: Parts) -> dict[str, Any]:
    """Sizes stand behind the data, as streaming writers do; rewritten members must not keep the flag."""
    return {"descriptors": True}


@trap()
def stored_members_with_data_descriptors(parts: Parts) -> dict[str, Any]:
    return {"stored": True, "descriptors": True}


@trap()
def folder_entries_and_extra_fields(parts: Parts) -> dict[str, Any]:
    return {"folders": True, "extra": b"\x54\x55\x05\x00\x01\x00\x00\x00\x60", "comment": b"made by hand"}


@trap()
def content_types_last(parts: Parts) -> None:
    parts[TYPES] = parts.pop(TYPES)


@trap()
def a_workbook_elsewhere(parts: Parts) -> None:
    """The workbook part is not xl/workbook.xml; relationships tell."""
    rename_part(parts, WORKBOOK, "book/main.xml")
    rename_part(parts, WORKBOOK_RELS, "book/_rels/main.xml.rels")
    swap(parts, "_rels/.rels", "xl/workbook.xml", "/book/main.xml")
    swap(parts, TYPES, "/xl/workbook.xml", "/book/main.xml")
    swap_pattern(parts, "book/_rels/main.xml.rels", r'Target="', 'Target="../xl/')


@trap()
def absolute_targets(parts: Parts) -> None:
    swap(parts, "_rels/.rels", 'Target="', 'Target="/')
    swap(parts, WORKBOOK_RELS, 'Target="', 'Target="/xl/')
    swap(parts, SHEET_RELS, 'Target="../', 'Target="/xl/')


@trap()
def names_in_another_case(parts: Parts) -> None:
    """Part names compare without case."""
    rename_part(parts, SHEET, "xl/Worksheets/SHEET1.xml")
    rename_part(parts, STRINGS, "xl/SharedStrings.xml")


@trap()
def own_document_properties(parts: Parts) -> None:
    """Somebody's custom properties, with a sensitivity label and gaps in the numbers; they stay beside the stamp."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    form = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
    parts["docProps/custom.xml"] = (
        f'{DECLARATION}<Properties xmlns="{office}/custom-properties" xmlns:vt="{office}/docPropsVTypes">'
        f'<property fmtid="{form}" pid="7" name="MSIP_Label_1_Enabled"><vt:lpwstr>true</vt:lpwstr></property>'
        f'<property fmtid="{form}" pid="3" name="Reviewed"><vt:filetime>2026-01-05T00:00:00Z</vt:filetime></property></Properties>'
    ).encode()
    swap(
        parts,
        "_rels/.rels",
        "</Relationships>",
        f'<Relationship Id="rId7" Type="{RELATIONS}/custom-properties" Target="docProps/custom.xml"/></Relationships>',
    )
    swap(
        parts,
        TYPES,
        "</Types>",
        '<Override PartName="/docProps/custom.xml" ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/></Types>',
    )


@trap(refused=(NotAWorkbookError, WorkbookUnsupportedError), rows=None)
def bytes_before_the_zip(parts: Parts) -> dict[str, Any]:
    """A prefix that shifts every offset, as self-extracting archives have."""
    return {"prefix": b"#!/bin/sh\nexit 0\n"}


@trap(refused=(NotAWorkbookError, WorkbookUnsupportedError), rows=None)
def a_member_twice(parts: Parts) -> dict[str, Any]:
    """Readers disagree on which one counts."""
    return {"items": [*parts.items(), (SHEET, parts[OTHER])]}


@trap(refused=(NotAWorkbookError, WorkbookUnsupportedError), rows=None)
def a_member_twice_but_for_case(parts: Parts) -> dict[str, Any]:
    return {"items": [*parts.items(), (SHEET.upper(), parts[OTHER])]}


@trap(refused=UNSUPPORTED)
def a_signature(parts: Parts) -> None:
    parts["_xmlsignatures/origin.sigs"] = b""
    parts["_xmlsignatures/sig1.xml"] = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    swap(
        parts,
        TYPES,
        "<Default ",
        '<Default Extension="sigs" ContentType="application/vnd.openxmlformats-package.digital-signature-origin"/><Default ',
        1,
    )
    swap(
        parts,
        "_rels/.rels",
        "</Relationships>",
        f'<Relationship Id="rId9" Type="{PACKAGE}/relationships/digital-signature/origin" Target="_xmlsignatures/origin.sigs"/></Relationships>',
    )


@trap(refused=UNSUPPORTED)
def an_old_shared_workbook(parts: Parts) -> None:
    """Excel's revision log would contradict any change."""
    parts["xl/revisions/revisionHeaders.xml"] = (
        f'{DECLARATION}<headers xmlns="{MAIN}" xmlns:r="{RELATIONS}" guid="{{00000000-0000-0000-0000-000000000001}}"/>'
    ).encode()
    swap(
        parts,
        WORKBOOK_RELS,
        "</Relationships>",
        f'<Relationship Id="rId9" Type="{RELATIONS}/revisionHeaders" Target="revisions/revisionHeaders.xml"/></Relationships>',
    )
    swap(
        parts,
        TYPES,
        "</Types>",
        f'<Override PartName="/xl/revisions/revisionHeaders.xml" ContentType="{TYPE}.revisionHeaders+xml"/></Types>',
    )
