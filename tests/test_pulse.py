"""Syncs between runs take no more than their share of the time, and what is put off is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import RegistryLockedError, WorkbookOpenElsewhereError
from tracker.folders import Folders
from tracker.runs import pulse as pulse_module
from tracker.runs.pulse import Pulse
from tracker.settings import Settings
from tracker.syncing import sync as sync_module
from tracker.workbook import Workbook


class Heart:
    """Counts its beats."""

    beats = 0

    def heartbeat(self) -> None:
        self.beats += 1


class Syncs:
    """Stands for the real sync: takes so long, and fails if it is told to."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.error: Exception | None = None
        self.begun: list[float] = []

    def __call__(self, folders: Folders, **options: Any) -> None:
        self.begun.append(time.monotonic())
        time.sleep(self.takes)
        if self.error:
            raise self.error


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Syncs]:
    for thread in threading.enumerate():  # what other tests began must not be counted here
        if thread.name == "tracker-pulse":
            thread.join(5)
    fake = Syncs()
    monkeypatch.setattr(sync_module, "sync", fake)
    monkeypatch.setattr(pulse_module, "TICK_SECONDS", 0.01)
    yield fake


@pytest.fixture
def folders(registry_path: Path) -> Folders:
    return Folders(registry_path)


def share(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    monkeypatch.setattr(Workbook, "settings", lambda workbook: Settings({"sync.share": value}))


def test_the_first_run_to_end_is_synced_at_once(folders: Folders, syncs: Syncs) -> None:
    pulse, heart = Pulse(folders, "ds1"), Heart()
    pulse.join(heart)
    assert syncs.begun == []
    assert pulse.leave(heart) is None
    assert len(syncs.begun) == 1
    assert pulse.finish() is None
    assert len(syncs.begun) == 1


def test_what_was_put_off_is_synced_in_the_background(
    folders: Folders, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(monkeypatch, 0.05)
    monkeypatch.setattr(pulse_module, "RETRY_SECONDS", 0.0)
    syncs.takes = 0.05
    pulse = Pulse(folders, "ds1")
    for _ in range(2):
        heart = Heart()
        pulse.join(heart)
        pulse.leave(heart)
    assert syncs.begun
    deadline = time.monotonic() + 5
    while len(syncs.begun) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(syncs.begun) >= 2
    assert pulse.finish() is None


def test_what_was_put_off_is_synced_when_the_process_ends(
    folders: Folders, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(monkeypatch, 0.001)
    syncs.takes = 0.05
    pulse = Pulse(folders, "ds1")
    for _ in range(3):
        heart = Heart()
        pulse.join(heart)
        pulse.leave(heart)
    assert len(syncs.begun) == 1
    pulse.finish()
    pulse.finish()
    assert len(syncs.begun) == 2


def test_an_open_workbook_is_told_but_another_sync_is_nobodys_business(folders: Folders, syncs: Syncs) -> None:
    pulse, heart = Pulse(folders, "ds1"), Heart()
    pulse.join(heart)
    syncs.error = WorkbookOpenElsewhereError(path="x", program="Excel", owner="analyst", lock="~$x")
    assert pulse.leave(heart) is syncs.error
    assert pulse.finish() is syncs.error
    syncs.error = RegistryLockedError(path="x", owner="somebody")
    assert pulse.finish() is None
    syncs.error = None
    assert pulse.finish() is None
    assert len(syncs.begun) == 4
    pulse.finish()
    assert len(syncs.begun) == 4


def test_a_fault_of_a_sync_does_not_stop_the_heart(
    folders: Folders, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse_module, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(pulse_module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(pulse_module, "HEARTBEAT_SECONDS", 0.0)
    syncs.error = ZeroDivisionError("a fault of our own")
    pulse, heart = Pulse(folders, "ds1"), Heart()
    pulse.join(heart)
    deadline = time.monotonic() + 5
    while (heart.beats < 3 or len(syncs.begun) < 3) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert heart.beats >= 3
    assert len(syncs.begun) >= 3
    syncs.error = None
    pulse.leave(heart)


def test_the_thread_ends_when_there_is_nothing_to_do_and_begins_again(folders: Folders, syncs: Syncs) -> None:
    pulse = Pulse(folders, "ds1")
    for _ in range(2):
        heart = Heart()
        pulse.join(heart)
        thread = pulse._thread
        assert thread is not None
        pulse.leave(heart)
        pulse.finish()
        thread.join(5)
        assert not thread.is_alive()


def test_a_pause_waits_for_a_sync_and_keeps_others_off(folders: Folders, syncs: Syncs) -> None:
    pulse, heart = Pulse(folders, "ds1"), Heart()
    pulse.join(heart)
    pulse.pause(1.0)
    ending = threading.Thread(target=pulse.leave, args=(heart,))
    ending.start()
    before = len(syncs.begun)
    time.sleep(0.05)
    assert len(syncs.begun) == before
    pulse.go_on()
    ending.join(5)
    assert len(syncs.begun) == before + 1
    pulse.go_on()
