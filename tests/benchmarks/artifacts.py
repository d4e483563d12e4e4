"""What it takes to store a large file, many small ones, and the same once more; in seconds, memory and disk."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.measure import SCRIPTS, Aim, Figure, Found, Note, Options, Work, child, in_words, medians, timed
from tracker import store
from tracker.folders import Folders
from tracker.store.copying import CHUNK

GIBIBYTE = 1 << 30
FILES, FILE_SIZE = 5_000, 4_096
RUNS = VERSIONS = 10
_PAUSE = 3.0


def measure(options: Options) -> Found:
    whole = options.share > 0.05  # else only to see that it runs
    size, files = (GIBIBYTE, FILES) if whole else (12 << 20, 100)
    with options.scratch() as folder:
        large = folder / "large.bin"
        fill(large, size)
        yield from large_file(options, folder, large)
        yield from memory(folder, large)
        yield from same_content(folder, large)
        large.unlink()
        yield from small_files(options, folder, files)
        yield from changed_file(folder, size)


def fill(path: Path, size: int) -> None:
    """Bytes that do not repeat; the disk is done with them before anything is timed."""
    with open(path, "wb") as file:
        for _ in range(0, size, 1 << 20):
            file.write(os.urandom(min(1 << 20, size)))
        os.fsync(file.fileno())


def large_file(options: Options, folder: Path, large: Path) -> Found:
    folders = Folders(folder / "large.xlsx")
    names = count()

    def put() -> float:
        seconds = timed(lambda: store.put(folders, large, f"model {next(names)}"))
        remove(folders.artifacts)
        return seconds

    kept = Folders(folder / "again.xlsx")
    store.put(kept, large, "model")
    works: dict[str, Work] = {
        "hash": lambda: timed(lambda: hash_alone(large)),
        "put": put,
        "hash again": lambda: timed(lambda: hash_alone(large)),
        "again": lambda: timed(lambda: store.put(kept, large, "model")),
        "disk": lambda: write_alone(large.stat().st_size, folder / "alone.bin"),
    }
    seconds = medians(works, options.repeats(11))
    what = f"a file of {in_words(large.stat().st_size, 'B')}"
    stored = f"{what}: copied, hashed, durable"
    yield Figure(stored, seconds["put"], "hashing alone", seconds["hash"], Aim(1.15))
    yield Figure(stored, seconds["put"], "the disk alone: its bytes written and durable", seconds["disk"])
    yield Figure(f"{what}, logged again", seconds["again"], "hashing alone", seconds["hash again"], Aim(1.05))
    remove(kept.artifacts)


def memory(folder: Path, large: Path) -> Found:
    if not sys.platform.startswith("linux"):
        yield Note("memory is measured on Linux only")
        return
    folders = Folders(folder / "memory.xlsx")
    ours = float(child(SCRIPTS / "put_once.py", folders.workbook, large))
    bare = float(child(SCRIPTS / "put_once.py"))
    remove(folders.artifacts)
    what = f"memory of a process that stores {in_words(large.stat().st_size, 'B')}"
    yield Figure(what, ours, "the same without storing", bare, Aim(64 * 2**20, "ours"), "B")


def same_content(folder: Path, large: Path) -> Found:
    folders = Folders(folder / "same.xlsx")
    for run in range(RUNS):
        store.put(folders, large, "model", run_id=f"run {run}")
    what = f"disk for the same content logged by {RUNS} runs"
    yield Figure(what, on_disk(folders.artifacts), "the file", large.stat().st_size, Aim(1.01), "B")
    remove(folders.artifacts)


def small_files(options: Options, folder: Path, files: int) -> Found:
    source = folder / "small"
    for number in range(files):
        path = source / f"{number // 100}" / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(FILE_SIZE))

    places = count()

    def logged(script: str, python: str = sys.executable, into: Path | None = None) -> Work:
        """In a process of its own, which tells the seconds.

        What it made stays until all is timed: for a minute, ext4 looks at every file that was removed before it makes
        a new one, and 5,000 of them take seconds.
        """

        def work() -> float:
            place = into or folder / f"small {next(places)}"
            place.mkdir(exist_ok=True)
            os.sync()  # ours waits for all that the one before left to be written
            time.sleep(_PAUSE if files == FILES else 0)
            return float(child(SCRIPTS / script, place, source, python=python))

        return work

    works = {"put": logged("folder_with_tracker.py"), "copy": logged("folder_with_copytree.py")}
    if options.mlflow is None:
        yield Note("many small files beside mlflow: give --mlflow the Python of an environment that has it")
    else:
        mlflow = logged("folder_with_mlflow.py", options.mlflow, folder / "mlflow")
        try:
            mlflow()  # its database is made
            works["mlflow"] = mlflow
        except (OSError, RuntimeError) as error:
            yield Note(f"many small files beside mlflow: {error}")
    seconds = medians(works, options.repeats(7))
    what = f"{files:,} files of 4 kB: copied, hashed, durable"
    yield Figure(what, seconds["put"], "shutil.copytree, not hashed, not durable", seconds["copy"])
    if "mlflow" in seconds:
        yield Figure(what, seconds["put"], "mlflow, not hashed, not durable", seconds["mlflow"], Aim(1.0))
    remove(source)


def changed_file(folder: Path, size: int) -> Found:
    source = folder / "versions"
    source.mkdir()
    for number in range(20):
        fill(source / f"{number}.bin", size // 20)
    folders = Folders(folder / "versions.xlsx")
    for version in range(VERSIONS):
        (source / "changed.csv").write_text(f"version,{version}\n" * 1000)
        assert store.put(folders, source, "data").version == version + 1
    what = f"disk for {VERSIONS} versions of a folder with one file changed"
    yield Figure(what, on_disk(folders.artifacts), "the folder", on_disk(source), Aim(1.01), "B")
    remove(folders.artifacts)
    remove(source)


# -- details ------------------------------------------------------------------------------------------------------


def hash_alone(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_alone(size: int, target: Path) -> float:
    """The seconds that the disk takes for as many bytes: written past the cache where it has that, and durable."""
    buffer = mmap.mmap(-1, CHUNK)
    buffer[:] = os.urandom(CHUNK)

    def write() -> None:
        file = os.open(target, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_DIRECT", 0))
        for _ in range(size // CHUNK):
            os.write(file, buffer)
        os.fsync(file)
        os.close(file)

    seconds = timed(write)
    target.unlink()
    os.sync()
    return seconds


def on_disk(folder: Path) -> float:
    """The bytes of all files in a folder; one with several names counts once."""
    return float(sum({(status.st_dev, status.st_ino): status.st_size for status in statuses(folder)}.values()))


def statuses(folder: Path) -> Iterator[os.stat_result]:
    return (path.stat() for path in folder.rglob("*") if path.is_file())


def remove(folder: Path) -> None:
    """Remove a folder; the disk is done with it before the next is timed."""
    shutil.rmtree(folder)
    os.sync()
