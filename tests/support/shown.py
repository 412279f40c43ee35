"""A window that is shown for the duration of a `with`, and deleted afterwards."""

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
    """`closing` closes the window's other resources, when no job runs any more."""
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
    """A folder for a window's file, in memory where possible; deleted afterwards."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        yield folder


def until_live(qtbot: QtBot, context: WindowContext[Any]) -> None:
    """Wait until the engine receives events: by push, unless the settings say otherwise."""
    best = ConnectionState.LIVE if context.settings.push else ConnectionState.POLLING
    qtbot.waitUntil(lambda: context.bridge.sync_status.state is best)


def until_settled(qtbot: QtBot, context: WindowContext[Any], backend: FakeBackend) -> None:
    """Wait until no job of the window runs and, while the backend answers, everything that can be sent was sent and all
    updates were delivered."""

    def settled() -> bool:
        sent = all(operation.held for operation in context.store.outbox())
        if backend.reachable and not (sent and all(socket.quiet for socket in list(backend.sockets))):
            return False
        # Last: a socket counts as quiet once its messages are in this inbox.
        return not context.jobs.busy and threads._the_inbox()._sent.empty()

    qtbot.waitUntil(settled)
