"""What one call costs in a training loop, beside a bare write of the same bytes to a line-buffered file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import tracker
from benchmarks.measure import Aim, Figure, Found, Options, Work, medians, timed
from benchmarks.workbooks import registry

BATCH = 200
METRICS = {f"metric{number}": number / 7 for number in range(10)}


def measure(options: Options) -> Found:
    sizes = sorted({10, max(options.sizes)})
    with options.scratch() as folder:
        works: dict[str, Work] = {}
        runs = {size: tracker.start_run(registry(options, folder, size), nested=True) for size in sizes}
        for size, run in runs.items():
            works |= {f"{verb} {size}": per_call(work) for verb, work in ours(run).items()}
        with bare(folder) as bare_works:
            works |= {f"{verb} bare": per_call(work) for verb, work in bare_works.items()}
            seconds = medians(works, options.repeats(60))
        for run in runs.values():
            run.flush()
            tracker.end_run()
    for verb in bare_works:
        for size in sizes:
            aim = Aim(10e-6, "ours") if verb == "log_metric" else None
            what = f"{verb}, {size:,} runs in the workbook"
            yield Figure(what, seconds[f"{verb} {size}"], "line-buffered write", seconds[f"{verb} bare"], aim)


def per_call(work: Callable[[int], object]) -> Work:
    numbers = iter(range(1 << 60))

    def batch() -> float:
        some = [next(numbers) for _ in range(BATCH)]

        def calls() -> None:
            for number in some:
                work(number)

        return timed(calls) / BATCH

    return batch


def ours(run: tracker.Run) -> dict[str, Callable[[int], object]]:
    return {
        "log_metric": lambda number: run.log_metric("loss", 1 / (number + 1), step=number),
        "log_metrics of 10": lambda number: run.log_metrics(METRICS, step=number),
        "log_param": lambda number: run.log_param(f"param{number}", 1 / (number + 1)),
    }


@contextmanager
def bare(folder: Path) -> Iterator[dict[str, Callable[[int], object]]]:
    """The same bytes, without anything that makes sure they are read back as they were meant."""

    def metric(file: TextIO, number: int, name: str, value: float) -> None:
        file.write(f"{time.time_ns() // 1_000_000},{number},{name},{value}\n")

    def param(file: TextIO, number: int, value: float) -> None:
        key = f'"t":{time.time()},"table":"runs","key":["20260105-080000-1234"]'
        file.write(f'{{{key},"set":{{"params.param{number}":{value}}}}}\n')

    def metrics(file: TextIO, number: int) -> None:
        for name, value in METRICS.items():
            metric(file, number, name, value)

    with open(folder / "bare.csv", "w", buffering=1) as one, open(folder / "bare.jsonl", "w", buffering=1) as two:
        yield {
            "log_metric": lambda number: metric(one, number, "loss", 1 / (number + 1)),
            "log_metrics of 10": lambda number: metrics(one, number),
            "log_param": lambda number: param(two, number, 1 / (number + 1)),
        }
