"""Cells that open a file when they are clicked: a HYPERLINK formula of constant text, so as many as there are rows.

Relationships, Excel's other kind of link, end at 65,530 a sheet, and a sort leaves them where they were. Such a cell
counts as its text, not as a formula: it depends on nothing, and its text is what was set.
"""

from __future__ import annotations

import re

MAX_LITERAL = 255
"""Characters of UTF-16 that a text in a formula may have."""

_AMBIGUOUS = re.compile(r"""[#%?*:"<>|\\\x00-\x1f\x7f]|_x|(^|/)(\.*)(/|$)""")
"""What leads out of the folder, or means something else in an address, a formula or the XML of one."""
_LITERAL = r'"((?:[^"]|"")*+)"'
_LINK = re.compile(rf"\s*HYPERLINK\(\s*{_LITERAL}\s*,\s*{_LITERAL}\s*\)\s*")


class Link(str):
    """A path relative to the workbook's folder, to be written as a cell that opens it; made by :func:`as_link`."""

    __slots__ = ()

    @property
    def formula(self) -> str:
        """The formula, without ``=``."""
        literal = '"' + self.replace('"', '""') + '"'
        return f"HYPERLINK({literal},{literal})"


def as_link(path: str) -> Link | None:
    """The path as a link; None where it is too long for a formula, or programs would not all open the same."""
    if len(path.encode("utf-16-le")) > 2 * MAX_LITERAL or _AMBIGUOUS.search(path):
        return None
    return Link(path)


def link_text(formula: str) -> str | None:
    """The text of a link, from its formula; None for any other formula."""
    match = _LINK.fullmatch(formula) if "HYPERLINK" in formula else None
    if match is None or match[1] != match[2]:
        return None
    return match[1].replace('""', '"')
