"""Placed once over a network that loses answers: the customer's page, the real client, the real backend."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.client.errors import Unreachable
from core.client.http.api import Answer, Bearer, HttpClient
from core.protocol import routes
from core.protocol.route import R, Request
from customer_view.order.page import OrderPage
from tests.support import shop
from tests.support.customer_synced import Synced, synced_window
from tests.support.ordering import Finger
from tests.support.server import ServerThread

FRIES = "Fries"


class LossyHttpClient(HttpClient):
    """The server does what it is asked; then that many of its answers to a POST are lost on the way."""

    answers_to_lose = 0

    @override
    def once(self, request: Request[R], bearer: Bearer | None = None, **more: Any) -> Answer[R]:
        answer = super().once(request, bearer, **more)
        if request.route.method == "POST" and self.answers_to_lose:
            self.answers_to_lose -= 1
            raise Unreachable("The answer was lost.")
        return answer


@pytest.fixture
def screen(qtbot: QtBot, tmp_path: Path) -> Iterator[Synced]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        client = LossyHttpClient(server.url)
        with synced_window(qtbot, server.url, tmp_path / "window", client, toasts=False) as made:
            made.arrive(shop.ADA.phone, shop.ADA.password)
            made.until_live()
            yield made


def place(screen: Synced, quantity: int) -> None:
    """Place so many fries at the Order page."""
    screen.click("tab_order")
    view = screen.find(OrderPage, "order_page").view
    screen.qtbot.waitUntil(lambda: view.menu.tiles.shown.rowCount() == 3)
    finger = Finger(view, screen.qtbot)
    finger.tile(FRIES, quantity)
    finger.button("checkout")
    with screen.qtbot.waitSignal(screen.find(OrderPage, "order_page").placed):
        finger.button("place_order")


def sent(screen: Synced) -> bool:
    return not screen.api.operations()


def test_an_order_whose_answers_are_lost_is_there_once(screen: Synced, qtbot: QtBot) -> None:
    client = screen.api._client
    assert isinstance(client, LossyHttpClient)
    client.answers_to_lose = 3
    place(screen, 1)
    qtbot.waitUntil(lambda: sent(screen))
    assert client.answers_to_lose == 0
    history = screen.api.call(routes.HISTORY())
    assert [(order.number, order.quantity) for order in history.orders] == [("ONLINE-000001", 1)]
    qtbot.waitUntil(lambda: [order.number for order in screen.listed()] == ["ONLINE-000001"])


def test_another_basket_meanwhile_is_another_order(screen: Synced, qtbot: QtBot) -> None:
    client = screen.api._client
    assert isinstance(client, LossyHttpClient)
    client.answers_to_lose = 2
    place(screen, 1)
    place(screen, 2)
    qtbot.waitUntil(lambda: sent(screen))
    history = screen.api.call(routes.HISTORY())
    assert sorted(order.quantity for order in history.orders) == [1, 2]
