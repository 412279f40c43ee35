"""`pytest -n 6` with workers that are forked from a process which has collected the tests.

pytest-xdist's workers each import and collect everything, which takes each of them 7 s of a processor or more. It is
used where a system does not fork. A worker is told tests of one module at a time, as they share its servers, and asks
for more before its last one, so that a fixture's end knows what comes next.
"""

import atexit
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Final, NoReturn

import pytest

CAN: Final = sys.platform == "linux"
"""Not on macOS, whose frameworks do not work in a process that was forked."""
_PARTS: Final = 4
"""A worker is told at most this part of its share of all tests at once, so that all end at about the same time."""


def take_over(config: pytest.Config) -> None:
    """Have the workers of `-n` forked where the system can; for `pytest_cmdline_main`."""
    workers = config.getoption("numprocesses", None)
    if sys.platform != "win32" and CAN and workers and not config.option.collectonly:
        config.option.dist, config.option.tx = "no", []  # none of pytest-xdist's
        config.pluginmanager.register(Forks(workers))


if sys.platform != "win32":

    class Forks:
        """The plugin of the process that collects, and reports what its workers tell."""

        def __init__(self, workers: int) -> None:
            self._workers = workers
            self._running: dict[Connection[Any, Any], _Worker] = {}
            self._begun = 0

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
            if session.testsfailed or session.config.option.collectonly or not session.items:
                return None
            terminal: Any = session.config.pluginmanager.getplugin("terminalreporter")
            terminal.showfspath = False  # tests of several modules are reported in turns
            session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # empties what --basetemp names
            todo = deque(_shares(session.items, self._workers))
            try:
                for _ in range(min(self._workers, len(todo))):
                    self._begin(session)
                while self._running:
                    for connection in wait(list(self._running)):
                        assert isinstance(connection, Connection)
                        self._hear(session, self._running[connection], todo)
                    if session.shouldfail:
                        raise session.Failed(session.shouldfail)
                    if session.shouldstop:
                        raise session.Interrupted(session.shouldstop)
            finally:
                for worker in self._running.values():
                    os.kill(worker.pid, signal.SIGTERM)
                    os.waitpid(worker.pid, 0)
            return True

        def _begin(self, session: pytest.Session) -> None:
            here, there = Pipe()
            self._begun += 1
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
            if not pid:
                for connection in (here, *self._running):
                    connection.close()
                _work(session, there, self._begun)
            there.close()
            self._running[here] = _Worker(pid, here)

        def _hear(self, session: pytest.Session, worker: "_Worker", todo: deque[list[int]]) -> None:
            event, values = "ended", []
            with suppress(EOFError):
                event, *values = worker.connection.recv()
            hook = session.config.hook
            if event == "ended":
                self._ended(session, worker, todo)
            elif event == "more":
                share = todo.popleft() if todo else []
                worker.to_do.extend(share)
                worker.connection.send(share)
            elif event == "began":
                item = session.items[worker.to_do[0]]
                hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            elif event == "report":
                report = hook.pytest_report_from_serializable(config=session.config, data=values[0])
                hook.pytest_runtest_logreport(report=report)
            elif event == "done":
                item = session.items[worker.to_do.popleft()]
                hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            else:
                message, when, nodeid, location = values
                hook.pytest_warning_recorded.call_historic(
                    kwargs={"warning_message": message, "when": when, "nodeid": nodeid, "location": location}
                )

        def _ended(self, session: pytest.Session, worker: "_Worker", todo: deque[list[int]]) -> None:
            """One that died in a test fails that test, and another does the others that it had."""
            del self._running[worker.connection]
            worker.connection.close()
            status = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
            if not worker.to_do:
                assert status == 0, f"a worker ended with {status} after its tests"
                return
            item = session.items[worker.to_do.popleft()]
            why = f"the process that ran {item.nodeid} ended with {status}"
            dead = pytest.TestReport(item.nodeid, item.location, {}, "failed", why, "call")
            session.config.hook.pytest_runtest_logreport(report=dead)
            if worker.to_do:
                todo.appendleft(list(worker.to_do))
            self._begin(session)

    class _Worker:
        """What the collecting process knows of a worker."""

        def __init__(self, pid: int, connection: "Connection[Any, Any]") -> None:
            self.pid = pid
            self.connection = connection
            self.to_do: deque[int] = deque()
            """Indices of the tests that it was told and has not done, the one that it is at first."""

    class _Telling:
        """The plugin of a worker."""

        def __init__(self, config: pytest.Config, connection: "Connection[Any, Any]") -> None:
            self._config = config
            self._connection = connection

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
            self._connection.send(("report", data))

        def pytest_warning_recorded(
            self,
            warning_message: warnings.WarningMessage,
            when: str,
            nodeid: str,
            location: tuple[str, int, str] | None,
        ) -> None:
            told = warning_message
            as_text = warnings.WarningMessage(str(told.message), told.category, told.filename, told.lineno)
            self._connection.send(("warning", as_text, when, nodeid, location))

        def indices(self) -> Iterator[int]:
            while share := self._ask():
                yield from share

        def _ask(self) -> list[int]:
            self._connection.send(("more",))
            share: list[int] = self._connection.recv()
            return share

        def run(self, session: pytest.Session) -> None:
            indices = self.indices()
            at = next(indices, None)
            while at is not None:
                following = next(indices, None)
                self._connection.send(("began",))
                self._config.hook.pytest_runtest_protocol(
                    item=session.items[at], nextitem=None if following is None else session.items[following]
                )
                self._connection.send(("done",))
                at = following

    def _work(session: pytest.Session, connection: "Connection[Any, Any]", number: int) -> NoReturn:
        """Be a worker, to the end of this process."""
        status = 1
        try:
            config = session.config
            _apart(config, number)
            telling = _Telling(config, connection)
            config.pluginmanager.register(telling)
            telling.run(session)
            status = 0
        except (EOFError, BrokenPipeError, KeyboardInterrupt):  # the collecting process has ended, or will now
            pass
        except BaseException:  # noqa: BLE001 - it is printed, and the process ends
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()
            os._exit(status)

    def _apart(config: pytest.Config, number: int) -> None:
        """Share no file with the other workers, and say nothing but to the collecting process."""
        plugins = config.pluginmanager
        capturing: Any = plugins.getplugin("capturemanager")
        capturing.stop_global_capturing()
        capturing.start_global_capturing()
        capturing.suspend_global_capture()
        for plugin in plugins.get_plugins():
            if type(plugin).__name__ in ("TerminalReporter", "LogXML", "Forks"):
                plugins.unregister(plugin)
        apart: Any = config
        base = apart._tmp_path_factory.getbasetemp() / f"worker-{number}"
        base.mkdir(mode=0o700)
        apart._tmp_path_factory._basetemp = base
        os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(dir=os.environ["XDG_DATA_HOME"])
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_DATA_HOME"] + "/state"


def _shares(items: list[pytest.Item], workers: int) -> Iterator[list[int]]:
    """Indices of tests that follow each other in a module, in the order of `items`."""
    most = max(1, len(items) // (workers * _PARTS))
    for _, module in groupby(range(len(items)), lambda at: items[at].path):
        indices = list(module)
        for first in range(0, len(indices), most):
            yield indices[first : first + most]
