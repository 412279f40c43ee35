"""What a notice says of an outage ends with it, wherever in the window it stands."""

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from core.client.errors import Busy, ClientError, ServerFault, Unreachable
from core.client.sync.engine import ConnectionState, SyncStatus
from core.ui.theme import Theme
from core.ui.widgets.notice import Notice, follow_connection

GONE = Unreachable("{address} refuses the connection. Is the server running?", address="https://till:1")
FULL = Busy("Make room on it.", title="The server's disk is full", retry_after_s=5)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """With two notices, one of them on a page further in."""
    window, page, theme = QWidget(), QWidget(), Theme("light")
    for parent in (page, window):
        column = QVBoxLayout(parent)
        column.addWidget(Notice(theme))
    column.addWidget(page)
    qtbot.addWidget(window)
    return window


def said(window: QWidget, error: ClientError, sync_status: SyncStatus) -> list[str]:
    """What the notices say of `error` once the connection stands so."""
    notices = window.findChildren(Notice)
    for notice in notices:
        notice.show_error(error, "Try again", lambda: None)
    follow_connection(window, sync_status)
    return [notice.text for notice in notices]


@pytest.mark.parametrize("state", [ConnectionState.LIVE, ConnectionState.POLLING])
@pytest.mark.parametrize("error", [GONE, FULL])
def test_an_outage_that_is_over_is_said_nowhere(window: QWidget, error: ClientError, state: ConnectionState) -> None:
    assert said(window, error, SyncStatus(state=state)) == ["", ""]


@pytest.mark.parametrize(
    ("error", "sync_status"),
    [
        (GONE, SyncStatus(state=ConnectionState.OFFLINE, problem=GONE)),
        (FULL, SyncStatus(state=ConnectionState.POLLING, hindered=FULL)),
        (ServerFault("It answered 500."), SyncStatus(state=ConnectionState.LIVE)),
    ],
)
def test_what_lasts_goes_on_being_said(window: QWidget, error: ClientError, sync_status: SyncStatus) -> None:
    assert all(error.title in words for words in said(window, error, sync_status))


def test_what_was_said_after_the_outage_stays(window: QWidget) -> None:
    notice = window.findChildren(Notice)[0]
    notice.show_error(GONE)
    notice.show_message("POS1-000001 is cancelled")
    follow_connection(window, SyncStatus(state=ConnectionState.LIVE))
    assert notice.text == "POS1-000001 is cancelled"
