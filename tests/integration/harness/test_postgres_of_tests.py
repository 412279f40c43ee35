"""A test run that is ended leaves no PostgreSQL and no server behind, however it is ended."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.own_process import python
from tests.support import postgres

_RUN = """
import os, signal, sys
from tests.support.postgres import Postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below whoever was started in a shell's background
server = Postgres()
print(server.port, server._directory, flush=True)
if sys.argv[1] == "crash":
    os.abort()
sys.stdin.read()  # so that it ends with the test, also with one that fails or is killed
"""
_RUN_WITH_A_SERVER = """
import os, sys
from pathlib import Path
from tests.support import processes
process = processes.start("http.server", [sys.argv[1], "--bind", "127.0.0.1"], Path(os.devnull))
sys.stdin.read()
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only("the server that it starts is its own"),
    pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups to signal"),
    pytest.mark.skipif(postgres.binaries() is None, reason="there is no PostgreSQL here"),
]


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL", "crash"])
def test_a_run_that_is_ended_leaves_no_server_behind(how: str) -> None:
    with _started(_RUN, how) as run:
        port, folder = _line_of(run).split()
        if how != "crash":
            os.killpg(run.pid, getattr(signal, how))  # the whole group, as a terminal and a CI do it
        assert run.wait(30) != 0
    left = f"after the run's end, somebody listens at {port}, or {folder} is there"
    _until(lambda: not _listens(int(port)) and not Path(folder).exists(), left)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_run_that_is_ended_leaves_none_of_its_processes_behind(how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with _started(_RUN_WITH_A_SERVER, str(port)) as run:
        _until(lambda: _listens(port), f"nobody listens at {port}")
        run.send_signal(getattr(signal, how))
        assert run.wait(30) != 0
    _until(lambda: not _listens(port), f"somebody listens at {port} after the run's end")


@contextlib.contextmanager
def _started(code: str, argument: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        python("-c", code, argument),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[3],
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def _line_of(run: "subprocess.Popen[str]") -> str:
    assert run.stdout is not None
    return run.stdout.readline()


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    waiting = threading.Event()
    for _ in range(600):
        if holds():
            return
        waiting.wait(0.1)  # another process is what ends it: there is nothing here to be told by
    raise AssertionError(otherwise)


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0
