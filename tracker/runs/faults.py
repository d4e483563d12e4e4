"""What goes wrong while a run is logged: said once as a warning, and never an error of the training."""

from __future__ import annotations

import os
import sys
import warnings

from tracker.errors import ArtifactPathError, BadRequestError, TrackerWarning
from tracker.runs.recorder import Recorder

MOST_SAID = 50
"""Warnings of one run: who logs a thousand files that are not there reads the first ones."""
OF_ONE_THING = (ArtifactPathError, BadRequestError)
"""What is wrong with one value or file that was given; the next one is said too. All else is one fault for all."""


class Faults:
    """The faults of one run."""

    def __init__(self, run_name: str, recorder: Recorder) -> None:
        self._run_name = run_name
        self._recorder = recorder
        self.said: set[tuple[object, ...]] = set()
        """The causes that were said already."""

    def warn(self, what: str, fault: Exception, about: object = None) -> None:
        """Say once what went wrong; nothing that happens here reaches the training either.

        Args:
            what: what the script called.
            about: the name or file that it gave.
        """
        thing = str(about) if isinstance(fault, OF_ONE_THING) and isinstance(about, (str, os.PathLike)) else ""
        cause = (what, type(fault), getattr(fault, "errno", None), thing)
        if cause in self.said or len(self.said) >= MOST_SAID:
            return
        self.said.add(cause)
        kept = " What was logged is kept, and written as soon as that is possible." if self._recorder.waiting else ""
        message = f"{what}, run '{self._run_name}': {str(fault).rstrip('.')}.{kept}"
        try:
            warnings.warn(message, TrackerWarning, stacklevel=_outside())
        except Exception:  # warnings are errors here; a fault of tracking is none
            print(f"TrackerWarning: {message}", file=sys.stderr)


def _outside() -> int:
    """How many frames up the script is."""
    here = os.path.dirname(os.path.dirname(__file__)) + os.sep
    level, frame = 0, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        frame, level = frame.f_back, level + 1
    return level
