"""Figures, dictionaries, tables and images become files that other programs read."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from PIL import Image

from tracker.errors import BadRequestError, MissingPackageError
from tracker.runs import render


def hide(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Pretend that a package is not installed."""
    monkeypatch.setitem(sys.modules, package, None)


# -- figures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def figure() -> Any:
    from matplotlib.figure import Figure

    made = Figure(figsize=(2, 1))
    made.subplots().plot([1, 2, 3])
    return made


def test_a_matplotlib_figure_and_its_axes_are_saved(tmp_path: Path, figure: Any) -> None:
    render.write_figure(figure, tmp_path / "roc.png", dpi=50)
    render.write_figure(figure.axes[0], tmp_path / "roc.svg")
    with Image.open(tmp_path / "roc.png") as image:
        assert image.size == (100, 50)
    assert "<svg" in (tmp_path / "roc.svg").read_text()


def test_an_altair_chart_is_saved(tmp_path: Path) -> None:
    import altair

    chart = altair.Chart(pandas.DataFrame({"a": [1], "b": [2]})).mark_point().encode(x="a", y="b")
    render.write_figure(chart, tmp_path / "chart.json")
    assert json.loads((tmp_path / "chart.json").read_text())["mark"]["type"] == "point"


class Plotly:
    """What a figure of plotly can do."""

    def write_html(self, path: Path, **options: Any) -> None:
        path.write_text(f"html {options}")

    def write_json(self, path: Path) -> None:
        path.write_text("json")

    def write_image(self, path: Path) -> None:
        path.write_text("image")


@pytest.mark.parametrize(("name", "content"), [("a.html", "html {}"), ("a.json", "json"), ("a.png", "image")])
def test_a_plotly_figure_is_saved_as_its_extension_says(tmp_path: Path, name: str, content: str) -> None:
    render.write_figure(Plotly(), tmp_path / name)
    assert (tmp_path / name).read_text() == content


def test_what_is_no_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="A dict is no figure"):
        render.write_figure({}, tmp_path / "x.png")


# -- dictionaries -------------------------------------------------------------------------------------------------

CONFIG = {"ä": 1, "nested": {"b": [1, 2.5, None, True]}}


def test_a_dictionary_is_json(tmp_path: Path) -> None:
    render.write_dict(CONFIG, tmp_path / "config.json")
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) == CONFIG


def test_what_json_does_not_know_is_written_plainly(tmp_path: Path) -> None:
    values = {"array": numpy.arange(3), "scalar": numpy.float32(0.5), "set": {1}, "path": Path("x/y"), "tuple": (1, 2)}
    render.write_dict(values, tmp_path / "config.json")
    assert json.loads((tmp_path / "config.json").read_text()) == {
        "array": [0, 1, 2],
        "scalar": 0.5,
        "set": [1],
        "path": "x/y",
        "tuple": [1, 2],
    }


def test_yaml_without_its_package_is_json_which_is_yaml_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "yaml")
    render.write_dict(CONFIG, tmp_path / "config.yaml")
    assert json.loads((tmp_path / "config.yaml").read_text(encoding="utf-8")) == CONFIG


def test_yaml_is_written_by_its_package_in_the_order_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Yaml:
        @staticmethod
        def safe_dump(data: Any, *, sort_keys: bool, allow_unicode: bool) -> str:
            assert (sort_keys, allow_unicode) == (False, True)
            return "".join(f"{name}: {value}\n" for name, value in data.items())

    monkeypatch.setitem(sys.modules, "yaml", Yaml)
    render.write_dict({"b": 1, "a": 2}, tmp_path / "config.yml")
    assert (tmp_path / "config.yml").read_text() == "b: 1\na: 2\n"


def test_a_text_is_kept_as_it_is(tmp_path: Path) -> None:
    render.write_text("ä\r\nb\n\ud800", tmp_path / "x.txt")
    assert (tmp_path / "x.txt").read_bytes() == "ä\r\nb\n?".encode()


# -- tables -------------------------------------------------------------------------------------------------------

COLUMNS = {"name": ["a", "b,c"], "loss": [0.5, 1.5]}
ROWS = [{"name": "a", "loss": 0.5}, {"name": "b,c", "loss": 1.5}]


@pytest.mark.parametrize("table", [COLUMNS, ROWS, pandas.DataFrame(COLUMNS)], ids=["columns", "rows", "frame"])
def test_a_table_is_csv_json_or_parquet(tmp_path: Path, table: Any) -> None:
    for ending in ("csv", "json", "parquet"):
        render.write_table(table, tmp_path / f"t.{ending}")
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["name", "loss"], ["a", "0.5"], ["b,c", "1.5"]]
    assert json.loads((tmp_path / "t.json").read_text()) == ROWS
    assert pandas.read_parquet(tmp_path / "t.parquet").to_dict("list") == COLUMNS


def test_rows_may_have_different_columns(tmp_path: Path) -> None:
    render.write_table([{"a": 1}, {"b": 2}], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n1,\n,2\n"


def test_an_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    render.write_table(pandas.DataFrame({"a": [1]}, index=pandas.Index(["x"], name="id")), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "id,a\nx,1\n"


def test_a_csv_needs_no_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "pandas")
    render.write_table(COLUMNS, tmp_path / "t.csv")
    with pytest.raises(MissingPackageError, match="pip install pandas"):
        render.write_table(COLUMNS, tmp_path / "t.parquet")


@pytest.mark.parametrize("table", [[1, 2], {"a": [1], "b": [1, 2]}])
def test_what_is_no_table_is_refused(tmp_path: Path, table: Any) -> None:
    with pytest.raises(BadRequestError):
        render.write_table(table, tmp_path / "t.csv")
    with pytest.raises(BadRequestError, match=r"t\.xyz"):
        render.write_table(COLUMNS, tmp_path / "t.xyz")


# -- images -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixels", "mode", "first"),
    [
        (numpy.full((2, 3), 7, "uint8"), "L", 7),
        (numpy.full((2, 3, 1), 0.5), "L", 128),
        (numpy.full((2, 3, 3), 1.5), "RGB", (255, 255, 255)),
        (numpy.full((2, 3, 4), 9, "int64"), "RGBA", (9, 9, 9, 9)),
    ],
)
def test_an_array_of_pixels_is_an_image(tmp_path: Path, pixels: Any, mode: str, first: Any) -> None:
    render.write_image(pixels, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        assert (image.size, image.mode, image.getpixel((0, 0))) == ((3, 2), mode, first)


def test_an_image_of_pillow_is_saved(tmp_path: Path) -> None:
    render.write_image(Image.new("L", (4, 2)), tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (4, 2)


def test_an_array_without_pillow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "PIL")
    with pytest.raises(MissingPackageError, match="pip install pillow"):
        render.write_image(numpy.zeros((2, 2)), tmp_path / "x.png")
