"""Figures, dictionaries, tables and images as files: what ``log_figure`` and its kin store.

The extension of the path says the format. Packages that a script did not bring along are not asked for.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.errors import BadRequestError, MissingPackageError


def write_figure(figure: Any, path: Path, **options: Any) -> None:
    """Write a figure of matplotlib (or its axes), plotly, altair or anything else that can save itself.

    ``options`` go to the figure's own method.

    Raises:
        BadRequestError: it is no figure.
    """
    extension = path.suffix.lower()
    owner = getattr(figure, "figure", None)
    if hasattr(owner, "savefig"):  # axes, or a seaborn grid
        figure = owner
    if hasattr(figure, "savefig"):
        figure.savefig(path, **options)
    elif hasattr(figure, "write_html") and extension in (".html", ".htm"):
        figure.write_html(path, **options)
    elif hasattr(figure, "write_json") and extension == ".json":
        figure.write_json(path, **options)
    elif hasattr(figure, "write_image"):
        figure.write_image(path, **options)
    elif hasattr(figure, "save"):
        figure.save(str(path), **options)
    else:
        raise BadRequestError(reason=f"A {type(figure).__name__} is no figure that can be saved")


def write_text(text: str, path: Path) -> None:
    """Write a text as UTF-8, line ends as they are; what is no text, such as half a surrogate pair, becomes ``?``."""
    path.write_bytes(text.encode("utf-8", "replace"))


def write_dict(dictionary: Any, path: Path) -> None:
    """Write a dictionary or list as JSON; as YAML where the extension asks for it and PyYAML is installed.

    Without PyYAML a .yaml file holds JSON, which is YAML too.
    """
    text = json.dumps(dictionary, indent=2, ensure_ascii=False, default=_plain) + "\n"
    if path.suffix.lower() in (".yaml", ".yml"):
        try:
            import yaml  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            pass
        else:
            text = yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def write_table(table: Any, path: Path) -> None:
    """Write a data frame, a dictionary of columns or a list of rows as csv, json or parquet.

    Raises:
        BadRequestError: the extension is none of these.
        MissingPackageError: parquet without pandas.
    """
    extension = path.suffix.lower()
    if extension not in (".csv", ".json", ".parquet"):
        raise BadRequestError(reason=f"A table can be logged as .csv, .json or .parquet, not as '{path.name}'")
    if hasattr(table, "write_csv"):  # polars
        write = {".csv": "write_csv", ".json": "write_json", ".parquet": "write_parquet"}[extension]
        getattr(table, write)(path)
        return
    if not hasattr(table, "to_csv"):
        rows = _rows(table)
        if extension == ".csv":
            _write_csv(rows, path)
            return
        if extension == ".json":
            write_dict(rows, path)
            return
        try:
            import pandas
        except ImportError as error:
            raise MissingPackageError(what=f"Logging {path.name}", package="pandas pyarrow") from error
        table = pandas.DataFrame(rows)
    if extension == ".csv":
        table.to_csv(path, index=_has_named_index(table))
    elif extension == ".json":
        table.to_json(path, orient="records", indent=1, date_format="iso")
    else:
        table.to_parquet(path)


def write_image(image: Any, path: Path) -> None:
    """Write an image of Pillow, or an array of pixels: grey, RGB or RGBA, 0 to 255, or 0 to 1 as floats.

    Raises:
        MissingPackageError: an array without Pillow.
    """
    if hasattr(image, "save"):
        image.save(path)
        return
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError(what="Logging an array as an image", package="pillow") from error
    import numpy

    pixels = numpy.asarray(image)
    if pixels.dtype.kind == "f":
        pixels = (pixels.clip(0, 1) * 255).round()
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    Image.fromarray(pixels.astype("uint8")).save(path)


def _rows(table: Any) -> list[dict[str, Any]]:
    """A dictionary of columns, or any rows that are dictionaries, as a list of rows."""
    if isinstance(table, Mapping):
        columns = {str(name): list(column) for name, column in table.items()}
        if len({len(column) for column in columns.values()}) > 1:
            raise BadRequestError(reason="The columns of the table differ in length")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rows = list(table)
    if not all(isinstance(row, Mapping) for row in rows):
        raise BadRequestError(reason="A table is a data frame, a dictionary of columns or a list of dictionaries")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    columns = dict.fromkeys(name for row in rows for name in row)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _has_named_index(table: Any) -> bool:
    return any(name is not None for name in table.index.names)


def _plain(value: Any) -> Any:
    """What JSON does not know: numpy's scalars and arrays, sets, paths, dates."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)
