"""Event files of TensorBoard, ``events.out.tfevents.*``: their scalars, read without TensorFlow or protobuf.

A file is a row of records: length (8 bytes), its checksum (4), an Event, its checksum (4). Of an Event these fields
count: 1 wall time (double), 2 step, 5 summary; of the summary 1 value; of each value 1 tag, 2 simple value (float), 8
tensor. A folder with event files in it is a run, as TensorBoard has it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tracker.bridges.foreign import ORIGIN, ForeignRun, Source, Step, moment, run_id_of
from tracker.errors import BadRequestError

KIND = "tensorboard"
PATTERN = "*tfevents*"
MOST_RECORD = 64 * 1024 * 1024
"""Bytes of a record above which a file is taken for damaged."""
Field = tuple[int, int | bytes]
"""The number of a field, and its value: the bytes of what has a length, fixed ones too; a number for a varint."""


def has_events(path: Path) -> bool:
    """Whether there are event files in a folder or below."""
    return any(path.rglob(PATTERN))


def read_events_folder(path: Path) -> Source:
    """Each folder with event files as a run, whose metrics are its scalars.

    Raises:
        BadRequestError: there is none, or a file cannot be read.
    """
    folders: dict[Path, list[Path]] = {}
    for file in sorted(path.rglob(PATTERN)):
        if file.is_file():
            folders.setdefault(file.parent, []).append(file)
    runs = []
    left = 0
    try:
        for folder, files in folders.items():
            run = _run(path, folder, files)
            runs += [run] if run else []
            left += run is None
    except OSError as error:
        raise BadRequestError(reason=f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    said = (f"{left:,} folder{'s' if left > 1 else ''} without any scalar left out.",) if left else ()
    return Source(
        path, "event files of TensorBoard", tuple(runs), (*said, "Pictures, histograms and texts stay there.")
    )


def _run(root: Path, folder: Path, files: list[Path]) -> ForeignRun | None:
    first, last, metrics = 0, 0, dict[str, None]()
    for step in _steps(files):
        metrics[step.metric] = None
        first, last = min(first or step.time, step.time), max(last, step.time)
    if not metrics:
        return None
    name = folder.relative_to(root).as_posix()
    name = root.resolve().name if name == "." else name
    origin = f"{KIND}:{name}@{first}"
    cells = {
        "name": name,
        "experiment": root.resolve().name,
        "status": "FINISHED",
        "start_time": moment(first),
        "end_time": moment(last),
        "duration": (last - first) / 1000,
        ORIGIN: origin,
    }
    return ForeignRun(origin, run_id_of(KIND, origin), cells, partial(_steps, files), tuple(metrics))


def _steps(files: list[Path]) -> Iterator[Step]:
    for file in files:
        for event in _records(file):
            fields = list(_fields(event))
            milliseconds = 1000 * next((_double(value) for number, value in fields if number == 1), 0.0)
            time = int(milliseconds) if math.isfinite(milliseconds) else 0  # a damaged file may say anything
            step = next((value for number, value in fields if number == 2 and isinstance(value, int)), 0)
            for summary in _parts(fields, 5):
                for value in _parts(_fields(summary), 1):
                    found = _scalar(value)
                    if found is not None:
                        yield Step(found[0], found[1], step, time)


def _scalar(content: bytes) -> tuple[str, float] | None:
    """The tag and the value of a summary's value; None where it is no scalar, or says hyperparameters."""
    fields = list(_fields(content))
    tag = next((part.decode("utf-8", "replace") for part in _parts(fields, 1)), "")
    if not tag or tag.startswith("_hparams_"):
        return None
    for number, value in fields:
        if number == 2 and isinstance(value, bytes) and len(value) == 4:
            return tag, struct.unpack("<f", value)[0]
        if number == 8 and isinstance(value, bytes):
            found = _tensor(value)
            return None if found is None else (tag, found)
    return None


def _tensor(content: bytes) -> float | None:
    """The number in a tensor of one float or double; None where it is of another kind or size."""
    fields = list(_fields(content))
    kind = next((value for number, value in fields if number == 1), 0)
    layouts = {1: ("<f", 5), 2: ("<d", 6)}
    if kind not in layouts or not isinstance(kind, int):
        return None
    layout, place = layouts[kind]
    for number, value in fields:
        if number in (4, place) and isinstance(value, bytes) and len(value) == struct.calcsize(layout):
            return float(struct.unpack(layout, value)[0])
    return None


# -- the format ---------------------------------------------------------------------------------------------------


def _records(path: Path) -> Iterator[bytes]:
    """The events of a file, up to the end or to where a crash tore it."""
    with path.open("rb") as file:
        while len(head := file.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if length > MOST_RECORD:
                return
            content = file.read(length)
            if len(content) < length or len(file.read(4)) < 4:
                return
            yield content


def _fields(content: bytes) -> Iterator[Field]:
    """The fields of a message of protobuf, up to where it cannot be read."""
    place = 0
    try:
        while place < len(content):
            tag, place = _varint(content, place)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value, place = _varint(content, place)
                yield number, value
                continue
            length, place = {1: (8, place), 5: (4, place)}.get(wire) or _varint(content, place)
            if wire not in (1, 2, 5) or place + length > len(content):
                return
            yield number, content[place : place + length]
            place += length
    except IndexError:
        return


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return (value - (1 << 64) if value >> 63 else value), place  # a negative number has 64 bits


def _parts(fields: Iterator[Field] | list[Field], wanted: int) -> Iterator[bytes]:
    return (value for number, value in fields if number == wanted and isinstance(value, bytes))


def _double(value: int | bytes) -> float:
    return float(struct.unpack("<d", value)[0]) if isinstance(value, bytes) and len(value) == 8 else 0.0
