"""What is to be looked at again, and when: the procedure, its items, waivers that end. As a list, and as a calendar.

The calendar is plain iCalendar (RFC 5545): one event a day long for each date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tracker.checklist.facts import Cells
from tracker.checklist.items import read_items
from tracker.checklist.look import Look
from tracker.journal.incoming import gather
from tracker.matching import as_date
from tracker.model import Problem
from tracker.settings import Settings
from tracker.values import key_text
from tracker.workbook import open_workbook

if TYPE_CHECKING:
    from typing import Protocol

    from tracker.folders import Folders

    class HasFolders(Protocol):
        """A registry."""

        folders: Folders


AHEAD = 14
"""Days before a review at which a check begins to speak of it."""
_LINE = 75
"""Bytes of a line of a calendar file (RFC 5545, 3.1)."""


class Review(NamedTuple):
    """One date."""

    day: date
    what: str
    owner: str = ""


def reviews_of(registry: HasFolders) -> list[Review]:
    """Every date that a registry names, the earliest first.

    Raises:
        As :func:`tracker.workbook.open_workbook`.
    """
    folders = registry.folders
    with open_workbook(folders.workbook) as workbook:
        settings = workbook.settings()
        look = Look(workbook, folders, gather(folders, workbook.stamp, settings), settings)
        return find_reviews(look.rows("sop"), look.rows("checklist"), settings)


def find_reviews(sop: Iterable[Cells], checklist: Iterable[Cells], settings: Settings) -> list[Review]:
    """The dates in these rows."""
    found = []
    if (day := as_date(settings.get("checklist.review"))) is not None:
        found.append(Review(day.date(), "The standard operating procedure is to be reviewed"))
    for item in read_items(sop):
        if item.next_review is not None:
            found.append(Review(item.next_review.date(), f"Item '{item.name}' is to be reviewed", item.owner))
    for row in checklist:
        until = as_date(row.get("until"))
        if until is not None and key_text(row.get("status")).lower() == "waived":
            what = f"The waiver of '{key_text(row.get('item'))}' for run {key_text(row.get('run_id'))} ends"
            found.append(Review(until.date(), what, key_text(row.get("who"))))
    return sorted(found)


def due_problems(reviews: Iterable[Review], today: date, sheet: str = "") -> list[Problem]:
    """What a check says of reviews that are due or late."""
    return [
        Problem(
            "review-due",
            f"{one.what}: {'since' if one.day < today else 'on'} {one.day}" + (f", {one.owner}." if one.owner else "."),
            "Look at it, and write the next date beside it.",
            sheet,
            severity="info",
        )
        for one in reviews
        if one.day <= today + timedelta(days=AHEAD)
    ]


def calendar(reviews: Sequence[Review], name: str, now: datetime) -> bytes:
    """The dates as a calendar file.

    Args:
        name: the registry's.
        now: when it is made (UTC, without a time zone).
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tracker//Reviews//EN",
        f"X-WR-CALNAME:{_escaped(name)} reviews",
    ]
    for one in reviews:
        uid = hashlib.sha256(f"{name}\0{one.what}\0{one.day}".encode("utf-8", "replace")).hexdigest()[:24]
        about = one.what + (f" ({one.owner})" if one.owner else "")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}@tracker",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{one.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{one.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(about)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(piece + b"\r\n" for line in lines for piece in _folded(line))


def _escaped(text: str) -> str:
    plain = "".join(sign for sign in text if sign.isprintable() or sign == "\n")
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> list[bytes]:
    """A line in pieces of at most 75 bytes, never cut within a character; all but the first begin with a blank."""
    pieces, piece = [], b""
    for sign in line:
        encoded = sign.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _LINE:
            pieces.append(piece)
            piece = b" "
        piece += encoded
    return [*pieces, piece]
