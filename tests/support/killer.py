"""Processes that tests kill, and their output up to then."""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.support import processes

_SILENT_FOR_S: Final = 150
"""After so long without output a process counts as hanging."""


@contextlib.contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Stop the process for the block (SIGSTOP). Not on Windows, which has no such signal."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Killable:
    """A Python module run as a process. `heard` has the JSON lines that it printed, over all its runs."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.kills = 0
        self.heard: list[dict[str, Any]] = []
        self._log = log
        self._process: processes.Started | None = None
        self._reader: threading.Thread | None = None

    def start(self, module: str, arguments: Sequence[str], on_line: Callable[[], None] = lambda: None) -> None:
        """Start it. It must not be running."""
        process = processes.start(module, arguments, self._log)
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process, on_line), name=f"heard-{self.name}")
        self._reader.start()

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def standing_still(self) -> contextlib.AbstractContextManager[None]:
        """See `standing_still`."""
        assert self._process is not None
        return standing_still(self._process.pid)

    def kill(self) -> None:
        """Kill it (SIGKILL, or the platform's equivalent)."""
        assert self._process is not None
        self.kills += 1
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait until it has ended and its output was read. Returns its exit status."""
        assert self._process is not None
        assert self._reader is not None
        heard = -1
        status = None
        while status is None:
            try:
                status = self._process.wait(_SILENT_FOR_S)
            except subprocess.TimeoutExpired:
                if heard == len(self.heard):
                    self._process.kill()
                heard = len(self.heard)
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        return status

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self) -> str:
        return self._log.read_text(encoding="utf-8")[-2000:]

    def _read(self, process: processes.Started, on_line: Callable[[], None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):  # a line cut off by the kill
                self.heard.append(json.loads(line))
                on_line()
