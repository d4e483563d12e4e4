"""Just enough XML to read and patch parts byte by byte, so that all else stays as the person's program wrote it.

Works on UTF-8 bytes with any namespace prefix, attribute order and quotes. Parts in another encoding, or with a
DOCTYPE, are refused by :func:`check_patchable`; nothing here expands entities, so no document can make it run away.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITY = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|amp|lt|gt|quot|apos);")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPED_CHARACTER = re.compile(r"_x([0-9a-fA-F]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_COMMENT = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


class UnpatchablePart(Exception):
    """A part that cannot be read or patched as bytes; says why. workbook.py turns it into an error with the path."""


def check_patchable(xml: bytes, what: str) -> None:
    """Refuse encodings, DOCTYPEs and comments with which a patch by bytes could go wrong."""
    start = xml[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start:
        raise UnpatchablePart(f"{what} is in UTF-16")
    if start.startswith(b"<?xml"):
        declaration = start[: start.find(b"?>") + 2]
        encoding = re.search(rb"""encoding\s*=\s*["']([^"']+)["']""", declaration)
        if encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
            raise UnpatchablePart(f"{what} is in the encoding {encoding[1].decode('latin-1')}")
    if b"<!DOCTYPE" in xml[:4096]:
        raise UnpatchablePart(f"{what} has a DOCTYPE")
    if b"!" in xml:  # one character is found absent much faster than two
        for comment in _COMMENT.finditer(xml):
            if (
                b"<row" in comment[0]
                or b":row" in comment[0]
                or b"sheetData" in comment[0]
                or b"<![CDATA" in comment[0]
            ):
                raise UnpatchablePart(f"{what} has cells inside a comment or CDATA section")


def attributes(tag: bytes) -> dict[str, str]:
    """The attributes of one start tag, decoded, by their name as written."""
    found = {}
    for match in _ATTRIBUTE.finditer(tag):
        raw = match[2] if match[2] is not None else match[3]
        text = raw.decode("utf-8", "replace")
        found[match[1].decode("latin-1")] = unescape(text) if "&" in text else text
    return found


def local_attributes(tag: bytes) -> dict[str, str]:
    """As :func:`attributes`, without namespace prefixes: ``r:id`` is ``id`` unless the tag also has a plain ``id``."""
    found = attributes(tag)
    for name in list(found):
        found.setdefault(name.rpartition(":")[2], found[name])
    return found


def set_attribute(tag: bytes, name: str, value: str) -> bytes:
    """The start tag with the attribute set; everything else in it stays as it stands."""
    encoded = escape_attribute(value)
    pattern = re.compile(rb"""(\s""" + re.escape(name.encode()) + rb"""\s*=\s*)(?:"[^"]*"|'[^']*')""")
    if pattern.search(tag):
        return pattern.sub(lambda match: match[1] + b'"' + encoded + b'"', tag, count=1)
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + b" " + name.encode() + b'="' + encoded + b'"' + tag[end:]


def drop_attribute(tag: bytes, name: str) -> bytes:
    """The start tag without the attribute."""
    return re.sub(rb"""\s""" + re.escape(name.encode()) + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag, count=1)


def root_prefix(xml: bytes, name: str) -> bytes:
    """The namespace prefix of the root element, with its colon: ``b""`` or ``b"x:"``. Raises UnpatchablePart."""
    match = re.search(rb"<(?![?!])((?:[\w.-]+:)?)([\w.-]+)", xml[:65536])
    if match is None or match[2] != name.encode():
        raise UnpatchablePart(f"its root element is not <{name}>")
    return match[1]


@lru_cache(maxsize=256)
def tag_pattern(prefix: bytes, name: bytes) -> re.Pattern[bytes]:
    """Matches one start tag (or self-closed element) of that name; attributes may hold a bare ``>``."""
    return re.compile(rb"<" + re.escape(prefix + name) + rb"""(?=[\s/>])(?:[^>"']|"[^"]*"|'[^']*')*>""")


def tags(xml: bytes, prefix: bytes, name: str) -> list[bytes]:
    """All start tags of that name, as they stand."""
    return tag_pattern(prefix, name.encode()).findall(xml)


SHORT = 64
"""Texts up to this length come again and again: names, states, numbers of versions."""


def escape(text: str) -> bytes:
    """Text as it stands inside an element of a cell: XML escapes, and ``_xHHHH_`` for what XML cannot hold."""
    return _escaped_short(text) if len(text) <= SHORT else _escaped(text)


def _escaped(text: str) -> bytes:
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub("_x005F_", text)
    if _CONTROL.search(text):
        text = _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode("utf-8", "replace")


_escaped_short = lru_cache(maxsize=4096)(_escaped)


def escape_attribute(text: str) -> bytes:
    """Text as it stands inside a double-quoted attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").encode("utf-8")


def unescape(text: str) -> str:
    """XML's own escapes resolved."""
    return _ENTITY.sub(_resolve, text) if "&" in text else text


def unescape_text(text: str) -> str:
    """A cell's text: XML's escapes and the format's ``_xHHHH_`` resolved."""
    return unescape_characters(unescape(text))


def unescape_characters(text: str) -> str:
    """The format's ``_xHHHH_`` resolved, in text whose XML escapes are resolved already."""
    return _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _resolve(match: re.Match[str]) -> str:
    body = match[1]
    if body in _NAMED:
        return _NAMED[body]
    code = int(body[2:], 16) if body[1] in "xX" else int(body[1:])
    return chr(code) if code < 0x110000 else "\ufffd"
