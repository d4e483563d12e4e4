"""The two charts of the Summary sheet."""

from __future__ import annotations

from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.series import DataPoint
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.rules import TONES
from templates.sheets import FIRST_ROW, Placed
from tracker.schema import RUN_STATUS


def status_chart(sheet: Worksheet, rows: range) -> Any:
    """Bars of the counts in J and K, each in the colour that its status has in the runs table."""
    chart = BarChart()
    chart.type = "bar"
    chart.gapWidth = 45
    labels = Reference(sheet, min_col=10, min_row=rows.start, max_row=rows.stop - 1)
    counts = Reference(sheet, min_col=11, min_row=rows.start, max_row=rows.stop - 1)
    chart.add_data(counts)
    chart.set_categories(labels)
    series = chart.series[0]
    for index, status in enumerate(RUN_STATUS):
        point = DataPoint(idx=index)
        point.graphicalProperties = GraphicalProperties(solidFill=TONES["runs", "status"][status].strong)
        series.dPt.append(point)
    _plain(chart, width=9.0, height=6.4)
    chart.x_axis.scaling.orientation = "maxMin"
    chart.y_axis.majorGridlines = None
    chart.y_axis.delete = True
    chart.y_axis.scaling.min = 0
    return chart


def run_chart(book: Workbook, runs: Placed, column: str, title: str) -> Any:
    """A column of the runs table, run by run, straight from the table so that it grows with it."""
    sheet = book[runs.sheet]
    index, name = runs.columns.index(column) + 1, runs.columns.index("name") + 1
    chart = LineChart()
    values = Reference(sheet, min_col=index, min_row=FIRST_ROW - 1, max_row=runs.last_row)
    chart.add_data(values, titles_from_data=True)
    series = chart.series[0]
    series.smooth = False
    series.marker.symbol = "circle"
    series.marker.size = 7
    series.marker.graphicalProperties = GraphicalProperties(solidFill=look.BLUE)
    series.marker.graphicalProperties.line.solidFill = look.WHITE
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=look.SKY, w=19050))
    chart.set_categories(Reference(sheet, min_col=name, min_row=FIRST_ROW, max_row=runs.last_row))
    chart.title = title
    chart.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=_text(1300, bold=True))
    for run in chart.title.tx.rich.p[0].r:
        run.rPr = _text(1300, bold=True)
    chart.title.overlay = False
    _plain(chart, width=23.6, height=7.6)
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=look.LINE))
    chart.y_axis.number_format = "General"
    chart.display_blanks = "span"
    return chart


def _text(size: int, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=size, b=bold, solidFill=look.INK, latin=None)


def _plain(chart: Any, width: float, height: float) -> None:
    """Size in centimetres; no legend, no frame, quiet axes."""
    chart.width, chart.height = width, height
    chart.legend = None
    chart.graphical_properties = GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
        axis.txPr = RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=_text(900)), endParaRPr=_text(900))])
        axis.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=look.LINE))
        axis.majorTickMark = "none"
