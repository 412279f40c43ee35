"""A test run that is ended leaves no PostgreSQL behind, however it is ended."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.own_process import python
from tests.support import postgres

_RUN = """
import os, signal, sys, threading
from tests.support.postgres import Postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below whoever was started in a shell's background
server = Postgres()
print(server.port, server._directory, flush=True)
if sys.argv[1] == "crash":
    os.abort()
threading.Event().wait()
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only("the server that it starts is its own"),
    pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups to signal"),
    pytest.mark.skipif(postgres.binaries() is None, reason="there is no PostgreSQL here"),
]


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL", "crash"])
def test_a_run_that_is_ended_leaves_no_server_behind(how: str) -> None:
    run = subprocess.Popen(
        python("-c", _RUN, how),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[3],
    )
    assert run.stdout is not None
    port, folder = run.stdout.readline().split()
    if how != "crash":
        os.killpg(run.pid, getattr(signal, how))  # the whole group, as a terminal and a CI do it
    assert run.wait(30) != 0
    run.stdout.close()
    waiting = threading.Event()
    for _ in range(600):
        if not _listens(int(port)) and not Path(folder).exists():
            return
        waiting.wait(0.1)  # another process is what ends it: there is nothing here to be told by
    raise AssertionError(f"after the run's end, somebody listens at {port} or {folder} is there")


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0
