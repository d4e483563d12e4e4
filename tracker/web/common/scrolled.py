"""The grid of runs stays where a person has scrolled it, and as large as they made it, when runs come.

For streamlit it is another grid then, see :mod:`.ticks`, which would begin at its upper left again. Where scripts are
off, it does.
"""

from __future__ import annotations

import streamlit as st

JS = """
const SETTLES = 1000;  // milliseconds in which a grid that is new finds its size
let area, grid, asked, left = 0, top = 0, wide = false, until = 0;

function restore() {
  if (!grid.isConnected || performance.now() > until) return;
  if (Math.abs(grid.scrollLeft - left) > 1 || Math.abs(grid.scrollTop - top) > 1) grid.scrollTo(left, top);
  requestAnimationFrame(restore);
}

function changed() {
  const now = area.querySelector(".dvn-scroller");
  if (!now) return;
  if (now === grid) { wide = !!area.querySelector("[aria-label^='Close fullscreen']"); return; }
  grid = now;
  if (wide) area.querySelector("[aria-label^='Fullscreen']")?.click();
  until = left || top ? performance.now() + SETTLES : 0;
  restore();
}

function scrolled() {
  if (grid?.isConnected && performance.now() > until) { left = grid.scrollLeft; top = grid.scrollTop; }
}

export default function (component) {
  if (component.data.asked !== asked) {
    asked = component.data.asked;
    top = 0;
    if (grid?.isConnected) grid.scrollTop = 0;
  }
  const found = document.querySelector(".st-key-" + component.data.area);
  if (!found || found === area) return;
  area = found;
  area.addEventListener("scroll", scrolled, true);
  for (const touched of ["wheel", "pointerdown", "keydown"])
    area.addEventListener(touched, () => { until = 0; }, true);
  new MutationObserver(changed).observe(area, { childList: true, subtree: true });
  changed();
}
"""

_mount = st.components.v2.component(
    "tracker.scrolled", css=".st-key-scrolled { position: absolute; height: 0; }", js=JS, isolate_styles=False
)


def show(area: str, asked: int) -> None:
    """Look after the grid in an area.

    Args:
        asked: how often other runs or another order were asked for; those are seen from the first on.
    """
    _mount(key="scrolled", data={"area": area, "asked": asked})
