"""The cashier's window as it is shipped, over its own file and a network that can be cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from core.client.operations import Operation
from core.client.sync.api import SyncedApi
from core.domain.ids import OrderId
from core.domain.status import OrderStatus
from core.ui.theme import Theme
from pos_app.bootstrap import open_window
from pos_app.order.card import Card
from pos_app.settings import PosSettings
from pos_app.sync.page import SyncPage
from tests.support.pos_window import LONG_S, Screen
from tests.support.shown import shown


class Synced(Screen):
    """A till with its sync engine, driven by its controls."""

    @property
    def api(self) -> SyncedApi:
        return self.window._context.api

    def chip(self) -> str:
        return self.text("connection_chip")

    def toasts(self) -> list[str]:
        toasts = self.window.alerts.toasts
        return toasts.texts if toasts is not None else []

    def until_live(self) -> None:
        self.qtbot.waitUntil(lambda: "Live" in self.chip())

    def until_offline(self) -> None:
        self.qtbot.waitUntil(lambda: "Offline" in self.chip())

    def until_sent(self) -> None:
        """Wait until every operation is answered, with any result, and shown so."""
        self.qtbot.waitUntil(lambda: not any(not each.held for each in self.waiting()))

    def until_waiting(self, count: int) -> None:
        """Wait until so many operations wait, for as long as any comes or goes: hundreds take as long as the machine
        needs to send and to show each, and one that hangs is found as soon as ever."""
        while (before := len(self.waiting())) != count:
            self.qtbot.waitUntil(partial(self._waits_otherwise, before))

    def _waits_otherwise(self, count: int) -> bool:
        return len(self.waiting()) != count

    def waiting(self) -> tuple[Operation, ...]:
        return self.window.store.outbox()

    def at(self, order_id: OrderId) -> OrderStatus | None:
        return self.window.board.column_of(order_id)

    def card_of(self, order_id: OrderId) -> Card:
        card = self.window.board.card(order_id)
        assert card is not None
        return card

    def step(self, order_id: OrderId) -> None:
        """Press the card's big button, and wait until the step is accepted."""
        status = self.at(order_id)
        assert status is not None
        view, index = self.column(status), self.window.board.columns[status].index_of(order_id)
        view.scrollTo(index)
        from PySide6.QtCore import Qt

        self.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.part_rect(index, "step").center())
        self.qtbot.waitUntil(lambda: self.window.store.waiting == 0)

    @property
    def sync_page(self) -> SyncPage:
        return self.find(SyncPage, "sync_page")


@contextmanager
def synced_till(qtbot: QtBot, url: str, folder: Path, **settings: object) -> Iterator[Synced]:
    """A shown till that gets changes by push alone, unless the settings say otherwise."""
    quiet: dict[str, Any] = {"board_refresh_s": LONG_S, "idle_lock_s": 0.0, "sounds": False}
    quiet |= {"server_url": url, "data_dir": str(folder)}
    chosen = PosSettings(**(quiet | settings))
    theme = Theme("light", chosen.text_scale, reduced_motion=chosen.reduced_motion)
    window = open_window(chosen, theme)
    with shown(qtbot, window, window._context.jobs):
        yield Synced(qtbot, window, window._context.jobs)
