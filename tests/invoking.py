"""Runs Tracker's commands as a person does, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.cli.commands import main

Invoke = Callable[..., Result]


def invoking(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """What runs a command in the folder; the exit code must be the expected one."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("LOGNAME", "analyst")

    def run(
        *words: str, exit_code: int = 0, answer: str = "", color: bool = False, columns: int | None = None
    ) -> Result:
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        result = CliRunner().invoke(main, words, input=answer, color=color)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result

    return run
