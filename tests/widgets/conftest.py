"""Windows over a fake shop. A test module may have a `backend` of its own, with people and orders in it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.client.device import unlock
from core.client.http import api as http_api
from core.clock import Clock
from core.ui.app import dress
from core.ui.context import WindowContext
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.context import CustomerContext
from customer_view.order.page import OrderPage
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import customer_context
from tests.support.customer_window import AISHA, PASSWORD, Stage, open_window, shop
from tests.support.fake_backend import FakeBackend
from tests.support.ordering import Finger
from tests.support.pos_window import Till, open_till
from tests.support.shown import until_settled

PassTime = Callable[[float], None]


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Moves the clock, which otherwise stands still: nobody is idle because this machine is busy."""
    now_s = [1000.0]
    monkeypatch.setattr("core.clock.own", Clock(lambda: now_s[0], lambda: now_s[0]))

    def move(seconds: float) -> None:
        now_s[0] += seconds

    return move


@pytest.fixture(autouse=True, scope="module")
def _quick_secrets() -> Iterator[None]:
    """A PIN's hash is to take a tenth of a second, and a lost answer a moment before it is asked for again: here every
    test would wait for both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(unlock._WORK, "n", 2)
        patch.setattr(http_api, "_REPEATS", 0)
        yield


@pytest.fixture
def backend() -> FakeBackend:
    """Two customers and no orders."""
    return shop()


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close(5)


@pytest.fixture
def dressing(qapp: QApplication) -> Iterator[Callable[[Theme], None]]:
    """Puts a theme on the application, which looks afterwards as it did before."""
    font, palette, sheet = qapp.font(), qapp.palette(), qapp.styleSheet()
    yield partial(dress, qapp)
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend) -> Iterator[Till]:
    with open_till(qtbot, backend) as made:
        yield made


@pytest.fixture
def stage(qtbot: QtBot, backend: FakeBackend) -> Iterator[Stage]:
    with open_window(qtbot, backend) as made:
        yield made


@pytest.fixture
def context(qtbot: QtBot, backend: FakeBackend) -> Iterator[CustomerContext]:
    """Aisha's, who is signed in."""
    backend.add_customer("Aisha", AISHA, PASSWORD)
    with customer_context(qtbot, backend, AISHA) as made:
        yield made


@pytest.fixture
def settle(qtbot: QtBot, context: WindowContext[Any], backend: FakeBackend) -> Callable[[], None]:
    """Waits until all that can be sent or told has arrived."""
    return partial(until_settled, qtbot, context, backend)


@pytest.fixture
def page(qtbot: QtBot, context: CustomerContext) -> Iterator[OrderPage]:
    """Her Order page, when the menu is there. Nobody tells it of the menu but its own questions."""
    made = OrderPage(context)
    made.resize(1100, 720)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.view.menu.tiles.shown.rowCount() == 4)
    yield made
    made.clear()


@pytest.fixture
def finger(page: OrderPage | NewOrderPage, qtbot: QtBot) -> Finger:
    return Finger(page.view, qtbot)
