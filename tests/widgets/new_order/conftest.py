"""The POS's New page by itself, over a fake shop."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from pos_app.context import PosContext
from pos_app.new_order.page import NewOrderPage
from tests.support.contexts import pos_context
from tests.support.fake_backend import FakeBackend


@pytest.fixture
def context(qtbot: QtBot, backend: FakeBackend) -> Iterator[PosContext]:
    with pos_context(qtbot, backend) as made:
        yield made


@pytest.fixture
def page(qtbot: QtBot, context: PosContext) -> Iterator[NewOrderPage]:
    """The page, when the menu is there."""
    made = NewOrderPage(context)
    made.resize(1160, 780)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.view.menu.tiles.shown.rowCount() == 4)
    yield made
    made.clear()
