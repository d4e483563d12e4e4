"""What a pickle would import, found by reading its instructions; it is never loaded, and none of them is executed.

The instructions come from the standard library's :mod:`pickletools` and are followed on a stack of inert values, so
that names are found that are put together from memory. Raw arrays that joblib writes between them are skipped. The
list is for people who know what a model should need; it is no proof that a pickle is harmless.
"""

from __future__ import annotations

import io
import math
import pickletools
import re
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from tracker.data.pickle_names import danger

MOST_INSTRUCTIONS = 2_000_000
_MOST_PICKLES = 20
"""Pickles in a row that are looked at; old torch files have five."""
_LONGEST = 1 << 16
"""Texts and bytes that are longer are skipped: no name is as long."""
_LONGEST_NAME = 500
_MOST_LISTED = 200
_MARK = object()
_UNKNOWN = object()
_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_ALIGNMENT = "numpy_array_alignment_bytes"
_MOST_PADDING = 16


@dataclass
class PickleFacts:
    """What a pickle would import, and what a person should be warned of."""

    protocol: int = 0
    imports: set[tuple[str, str]] = field(default_factory=set)
    """Module and name."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def to_json(self) -> dict[str, Any]:
        """Plain values: the names sorted, as many as one would read."""
        names = sorted(self.imports)
        shown = [f"{module}.{name}" for module, name in names[:_MOST_LISTED]]
        facts: dict[str, Any] = {"protocol": self.protocol, "imports": shown}
        if len(names) > _MOST_LISTED:
            facts["import_count"] = len(names)
        dangers = [reason for module, name in names if (reason := danger(module, name))]
        facts["warnings"] = [*dangers, *self.warnings][:_MOST_LISTED]
        return facts


def read_imports(file: BinaryIO, facts: PickleFacts | None = None) -> PickleFacts:
    """What the pickles in a file from its position on would import; the file can be a stream."""
    facts = facts or PickleFacts()
    skimmed = _Skimmed(file)
    for number in range(_MOST_PICKLES):
        machine = _Machine(facts, skimmed)
        try:
            machine.follow()
        except Exception as error:
            # Whatever a file does to the reader of instructions, it is only a file that could not be followed.
            if number == 0 or machine.followed:
                facts.warn(f"It could not be followed to its end ({error}), so it may import more.")
            break
        if skimmed.peek() != b"\x80":
            break
    return facts


# -- reading ----------------------------------------------------------------------------------------------------


class _Skipped(bytes):
    """Stands for bytes that were not read: empty, but as long as they were."""

    length = 0

    def __len__(self) -> int:
        return self.length


class _Skimmed:
    """A file for pickletools that never gives more than a few bytes at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ahead = b""
        self._position = 0
        self.instructions = MOST_INSTRUCTIONS
        """How many more may be read."""

    def read(self, count: int) -> bytes:
        self._position += count
        if count <= _LONGEST:
            data = self._ahead[:count] + self._file.read(max(0, count - len(self._ahead)))
            self._ahead = self._ahead[count:]
            return data
        self._position -= count
        self.skip(count)
        skipped = _Skipped()
        skipped.length = count
        return skipped

    def readline(self) -> bytes:
        line = self._ahead + self._file.readline(_LONGEST)
        self._ahead = b""
        self._position += len(line)
        if not line.endswith(b"\n"):
            raise ValueError("a line does not end")
        return line

    def tell(self) -> int:
        return self._position

    def peek(self) -> bytes:
        """The next byte, which stays to be read."""
        self._ahead = self._ahead or self._file.read(1)
        return self._ahead

    def skip(self, count: int) -> None:
        """Leave bytes out; raises ValueError where there are fewer."""
        self._position += count
        count -= len(self._ahead)
        self._ahead = b""
        if self._file.seekable():
            here = self._file.tell()
            if self._file.seek(0, io.SEEK_END) < here + count:
                raise ValueError("it ends too early")
            self._file.seek(here + count)
            return
        while count > 0:
            data = self._file.read(min(count, 1 << 20))
            if not data:
                raise ValueError("it ends too early")
            count -= len(data)


# -- following --------------------------------------------------------------------------------------------------


@dataclass
class _Global:
    name: str


@dataclass
class _Made:
    """An object that loading would make, by a call."""

    of: Any
    arguments: Any
    state: Any = None


class _Machine:
    """The pickle machine on inert values: it keeps only what names and raw arrays are made of."""

    def __init__(self, facts: PickleFacts, file: _Skimmed) -> None:
        self._facts = facts
        self._file = file
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self.followed = False

    def follow(self) -> None:
        """Read one pickle. Each instruction has a method of its name, or only puts a value on the stack."""
        for opcode, argument, _ in pickletools.genops(self._file):  # type: ignore[arg-type]
            self.followed = True
            self._file.instructions -= 1
            if self._file.instructions < 0:
                raise ValueError(f"only {MOST_INSTRUCTIONS:,} instructions are read")
            handler = getattr(self, f"_{opcode.name.lower()}", None)
            if handler is not None:
                handler(argument)
            else:
                self._push(opcode, argument)

    def _push(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        if opcode.stack_before:
            raise ValueError(f"instruction {opcode.name} is unknown")
        # Long texts and bytes are no names; they need not be kept.
        kept = isinstance(argument, int | float) or (isinstance(argument, str) and len(argument) < _LONGEST_NAME)
        self._stack += [argument if kept else _UNKNOWN for _ in opcode.stack_after]

    def _pop_to_mark(self) -> list[Any]:
        items = []
        while (item := self._stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _import(self, module: Any, name: Any) -> _Global:
        if isinstance(module, str) and isinstance(name, str):
            self._facts.imports.add((module, name))
            return _Global(f"{module}.{name}")
        self._facts.warn("It imports something whose name is only made up when it is loaded.")
        return _Global("")

    # Imports and calls.

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(self._import(module, name))

    def _stack_global(self, _: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(self._import(module, name))

    def _inst(self, argument: str) -> None:
        arguments = self._pop_to_mark()
        module, _, name = argument.partition(" ")
        self._stack.append(_Made(self._import(module, name), arguments))

    def _obj(self, _: Any) -> None:
        made, *arguments = self._pop_to_mark()
        self._stack.append(_Made(made, arguments))

    def _reduce(self, _: Any) -> None:
        arguments, made = self._stack.pop(), self._stack.pop()
        self._stack.append(_Made(made, arguments))

    _newobj = _reduce

    def _newobj_ex(self, _: Any) -> None:
        self._stack.pop()
        self._reduce(None)

    def _build(self, _: Any) -> None:
        state = self._stack.pop()
        made = self._stack[-1]
        if isinstance(made, _Made):
            made.state = state
            if isinstance(made.of, _Global) and made.of.name == _ARRAY:
                self._skip_array(state)

    def _skip_array(self, state: dict[str, Any]) -> None:
        """joblib writes the bytes of an array right here, or another pickle if it holds objects."""
        dtype = state["dtype"]
        size = _item_size(dtype)
        if size is None:
            _Machine(self._facts, self._file).follow()
            return
        if isinstance(state.get(_ALIGNMENT), int):
            padding = self._file.read(1)[0]
            # pickle would go on with this byte as an instruction. As long as it is none, nothing can hide in the array.
            if padding > _MOST_PADDING:
                raise ValueError("an array does not begin as joblib's do")
            self._file.skip(padding)
        else:
            self._facts.warn("It holds arrays of an old joblib, in which something could hide from this list.")
        self._file.skip(math.prod(state["shape"]) * size)

    def _ext1(self, _: Any) -> None:
        self._facts.warn("It imports something by a number that only the loading program knows.")
        self._stack.append(_UNKNOWN)

    _ext2 = _ext4 = _ext1

    # Containers: only small tuples and dictionaries are kept.

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _empty_tuple(self, _: Any) -> None:
        self._stack.append(())

    def _tuple(self, _: Any) -> None:
        items = self._pop_to_mark()
        self._stack.append(tuple(items) if len(items) < 64 else _UNKNOWN)

    def _tuple1(self, _: Any) -> None:
        self._stack[-1:] = [tuple(self._stack[-1:])]

    def _tuple2(self, _: Any) -> None:
        self._stack[-2:] = [tuple(self._stack[-2:])]

    def _tuple3(self, _: Any) -> None:
        self._stack[-3:] = [tuple(self._stack[-3:])]

    def _empty_dict(self, _: Any) -> None:
        self._stack.append({})

    def _setitem(self, _: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set([key, value])

    def _setitems(self, _: Any) -> None:
        self._set(self._pop_to_mark())

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, dict) and len(items) < 64:
            target.update(
                (key, value) for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, str)
            )

    def _append(self, _: Any) -> None:
        self._stack.pop()

    def _appends(self, _: Any) -> None:
        self._pop_to_mark()

    _additems = _appends

    def _list(self, _: Any) -> None:
        self._pop_to_mark()
        self._stack.append(_UNKNOWN)

    _dict = _frozenset = _list

    # The stack and the memory.

    def _put(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    _binput = _long_binput = _put

    def _memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _get(self, place: int) -> None:
        self._stack.append(self._memo[place])

    _binget = _long_binget = _get

    def _pop(self, _: Any) -> None:
        self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._pop_to_mark()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def _binpersid(self, _: Any) -> None:
        self._stack[-1] = _UNKNOWN

    def _proto(self, protocol: int) -> None:
        self._facts.protocol = max(self._facts.protocol, protocol)

    def _frame(self, _: Any) -> None:
        pass

    _stop = _readonly_buffer = _frame


def _item_size(dtype: Any) -> int | None:
    """Bytes of one item of a pickled numpy dtype; None for objects.

    Raises:
        ValueError: it is no dtype.
    """
    if isinstance(dtype, _Made) and isinstance(dtype.arguments, tuple) and dtype.arguments:
        code = str(dtype.arguments[0])
        if code.startswith("O"):
            return None
        if match := re.fullmatch(r"[<>|=]?([a-zA-Z])(\d+)", code):
            state = dtype.state
            if isinstance(state, tuple) and len(state) > 5 and isinstance(state[5], int) and state[5] > 0:
                return state[5]
            return int(match[2]) * (4 if match[1] == "U" else 1)
    raise ValueError("an array of unknown type")
