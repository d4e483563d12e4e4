"""One look at a registry's files for all sessions of the server, and when the next one is worth its cost.

Each new look makes every session draw again. With twenty people watching while scripts log ten times a second, a look
of each session's own, and all of them drawing at the same time, would leave no time for anybody's click: pages that
nobody touches draw one after the other, with pauses. No streamlit in here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from tracker.web.reading.watch import Stamp

SOONEST = 1.0
"""Seconds between two looks at least; with the time that a page takes, news is on it within two seconds."""
LATEST = 15.0
"""Seconds after which it is looked again in any case."""
SHARE = 0.3
"""How much of the time may go into drawing pages that nobody touched."""
LOST = 5.0
"""Seconds after which a page that was to draw, or waits to, is not reckoned with any more: somebody closed it."""

REST = 10.0
"""How many times as long as it takes to find something out it counts as known."""

T = TypeVar("T")


class Looks:
    """The last look at one registry, which all sessions share: what they show is read once."""

    def __init__(self, look: Callable[[], Stamp], clock: Callable[[], float] = time.monotonic) -> None:
        """Takes no look yet.

        Args:
            look: gives the stamp of the files as they are.
            clock: seconds.
        """
        self._look = look
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._taker = ""
        self._sessions: set[str] = set()
        self._taken = 0.0
        self.changes = 0
        """How often somebody changed something here."""
        self._drawing = 0
        self._since = 0.0
        self._drawn = 0.0
        self._waiting: dict[str, tuple[float, float]] = {}
        """Since when each page waits to draw, and when it asked last."""
        self._at_turn = ""
        self._next_turn = 0.0

    def should_draw(self, session: str, shown: Stamp, matters: Callable[[Stamp], Stamp] | None = None) -> bool:
        """Whether a page that nobody touches should draw again now, since it shows what an earlier look saw.

        Args:
            session: who watches.
            shown: the stamp that the page was drawn with.
            matters: the part of a stamp that matters to the page; all of it where this is None.
        """
        part = matters or (lambda stamp: stamp)
        with self._lock:
            now = self._clock()
            stamp = self._taken_anew(self._taker) if self._stamp is None or self._is_due(now) else self._stamp
            waited = self._waiting.pop(session, (now, now))
            if part(stamp) == part(shown):
                return False
            if now < self._next_turn or self._others_wait_longer(waited[0], now):
                self._waiting[session] = waited[0], now
                return False
            self._at_turn, self._next_turn = session, now + LOST
            return True

    def _others_wait_longer(self, since: float, now: float) -> bool:
        """Whether another page, which asks again soon, waits longer by more than the time between two questions."""
        return any(began < since - SOONEST and now - asked < LOST for began, asked in self._waiting.values())

    def asked(self, session: str) -> Stamp:
        """What somebody sees who comes, or clicks: a new look while nothing is drawn, or if the last was theirs.

        So one who is alone never sees an old one and finds at once what they changed; of many who come and click at
        the same time some make do with what another one saw a moment ago.
        """
        with self._lock:
            comes = self._drawing == 0 and session not in self._sessions
            self._sessions.add(session)
            if self._stamp is None or comes or self._taker == session or self._is_due(self._clock()):
                return self._taken_anew(session)
            return self._stamp

    def changed(self, session: str) -> Stamp:
        """What somebody sees who has just changed something on a page: a new look."""
        with self._lock:
            self.changes += 1
            return self._taken_anew(session)

    @contextmanager
    def drawing(self, session: str) -> Iterator[None]:
        """While a page is drawn, touched or not: the time in which any is drawn counts, once."""
        with self._lock:
            begun = self._clock()
            if self._drawing == 0:
                self._since = begun
            self._drawing += 1
        try:
            yield
        finally:
            with self._lock:
                ended = self._clock()
                self._drawing -= 1
                if self._drawing == 0:
                    self._drawn += ended - self._since
                if self._at_turn == session:
                    self._at_turn, self._next_turn = "", ended + (ended - begun) * (1 / SHARE - 1)

    def _taken_anew(self, session: str) -> Stamp:
        self._stamp, self._taker = self._look(), session
        self._taken = self._since = self._clock()
        self._drawn = 0.0
        return self._stamp

    def _is_due(self, now: float) -> bool:
        """Not before all have seen the last look, and not while drawing takes more than its share of the time."""
        passed = now - self._taken
        drawn = self._drawn + (now - self._since if self._drawing else 0.0)
        waits = any(now - asked < LOST for _, asked in self._waiting.values())
        return passed >= LATEST or (passed >= SOONEST and drawn <= SHARE * passed and not waits)


class Patient(Generic[T]):
    """Something that takes long to find out: not asked anew at every look, but only after a rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Knows nothing yet.

        Args:
            clock: seconds.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[Stamp, int, T] | None = None
        self._rest_ends = 0.0

    def get(self, stamp: Stamp, changes: int, find: Callable[[], T]) -> T:
        """What was found with this look, or a moment ago; found anew at once where somebody changed something here.

        While one session finds it anew, others make do with what is known.
        """
        before = self._known
        must_wait = before is None or before[1] != changes
        if not self._lock.acquire(blocking=must_wait):
            assert before is not None
            return before[2]
        try:
            known = self._known
            if known is None or known[1] != changes or (known[0] != stamp and self._clock() >= self._rest_ends):
                begun = self._clock()
                self._known = known = stamp, changes, find()
                ended = self._clock()
                self._rest_ends = ended + REST * (ended - begun)
            return known[2]
        finally:
            self._lock.release()
