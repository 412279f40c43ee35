"""Every test leaves nothing behind: no thread, no running timer, no window, no letters of its size. One that does fails
and names it."""

import atexit
import gc
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # whoever runs the tests keeps theirs
gc.disable()  # as a window does: no thread of a test frees what is Qt's; see core/ui/threads.py
# A slot that lacks @Slot is connected by name at run time; Qt warns, and a warning fails the test.
os.environ["QT_LOGGING_RULES"] = "qt.pyside.libpyside.warning=true"
for _name in [name for name in os.environ if name.startswith("ORDERBELL_") and not name.startswith("ORDERBELL_TEST_")]:
    del os.environ[_name]

# What this user has of Orderbell stays as it is.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="orderbell-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)
os.environ["XDG_STATE_HOME"] = os.environ["XDG_DATA_HOME"] + "/state"

import hypothesis
import pytest
from pytestqt.qtbot import QtBot

from core.client.device import unlock
from core.clock import Clock
from core.server.auth import passwords
from core.ui import preflight
from core.ui.threads import collect_due_garbage
from tests.support import databases, postgres

# pytest-qt gives up after 5 s. A condition that holds sooner is not waited for longer, and CI's machines are shared.
for _wait in (QtBot.waitUntil, QtBot.waitSignal):
    assert _wait.__kwdefaults__ is not None
    _wait.__kwdefaults__["timeout"] = 30_000

# Nor does an example of hypothesis fail as one of them took more than 200 ms over it.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only(reason): PostgreSQL has not what it tests, or makes no difference")
    config.addinivalue_line("markers", "postgresql_only(reason): SQLite has not what it tests")
    config.addinivalue_line("markers", "slow: takes a second of a processor or more; `make quick` leaves it out")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker begins with its share of the slow tests, so that none waits alone for one at the end; those of a
    module stay together, as they share its servers. pytest-xdist first gives every worker an equal part of the list, in
    its order."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow: dict[Path, list[pytest.Item]] = {}
    others = []
    for item in items:
        if item.get_closest_marker("slow"):
            slow.setdefault(item.path, []).append(item)
        else:
            others.append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for module in sorted(slow.values(), key=len, reverse=True):
        min(shares, key=len).extend(module)
    cuts = [len(others) * worker // workers for worker in range(workers + 1)]
    items[:] = [item for at, share in enumerate(shares) for item in (*share, *others[cuts[at] : cuts[at + 1]])]


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking ten thousand tests after each of them."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What has a backend is tested on every database that the machine has."""
    if "database" in metafunc.fixturenames:
        alone = {kind for kind in databases.KINDS if metafunc.definition.get_closest_marker(f"{kind}_only")}
        kinds = [kind for kind in databases.wanted() if kind in (alone or databases.KINDS)]
        metafunc.parametrize("database", kinds, indirect=True, scope="module")


TRIED = (3, 13)
"""The newest Python that all of this was tried with."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sys.version_info[:2] > TRIED:
        terminalreporter.section("A NEWER PYTHON", yellow=True)
        here, tried = (".".join(map(str, each)) for each in (sys.version_info[:2], TRIED))
        terminalreporter.line(f"This is Python {here}; what was tried is 3.11 to {tried}.", yellow=True)
    left_out = list(_left_out())
    if left_out:
        terminalreporter.section("LEFT OUT", red=True)
        for line in left_out:
            terminalreporter.line(line, red=True)


def _left_out() -> Iterator[str]:
    """What this machine cannot test, and what to install for it."""
    advice = "on Debian and Ubuntu: apt-get install"
    missing = set(databases.KINDS) - set(databases.wanted())
    if missing:
        told = "" if postgres.binaries() else f" There is none here; {advice} postgresql"
        yield f"Nothing was tested on {', '.join(sorted(missing))}.{told}"
    lacking = preflight.missing_programs()
    if lacking:
        packages = " ".join(preflight.SCREEN[name] for name in lacking)
        yield f"No order was pressed on a real screen: there is no {' and no '.join(lacking)}; {advice} {packages}"


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[databases.Kind]:
    """What the backends of a module's tests stand on; one after the other."""
    kind: databases.Kind = request.param
    with databases.standing_on(kind):
        yield kind


def _more_than(threads: set[threading.Thread]) -> list[threading.Thread]:
    """Those that were begun since. A loop's own workers end with the loop, whose thread is among the others: a module's
    server may first need one in the middle of a test."""
    begun = set(threading.enumerate()) - threads
    return [thread for thread in begun if not thread.name.startswith(("uvloop_", "asyncio_"))]


@pytest.fixture(autouse=True, scope="session")
def _people_sign_in_quickly() -> Iterator[None]:
    """The same few people sign in thousands of times. Whether a secret made a hash is always the same, and slow; and so
    is the hash that a till keeps of each PIN, whose cost nothing here depends on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_matches", cache(passwords._matches))
        patch.setitem(unlock._WORK, "n", 1 << 4)
        yield


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    threads = set(threading.enumerate())
    look = _look() if "qapp" in request.fixturenames else None
    yield
    collect_due_garbage()
    for thread in _more_than(threads):
        thread.join(30)  # a call that is under way may be at its last try
    left = [thread.name for thread in _more_than(threads) if thread.is_alive()]
    assert not left, f"{request.node.nodeid} left threads behind: {left}"
    if "qapp" in request.fixturenames:
        _no_qt_left_behind(request.node.nodeid)
        assert look in (None, _look()), f"{request.node.nodeid} left the application in other clothes"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that a test calls here, and not in a process of its own, sends the logs of the process to its own
    stream: they would go on to one that is closed by then."""
    yield
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if type(handler).__module__.startswith("_pytest")]
    root.setLevel(logging.WARNING)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = True


@pytest.fixture(autouse=True)
def _american_english(request: pytest.FixtureRequest) -> None:
    """Every test with widgets reads the same words, amounts and times, whatever the machine and the tests before."""
    if "qapp" in request.fixturenames:
        from core.ui.days import use_zone
        from core.ui.text import use_language

        use_language("en_US")
        use_zone("")


def _look() -> tuple[str, str] | None:
    """The font and the style sheet of every window; None while there is no application."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    return (app.font().key(), app.styleSheet()) if isinstance(app, QApplication) else None


def _no_qt_left_behind(test: str) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    visible = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    timers = [
        timer
        for widget in QApplication.topLevelWidgets()
        for timer in widget.findChildren(QTimer)
        if timer.isActive() and not widget.isVisible()
    ]
    assert not visible, f"{test} left windows open: {visible}"
    assert not timers, f"{test} left timers running under {[timer.parent() for timer in timers]}"


@pytest.fixture
def sleep(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Have the machine sleep for so many seconds, on a system whose monotonic clock sleeps too."""
    slept = [0.0]
    monkeypatch.setattr("core.clock.own", Clock(wall=lambda: time.time() + slept[0]))

    def fall_asleep(seconds: float) -> None:
        slept[0] += seconds

    return fall_asleep
