"""The shop's devices on the Sync page: what the server knows of each, and how old that is by now."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.client.sync.api import SyncedApi
from core.domain.ids import DeviceId
from core.domain.people import DeviceKind
from core.protocol.devices import DeviceList, DeviceReport
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from pos_app.sync.devices import Devices
from pos_app.sync.devices_pane import DevicesPane

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SEEN = {"BOARD1": None, "POS1": NOW, "POS2": NOW - timedelta(minutes=5)}
KINDS = {"BOARD1": DeviceKind.STATUS_DISPLAY, "POS1": DeviceKind.POS, "POS2": DeviceKind.POS}


def words(pane: DevicesPane) -> list[str]:
    return [each.text() for each in pane.findChildren(QLabel) if each.isVisible() and each.text()]


def test_who_was_heard_grows_older_and_nothing_is_told_without_the_server(qtbot: QtBot) -> None:
    told = DeviceList(
        devices=tuple(
            DeviceReport(name=DeviceId(name), kind=KINDS[name], last_contact_at=at) for name, at in SEEN.items()
        )
    )
    reached, clock = [True], [NOW]

    def answer() -> DeviceList:
        if not reached[0]:
            raise Unreachable("{address} broke off the connection.", address="https://till:1")
        return told

    jobs = Jobs()
    devices = Devices(jobs, cast("SyncedApi", SimpleNamespace(call=lambda _request: answer())))
    pane = DevicesPane(Theme("light"), devices, lambda: clock[0])
    devices.setParent(pane)
    qtbot.addWidget(pane)
    with qtbot.waitSignal(devices.changed):
        pane.show()
    assert {"POS", "Status display"} <= set(words(pane))
    assert {"not heard from yet", "heard 0 s ago", "▲ POS2", "heard 5 min ago"} <= set(words(pane))
    clock[0] += timedelta(seconds=11)
    pane.update_age()
    assert "heard 11 s ago" in words(pane)
    reached[0] = False
    with qtbot.waitSignal(devices.changed):
        pane.refresh()
    assert "Only the server knows. https://till:1 broke off the connection." in words(pane)
    assert "POS1" not in words(pane)
    pane.close()
    jobs.close(wait_s=5)


def test_a_list_that_cannot_be_asked_for_is_not_said_to_be_loading(qtbot: QtBot) -> None:
    hangs = threading.Event()
    jobs = Jobs()
    devices = Devices(jobs, cast("SyncedApi", SimpleNamespace(call=lambda _request: hangs.wait())))
    pane = DevicesPane(Theme("light"), devices, lambda: NOW)
    devices.setParent(pane)
    qtbot.addWidget(pane)
    pane.show()
    assert "Loading…" in words(pane)
    pane.set_online(online=False)
    assert "Only the server knows, and it cannot be asked now." in words(pane)
    assert "Loading…" not in words(pane)
    pane.close()
    hangs.set()
    jobs.close(wait_s=5)
