"""One look at a registry's files for all sessions of the server, and when the next one is worth its cost.

Each new look makes every session read and draw again. With twenty people watching while scripts log ten times a second,
a look of each session's own would leave no time for anybody's click. No streamlit in here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from tracker.web.watch import Stamp

SOONEST = 1.0
"""Seconds between two looks at least; with the time that a page takes, news is on it within two seconds."""
LATEST = 15.0
"""Seconds after which it is looked again in any case."""
SHARE = 0.3
"""How much of the time since the last look may have gone into drawing pages before the next one is taken."""

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

    def watched(self) -> Stamp:
        """What a page that nobody touches compares itself with: a new look only where its time has come."""
        with self._lock:
            return self._taken_anew(self._taker) if self._stamp is None or self._is_due() else self._stamp

    def asked(self, session: str) -> Stamp:
        """What somebody sees who comes, or clicks: a new look while nothing is drawn, or if the last was theirs.

        So one who is alone never sees an old one and finds at once what they changed; of many who come and click at
        the same time some make do with what another one saw a moment ago.
        """
        with self._lock:
            comes = self._drawing == 0 and session not in self._sessions
            self._sessions.add(session)
            if self._stamp is None or comes or self._taker == session or self._is_due():
                return self._taken_anew(session)
            return self._stamp

    def changed(self, session: str) -> Stamp:
        """What somebody sees who has just changed something on a page: a new look."""
        with self._lock:
            self.changes += 1
            return self._taken_anew(session)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """While a page is drawn, for whichever session: the time in which any is drawn counts, once."""
        with self._lock:
            if self._drawing == 0:
                self._since = self._clock()
            self._drawing += 1
        try:
            yield
        finally:
            with self._lock:
                self._drawing -= 1
                if self._drawing == 0:
                    self._drawn += self._clock() - self._since

    def _taken_anew(self, session: str) -> Stamp:
        self._stamp, self._taker = self._look(), session
        self._taken = self._since = self._clock()
        self._drawn = 0.0
        return self._stamp

    def _is_due(self) -> bool:
        now = self._clock()
        passed = now - self._taken
        drawn = self._drawn + (now - self._since if self._drawing else 0.0)
        return passed >= LATEST or (passed >= SOONEST and drawn <= SHARE * passed)


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
        """What was found with this look, or a moment ago; found anew at once where somebody changed something here."""
        with self._lock:
            known = self._known
            if known is None or known[1] != changes or (known[0] != stamp and self._clock() >= self._rest_ends):
                begun = self._clock()
                self._known = known = stamp, changes, find()
                ended = self._clock()
                self._rest_ends = ended + REST * (ended - begun)
            return known[2]
