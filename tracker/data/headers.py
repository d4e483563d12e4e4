"""What the first bytes of model and image files say: safetensors, ONNX, numpy arrays, images, SVG."""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tracker.data.pickles import read_imports

_MOST_NAMED = 100
_LARGEST_HEADER = 32 << 20
_LARGEST_NAME = 1 << 10
_SVG_HEAD = 4 << 20
_SVG_CODE = re.compile(rb"<script|\bon[a-z]+\s*=|javascript:|<foreignobject", re.IGNORECASE)


def safetensors(path: Path) -> dict[str, Any]:
    """How many tensors and parameters a safetensors file holds, of which types; the tensors and its own metadata.

    Raises:
        ValueError: it is damaged, or its header is too large.
    """
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _LARGEST_HEADER:
            raise ValueError(f"its header of {length:,} bytes is too large")
        raw = file.read(length)
    header = json.loads(raw) if len(raw) == length else None
    if not isinstance(header, dict):
        raise ValueError("its header is cut off")
    own = header.pop("__metadata__", {})
    shapes = {name: tensor["shape"] for name, tensor in header.items()}
    data = path.stat().st_size - 8 - length
    if any(tensor["data_offsets"][1] > data for tensor in header.values()):
        raise ValueError("some of its tensors are cut off")
    facts = {
        "tensors": len(header),
        "parameters": sum(map(math.prod, shapes.values())),
        "types": dict(Counter(str(tensor["dtype"]) for tensor in header.values()).most_common()),
        "shapes": dict(list(shapes.items())[:_MOST_NAMED]),
    }
    if isinstance(own, dict) and own:
        facts["metadata"] = {str(name)[:200]: str(value)[:1000] for name, value in list(own.items())[:_MOST_NAMED]}
    return facts


def numpy_array(path: Path) -> dict[str, Any]:
    """Shape and type of a .npy file; of an array of objects also what its pickle would import."""
    with open(path, "rb") as file:
        return numpy_header(file)


def numpy_header(file: BinaryIO) -> dict[str, Any]:
    """The same of an open file, which can be a stream.

    Raises:
        ValueError: it is no .npy file.
    """
    magic = file.read(8)
    if magic[:6] != b"\x93NUMPY":
        raise ValueError("it is no numpy array")
    length = int.from_bytes(file.read(2 if magic[6] == 1 else 4), "little")
    if length > 1 << 16:
        raise ValueError("its header is too large")
    header = ast.literal_eval(file.read(length).decode("latin-1").strip())
    facts: dict[str, Any] = {"shape": list(header["shape"]), "type": str(header["descr"])}
    if "O" in facts["type"]:
        facts |= read_imports(file).to_json()
    return facts


def image(path: Path) -> dict[str, Any]:
    """Width, height, mode and number of frames, from the header alone; empty without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a very large picture is not unpacked here
        try:
            with Image.open(path) as picture:
                facts = {"width": picture.width, "height": picture.height, "mode": picture.mode}
                facts["format"] = (picture.format or "image").lower()
        except Image.DecompressionBombError as error:
            raise ValueError("it has more pixels than anybody could look at") from error
    return facts


def svg(path: Path) -> dict[str, Any]:
    """A warning where an SVG picture holds a script; it is only searched, never parsed or drawn."""
    with open(path, "rb") as file:
        head = file.read(_SVG_HEAD)
        whole = not file.read(1)
    if _SVG_CODE.search(head):
        return {
            "warnings": [
                "It holds a script, which would run where it is opened as a page; as a picture it does nothing."
            ]
        }
    return {} if whole else {"notes": [f"Only its first {_SVG_HEAD >> 20} MiB were searched for scripts."]}


# -- ONNX -------------------------------------------------------------------------------------------------------

# The numbers of the fields in onnx.proto that are read; everything else is skipped, weights above all.
_MODEL = {1: "ir_version", 2: "producer", 3: "producer_version", 5: "model_version"}
_MODEL_GRAPH, _MODEL_OPSET = 7, 8
_GRAPH_NODE, _GRAPH_NAME, _GRAPH_WEIGHT, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 2, 5, 11, 12
_MOST_FIELDS = 1_000_000


def onnx(path: Path) -> dict[str, Any]:
    """Producer, opset, operators, inputs and outputs of an ONNX model, read field by field without its weights.

    Raises:
        ValueError: it is no ONNX model, or damaged.
    """
    facts: dict[str, Any] = {}
    size = path.stat().st_size
    with open(path, "rb") as file:
        for number, value in _fields(file, size):
            if number in _MODEL:
                facts[_MODEL[number]] = _text(file, value) if isinstance(value, slice) else value
            elif number == _MODEL_OPSET and isinstance(value, slice):
                opset = {one: _text(file, it) if isinstance(it, slice) else it for one, it in _within(file, value)}
                facts.setdefault("opsets", {})[opset.get(1) or "ai.onnx"] = opset.get(2, 0)
            elif number == _MODEL_GRAPH and isinstance(value, slice):
                facts |= _graph(file, value)
    if "operators" not in facts:
        raise ValueError("it is no ONNX model")
    return facts


def _graph(file: BinaryIO, where: slice) -> dict[str, Any]:
    operators: Counter[str] = Counter()
    names: dict[int, list[str]] = {_GRAPH_INPUT: [], _GRAPH_OUTPUT: []}
    weights = 0
    for number, value in _within(file, where):
        if not isinstance(value, slice):
            continue
        if number == _GRAPH_NODE:
            operators.update(_text(file, it) for one, it in _within(file, value) if one == 4 and isinstance(it, slice))
        elif number == _GRAPH_WEIGHT:
            weights += 1
        elif number in names and len(names[number]) < _MOST_NAMED:
            names[number] += [_text(file, it) for one, it in _within(file, value) if one == 1 and isinstance(it, slice)]
    return {
        "nodes": operators.total(),
        "operators": dict(operators.most_common(_MOST_NAMED)),
        "weights": weights,
        "inputs": names[_GRAPH_INPUT],
        "outputs": names[_GRAPH_OUTPUT],
    }


def _within(file: BinaryIO, where: slice) -> Iterator[tuple[int, int | slice]]:
    file.seek(where.start)
    yield from _fields(file, where.stop)


def _fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int | slice]]:
    """The fields of a protobuf message from here on: their number, and a number or where their bytes are."""
    for _ in range(_MOST_FIELDS):
        if file.tell() >= end:
            return
        key = _varint(file)
        number, wire = key >> 3, key & 7
        if wire == 0:
            yield number, _varint(file)
            continue
        if wire not in (1, 2, 5) or not number:
            raise ValueError("it is no ONNX model")
        length = _varint(file) if wire == 2 else {1: 8, 5: 4}[wire]
        start = file.tell()
        if start + length > end:
            raise ValueError("it is cut off")
        if wire == 2:
            yield number, slice(start, start + length)
        file.seek(start + length)
    raise ValueError("it has too many parts")


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it is cut off")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("it is no ONNX model")


def _text(file: BinaryIO, where: slice) -> str:
    file.seek(where.start)
    return file.read(min(where.stop - where.start, _LARGEST_NAME)).decode("utf-8", "replace")
