"""Windows over a fake shop. A test module may have a `backend` of its own, with people and orders in it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.clock import Clock
from core.protocol.requests import SignIn
from core.ui.app import dress
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.order.page import OrderPage
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import customer_context
from tests.support.customer_window import AISHA, PASSWORD, Stage, open_window
from tests.support.fake_api import FakeBackend
from tests.support.ordering import Finger, LossyApi
from tests.support.pos_window import Till, open_till

PassTime = Callable[[float], None]


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Moves the clock, which otherwise stands still: nobody is idle because this machine is busy."""
    now_s = [1000.0]
    monkeypatch.setattr("core.clock.own", Clock(lambda: now_s[0], lambda: now_s[0]))

    def move(seconds: float) -> None:
        now_s[0] += seconds

    return move


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


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
def api(backend: FakeBackend) -> LossyApi:
    """Aisha's, who is signed in."""
    backend.add_customer("Aisha", AISHA, PASSWORD)
    made = LossyApi(backend)
    made.sign_in(SignIn(login=AISHA, password=PASSWORD))
    return made


@pytest.fixture
def page(qtbot: QtBot, api: LossyApi, jobs: Jobs) -> Iterator[OrderPage]:
    """Her Order page, when the menu is there."""
    made = OrderPage(customer_context(api, jobs))
    made.resize(1100, 720)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.view.menu.tiles.shown.rowCount() == 4)
    yield made
    made.clear()


@pytest.fixture
def finger(page: OrderPage | NewOrderPage, qtbot: QtBot) -> Finger:
    return Finger(page.view, qtbot)
