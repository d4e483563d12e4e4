"""How the templates look: colours, fonts, cell styles, the theme and the table style.

The colours are Okabe and Ito's, which stay apart in every common kind of colour blindness; the app uses the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.table import TableStyle, TableStyleElement
from openpyxl.workbook import Workbook
from openpyxl.writer.theme import theme_xml

INK = "16324A"
GREY = "5B6B79"
LINE = "D5DFE7"
PALE = "F2F6F9"
WHITE = "FFFFFF"
BLUE = "0072B2"
ORANGE = "E69F00"
GREEN = "009E73"
VERMILION = "D55E00"
PURPLE = "CC79A7"
SKY = "56B4E9"

HEADER = {"script": GREY, "person": BLUE, "both": "00765A"}
"""Header colour by who writes a column; all carry white text with a contrast above 5 to 1."""
PERSON_CELL = "EAF4FB"

WRITERS = {
    "script": "Scripts write this. Leave it to them.",
    "person": "You write this. Scripts never touch it.",
    "both": "Scripts fill this in; once you have changed a cell, yours stays.",
}

OFFICE_COLORS = {
    "1F497D": INK,
    "EEECE1": PALE,
    "4F81BD": BLUE,
    "C0504D": ORANGE,
    "9BBB59": GREEN,
    "8064A2": VERMILION,
    "4BACC6": PURPLE,
    "F79646": SKY,
    "0000FF": BLUE,
    "800080": "7A5C8E",
}
"""The colours of Office's theme and what takes their place."""

TEXT_FONT = "Calibri"
CODE_FONT = "Consolas"
TABLE_STYLE = "Tracker"

SIZE_FORMAT = '[<1000]0" B";[<1000000]0.0," kB";#,##0.0,," MB"'
DATE_FORMAT = "yyyy-mm-dd"
TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
METRIC_FORMAT = "0.0000"


@dataclass(frozen=True, slots=True)
class Tone:
    """A text colour on a tint of it, for cells that say how something stands."""

    text: str
    tint: str
    strong: str
    """The same hue for bars of charts."""

    def differential(self, **font: Any) -> DifferentialStyle:
        """The tone as a conditional format."""
        return DifferentialStyle(font=Font(color=self.text, **font), fill=PatternFill(bgColor=self.tint))


GOOD = Tone("00664B", "D9F2E9", GREEN)
BAD = Tone("A33F00", "FBE1D2", VERMILION)
CAUTION = Tone("7A5200", "FDEFD0", ORANGE)
ACTIVE = Tone("005A8C", "DCEFFB", SKY)
EXCUSED = Tone("8A3A66", "F7E6F0", PURPLE)
QUIET = Tone("5B6B79", "EDF0F3", "9AA8B4")


def font(size: float = 11, color: str = INK, **more: Any) -> Font:
    """The text font of all sheets."""
    return Font(name=TEXT_FONT, size=size, color=color, **more)


def code_font(size: float) -> Font:
    """The font of code to type."""
    return Font(name=CODE_FONT, size=size, color=INK)


def fill(color: str) -> PatternFill:
    """A plain fill."""
    return PatternFill("solid", fgColor=color)


def edge(*sides: str, color: str = LINE, style: str = "thin") -> Border:
    """A border at the named sides."""
    return Border(**{side: Side(style=style, color=color) for side in sides})


def align(horizontal: str | None = None, vertical: str = "center", **more: Any) -> Alignment:
    """An alignment; vertically centred unless told."""
    return Alignment(horizontal=horizontal, vertical=vertical, **more)


def dress(cell: Any, value: Any = None, **style: Any) -> Any:
    """Give a cell a value and any of font, fill, border, alignment, number_format; returns the cell."""
    if value is not None:
        cell.value = value
    for name, look in style.items():
        setattr(cell, name, look)
    return cell


def prepare(book: Workbook) -> None:
    """Theme and table style, so that what people add themselves (charts, tables) looks like the rest."""
    theme = theme_xml
    for office, ours in OFFICE_COLORS.items():
        theme = theme.replace(f'<a:srgbClr val="{office}"/>', f'<a:srgbClr val="{ours}"/>')
    book.loaded_theme = theme.replace('typeface="Cambria"', f'typeface="{TEXT_FONT}"').encode()

    parts = {
        "wholeTable": DifferentialStyle(
            border=Border(
                *(Side(style="thin", color=LINE) for _ in range(4)), horizontal=Side(style="thin", color=LINE)
            )
        ),
        "headerRow": DifferentialStyle(font=Font(bold=True, color=WHITE), fill=PatternFill(bgColor=GREY)),
        "totalRow": DifferentialStyle(font=Font(bold=True), border=Border(top=Side(style="medium", color=GREY))),
        "secondRowStripe": DifferentialStyle(fill=PatternFill(bgColor="F6F8FA")),
    }
    elements = [
        TableStyleElement(type=part, dxfId=book._differential_styles.add(style)) for part, style in parts.items()
    ]
    book._table_styles.tableStyle = [
        TableStyle(name=TABLE_STYLE, pivot=False, count=len(elements), tableStyleElement=elements)
    ]
    book._table_styles.defaultTableStyle = TABLE_STYLE
