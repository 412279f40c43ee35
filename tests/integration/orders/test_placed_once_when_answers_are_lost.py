"""Placed once over a network that loses answers: the customer's page, the real client, the real backend."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from typing_extensions import override

from core.client.errors import Unreachable
from core.client.http.api import Answer, Bearer, HttpApi, HttpClient
from core.protocol import routes
from core.protocol.requests import HistoryQuery, SignIn
from core.protocol.route import R, Request
from core.ui.jobs import Jobs
from core.ui.ordering.basket_list import MORE
from customer_view.order.page import OrderPage
from tests.support import shop
from tests.support.contexts import customer_context
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


class LossyHttpApi(HttpApi):
    """An `HttpApi` over a `LossyHttpClient`."""

    def __init__(self, server_url: str) -> None:
        super().__init__(server_url)
        self.client: LossyHttpClient = LossyHttpClient(server_url)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LossyHttpApi]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        made = LossyHttpApi(server.url)
        made.sign_in(SignIn(login=shop.ADA.phone, password=shop.ADA.password))
        yield made
        made.close()


@pytest.fixture
def page(qtbot: QtBot, api: LossyHttpApi) -> Iterator[OrderPage]:
    jobs = Jobs()
    made = OrderPage(customer_context(api, jobs))
    made.resize(1100, 720)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.view.menu.tiles.shown.rowCount() == 3)
    yield made
    jobs.close(5)


def lose_an_order(page: OrderPage, api: LossyHttpApi, qtbot: QtBot) -> Finger:
    """Fries are ordered and placed, and not one of the answers to it arrives."""
    finger = Finger(page.view, qtbot)
    finger.tile(FRIES)
    finger.button("checkout")
    api.client.answers_to_lose = 3  # the client repeats a lost call twice by itself
    finger.button("place_order")
    qtbot.waitUntil(lambda: "it will not be placed twice" in page.notice.text)
    return finger


def test_an_order_whose_answers_were_lost_is_there_once(page: OrderPage, api: LossyHttpApi, qtbot: QtBot) -> None:
    finger = lose_an_order(page, api, qtbot)
    assert api.call(routes.HISTORY(query=HistoryQuery())).total == 1, "it had arrived"
    with qtbot.waitSignal(page.placed) as placed:
        finger.button("notice_action")
    history = api.call(routes.HISTORY(query=HistoryQuery()))
    assert (history.total, list(history.orders)) == (1, placed.args)


def test_a_changed_basket_does_not_become_a_second_order(page: OrderPage, api: LossyHttpApi, qtbot: QtBot) -> None:
    finger = lose_an_order(page, api, qtbot)
    finger.button("checkout_back")
    finger.line(FRIES, MORE)
    finger.button("checkout")
    finger.button("place_order")
    qtbot.waitUntil(lambda: page.notice.text.startswith("Your first try had arrived: ONLINE-000001"))
    history = api.call(routes.HISTORY(query=HistoryQuery()))
    assert [order.quantity for order in history.orders] == [1]
