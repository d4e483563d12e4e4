"""Traps in how the XML of a sheet may be written, and in what its cells may hold."""

from __future__ import annotations

import re

from tracker.errors import NotAWorkbookError, WorkbookUnsupportedError
from zoo.raw import (
    DECLARATION,
    MAIN,
    OTHER,
    RELATIONS,
    ROWS,
    SHEET,
    STRINGS,
    STYLES,
    TABLE,
    TYPES,
    WORKBOOK,
    WORKBOOK_RELS,
)
from zoo.traps import UNSUPPORTED, trap
from zoo.zips import Parts, swap, swap_pattern


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
def greater_signs_in_attributes(parts: Parts) -> None:
    """XML allows a bare ``>`` in attribute values, and Apache POI writes it: in prompts, comments, names of columns."""
    swap(
        parts,
        SHEET,
        "</sheetData>",
        '</sheetData><dataValidations count="1"><dataValidation type="whole" prompt="a > b" promptTitle="x/>" '
        'sqref="C2:C4"/></dataValidations>',
    )
    swap(
        parts,
        WORKBOOK,
        "</sheets>",
        '</sheets><definedNames><definedName name="losses" comment="all > 0">Runs!$C$2:$C$4</definedName>'
        "</definedNames>",
    )
    swap(parts, TABLE, 'name="notes"', 'name="notes > all"')
    swap(parts, STRINGS, "<t>notes</t>", "<t>notes > all</t>")


@trap()
def a_greater_sign_in_the_name_of_the_sheet(parts: Parts) -> None:
    swap(parts, WORKBOOK, 'name="Runs"', 'name="Runs > 0"')


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


@trap(rows=(("r1", "a<b>&\n\ttab", 0.5, "_x000D_\r "), ("r2", None, 0.25, "  note 2  "), ROWS[2]))
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
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice '
        'Requires="x14" '
        'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"><controls><control '
        'shapeId="1025" name="Box">'
        '<controlPr defaultSize="0"><anchor><from '
        'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">'
        "<xdr:col>1</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>7</xdr:row><xdr:rowOff>0</xdr:rowOff></from>"
        "</anchor></controlPr>"
        "</control></controls></mc:Choice></mc:AlternateContent><tableParts",
    )


@trap()
def formulas_of_every_kind_elsewhere(parts: Parts) -> None:
    """Shared and array formulas that do not see the table; each keeps its saved result."""
    swap(
        parts,
        OTHER,
        "</sheetData>",
        '<row r="5"><c r="A5"><f t="shared" ref="A5:A6" si="0">B5+1</f><v>77</v></c>'
        '<c r="B5"><f t="array" ref="B5:B6">C5:C6*2</f><v>78</v></c></row>'
        '<row r="6"><c r="A6"><f t="shared" si="0"/><v>80</v></c><c r="B6"><v>81</v></c></row></sheetData>',
    )
