"""Pending files and change sets: nothing acknowledged is lost or read twice, history cannot be altered unseen."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tracker.disk import fsync_folder
from tracker.journal.changes import PACK_ABOVE, Journal
from tracker.journal.pending import CLOSED, PendingWriter, read_pending
from tracker.journal.verify import find_faults
from tracker.model import CellChange, Change, ChangeSet, Conflict, Entry


def change(number: int) -> Change:
    return Change("runs", (f"r{number}",), {"params.x": number}, new=True, time=float(number + 1))


def change_set(*parents: str, key: str = "r1", value: object = 1) -> ChangeSet:
    entry = Entry("runs", (key,), {"params.x": CellChange(None, value)}, True, False, 5.0, "somebody", "script")
    return ChangeSet(parents, 10.0, "somebody", "script", (entry,), consumed={"a.jsonl": 7})


# -- pending files ----------------------------------------------------------------------------------------------


def test_changes_are_read_in_the_order_they_were_made(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path, run_id="r", who="me")
    for number in range(5):
        writer.append(change(number))
    (file,) = read_pending(tmp_path, {})
    assert [c.set["params.x"] for c in file.changes] == [0, 1, 2, 3, 4]
    assert file.changes[0].who == "me" and file.run_id == "r"
    assert file.writer_alive(time.time()) and not file.writer_gone(time.time())


def test_what_was_consumed_is_not_read_again(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path)
    writer.append(change(0))
    (first,) = read_pending(tmp_path, {})
    writer.append(change(1))
    (second,) = read_pending(tmp_path, {first.name: first.end})
    assert [c.set["params.x"] for c in second.changes] == [1]


def test_a_torn_last_line_is_neither_believed_nor_counted(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path)
    writer.append(change(0))
    whole = writer.path.read_bytes()
    writer.append(change(1))
    torn = writer.path.read_bytes()[:-9]
    writer.path.write_bytes(torn)
    (file,) = read_pending(tmp_path, {})
    assert len(file.changes) == 1 and file.end == len(whole)


def test_a_damaged_line_does_not_hide_those_after_it(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path)
    with open(writer.path, "ab") as file:
        file.write(b'{"t":1,"table":"ru\n')
    writer.append(change(1))
    (read,) = read_pending(tmp_path, {})
    assert [c.set["params.x"] for c in read.changes] == [1]


def test_a_closed_file_is_done_with_although_its_process_lives(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path)
    writer.append(change(0))
    writer.close()
    (file,) = read_pending(tmp_path, {})
    assert file.closed and file.writer_gone(time.time())
    (again,) = read_pending(tmp_path, {file.name: file.end})
    assert again.closed and again.changes == ()
    assert writer.path.read_bytes().endswith(CLOSED)


def test_a_killed_writer_is_known_as_gone_and_everything_it_acknowledged_is_there(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from tracker.journal.pending import PendingWriter; from tracker.model import Change\n"
        "writer = PendingWriter(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    writer.append(Change('runs', ('r',), {'params.x': n})); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = 49 + len(process.stdout.read().splitlines())
    (file,) = read_pending(tmp_path, {})
    assert len(file.changes) >= acknowledged
    assert not file.writer_alive(time.time()) and file.writer_gone(time.time())


def test_a_writer_elsewhere_is_judged_by_its_heartbeat(tmp_path: Path) -> None:
    writer = PendingWriter(tmp_path)
    writer.path.write_bytes(writer.path.read_bytes().replace(b'"host":"', b'"host":"another-'))
    (file,) = read_pending(tmp_path, {})
    now = time.time()
    assert file.writer_alive(now + 10)
    assert not file.writer_alive(now + 600) and not file.writer_gone(now + 600)
    assert file.writer_gone(now + 100_000)


def test_a_missing_folder_is_empty(tmp_path: Path) -> None:
    assert list(read_pending(tmp_path / "no", {})) == []


# -- change sets ------------------------------------------------------------------------------------------------


def test_a_change_set_is_read_back_as_committed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "changes")
    conflict = Conflict("runs", ("r1",), "name", "mine", "theirs", "person", 3.0, "x")
    committed = journal.commit(replace(change_set(), conflicts=(conflict,), deferred=(change(3),)))
    assert committed.number == 1 and committed.id.startswith("000001-")
    assert journal.read(committed.id) == committed
    assert journal.consumed() == {"a.jsonl": 7}
    assert [c.set for c in journal.deferred([committed.id])] == [{"params.x": 3}]


def test_a_stamp_lacks_what_does_not_lead_to_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    one = journal.commit(change_set())
    two = journal.commit(change_set(one.id))
    three = journal.commit(change_set(two.id))
    assert journal.missing(three.id) == ([], [three.id])
    assert journal.missing(one.id) == ([two.id, three.id], [three.id])
    assert journal.missing(None) == ([one.id, two.id, three.id], [three.id])
    assert journal.missing("000099-0123456789abcdef") == ([one.id, two.id, three.id], [three.id])


def test_two_branches_are_both_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    one = journal.commit(change_set())
    left = journal.commit(change_set(one.id, key="left"))
    right = journal.commit(change_set(one.id, key="right"))
    lacking, heads = journal.missing(left.id)
    assert lacking == [right.id] and set(heads) == {left.id, right.id}
    joined = journal.commit(change_set(*heads))
    assert journal.missing(joined.id) == ([], [joined.id])


def test_packed_history_is_still_history(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    ids: list[str] = []
    for number in range(PACK_ABOVE + 10):
        parent = ids[-1:] if ids else []
        ids.append(journal.commit(change_set(*parent, key=f"k{number}", value=number)).id)
    journal.pack(ids[-1:])
    assert len(list(tmp_path.glob("*.json"))) < PACK_ABOVE
    assert journal.missing(ids[-1]) == ([], [ids[-1]])
    assert journal.missing(ids[3])[0] == ids[4:]
    assert journal.missing(None)[0] == ids
    assert [found.id for found in journal.newest_first()] == ids[::-1]
    assert journal.read(ids[0]).number == 1
    entry = journal.last_entry("runs", ("k2",), "params.x")
    assert entry is not None and entry.cells["params.x"].new == 2
    assert find_faults(tmp_path) == []


def test_an_altered_change_set_is_found_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    committed = journal.commit(change_set())
    path = tmp_path / f"{committed.id}.json"
    path.write_bytes(path.read_bytes().replace(b"somebody", b"nobody!!"))
    (fault,) = find_faults(tmp_path)
    assert fault.file == path.name and "was altered" in fault.what


def test_the_newest_value_of_a_cell_is_found(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    one = journal.commit(change_set(value=1))
    journal.commit(change_set(one.id, value=2))
    entry = journal.last_entry("runs", ("r1",), "params.x")
    assert entry is not None and entry.cells["params.x"].new == 2
    assert journal.last_entry("runs", ("r1",), "params.y") is None


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be opened there")
@pytest.mark.parametrize(("number", "raises"), [(errno.EIO, True), (errno.ENOSPC, True), (errno.EINVAL, False)])
def test_a_broken_disk_is_told_and_one_that_cannot_be_asked_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raises: bool
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    with pytest.raises(OSError, match=os.strerror(number)) if raises else contextlib.nullcontext():
        fsync_folder(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="no such mode there")
def test_a_commit_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        journal.commit(change_set())
    assert list(tmp_path.iterdir()) == []
