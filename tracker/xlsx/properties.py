"""Custom document properties: the one hidden place that Excel and LibreOffice both keep, so the stamp is there."""

from __future__ import annotations

import re

from tracker.xlsx.xml import (
    attributes,
    check_patchable,
    escape,
    escape_attribute,
    root_prefix,
    tag_pattern,
    unescape_text,
)

PART = "docProps/custom.xml"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
RELATIONSHIP = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_VALUE = re.compile(rb"<(?:[\w.-]+:)?(?:lpwstr|lpstr|bstr|i4|r8)(?=[\s>])[^>]*>(.*?)</", re.DOTALL)

EMPTY = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
    b'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"></Properties>'
)


def get_property(xml: bytes, name: str) -> str | None:
    """The text of a property; None where there is none of that name."""
    match = _find(xml, name)
    if match is None:
        return None
    value = _VALUE.search(match[0])
    return unescape_text(value[1].decode("utf-8", "replace")) if value else None


def set_property(xml: bytes, name: str, value: str) -> bytes:
    """The part with the property set to a text; every other property stays as it stands."""
    check_patchable(xml, "the custom properties part")
    prefix = root_prefix(xml, "Properties")
    match = _find(xml, name)
    if match is not None:
        number = attributes(match[0]).get("pid", "2")
        return xml[: match.start()] + _element(prefix, name, value, number) + xml[match.end() :]
    ids = [int(found.get("pid", "1")) for found in map(attributes, tag_pattern(prefix, b"property").findall(xml))]
    element = _element(prefix, name, value, str(max([1, *ids]) + 1))
    end = xml.rfind(b"</%sProperties" % prefix)
    if end < 0:  # a self-closed root
        root = tag_pattern(prefix, b"Properties").search(xml)
        assert root is not None
        return xml[: root.end() - 2] + b">" + element + b"</%sProperties>" % prefix + xml[root.end() :]
    return xml[:end] + element + xml[end:]


def _find(xml: bytes, name: str) -> re.Match[bytes] | None:
    prefix = re.escape(root_prefix(xml, "Properties"))
    pattern = re.compile(rb"<" + prefix + rb"property(?=\s)[^>]*?(?:/>|>.*?</" + prefix + rb"property\s*>)", re.DOTALL)
    for match in pattern.finditer(xml):
        if attributes(match[0][: match[0].find(b">") + 1]).get("name") == name:
            return match
    return None


def _element(prefix: bytes, name: str, value: str, number: str) -> bytes:
    namespace = b"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
    return b'<%sproperty fmtid="%b" pid="%b" name="%b"><vt:lpwstr xmlns:vt="%b">%b</vt:lpwstr></%sproperty>' % (
        prefix, _FORMAT_ID.encode(), number.encode(), escape_attribute(name), namespace, escape(value), prefix,
    )  # fmt: skip
