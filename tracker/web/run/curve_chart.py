"""The picture of one metric of one run, as a Vega-Lite specification. No streamlit in here.

It is the same for as long as the look is, whatever the values are, so that a browser only takes in new points.
"""

from __future__ import annotations

from typing import Any

from tracker.web.run.points import Look

HEIGHT = 220
ZOOM = "zoom"
"""The name of the selection: dragging over the picture selects a stretch of the x axis."""

_SPAN = (
    "datum.{x} % 1000 ? format(datum.{x} / 1000, '.3~f') + ' s' : "
    "(datum.{x} >= 86400000 ? floor(datum.{x} / 86400000) + ' d ' : '') + "
    "utcFormat(datum.{x}, datum.{x} >= 3600000 ? '%H:%M:%S' : '%M:%S')"
)
_SECONDS = (
    "datum.{x} >= 3600000 ? format(datum.{x} / 3600000, '.3~g') + ' h' : "
    "datum.{x} >= 60000 ? format(datum.{x} / 60000, '.3~g') + ' min' : format(datum.{x} / 1000, '.3~g') + ' s'"
)
_CLOCK = "utcFormat(datum.{x}, '%Y-%m-%d %H:%M:%S')"


def specification(look: Look, few: bool) -> dict[str, Any]:
    """The picture of points with the columns x, value and smooth.

    Args:
        look: how they were made.
        few: whether each of them is marked.
    """
    scale = {"type": "log"} if look.log_y else {"zero": False}
    line: dict[str, Any] = {"type": "line", "strokeWidth": 2, "strokeJoin": "round", "clip": True}
    nearest = {"type": "point", "encodings": ["x"], "nearest": True, "on": "pointerover", "clear": "pointerout"}
    layers: list[dict[str, Any]] = [
        {
            "params": [{"name": ZOOM, "select": {"type": "interval", "encodings": ["x"]}}],
            "mark": line,
            "encoding": {"y": {"field": "smooth", "type": "quantitative", "title": None, "scale": scale}},
        },
        {
            "params": [{"name": "near", "select": nearest}],
            "mark": {"type": "point", "filled": True, "size": 36, "clip": True},
            "encoding": {
                "y": {"field": "smooth", "type": "quantitative", "title": None},
                "opacity": {"value": 1}
                if few
                else {"condition": {"param": "near", "empty": False, "value": 1}, "value": 0},
                "tooltip": _tooltip(look),
            },
        },
    ]
    if look.smoothing > 0:
        raw = {"field": "value", "type": "quantitative", "title": None, "scale": scale}
        layers.insert(0, {"mark": {**line, "strokeWidth": 1, "opacity": 0.3}, "encoding": {"y": raw}})
    return {
        "height": HEIGHT,
        # Each point would be a node of the page, made anew with each value that a run under way logs.
        "usermeta": {"embedOptions": {"renderer": "svg" if few else "canvas"}},
        "transform": [] if look.axis == "step" else [{"calculate": _words(look), "as": "at"}],
        "encoding": {"x": _x(look)},
        "layer": layers,
    }


def _words(look: Look, field: str = "x") -> str:
    """The expression that says a time."""
    return (_CLOCK if look.axis == "clock" else _SPAN).format(x=field)


def _x(look: Look) -> dict[str, Any]:
    titles = {"step": "step", "time": "time since the first value", "clock": "time (UTC)"}
    scale: dict[str, Any] = {"type": "log"} if look.log_x else {"zero": False, "nice": False, "padding": 6}
    axis: dict[str, Any] = {}
    kind = "quantitative"
    if look.axis == "step":
        axis = {"format": "d"} if look.log_x else {"tickMinStep": 1, "format": "d"}
    elif look.log_x:
        axis = {"labelExpr": _SECONDS.format(x="value")}
    else:
        kind = "temporal"
        scale = {"type": "utc", "nice": False, "padding": 6}
        axis = {"labelExpr": _SPAN.format(x="value")} if look.axis == "time" else {}
    if look.zoom is not None:
        # As expressions: a number in the domain of times would be taken for a year.
        first, last = ({"expr": repr(end)} for end in look.zoom)
        scale = {"type": scale.get("type", "linear"), "domainMin": first, "domainMax": last, "nice": False}
    return {"field": "x", "type": kind, "title": titles[look.axis], "axis": axis, "scale": scale}


def _tooltip(look: Look) -> list[dict[str, Any]]:
    place = (
        {"field": "x", "type": "quantitative", "title": "step", "format": ",d"}
        if look.axis == "step"
        else {"field": "at", "type": "nominal", "title": "time"}
    )
    smoothed = {"field": "smooth", "type": "quantitative", "title": "smoothed", "format": ".6~g"}
    value = {"field": "value", "type": "quantitative", "title": "value", "format": ".15~g"}
    return [place, value, *([smoothed] if look.smoothing > 0 else [])]
