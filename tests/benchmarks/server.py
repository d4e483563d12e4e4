"""The app's server as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT, child_environment


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def memory(self) -> int:
        """Bytes that it and its workers had at most (Linux)."""
        return sum(map(_most_memory, self._processes()))

    def processor(self) -> float:
        """Seconds of processor time so far, its workers' too (Linux)."""
        return sum(map(_processor, self._processes()))

    def _processes(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
        return [self.process.pid, *map(int, children)]

    def errors(self) -> list[str]:
        """The end of each error that it printed, but for visitors who left while the server spoke to them."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        parts = text.split("Traceback (most recent call last):")[1:]
        left = ("WebSocketDisconnect", "ClientDisconnected", "_websocket_endpoint")
        return [part.strip()[-600:] for part in parts if not any(sign in part for sign in left)]


def _most_memory(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(registry: Path, folder: Path, script: Path = ROOT / "app.py") -> Iterator[Server]:
    """The app of a registry on a free port, ready to answer; or another script of Streamlit's."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    log = folder / "server.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, "--", str(registry)], stdout=output, stderr=output, cwd=ROOT, env=child_environment()
        )
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            _wait(server)
            yield server
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=1) as answer:
            if answer.read() == b"ok":
                return
        time.sleep(0.02)
    raise AssertionError(f"the server does not answer: {server.log.read_text(encoding='utf-8')}")
