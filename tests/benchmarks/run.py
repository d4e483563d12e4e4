"""Runs the benchmarks and prints one table: python tests/benchmarks/run.py [NAME …]."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import (
    artifacts,
    calls,
    checklists,
    footprint,
    history,
    live,
    memory,
    pages,
    reading,
    sessions,
    syncs,
    tables,
    together,
    whole_run,
)
from benchmarks.measure import Figure, Found, Options, row

BENCHMARKS: dict[str, Callable[[Options], Found]] = {
    "calls": calls.measure,
    "whole_run": whole_run.measure,
    "syncs": syncs.measure,
    "memory": memory.measure,
    "reading": reading.measure,
    "together": together.measure,
    "artifacts": artifacts.measure,
    "checklists": checklists.measure,
    "tables": tables.measure,
    "history": history.measure,
    "sessions": sessions.measure,
    "live": live.measure,
    "pages": pages.measure,
    "footprint": footprint.measure,
}
HEADERS = ("what", "ours", "beside", "reference", "ratio", "aim", "reached")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures Tracker beside what a user would pick instead.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all where none is given: {', '.join(BENCHMARKS)}")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="runs in the workbooks")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of repeats")
    parser.add_argument("--mlflow", metavar="PYTHON", help="the Python of an environment that has mlflow")
    parser.add_argument("--trackio", metavar="PYTHON", help="the Python of an environment that has trackio")
    parser.add_argument("--openpyxl", type=int, default=10_000, metavar="ROWS", help="its largest workbook")
    parser.add_argument("--no-install", action="store_true", help="leave out the size of an installation (needs pip)")
    folder = Path(tempfile.gettempdir()) / "tracker-benchmarks"
    parser.add_argument("--folder", type=Path, default=folder, help="where workbooks are made, and kept: %(default)s")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    options = Options(
        given.folder, given.sizes, given.share, given.mlflow, given.trackio, given.openpyxl, not given.no_install
    )
    begin = time.monotonic()
    lines: list[Sequence[str]] = [HEADERS]
    notes: list[str] = []
    for name in given.names or BENCHMARKS:
        for found in BENCHMARKS[name](options):
            if isinstance(found, Figure):
                lines.append(row(found))
                print(*lines[-1][:5], sep="  ", file=sys.stderr, flush=True)
            else:
                notes.append(found.text)
    print_table(lines)
    for note in notes:
        print(f"\nNot measured: {note}")
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    print(f"\n{time.monotonic() - begin:.0f} s in all; {os.cpu_count()} processors{load}")
    return 0


def print_table(lines: Sequence[Sequence[str]]) -> None:
    """A table that is Markdown too."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADERS))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


if __name__ == "__main__":
    sys.exit(main())
