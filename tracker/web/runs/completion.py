"""Completion in the query bar: columns, operators and values are offered as one types, with the keyboard or the mouse.

The text field stays streamlit's own; this listens to it. Where scripts are off, one types as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from tracker.web.reading import columns
from tracker.web.runs import hints

CSS = """
.tracker-completion { position: fixed; z-index: 1000; margin: 0; padding: 0.25rem; list-style: none; max-height: 19rem;
  overflow-y: auto; min-width: 15rem; max-width: 34rem; border: 1px solid var(--st-border-color); border-radius: 0.4rem;
  background: var(--st-background-color); color: var(--st-text-color); font: 0.875rem var(--st-font);
  box-shadow: 0 4px 16px rgba(0, 0, 0, 0.16); }
.tracker-completion[hidden] { display: none; }
.tracker-completion li { display: flex; gap: 1.5rem; justify-content: space-between; padding: 0.25rem 0.6rem;
  border-radius: 0.25rem; cursor: pointer; white-space: nowrap; }
.tracker-completion li span:first-child { overflow: hidden; text-overflow: ellipsis; }
.tracker-completion li span:last-child { opacity: 0.65; }
.tracker-completion li[aria-selected="true"], .tracker-completion li:hover {
  background: var(--st-secondary-background-color); }
.st-key-completion { position: absolute; height: 0; }
"""

JS = r"""
const OPERATORS = { number: [">", ">=", "<", "<=", "=", "!=", "between", "is not null", "is null"],
  time: [">=", "<=", ">", "<", "between", "is null"], text: ["=", "!=", "like", "in", "is not null", "is null"] };
const NAME = "([\\w.\\-\\/:@]*(?:\"[^\"]*\"|`[^`]*`)?)", MOST = 12;
const VALUE = new RegExp(NAME
  + "\\s*(?:[<>!=]=?|<>|\\bi?like\\b|\\bin\\s*\\((?:[^()]*,)?)\\s*('[^']*|[\\w.:\\-]*)$", "i");
const COLUMN = new RegExp(NAME + "\\s+$");
let words = { columns: [] }, list, shown = [], active = -1, field;

const named = text => words.columns.find(one => one.text === text || one.name === text);

const beginning = (texts, begun) => texts.filter(one => one.startsWith(begun.toLowerCase()))
  .map(one => ({ text: one, about: "" }));

/* What may stand where the writer is: the part that was begun, and what it may become. */
function possible(left) {
  const value = left.match(VALUE);
  if (value && named(value[1])) {
    const begun = value[2], start = begun.replace(/^'/, "").toLowerCase();
    const fits = named(value[1]).values.filter(one => one.replace(/^'/, "").toLowerCase().includes(start));
    return [begun, fits.map(one => ({ text: one, about: "" }))];
  }
  const begun = left.match(/[\w.\-\/:@]*(?:"[^"]*"?|`[^`]*`?)?$/)[0];
  const before = left.slice(0, left.length - begun.length);
  if (/(^|\(|\band\b|\bor\b|\bnot\b)\s*$/i.test(before)) {
    const start = begun.toLowerCase();
    const begins = text => text.toLowerCase().startsWith(start);
    const rank = one => begins(one.text) ? 0 : begins(one.short) ? 1 : 2;
    const fits = words.columns.filter(one => one.text.toLowerCase().includes(start) && one.text !== begun);
    return [begun, fits.sort((a, b) => rank(a) - rank(b)).map(one => ({ text: one.text, about: one.about }))];
  }
  const column = before.match(COLUMN);
  if (column && named(column[1]))
    return [begun, beginning(OPERATORS[named(column[1]).kind], begun)];
  if (/('|\d|\)|null|true|false)\s+$/i.test(before))
    return [begun, beginning(["and", "or"], begun)];
  return [begun, []];
}

function close() { list.hidden = true; active = -1; field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant"); }

function mark(number) {
  active = number;
  [...list.children].forEach((item, place) => item.setAttribute("aria-selected", place === number));
  if (number < 0) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", list.children[number].id);
  list.children[number].scrollIntoView({ block: "nearest" });
}

function offer() {
  const caret = field.selectionStart, [begun, fits] = possible(field.value.slice(0, caret));
  shown = fits.slice(0, MOST).map(one => ({ ...one, begun }));
  list.replaceChildren(...shown.map((one, place) => {
    const [item, text, about] = ["li", "span", "span"].map(kind => document.createElement(kind));
    item.id = "tracker-completion-" + place;
    item.setAttribute("role", "option"); item.setAttribute("aria-selected", "false");
    text.textContent = one.text; about.textContent = one.about;
    item.append(text, about);
    item.addEventListener("mousedown", event => { event.preventDefault(); take(place); });
    return item;
  }));
  if (!shown.length) return close();
  const box = field.getBoundingClientRect();
  list.style.left = Math.min(box.left + 28, window.innerWidth - 260) + "px";
  list.style.top = box.bottom + 4 + "px";
  list.hidden = false; active = -1; field.setAttribute("aria-expanded", "true");
}

function take(number) {
  const caret = field.selectionStart, one = shown[number], start = caret - one.begun.length;
  const tail = one.text === "in" ? " (" : " ";
  const text = field.value.slice(0, start) + one.text + tail + field.value.slice(caret).trimStart();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.setSelectionRange(start + one.text.length + tail.length, start + one.text.length + tail.length);
  offer();
}

function pressed(event) {
  if (list.hidden) { if (event.key === "ArrowDown") { event.preventDefault(); offer(); } return; }
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  const from = active < 0 && event.key === "ArrowUp" ? 0 : active;
  if (event.key in moves) mark((from + moves[event.key] + shown.length) % shown.length);
  else if (event.key === "Escape") close();
  else if (event.key === "Tab" && !event.shiftKey && (active >= 0 || shown[0].begun)) take(Math.max(active, 0));
  else if (event.key === "Enter" && active >= 0) take(active);
  else { if (event.key === "Enter") close(); return; }
  event.preventDefault(); event.stopPropagation();
}

export default function (component) {
  words = component.data;
  const found = document.querySelector(".st-key-filter input");
  if (!found) return;
  if (!list || !list.isConnected) {
    list = document.createElement("ul");
    list.className = "tracker-completion"; list.id = "tracker-completion"; list.hidden = true;
    list.setAttribute("role", "listbox"); list.setAttribute("aria-label", "What may stand here");
    component.parentElement.append(list);
  }
  if (found !== field) {
    field = found;
    const facts = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" };
    for (const [name, value] of Object.entries(facts)) field.setAttribute(name, value);
    field.setAttribute("autocomplete", "off"); field.setAttribute("spellcheck", "false");
    field.addEventListener("input", event => { if (event.isTrusted) offer(); });
    field.addEventListener("focus", offer); field.addEventListener("click", offer);
    field.addEventListener("blur", close); field.addEventListener("keydown", pressed);
  }
}
"""

_mount = st.components.v2.component("tracker.completion", css=CSS, js=JS, isolate_styles=False)


def show(known: Sequence[hints.Hint]) -> None:
    """Listen to the field under ``filter``."""
    told: list[dict[str, Any]] = [
        {
            "name": hint.column,
            "text": columns.written(hint.column),
            "short": columns.short(hint.column),
            "kind": hint.kind,
            "about": hint.about,
            "values": list(hint.values),
        }
        for hint in known
    ]
    _mount(key="completion", data={"columns": told})
