"""The customer's window as it is shipped, over its own file and a network that can be cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from core.client.http.api import HttpClient
from core.client.sync.api import SyncedApi
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from core.ui.widgets.toast import Toasts
from customer_view.bootstrap import close, open_window
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow
from tests.support.customer_window import LONG_S, Screen
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.shown import shown


class Cable:
    """A proxy between a window and its backend that can be cut."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self.url = proxy.url

    def pull(self) -> None:
        """Cut the connection."""
        self._proxy.choose = lambda _line: Fault.REFUSE
        self._proxy.cut()

    def plug(self) -> None:
        self._proxy.choose = lambda _line: Fault.NONE


@contextmanager
def cable_to(url: str) -> Iterator[Cable]:
    with FaultProxy(url) as proxy:
        yield Cable(proxy)


class Synced(Screen):
    """A window with its sync engine, driven by its controls."""

    def __init__(self, qtbot: QtBot, window: CustomerWindow, jobs: Jobs, api: SyncedApi, bridge: Bridge) -> None:
        super().__init__(qtbot, window, jobs)
        self.api = api
        self.bridge = bridge

    def chip(self) -> str:
        return self.text("connection_chip")

    def toasts(self) -> list[str]:
        return self.find(Toasts, "toasts").texts

    def rows(self) -> list[str]:
        """The accessible texts of the list's rows."""
        from PySide6.QtCore import Qt

        model = self.order_list.model()
        return [
            str(model.data(model.index(row, 0), Qt.ItemDataRole.AccessibleTextRole)) for row in range(model.rowCount())
        ]

    def until_live(self) -> None:
        self.qtbot.waitUntil(lambda: "Live" in self.chip())

    def until_offline(self) -> None:
        self.qtbot.waitUntil(lambda: "Offline" in self.chip())


@contextmanager
def synced_window(
    qtbot: QtBot, url: str, folder: Path, client: HttpClient | None = None, **settings: object
) -> Iterator[Synced]:
    """A shown window that gets changes by push alone, unless the settings say otherwise."""
    quiet: dict[str, Any] = {"history_refresh_s": LONG_S, "tracker_refresh_s": LONG_S, "idle_sign_out_s": 0.0}
    quiet |= {"server_url": url, "theme": "light", "data_dir": str(folder), "sounds": False}
    chosen = CustomerSettings(**(quiet | settings))
    theme = Theme(chosen.theme, chosen.text_scale, reduced_motion=chosen.reduced_motion)
    window, api = open_window(chosen, theme, client)
    jobs, bridge = window._context.jobs, window._context.bridge
    with shown(qtbot, window, jobs, lambda: close(api, chosen)):
        yield Synced(qtbot, window, jobs, api, bridge)
