"""What somebody types is kept in their browser until it is saved, so that reloading a page loses none of it.

The fields stay streamlit's own; this listens to them, also while nothing of it has been sent. It is kept nowhere else:
who may only look leaves no file by it, and neither does anybody else. Where scripts are off, one types as before.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import streamlit as st

from tracker.web.common.context import Context

CSS = """
.tracker-draft { display: flex; flex-wrap: wrap; gap: 0.4rem 0.8rem; align-items: center; padding: 0.4rem 0.8rem;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius, 0.5rem);
  background: var(--st-secondary-background-color); color: var(--st-text-color); font: 0.875rem var(--st-font); }
.tracker-draft[hidden] { display: none; }
[class*="st-key-drafts-"]:has(.tracker-draft[hidden]) { position: absolute; height: 0; }
.tracker-draft button { padding: 0.15rem 0.7rem; border: 1px solid var(--st-border-color); cursor: pointer;
  border-radius: var(--st-button-radius, 0.5rem); background: var(--st-background-color); color: inherit;
  font: inherit; }
.tracker-draft button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""

JS = r"""
const DAYS = 30, MOST = 100_000, forgotten = new Set(), names = new Map(), before = new WeakMap();

const read = name => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
const drop = name => { try { localStorage.removeItem(name); } catch { /* there is no such room */ } };
const keep = (name, text) => {
  try { localStorage.setItem(name, JSON.stringify({ text, at: Date.now() })); } catch { /* it is full, or off */ }
};
const field = one => document.querySelector(`.st-key-${one} textarea, .st-key-${one} input`);

function put(element, text) {
  const kind = element.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
  element.focus();
  Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(element, text);
  element.dispatchEvent(new Event("input", { bubbles: true }));
  element.blur();
}

function nameOf(element) {
  for (const [one, name] of names) if (element.closest && element.closest(`.st-key-${one}`)) return name;
}

/* One ear for all fields: those in a popover are not on the page yet. */
document.addEventListener("focusin", ({ target }) => { if (nameOf(target)) before.set(target, target.value); });
document.addEventListener("input", ({ target, isTrusted }) => {
  const name = isTrusted && nameOf(target);
  if (!name || typeof target.value !== "string" || target.value.length > MOST) return;
  if (target.value === before.get(target)) drop(name); else keep(name, target.value);
});

export default function (component) {
  const { scope, fields, closed, forget } = component.data;
  const named = fields.map(one => [one, `tracker-draft ${scope} ${one}`]);
  named.forEach(([one, name]) => names.set(one, name));
  if (forget && !forgotten.has(forget)) { forgotten.add(forget); named.forEach(([, name]) => drop(name)); }
  let bar = component.parentElement.querySelector(".tracker-draft");
  if (!bar) {
    bar = document.createElement("div");
    bar.className = "tracker-draft"; bar.hidden = true; bar.setAttribute("role", "status");
    component.parentElement.append(bar);
  }
  const draw = () => {
    const kept = named.map(([one, name]) => ({ name, element: field(one), draft: read(name) }))
      .filter(one => one.draft && typeof one.draft.text === "string" && Date.now() - one.draft.at < DAYS * 864e5);
    const open = kept.filter(one => one.element && one.element.value !== one.draft.text);
    const there = named.some(([one]) => field(one));
    const [line, back, away] = ["span", "button", "button"].map(kind => document.createElement(kind));
    back.type = away.type = "button"; back.textContent = "Put it back"; away.textContent = "Forget it";
    back.addEventListener("click", () => { open.forEach(one => put(one.element, one.draft.text)); bar.hidden = true; });
    away.addEventListener("click", () => { kept.forEach(one => drop(one.name)); bar.hidden = true; });
    line.textContent = there ? "You typed something here before, and it was not saved." : closed;
    bar.replaceChildren(line, ...(there ? [back, away] : [away]));
    bar.hidden = there ? !open.length : !(closed && kept.length);
  };
  draw();
  setTimeout(draw, 300);  // the fields may come after this
}
"""

_mount = st.components.v2.component("tracker.drafts", css=CSS, js=JS, isolate_styles=False)
_SIGNS = re.compile(r"[^a-zA-Z0-9_-]")


def show(context: Context, form: str, keys: Sequence[str], closed: str = "") -> None:
    """Keep what is typed into some fields, and offer what was kept before.

    Args:
        form: tells the form from any other of the registry, such as that of another run.
        keys: of the fields.
        closed: what to say where something is kept and the fields are not on the page; empty to say nothing.
    """
    if not context.may("log"):
        return
    scope = " ".join((str(context.place.path), context.who, form))
    fields = [_SIGNS.sub("-", key.strip()) for key in keys]
    told = {"scope": scope, "fields": fields, "closed": closed, "forget": st.session_state.get(_name(form), "")}
    _mount(key=f"drafts-{_SIGNS.sub('-', form)}", data=told)


def forget(form: str) -> None:
    """What was typed is saved, or not wanted any more."""
    st.session_state[_name(form)] = secrets.token_hex(8)


def _name(form: str) -> str:
    return f"drafts-forget:{form}"
