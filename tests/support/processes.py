"""Processes of `python -m MODULE ARGUMENTS`, started in a few milliseconds.

Importing the program takes half a second of CPU time, and the tests start hundreds of processes. Where the system
forks, each is forked from a process that has only imported it: with its own streams and environment, and no state of
other tests. Tests that concern the command line before `main` start a real one.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any, Final, Protocol

from typing_extensions import override

from core.own_process import python

_FORKS: Final = sys.platform != "win32"


class Started(Protocol):
    """The part of `subprocess.Popen` that tests use."""

    pid: int
    stdin: IO[str] | None
    stdout: IO[str] | None

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...


def start(module: str, arguments: Sequence[str], log: Path) -> Started:
    """Start a process. Its standard input and output are pipes; standard error is appended to `log`."""
    with log.open("a", encoding="utf-8") as errors:
        if _FORKS:
            return _Forked(module, arguments, errors)
        command = python("-m", module, *arguments)
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)


def orderbell(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run an `orderbell` command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "errors"
        process = start("core.admin", words, log)
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            process.stdin.close()
            said = process.stdout.read()
        return subprocess.CompletedProcess(words, process.wait(), said, log.read_text(encoding="utf-8"))


if sys.platform != "win32":
    _forking = multiprocessing.get_context("forkserver")
    _forking.set_forkserver_preload(["tests.support.preloaded"])

    class _End:
        """A file descriptor that is passed to the process."""

        def __init__(self, descriptor: int) -> None:
            self.descriptor = descriptor

        @override
        def __reduce__(self) -> tuple[Any, ...]:
            return _arrived, (DupFd(self.descriptor),)

    def _arrived(copy: Any) -> _End:
        return _End(copy.detach())

    class _Forked:
        def __init__(self, module: str, arguments: Sequence[str], errors: IO[str]) -> None:
            (its_input, told), (said, its_output) = os.pipe(), os.pipe()
            streams = tuple(map(_End, (its_input, its_output, errors.fileno())))
            task = (module, tuple(arguments), dict(os.environ), str(Path.cwd()), streams)
            self._process = _forking.Process(target=_run, args=task, daemon=True)
            try:
                self._process.start()
            finally:
                os.close(its_input)
                os.close(its_output)
            assert self._process.pid is not None
            self.pid = self._process.pid
            self.stdin: IO[str] | None = os.fdopen(told, "w", encoding="utf-8")
            self.stdout: IO[str] | None = os.fdopen(said, encoding="utf-8")

        def poll(self) -> int | None:
            return self._process.exitcode

        def wait(self, timeout: float | None = None) -> int:
            self._process.join(timeout)
            status = self._process.exitcode
            if status is None:
                raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
            return status

        def send_signal(self, sig: int, /) -> None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                if self.poll() is None:
                    os.kill(self.pid, sig)

        def kill(self) -> None:
            self.send_signal(signal.SIGKILL)

    def _end_with_its_starter() -> None:
        """End the process with its starter, so that a killed test run leaves no server behind."""
        starter = multiprocessing.parent_process()
        assert starter is not None
        wait([starter.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    def _run(
        module: str, arguments: tuple[str, ...], environment: dict[str, str], folder: str, streams: tuple[_End, ...]
    ) -> None:
        threading.Thread(target=_end_with_its_starter, daemon=True).start()
        for standard, end in enumerate(streams):
            os.dup2(end.descriptor, standard)
            os.close(end.descriptor)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv[:] = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
