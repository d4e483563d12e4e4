"""Looks that all sessions share: no oftener than once a second, less often where a look costs much."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event

import pytest

from tracker.web.reading.looks import LATEST, LOST, REST, SHARE, Looks, Patient
from tracker.web.reading.watch import Stamp


@dataclass
class Machine:
    """A clock and files that change all the time."""

    seconds: float = 100.0
    looked: list[float] = field(default_factory=list)

    def look(self) -> tuple[int]:
        self.looked.append(self.seconds)
        return (len(self.looked),)

    def looks(self) -> Looks:
        return Looks(self.look, lambda: self.seconds)


def test_all_sessions_of_a_second_share_a_look() -> None:
    machine = Machine()
    looks = machine.looks()
    assert [looks.asked("anna"), looks.asked("ben")] == [(1,), (2,)], "who comes sees what is there"
    machine.seconds += 0.9
    assert not looks.should_draw("anna", (2,)) and looks.asked("anna") == (2,)
    machine.seconds += 0.2
    assert looks.should_draw("anna", (2,))
    assert looks.asked("anna") == (3,)


def test_who_changed_something_sees_it_at_once_and_all_others_with_them() -> None:
    machine = Machine()
    looks = machine.looks()
    assert looks.asked("anna") == (1,)
    assert looks.changed("ben") == looks.asked("anna") == (2,)
    assert looks.should_draw("anna", (1,))


def test_who_is_alone_never_sees_an_old_look() -> None:
    machine = Machine()
    looks = machine.looks()
    assert [looks.asked("anna") for _ in range(3)] == [(1,), (2,), (3,)]


def watch(machine: Machine, looks: Looks, seconds: float, drawing: float, people: int = 1) -> dict[str, list[float]]:
    """Pages that ask every second whether to draw, one tenth of a second after the other; when each was drawn."""
    shown: dict[str, Stamp] = {}
    drawn: dict[str, list[float]] = {f"person {number}": [] for number in range(people)}
    end = machine.seconds + seconds
    while machine.seconds < end:
        for person, times in drawn.items():
            if looks.should_draw(person, shown.get(person, ())):
                shown[person] = looks.asked(person)
                times.append(machine.seconds)
                with looks.drawing(person):
                    machine.seconds += drawing
        machine.seconds += 0.1
    return drawn


def test_one_who_watches_sees_news_within_two_seconds() -> None:
    machine = Machine()
    times = watch(machine, machine.looks(), 30.0, drawing=0.1)["person 0"]
    assert max(after - before for before, after in pairwise(times)) < 1.5


def test_many_who_watch_draw_in_turn_and_leave_time_for_clicks() -> None:
    machine = Machine()
    drawn = watch(machine, machine.looks(), 120.0, drawing=0.2, people=20)
    times = sorted(time for one in drawn.values() for time in one)
    assert len(times) * 0.2 <= 120.0 * SHARE * 1.1
    assert min(after - before for before, after in pairwise(times)) >= 0.2 / SHARE - 0.01
    counts = [len(one) for one in drawn.values()]
    assert min(counts) >= 4, "nobody is left out"
    later = [time for time in machine.looked if time > 130.0]
    assert 1 < len(later) <= 90.0 / (20 * 0.2 / SHARE) + 1, "read anew when all have seen it, not for each"


def test_a_look_is_never_too_late_even_where_somebody_always_draws() -> None:
    machine = Machine()
    looks = machine.looks()
    looks.asked("anna")
    with looks.drawing("ben"):
        for _ in range(int(LATEST * 20) + 2):
            machine.seconds += 0.1
            looks.should_draw("anna", ())
    assert len(machine.looked) == 3


def test_a_page_that_was_closed_or_failed_keeps_nobody_waiting() -> None:
    machine = Machine()
    looks = machine.looks()
    looks.asked("anna")
    assert looks.should_draw("closed", ())
    assert not looks.should_draw("anna", ())
    machine.seconds += LOST + 0.1
    assert looks.should_draw("anna", ())
    with pytest.raises(KeyError), looks.drawing("anna"):
        raise KeyError
    machine.seconds += 0.1
    assert looks.should_draw("ben", ())


def test_what_takes_long_is_found_out_anew_after_a_rest() -> None:
    machine = Machine()

    def find() -> float:
        machine.seconds += 2.0
        return machine.seconds

    patient = Patient[float](lambda: machine.seconds)
    assert patient.get((1,), 0, find) == 102.0
    assert [patient.get((stamp,), 0, find) for stamp in (1, 2, 3)] == [102.0] * 3
    assert patient.get((3,), 1, find) == 104.0, "somebody changed something"
    machine.seconds += 2.0 * REST
    assert patient.get((3,), 1, find) == 104.0, "nothing happened since"
    assert patient.get((4,), 1, find) == machine.seconds


def test_nobody_waits_for_what_is_known_while_another_one_finds_it_anew() -> None:
    patient = Patient[str]()
    begun, may_end = Event(), Event()
    assert patient.get((1,), 0, lambda: "old") == "old"

    def slow() -> str:
        begun.set()
        assert may_end.wait(30)
        return "new"

    with ThreadPoolExecutor(2) as pool:
        finding = pool.submit(patient.get, (2,), 0, slow)
        assert begun.wait(30)
        assert patient.get((2,), 0, lambda: "a second time") == "old"
        who_changed_something = pool.submit(patient.get, (2,), 1, lambda: "newest")
        may_end.set()
        assert (finding.result(), who_changed_something.result()) == ("new", "newest")
    assert patient.get((2,), 1, lambda: "a third time") == "newest"
