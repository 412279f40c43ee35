"""A window on the screen for the length of a `with`, and gone afterwards."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.client.sync.engine import ConnectionState
from core.ui import threads
from core.ui.context import WindowContext
from core.ui.jobs import Jobs
from tests.support.fake_backend import FakeBackend

_MEMORY: Final = "/dev/shm"


@contextmanager
def shown(qtbot: QtBot, window: QWidget, jobs: Jobs, closing: Callable[[], None] = lambda: None) -> Iterator[None]:
    """`closing` closes what is the window's own besides, when nothing of it runs any more."""
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    try:
        yield
    finally:
        window.close()
        jobs.close(wait_s=5)
        closing()
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@contextmanager
def own_folder() -> Iterator[str]:
    """A folder for a window's own file, in memory where the system has a place for it: nothing outlives the test."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        yield folder


def until_live(qtbot: QtBot, context: WindowContext[Any]) -> None:
    """Wait until the engine follows: by push, unless the settings say otherwise."""
    best = ConnectionState.LIVE if context.settings.push else ConnectionState.POLLING
    qtbot.waitUntil(lambda: context.bridge.sync_status.state is best)


def until_settled(qtbot: QtBot, context: WindowContext[Any], backend: FakeBackend) -> None:
    """Wait until nothing is under way in the window, and, while the backend answers, until it has everything that can
    be sent and the window was told of everything."""

    def settled() -> bool:
        sent = all(operation.held for operation in context.store.outbox())
        if backend.reachable and not (sent and all(socket.quiet for socket in list(backend.sockets))):
            return False
        # Last: a socket is quiet when what it brought has been put here.
        return not context.jobs.busy and threads._the_inbox()._sent.empty()

    qtbot.waitUntil(settled)
