"""A model card as text: what Tracker knows, written anew each time, and blanks that people complete, which stay.

In the Markdown, comments mark what is whose. Between ``<!-- tracker:KEY -->`` and ``<!-- /tracker:KEY -->`` stands what
the registry knows, replaced each time; between ``<!-- yours:KEY -->`` and ``<!-- /yours:KEY -->`` what people write,
never touched; a blank says what is missing. Whatever else a person adds anywhere in the file stays where it is.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.deciding.decision import on_one_line
from tracker.errors import MissingPackageError

_BLANK = re.compile(r"^\*Not stated: [^\n]*\*[ \t]*$", re.MULTILINE)
_MARK = re.compile(r"^<!-- /?(?:tracker|yours):[a-z-]+[^\n]*-->[ \t]*\n?", re.MULTILINE)
_FRONT = re.compile(r"---\n(.*?)^---\n", re.DOTALL | re.MULTILINE)
_CARRIED = "texts_of"
"""The line of the front matter that says from which version's card people's texts were taken over."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a card."""

    key: str
    """Small letters and hyphens; it marks the section in the file, so it stays the same for ever."""
    title: str
    """Its heading; empty for the head of the card, which has its own."""
    known: Sequence[str] = ()
    """What the registry knows: lines of Markdown."""
    asks: str = ""
    """What people are to add; empty where nothing is asked."""


@dataclass(frozen=True, slots=True)
class Card:
    """A model card."""

    markdown: str
    blanks: tuple[Section, ...]
    """The sections that nobody has completed yet."""


def write_card(title: str, facts: Mapping[str, Any], sections: Sequence[Section], earlier: str = "") -> Card:
    """Write a card, anew or over an earlier one, whose texts by people are kept.

    Args:
        facts: the front matter: what a program may want to know of the card; ``version`` is the model's.
        earlier: the Markdown of the card so far, or of the version before; empty where there is none.
    """
    text = earlier.replace("\r\n", "\n")
    was = read_facts(text)
    facts = dict(facts)
    before = was.get("version", facts.get("version"))
    if before != facts.get("version"):
        facts[_CARRIED] = before
    elif _CARRIED in was:
        facts[_CARRIED] = was[_CARRIED]
    text = _with_front(text, facts)
    for section in (Section("card", "", _head(title, facts)), *sections):
        text = _with_section(text, section)
    return Card(text, blanks_in(text, sections))


def blanks_in(markdown: str, sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections of a card in which people have written nothing yet."""
    asking = (section for section in sections if section.asks)
    return tuple(section for section in asking if not _written(_inside(markdown, "yours", section.key) or ""))


def read_facts(markdown: str) -> dict[str, Any]:
    """The front matter of a card; only lines ``name: value``."""
    match = _FRONT.match(markdown.replace("\r\n", "\n"))
    facts = {}
    for line in match[1].splitlines() if match else ():
        name, colon, value = line.partition(":")
        if colon and re.fullmatch(r"\w+", name):
            try:
                facts[name] = json.loads(value)
            except ValueError:
                facts[name] = value.strip()
    return facts


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """A table as Markdown, with a blank line after it; nothing where there are no rows. Cells are plain values."""
    if not rows:
        return []
    lines = [headers, ["---"] * len(headers), *([plain(cell) for cell in row] for row in rows)]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def plain(value: Any) -> str:
    """A value in Markdown, on one line, that shows as it is and does nothing else."""
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else on_one_line(str(value))
    text = re.sub(r"[\\`*\[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[#+-]", r"\\\g<0>", text)
    return re.sub(r"^(\d+)([.)])(?=\s)", r"\1\\\2", text)


def code(lines: Sequence[str]) -> list[str]:
    """Lines as a block of code that nothing in them can end, nor be taken for a mark."""
    printable = ["".join(sign if sign.isprintable() else " " for sign in line) for line in lines]
    inside = [line.replace("<!--", "<! --") for line in printable]
    longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *inside, fence, ""]


# -- putting together ---------------------------------------------------------------------------------------------


def _head(title: str, facts: Mapping[str, Any]) -> list[str]:
    if _CARRIED not in facts:
        return [f"# {plain(title)}", ""]
    return [
        f"# {plain(title)}",
        "",
        f"What people wrote below was taken over from the card of v{plain(facts[_CARRIED])}. Check that it still "
        f"holds, then delete the line `{_CARRIED}` at the top of the file.",
        "",
    ]


def _with_front(text: str, facts: Mapping[str, Any]) -> str:
    """The text with our lines of the front matter anew, and a person's own lines as they were."""
    match = _FRONT.match(text)
    kept = []
    for line in match[1].splitlines() if match else ():
        if line.partition(":")[0] not in (*facts, _CARRIED):
            kept.append(line)
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items()]
    front = "\n".join(["---", *lines, *kept, "---"]) + "\n"
    return front + (text[match.end() :] if match else f"\n{text}" if text else "")


def _with_section(text: str, section: Section) -> str:
    """The text with what is known in a section anew; a section that is not there comes to the end."""
    known = "\n".join(section.known).rstrip("\n")
    ours = _block("tracker", section.key, " Tracker writes this part; changes in it are lost.", known)
    place = _find(text, "tracker", section.key)
    if place is None:
        heading = f"## {section.title}\n\n" if section.title else ""
        text = f"{text.rstrip()}\n\n{heading}{ours}\n"
    else:
        text = text[: place[0]] + ours + text[place[1] :]
    if not section.asks:
        return text
    blank = f"*Not stated: {section.asks} Complete it here.*"
    place = _find(text, "yours", section.key)
    if place is None:
        after = _find(text, "tracker", section.key)
        end = after[1] if after else len(text)
        return f"{text[:end]}\n\n{_block('yours', section.key, ' Write here; it stays.', blank)}{text[end:]}"
    written = _written(_inside(text, "yours", section.key) or "")
    if written and _BLANK.search(text[place[0] : place[1]]) is None:
        return text
    return (
        text[: place[0]] + _block("yours", section.key, " Write here; it stays.", written or blank) + text[place[1] :]
    )


def _block(whose: str, key: str, remark: str, content: str) -> str:
    return "\n".join(part for part in (f"<!-- {whose}:{key}{remark} -->", content, f"<!-- /{whose}:{key} -->") if part)


def _find(text: str, whose: str, key: str) -> tuple[int, int] | None:
    """Where a marked part begins and ends, its marks included; None where one of its marks is missing."""
    begin = re.search(rf"^<!-- {whose}:{key}\b(?!-)[^\n]*-->[ \t]*$", text, re.MULTILINE)
    if begin is None:
        return None
    end = re.compile(rf"^<!-- /{whose}:{key} -->", re.MULTILINE).search(text, begin.end())
    return (begin.start(), end.end()) if end else None


def _inside(text: str, whose: str, key: str) -> str | None:
    place = _find(text, whose, key)
    if place is None:
        return None
    return "\n".join(text[place[0] : place[1]].split("\n")[1:-1])


def _written(inside: str) -> str:
    """What people wrote in a part, without the sentence that asked for it."""
    return _BLANK.sub("", inside).strip()


# -- HTML ---------------------------------------------------------------------------------------------------------

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border:1px solid #bbb;padding:.25rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#f0f0f0}pre{background:#f5f5f5;padding:.8rem;overflow-x:auto}"
    "em:first-child:last-child{color:#8a4b00}h1,h2{line-height:1.2}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#16181c}th{background:#2a2d33}"
    "pre{background:#22252a}th,td{border-color:#555}em:first-child:last-child{color:#ffb866}a{color:#8ab4ff}}"
)


def to_body(markdown: str) -> str:
    """A card as HTML without a page around it: HTML in the text is shown as text, and nothing is loaded.

    Raises:
        MissingPackageError: markdown-it-py is not installed.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise MissingPackageError(what="A model card as HTML", package="markdown-it-py") from None
    text = _MARK.sub("", _FRONT.sub("", markdown.replace("\r\n", "\n"), count=1))
    # An image would be loaded from somewhere, and tell there who reads the card: it is shown as a link.
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text))


def to_html(markdown: str, title: str) -> str:
    """A card as a page of its own: no script, nothing loaded from anywhere, HTML in the text shown as text.

    Raises:
        MissingPackageError: markdown-it-py is not installed.
    """
    body = to_body(markdown)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
