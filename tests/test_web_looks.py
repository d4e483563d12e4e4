"""Looks that all sessions share: no oftener than once a second, less often where a look costs much."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tracker.web.looks import LATEST, REST, SHARE, Looks, Patient


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
    assert looks.watched() == looks.asked("anna") == looks.watched() == (2,)
    machine.seconds += 0.2
    assert looks.watched() == (3,)


def test_who_changed_something_sees_it_at_once_and_all_others_with_them() -> None:
    machine = Machine()
    looks = machine.looks()
    assert looks.asked("anna") == (1,)
    assert looks.changed("ben") == looks.watched() == looks.asked("anna") == (2,)


def test_who_is_alone_never_sees_an_old_look() -> None:
    machine = Machine()
    looks = machine.looks()
    assert [looks.asked("anna") for _ in range(3)] == [(1,), (2,), (3,)]
    assert [looks.watched() for _ in range(3)] == [(3,)] * 3


def test_a_costly_look_is_taken_less_often_but_never_too_late() -> None:
    machine = Machine()
    looks = machine.looks()
    looks.watched()
    with looks.drawing(), looks.drawing():  # two sessions at once count once
        machine.seconds += 3.0
    for _ in range(300):
        machine.seconds += 0.1
        looks.watched()
    pauses = [after - before for before, after in zip(machine.looked, machine.looked[1:], strict=False)]
    assert pauses[0] == pytest.approx(3.0 / SHARE, abs=0.11)
    assert all(pause < 1.2 for pause in pauses[1:])
    before = len(machine.looked)
    with looks.drawing():  # somebody always draws
        for _ in range(int(LATEST * 20) + 2):
            machine.seconds += 0.1
            looks.watched()
    assert len(machine.looked) == before + 2


def test_drawing_that_fails_ends_too() -> None:
    machine = Machine()
    looks = machine.looks()
    looks.watched()
    with pytest.raises(KeyError), looks.drawing():
        raise KeyError
    for _ in range(3):
        machine.seconds += 1.1
        looks.watched()
    assert len(machine.looked) == 4


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
