"""The line that has the retention of a registry run every night: for cron, and for the Task Scheduler of Windows."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

AT = "03:00"


def cron_line(registry: Path, python: str, log: Path) -> str:
    """A line for ``crontab -e``; in one, a percent sign would end the command."""
    words = [python, "-m", "tracker", "retention", "run", str(registry)]
    command = f"{' '.join(map(shlex.quote, words))} >> {shlex.quote(str(log))} 2>&1"
    hour, minute = AT.split(":")
    return f"{int(minute)} {int(hour)} * * * {command}".replace("%", r"\%")


def task_scheduler_line(registry: Path, python: str) -> str:
    """A command for the prompt of Windows."""
    inner = subprocess.list2cmdline([python, "-m", "tracker", "retention", "run", str(registry)])
    words = [
        "schtasks",
        "/Create",
        "/TN",
        f"Tracker retention {registry.stem}",
        "/SC",
        "DAILY",
        "/ST",
        AT,
        "/TR",
        inner,
    ]
    return subprocess.list2cmdline(words)
