"""Who has the workbook open: the lock files that Excel and LibreOffice put beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracker.errors import WorkbookOpenElsewhereError


@dataclass(frozen=True, slots=True)
class OpenElsewhere:
    """A program that has the workbook open, and the person's name as it gives it."""

    program: str
    owner: str
    lock: str


def open_elsewhere(workbook: Path) -> OpenElsewhere | None:
    """Who has the workbook open in Excel or LibreOffice; None where nobody has."""
    libreoffice = workbook.with_name(f".~lock.{workbook.name}#")
    try:
        text = libreoffice.read_text("utf-8", "replace")
        return OpenElsewhere("LibreOffice", _libreoffice_owner(text), libreoffice.name)
    except OSError:
        pass
    excel = workbook.with_name(f"~${workbook.name}")
    try:
        return OpenElsewhere("Excel", _excel_owner(excel.read_bytes()), excel.name)
    except PermissionError:  # on Windows Excel holds its lock file closed to others
        return OpenElsewhere("Excel", "somebody", excel.name)
    except OSError:
        return None


def refuse_open_elsewhere(workbook: Path) -> None:
    """Raise WorkbookOpenElsewhereError where somebody has the workbook open."""
    found = open_elsewhere(workbook)
    if found is not None:
        raise WorkbookOpenElsewhereError(path=workbook, program=found.program, owner=found.owner, lock=found.lock)


def _libreoffice_owner(text: str) -> str:
    """``OOOUSER,SYSUSER,HOST,…;`` with backslash escapes: the person's name, or the login and host."""
    fields = [""]
    escaped = False
    for character in text:
        if escaped or character not in "\\,;":
            fields[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == ",":
            fields.append("")
        else:
            break
    name, login, host, *_ = [*fields, "", "", ""]
    return name.strip() or (f"{login} on {host}" if login and host else login) or "somebody"


def _excel_owner(content: bytes) -> str:
    """The name in UTF-16 behind offset 55, else the one in the old code page at the start."""
    if len(content) >= 57:
        length = int.from_bytes(content[55:57], "little")
        name = content[57 : 57 + 2 * length].decode("utf-16-le", "replace").strip("\x00 ")
        if name and length <= 54:
            return name
    if content and len(content) > content[0]:
        return content[1 : 1 + content[0]].decode("cp1252", "replace").strip("\x00 ") or "somebody"
    return "somebody"
