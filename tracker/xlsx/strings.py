"""The shared strings of a workbook: read only, since new text is written into its cell."""

from __future__ import annotations

import re

from tracker.xlsx.cells import text_of
from tracker.xlsx.xml import check_patchable, root_prefix


def parse_strings(xml: bytes) -> list[str]:
    """Every shared string, rich text joined, phonetic hints left out."""
    check_patchable(xml, "the shared strings")
    prefix = root_prefix(xml, "sst")
    p = re.escape(prefix)
    pattern = re.compile(rb"<" + p + rb"si(?=[\s/>])[^>]*?(?:/>|>(.*?)</" + p + rb"si\s*>)", re.DOTALL)
    return [text_of(content or b"", prefix) for content in pattern.findall(xml)]
