"""Whether a process still runs, as far as can be told from here."""

from __future__ import annotations

import os


def is_running(pid: int, started: str) -> bool:
    """Whether the process with this number, begun when :func:`process_start` said so, runs on this machine."""
    return pid > 0 and process_start(pid) == started and _exists(pid)


def process_start(pid: int) -> str:
    """What tells this process from a later one with the same number; empty where the system does not say."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == b"Z" else fields[19].decode()


def _exists(pid: int) -> bool:
    if os.name == "nt":  # os.kill(pid, 0) would end the process there
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
        handle = kernel.OpenProcess(0x1000, False, pid)
        if handle:
            kernel.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
