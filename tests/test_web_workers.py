"""The processes beside the server: they begin when they are worth it, and end with it."""

from __future__ import annotations

import math
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tracker.errors import RunNotFoundError
from tracker.reading.registry import Registry
from tracker.web.reading import workers as module
from tracker.web.reading.workers import Workers
from tracker.web.script import SCRIPT

ROOT = Path(__file__).parent.parent
SECONDS = 30.0
LONG = module.LONG * 1.5
SERVER = """
import os, time
from tracker.web.reading.workers import Workers
if __name__ == "__main__":
    workers = Workers()
    workers.allow(())
    workers.find(time.sleep, LONG)
    while (pid := workers.find(os.getpid)) == os.getpid():
        time.sleep(0.02)
    print(pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """Some whose main module is none that a test of a page left behind: they would run it, as they would the app's."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    made = Workers()
    yield made
    made.stop()


def soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def started(workers: Workers) -> int:
    """One that found something out, after they were asked something that takes long."""
    workers.allow(("json",))
    workers.find(time.sleep, LONG)
    assert soon(lambda: workers.find(os.getpid) != os.getpid())
    return workers.find(os.getpid)


def children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid is not None}


def test_what_is_found_quickly_is_found_here(workers: Workers) -> None:
    before = children()
    workers.allow(())
    assert [workers.find(math.sqrt, 16.0) for _ in range(20)] == [4.0] * 20
    assert workers.find(os.getpid) == os.getpid() and children() == before


def test_without_leave_none_is_started(workers: Workers) -> None:
    before = children()
    workers.find(time.sleep, LONG)
    assert children() == before


def test_after_something_that_took_long_others_find_it(workers: Workers) -> None:
    before = children()
    assert started(workers) in children() - before
    assert len(children() - before) == module.COUNT
    assert workers.find(math.sqrt, 16.0) == 4.0
    workers.stop()
    assert soon(lambda: children() == before)
    assert workers.find(os.getpid) == os.getpid()


def test_an_error_is_the_same_as_if_it_was_found_here(workers: Workers, registry_path: Path) -> None:
    import tracker

    with tracker.start_run(registry_path, name="one"):
        pass
    started(workers)
    registry = Registry(registry_path)
    with pytest.raises(RunNotFoundError) as here:
        Registry.run(registry, "nobody")
    with pytest.raises(RunNotFoundError, match="nobody") as there:
        workers.find(Registry.run, registry, "nobody")
    assert str(there.value) == str(here.value)
    with pytest.raises(ValueError, match="domain"):
        workers.find(math.sqrt, -1.0)


def test_where_one_is_killed_it_is_found_here(workers: Workers) -> None:
    os.kill(started(workers), signal.SIGKILL)
    assert soon(lambda: workers.find(os.getpid) == os.getpid())
    assert workers.find(math.sqrt, 16.0) == 4.0


def test_they_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER.replace("LONG", str(LONG)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        server.kill()
    assert soon(lambda: not alive(worker))


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_does_not_run_the_app() -> None:
    """It begins with the server's main module, which is the script of the page that was drawn last."""
    assert "main" not in runpy.run_path(str(SCRIPT), run_name="__mp_main__")
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__mp_main__'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code, SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"streamlit", "tracker.web.main"} & set(loaded.stdout.split())


def test_what_workers_import_draws_no_page() -> None:
    from tracker.web.ahead import FINDERS

    code = f"import importlib, sys; [importlib.import_module(name) for name in {FINDERS}]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"streamlit", "altair", "scipy"} & set(loaded.stdout.split())
