"""Which of many ranges meet a given one, found without looking at all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Generic, TypeVar

from tracker.xlsx.refs import Range

T = TypeVar("T")


class RangeIndex(Generic[T]):
    """Values by the range they belong to; each is handed out once, by the first :meth:`pop` that meets its range."""

    def __init__(self, values: Mapping[Range, T]) -> None:
        by_columns: dict[tuple[int, int], list[tuple[int, int, T]]] = {}
        for area, value in values.items():
            columns = area.first_column, area.last_column
            by_columns.setdefault(columns, []).append((area.first_row, area.last_row, value))
        self._stacks = {columns: _Stack(entries) for columns, entries in by_columns.items()}
        self._meeting: dict[tuple[int, int], list[_Stack[T]]] = {}

    def pop(self, area: Range) -> list[T]:
        """The values whose range has a cell in common with this one and that were not handed out before."""
        columns = area.first_column, area.last_column
        if columns not in self._meeting:
            first, last = columns
            self._meeting[columns] = [stack for (a, b), stack in self._stacks.items() if a <= last and first <= b]
        return [value for stack in self._meeting[columns] for value in stack.pop(area.first_row, area.last_row)]


class _Stack(Generic[T]):
    """Ranges over the same columns, sorted by first row, under a tree of the greatest last row below each node."""

    def __init__(self, entries: list[tuple[int, int, T]]) -> None:
        entries.sort(key=lambda entry: entry[:2])
        self._first_rows = [first for first, _, _ in entries]
        self._values = [value for _, _, value in entries]
        self._leaves = 1 << (len(entries) - 1).bit_length()
        self._tree = [0] * (2 * self._leaves)
        for node, (_, last, _) in enumerate(entries, self._leaves):
            self._tree[node] = last
        for node in range(self._leaves - 1, 0, -1):
            self._tree[node] = max(self._tree[2 * node], self._tree[2 * node + 1])

    def pop(self, first_row: int, last_row: int) -> list[T]:
        tree, leaves = self._tree, self._leaves
        begun = bisect_right(self._first_rows, last_row)
        found = []
        while tree[1] >= first_row:
            node = 1
            while node < leaves:
                node = 2 * node if tree[2 * node] >= first_row else 2 * node + 1
            if node - leaves >= begun:  # the leftmost that ends late enough begins too late, and so do all others
                break
            found.append(self._values[node - leaves])
            tree[node] = 0
            while node > 1:
                node //= 2
                tree[node] = max(tree[2 * node], tree[2 * node + 1])
        return found
