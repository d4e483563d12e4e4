"""An audit pack as one page that opens offline and prints: no script, nothing loaded, all stored text as text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tracker.cards.card import to_body
from tracker.errors import MissingPackageError
from tracker.exporting.findings import Finding
from tracker.exporting.report import TONES, Part, shown
from tracker.workbook import NewColumn

MOST_ROWS = 1000
"""Rows of a table that the page shows; the workbook and data.json have all."""
MOST_TEXT = 200_000
"""Characters of a text that the page shows; its own file has all."""
SYMBOLS = {"good": "✓", "caution": "!", "bad": "✗", "quiet": "·"}

_STYLE = """
:root{color-scheme:light dark;--ink:#16324a;--soft:#566776;--line:#d5dfe7;--pale:#f2f6f9;--paper:#fff;
--good:#00664b;--good-tint:#d9f2e9;--bad:#a33f00;--bad-tint:#fbe1d2;--caution:#7a5200;--caution-tint:#fdefd0;
--quiet:#566776;--quiet-tint:#edf0f3;--link:#005a8c;--head:#16324a}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e3ebf1;--soft:#a0b0bd;--line:#36424d;--pale:#1d252c;
--paper:#12181d;--good:#7fd9b9;--good-tint:#12372c;--bad:#ffa878;--bad-tint:#46240f;--caution:#f5c766;
--caution-tint:#3d2f10;--quiet:#a0b0bd;--quiet-tint:#242d35;--link:#7fc4f0;--head:#2b3f50}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 Calibri,Carlito,"Segoe UI",system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:2.2rem 1.6rem 4rem}
h1{font-size:2rem;line-height:1.15;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:2.6rem 0 .2rem;padding-top:.6rem;border-top:2px solid var(--ink)}
.kind{color:var(--soft);letter-spacing:.08em;text-transform:uppercase;font-size:.8rem;margin:0 0 .4rem}
.note,.nothing{color:var(--soft);margin:.1rem 0 .8rem}
a{color:var(--link)}
nav{margin:1.4rem 0 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem}
ul.findings{list-style:none;margin:1.4rem 0 0;padding:0;display:grid;gap:.4rem}
ul.findings li{display:grid;grid-template-columns:2rem 7.5rem 1fr;padding:.45rem .7rem;border-radius:.35rem;
overflow-wrap:anywhere}
ul.findings b{font-weight:600}
.good{color:var(--good);background:var(--good-tint)}.bad{color:var(--bad);background:var(--bad-tint)}
.caution{color:var(--caution);background:var(--caution-tint)}.quiet{color:var(--quiet);background:var(--quiet-tint)}
ul.findings li span:last-child{color:var(--ink)}
td .word{padding:.05rem .45rem;border-radius:.3rem;font-weight:600;white-space:nowrap}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{background:var(--head);color:#fff;text-align:left;font-weight:600;padding:.35rem .6rem;white-space:nowrap}
td{border-bottom:1px solid var(--line);padding:.35rem .6rem;vertical-align:top;overflow-wrap:anywhere;min-width:6.2rem;
white-space:pre-line}
td.number,th.number,td.count,th.count{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.time{white-space:nowrap;font-variant-numeric:tabular-nums}
td.code,pre{font-family:Consolas,"DejaVu Sans Mono",ui-monospace,monospace;font-size:.82rem}
td.code{min-width:9rem}
pre{background:var(--pale);border:1px solid var(--line);border-radius:.35rem;padding:.8rem;overflow-x:auto;
white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.4}
.card{border:1px solid var(--line);border-radius:.5rem;padding:.4rem 1.4rem 1rem;margin-top:.8rem}
.card h3{font-size:1.2rem}.card h4{font-size:1.02rem;margin:1.2rem 0 .3rem}
.card table{width:auto;margin:.4rem 0}.card th{white-space:normal}.card p>em:only-child{color:var(--caution)}
footer{margin-top:3rem;color:var(--soft);font-size:.85rem}
@page{size:A4 landscape;margin:14mm}
@media print{body{font-size:10pt}main{max-width:none;padding:0}nav{display:none}h2,.note{break-after:avoid}
.wide,pre{overflow:visible}thead{display:table-header-group}tr,ul.findings li{break-inside:avoid}
table{font-size:8pt}td,th{padding:.2rem .35rem}td{min-width:16mm}td.code,pre{font-size:7pt}th{white-space:normal}
footer{margin-top:1rem}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def write_page(
    title: str, kind: str, about: Sequence[str], findings: Sequence[Finding], parts: Sequence[Part], card: str
) -> str:
    """The page.

    Args:
        kind: what the title is, such as ``Model version``.
        about: lines below the title.
        card: a model card as Markdown, shown after the first part; empty for none.
    """
    body = "\n".join(_body(title, kind, about, findings, parts, card))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)} – audit pack</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _body(
    title: str, kind: str, about: Sequence[str], findings: Sequence[Finding], parts: Sequence[Part], card: str
) -> Iterator[str]:
    yield f'<p class="kind">Audit pack · {_text(kind)}</p>\n<h1>{_text(title)}</h1>'
    yield "\n".join(f'<p class="note">{_text(line)}</p>' for line in about)
    yield '<ul class="findings">'
    for one in findings:
        yield f'<li class="{one.tone}"><span>{SYMBOLS[one.tone]}</span><b>{_text(one.what)}</b>'
        yield f"<span>{_text(one.says)}</span></li>"
    yield "</ul>"
    names = [part.name for part in parts]
    if card:
        names.insert(1, "Model card")
    links = (f'<a href="#{_anchor(name)}">{_text(name)}</a>' for name in names)
    yield f"<nav>{' '.join(links)}</nav>"
    for place, part in enumerate(parts):
        yield from _part(part)
        if place == 0 and card:
            yield from _card(card)
    yield "<footer>Made by Tracker. manifest.json has the SHA-256 of every file in this pack.</footer>"


def _part(part: Part) -> Iterator[str]:
    yield f'<section id="{_anchor(part.name)}">\n<h2>{_text(part.name)}</h2>\n<p class="note">{_text(part.note)}</p>'
    if part.rows:
        yield _table(part.columns, part.rows[:MOST_ROWS])
        if len(part.rows) > MOST_ROWS:
            more = f"{len(part.rows) - MOST_ROWS:,} more rows are in audit.xlsx and data.json."
            yield f'<p class="note">{more}</p>'
    else:
        yield f'<p class="nothing">{_text(part.nothing)}</p>'
    if part.text:
        cut = "\n… cut off here; the file in this pack has all" if len(part.text) > MOST_TEXT else ""
        yield f"<pre>{_text(part.text[:MOST_TEXT] + cut)}</pre>"
    yield "</section>"


def _table(columns: Sequence[NewColumn], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f'<th class="{column.look}">{_text(column.header)}</th>' for column in columns)
    lines = [
        "<tr>" + "".join(_cell(column, value) for column, value in zip(columns, row, strict=True)) + "</tr>"
        for row in rows
    ]
    top = f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>'
    return "\n".join([top, *lines, "</tbody></table></div>"])


def _cell(column: NewColumn, value: Any) -> str:
    text = shown(value, column.look)
    if column.look == "state" and text in TONES:
        return f'<td><span class="word {TONES[text]}">{_text(text)}</span></td>'
    return f'<td class="{column.look}">{_text(text)}</td>'


def _card(markdown: str) -> Iterator[str]:
    try:
        body = to_body(markdown)
    except MissingPackageError:
        body = f"<pre>{_text(markdown)}</pre>"
    body = re.sub(r"(</?h)([12])>", lambda tag: f"{tag[1]}{int(tag[2]) + 2}>", body)
    yield '<section id="model-card">\n<h2>Model card</h2>\n<p class="note">As of now; the file is card.md.</p>'
    yield f'<article class="card">\n{body}</article>\n</section>'


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z]+", "-", name.lower())


def _text(text: str) -> str:
    """Text that shows as it is; what no eye sees, such as a change of the direction of writing, shows as its number."""
    seen = "".join(sign if sign in "\n\t" or sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return html.escape(seen)
