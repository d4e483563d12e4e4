"""Traps in what stands below and beside a table, and in what kind of table it is."""

from __future__ import annotations

from tracker.errors import SheetFullError
from zoo.raw import (
    DECLARATION,
    MAIN,
    PACKAGE,
    RELATIONS,
    ROWS,
    SHEET,
    SHEET_RELS,
    STRINGS,
    TABLE,
    add_relation,
    add_type,
)
from zoo.traps import IN_THE_WAY, UNSUPPORTED, trap
from zoo.zips import Parts, swap, swap_pattern


@trap()
def styled_blanks_below(parts: Parts) -> None:
    """Half of all tables have such rows below them; the new row takes their place, in the order of cells."""
    swap(
        parts,
        SHEET,
        "</sheetData>",
        '<row r="5" spans="1:7" ht="20" customHeight="1"><c r="B5" s="3"/><c r="G5" s="1"/></row><row r="6"/>'
        '<row r="8"><c r="A8" s="1"/></row></sheetData>',
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
    add_relation(parts, SHEET_RELS, "rId2", "table", "/xl/tables/table2.xml")
    add_type(parts, "xl/tables/table2.xml", "table")


@trap(refused=(SheetFullError,))
def a_table_to_the_last_row(parts: Parts) -> None:
    swap_pattern(parts, SHEET, r'<row r="4"(.*?)</row>', r'<row r="1048576"\1</row>')
    swap_pattern(parts, SHEET, r'r="([ABCD])4"', r'r="\g<1>1048576"')
    for row in (1, 2, 3):
        swap_pattern(parts, SHEET, rf'<row r="{row}"', f'<row r="{row + 1048572}"')
        swap_pattern(parts, SHEET, rf'r="([ABCD]){row}"', rf'r="\g<1>{row + 1048572}"')
    swap(parts, SHEET, "A1:D4", "A1048573:D1048576")
    swap(parts, TABLE, "A1:D4", "A1048573:D1048576")


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
    total = (
        '<row r="5" spans="1:8"><c r="A5" s="1" t="inlineStr"><is><t>Total</t></is></c><c r="C5" s="2">'
        "<f>SUBTOTAL(109,runs[metrics.loss])</f><v>0.875</v></c></row>"
    )
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
        '<tableColumn id="4" name="notes"/><tableColumn id="5" name="double">'
        "<calculatedColumnFormula>runs[[#This Row],[metrics.loss]]*2</calculatedColumnFormula></tableColumn>",
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
        '</sheetData><dataValidations count="1"><dataValidation type="list" sqref="B2">'
        '<formula1>"a,b"</formula1></dataValidation></dataValidations>',
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
        '<autoFilter ref="A1:D4"><filterColumn colId="1"><filters><filter val="first"/></filters></filterColumn>'
        "</autoFilter>"
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
        f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/queryTable" '
        'Target="../queryTables/queryTable1.xml"/></Relationships>'
    ).encode()
    add_type(parts, "xl/queryTables/queryTable1.xml", "queryTable")
