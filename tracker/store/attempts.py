"""What is being stored right now, so that what a killed process left can be told from it, gone on with, or removed.

Each attempt has a folder for its files and a note beside the workbook, ``artifacts/.partial/<id>.jsonl``. The note says
who is at work and where; as it goes on, which files a far place has already, and which version it claims. It is removed
at the end.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tracker.disk import writing
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.ids import new_run_id
from tracker.journal.pending import GONE_AFTER_SECONDS
from tracker.processes import is_running, process_start
from tracker.store.local import remove_tree
from tracker.store.manifest import Stored, StoredFile, manifest_path, read_manifest, rewrite
from tracker.store.notes import add_to_note, records_of
from tracker.store.place import PARTIAL, Place, join
from tracker.store.reaching import place_at

_BEAT_SECONDS = 60.0
_CLAIMED_LONG_AGO = 10.0
_TAKEN = ".taken"
"""The ending of a note that somebody else is just taking over."""


@dataclass(slots=True)
class Attempt:
    """One attempt to store something."""

    folders: Folders
    place: Place
    name: str
    id: str
    files: dict[str, StoredFile] = field(default_factory=dict)
    """What an attempt that was killed had brought to the place already."""
    _last_beat: float = 0.0

    @property
    def folder(self) -> str:
        """Where its files go, in the place."""
        return join(self.name, self.id) if self.place.direct else join(PARTIAL, self.id)

    def arrived(self, file: StoredFile) -> None:
        """A file is whole: should this process die, the next attempt need not send it again."""
        if self.place.url and self.place.on_this_machine("") is None:
            self._note({"file": [file.path, file.size, file.sha256]})

    def claims(self, number: int) -> None:
        """The version is about to be claimed: what happens to its files is decided by its manifest from now on."""
        self._note({"version": number})

    def beat(self) -> None:
        """Tell other machines that this process is alive."""
        now = time.time()
        if now - self._last_beat > _BEAT_SECONDS:
            self._last_beat = now
            with contextlib.suppress(OSError):
                os.utime(_note_path(self.folders, self.id))

    def abandon(self) -> None:
        """Give up for now; the next attempt goes on from here."""
        with contextlib.suppress(OSError, TrackerError):
            self._note({"pid": 0})

    def end(self) -> None:
        """Nothing is left to be tidied up."""
        with contextlib.suppress(OSError):
            _note_path(self.folders, self.id).unlink(missing_ok=True)

    def begin(self) -> None:
        """Write who is at work."""
        note = _note_path(self.folders, self.id)
        with writing(note):
            note.parent.mkdir(parents=True, exist_ok=True)
        header = {
            "pid": os.getpid(),
            "started": process_start(os.getpid()),
            "host": socket.gethostname(),
            "store": self.place.url,
            "folder": self.folder,
            "name": self.name,
        }
        self._note(header)

    def _note(self, record: dict[str, Any]) -> None:
        add_to_note(_note_path(self.folders, self.id), record)


def begin(folders: Folders, place: Place, name: str) -> Attempt:
    """A new attempt, which goes on where one for the same artifact was killed, if the place is far away."""
    if place.on_this_machine("") is None:
        for path, header in _dead(folders):
            if (header.get("store"), header.get("name"), header.get("version")) == (place.url, name, None):
                taken = _take(path)
                if taken is not None:
                    attempt = Attempt(folders, place, name, path.stem, _files(taken))
                    os.rename(taken, path)
                    attempt.begin()
                    return attempt
    attempt = Attempt(folders, place, name, new_run_id(time.time()))
    attempt.begin()
    return attempt


def sweep(folders: Folders, place: Place | None = None) -> int:
    """Remove what killed processes left on this machine, and long ago in the place given; how many attempts that were.

    In a far place the next attempt for the same artifact may go on with it, for a day. A version that they had claimed
    stays: its files are whole, and its row may be in the workbook.
    """
    swept = 0
    for path, header in _dead(folders):
        url, name, folder, number = (header.get(key) for key in ("store", "name", "folder", "version"))
        try:
            where = place if place is not None and place.url == url else place_at(folders, str(url or ""))
            far = where.on_this_machine("") is None
            if far and (where is not place or time.time() - path.stat().st_mtime < GONE_AFTER_SECONDS):
                continue
            claimed = _claimed(folders, str(name), int(number), path.stem) if number else None
            if claimed is not None:
                if not claimed.partial or where.entries(join(claimed.name, claimed.inside)):
                    if far and not where.direct:
                        rewrite(folders, replace(claimed, partial=""))  # it was moved, so its row had been written
                    path.unlink(missing_ok=True)
                continue
            taken = _take(path)
            if taken is None:
                continue
            where.remove_folder(str(folder))
            taken.unlink(missing_ok=True)
            swept += 1
        except (OSError, TrackerError):
            continue  # the next sweep tries again
    return swept + _sweep_unknown(folders)


def at_work(folders: Folders, name: str) -> bool:
    """Whether a version of that artifact is being stored by a process that may live."""
    dead = {path for path, _ in _dead(folders)}
    for path in (folders.artifacts / PARTIAL).glob("*.jsonl"):
        if path not in dead:
            with contextlib.suppress(OSError):
                if any(record.get("name") == name for record in records_of(path)):
                    return True
    return False


def _claimed(folders: Folders, name: str, number: int, attempt: str) -> Stored | None:
    """The version that the attempt has claimed; a claim that was never filled in is withdrawn."""
    manifest = manifest_path(folders, name, number)
    try:
        content = manifest.read_bytes()
        if not content and time.time() - manifest.stat().st_mtime > _CLAIMED_LONG_AGO:
            manifest.unlink()
    except FileNotFoundError:
        return None  # one that cannot be read may well be claimed: its files are left to the next sweep
    return read_manifest(folders, name, number) if f'"{attempt}"'.encode() in content else None


def _sweep_unknown(folders: Folders) -> int:
    """Remove folders of attempts without a note that nobody has touched for long."""
    swept = 0
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in list(os.scandir(folders.artifacts / PARTIAL)):
            with contextlib.suppress(OSError):  # it got its final name meanwhile
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > GONE_AFTER_SECONDS
                if old and entry.is_dir(follow_symlinks=False) and not _note_path(folders, entry.name).exists():
                    remove_tree(Path(entry.path))
                    swept += 1
    return swept


# -- notes --------------------------------------------------------------------------------------------------------


def _note_path(folders: Folders, id: str) -> Path:
    return folders.artifacts / PARTIAL / f"{id}.jsonl"


def _dead(folders: Folders) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The notes of attempts whose process is gone, oldest first, with what they say."""
    try:
        entries = sorted(os.listdir(folders.artifacts / PARTIAL))
    except OSError:
        return
    for entry in entries:
        path = folders.artifacts / PARTIAL / entry
        try:
            age = time.time() - path.stat().st_mtime
            if entry.endswith(_TAKEN):  # whoever took it over was killed at once
                if age > GONE_AFTER_SECONDS:
                    os.rename(path, path.with_suffix(""))
                continue
            if not entry.endswith(".jsonl"):
                continue
            header = {key: value for record in records_of(path) for key, value in record.items()}
            ours = header.get("host") == socket.gethostname()
            running = is_running(int(header.get("pid", 0)), str(header.get("started", "")))
            if (not running) if ours else age > GONE_AFTER_SECONDS:
                yield path, header
        except (OSError, ValueError, TypeError):
            continue


def _take(note: Path) -> Path | None:
    """Take over a note, which only one process can do."""
    taken = note.with_name(note.name + _TAKEN)
    try:
        os.rename(note, taken)
    except OSError:
        return None
    return taken


def _files(note: Path) -> dict[str, StoredFile]:
    found = {}
    for record in records_of(note):
        if "file" in record:
            path, size, sha256 = record["file"]
            found[path] = StoredFile(path, size, sha256)
    return found
