"""A small registry written by hand, as Excel would write it: the ground from which the traps are made."""

from __future__ import annotations

from zoo.zips import Parts, swap

COLUMNS = ("run_id", "name", "metrics.loss", "notes")
ROWS = (
    ("r1", "first", 0.5, "note 1"),
    ("r2", "second", 0.25, "note 2"),
    ("r3", "third", 0.125, "note 3"),
)
"""What the table ``runs`` holds: Runs!A1:D4, strings shared, loss in the format of style 2."""

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

SHEET, OTHER, TABLE = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/tables/table1.xml"
WORKBOOK, WORKBOOK_RELS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
SHEET_RELS, TYPES = "xl/worksheets/_rels/sheet1.xml.rels", "[Content_Types].xml"
STRINGS, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"


def registry() -> Parts:
    """The parts of the workbook: the table on sheet Runs, a formula and some text on sheet Other."""
    texts = [*COLUMNS, *(text for row in ROWS for text in row if isinstance(text, str)), "kept by hand"]
    number = {text: index for index, text in enumerate(texts)}
    rows = [_row(1, [('s="1" t="s"', number[name]) for name in COLUMNS])]
    for at, row in enumerate(ROWS, 2):
        cells = [('t="s"', number[value]) if isinstance(value, str) else ('s="2"', value) for value in row]
        rows.append(_row(at, cells))
    parts = {
        TYPES: _types(),
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml"), ("extended-properties", "docProps/app.xml")),
        WORKBOOK: f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr defaultThemeVersion="166925"/>'
        '<bookViews><workbookView activeTab="0"/></bookViews><sheets><sheet name="Runs" sheetId="1" r:id="rId1"/>'
        '<sheet name="Other" sheetId="2" r:id="rId2"/></sheets><calcPr calcId="191029"/></workbook>',
        WORKBOOK_RELS: _relations(
            *(("worksheet", "worksheets/sheet1.xml"), ("worksheet", "worksheets/sheet2.xml")),
            *(("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")),
        ),
        SHEET: f'<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONS}"><dimension ref="A1:D4"/>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f"<sheetData>{''.join(rows)}</sheetData>"
        '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        '<tableParts count="1"><tablePart r:id="rId1"/></tableParts></worksheet>',
        SHEET_RELS: _relations(("table", "../tables/table1.xml")),
        OTHER: f'<worksheet xmlns="{MAIN}"><dimension ref="A1:B2"/><sheetFormatPr defaultRowHeight="15"/><sheetData>'
        f'<row r="1"><c r="A1" t="s"><v>{number["kept by hand"]}</v></c><c r="B1"><f>1+1</f><v>2</v></c></row>'
        '<row r="3" ht="30" customHeight="1"/></sheetData></worksheet>',
        TABLE: f'<table xmlns="{MAIN}" id="1" name="runs" displayName="runs" ref="A1:D4" totalsRowShown="0">'
        f'<autoFilter ref="A1:D4"/><tableColumns count="{len(COLUMNS)}">'
        + "".join(f'<tableColumn id="{at}" name="{name}"/>' for at, name in enumerate(COLUMNS, 1))
        + '</tableColumns><tableStyleInfo name="TableStyleMedium2" showRowStripes="1"/></table>',
        STYLES: f'<styleSheet xmlns="{MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill '
        'patternType="none"/>'
        '</fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs '
        'count="4">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        STRINGS: f'<sst xmlns="{MAIN}" count="{len(texts)}" uniqueCount="{len(texts)}">'
        + "".join(f"<si><t>{text}</t></si>" for text in texts)
        + "</sst>",
        "docProps/app.xml": '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        "<Application>Microsoft Excel</Application></Properties>",
    }
    return {name: (DECLARATION + text).encode() for name, text in parts.items()}


def add_relation(parts: Parts, rels: str, id: str, kind: str, target: str) -> None:
    """Adds a relationship; the kind is the last word of its type."""
    kind = kind if ":" in kind else f"{RELATIONS}/{kind}"
    swap(parts, rels, "</Rel", f'<Relationship Id="{id}" Type="{kind}" Target="{target}"/></Rel')


def add_type(parts: Parts, name: str, kind: str) -> None:
    """Says what content a part has; a kind without a slash is one of the spreadsheet's own."""
    kind = kind if "/" in kind else f"{TYPE}.{kind}+xml"
    swap(parts, TYPES, "</Types>", f'<Override PartName="/{name}" ContentType="{kind}"/></Types>')


def _row(number: int, cells: list[tuple[str, object]]) -> str:
    inner = "".join(f'<c r="{"ABCD"[at]}{number}" {kind}><v>{value}</v></c>' for at, (kind, value) in enumerate(cells))
    return f'<row r="{number}" spans="1:8">{inner}</row>'


def _relations(*targets: tuple[str, str]) -> str:
    items = "".join(
        f'<Relationship Id="rId{at}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for at, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def _types() -> str:
    overrides = {
        WORKBOOK: "sheet.main",
        SHEET: "worksheet",
        OTHER: "worksheet",
        TABLE: "table",
        STYLES: "styles",
        STRINGS: "sharedStrings",
    }
    items = "".join(
        f'<Override PartName="/{name}" ContentType="{TYPE}.{kind}+xml"/>' for name, kind in overrides.items()
    )
    return (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{items}'
        '<Override PartName="/docProps/app.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>'
    )
