"""Traps in how the parts hang together, and in the zip that holds them."""

from __future__ import annotations

from typing import Any

from tracker.errors import NotAWorkbookError, WorkbookUnsupportedError
from zoo.raw import (
    DECLARATION,
    MAIN,
    OTHER,
    PACKAGE,
    RELATIONS,
    SHEET,
    SHEET_RELS,
    STRINGS,
    TYPES,
    WORKBOOK,
    WORKBOOK_RELS,
    add_relation,
    add_type,
)
from zoo.traps import UNSUPPORTED, trap
from zoo.zips import Parts, rename_part, swap, swap_pattern


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
def names_with_backslashes(parts: Parts) -> dict[str, Any]:
    """As some zip programs for Windows write; nothing else in the package says so."""
    return {"items": [(name.replace("/", "\\"), body) for name, body in parts.items()]}


@trap()
def own_document_properties(parts: Parts) -> None:
    """Somebody's custom properties, with a sensitivity label and gaps in the numbers; they stay beside the stamp."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006"
    form = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
    parts["docProps/custom.xml"] = (
        f'{DECLARATION}<Properties xmlns="{office}/custom-properties" xmlns:vt="{office}/docPropsVTypes">'
        f'<property fmtid="{form}" pid="7" name="MSIP_Label_1_Enabled"><vt:lpwstr>true</vt:lpwstr></property>'
        f'<property fmtid="{form}" pid="3" name="Reviewed"><vt:filetime>2026-01-05T00:00:00Z</vt:filetime>'
        "</property></Properties>"
    ).encode()
    add_relation(parts, "_rels/.rels", "rId7", "custom-properties", "docProps/custom.xml")
    add_type(parts, "docProps/custom.xml", "application/vnd.openxmlformats-officedocument.custom-properties+xml")


@trap()
def a_gap_before_the_first_member(parts: Parts) -> dict[str, Any]:
    """Bytes that belong to no member; every offset counts them."""
    return {"prefix": b"#!/bin/sh\nexit 0\n"}


@trap(refused=(NotAWorkbookError, WorkbookUnsupportedError), rows=None)
def bytes_put_before_the_zip(parts: Parts) -> dict[str, Any]:
    """They shift every offset, as in self-extracting archives; lenient readers still find the members."""
    return {"prefix": b"#!/bin/sh\nexit 0\n", "counts_prefix": False}


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
        '<Default Extension="sigs" '
        'ContentType="application/vnd.openxmlformats-package.digital-signature-origin"/><Default ',
        1,
    )
    kind = f"{PACKAGE}/relationships/digital-signature/origin"
    add_relation(parts, "_rels/.rels", "rId9", kind, "_xmlsignatures/origin.sigs")


@trap(refused=UNSUPPORTED)
def an_old_shared_workbook(parts: Parts) -> None:
    """Excel's revision log would contradict any change."""
    parts["xl/revisions/revisionHeaders.xml"] = (
        f'{DECLARATION}<headers xmlns="{MAIN}" xmlns:r="{RELATIONS}" guid="{{00000000-0000-0000-0000-000000000001}}"/>'
    ).encode()
    add_relation(parts, WORKBOOK_RELS, "rId9", "revisionHeaders", "revisions/revisionHeaders.xml")
    add_type(parts, "xl/revisions/revisionHeaders.xml", "revisionHeaders")
