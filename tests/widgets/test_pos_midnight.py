"""Times of another day are told with it: what waits to be decided, and baskets that are held, over midnight."""

from datetime import timedelta

from PySide6.QtWidgets import QLabel, QWidget

from core.domain.held_baskets import HoldBasket
from core.domain.ids import BasketId, uuid7
from core.domain.order import NewLine
from core.protocol import routes
from pos_app.new_order.held_pane import HeldPane
from pos_app.sync.decision_pane import DecisionPane
from pos_app.sync.list_view import QueueList
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.operations import one_of_each, show
from tests.support.pos_window import Till, later


def words(part: QWidget) -> str:
    return " ".join(each.text() for each in part.findChildren(QLabel) if each.isVisible())


def pass_midnight(till: Till, backend: FakeBackend) -> None:
    later(backend, timedelta(days=1))
    till.api.call(routes.MENU())  # by its answer the till knows what time it is


def test_what_waits_is_of_yesterday(till: Till, backend: FakeBackend) -> None:
    held = one_of_each(backend)
    till.arrive()
    show(till.window.store, backend, held)
    till.click("nav_sync")
    queue, pane = till.window.findChild(QueueList), till.window.findChild(DecisionPane)
    assert isinstance(queue, QueueList)
    assert isinstance(pane, DecisionPane)
    queue.setCurrentIndex(queue.model().index(0, 0))
    till.qtbot.waitUntil(lambda: "You, at" in words(pane))
    assert "Yesterday" not in words(pane)
    pass_midnight(till, backend)
    till.qtbot.waitUntil(lambda: "Yesterday" in words(pane))


def test_a_basket_was_held_yesterday(till: Till, backend: FakeBackend) -> None:
    held = HoldBasket(id=BasketId(uuid7()), label="Ann", lines=(NewLine(item_id=CHIPS.id),))
    backend.with_basket("", held, "POS1", "Maya")
    till.arrive()
    till.click("nav_new")
    till.qtbot.waitUntil(till.find_button("held").isEnabled)
    till.click("held")
    pane = till.window.findChild(HeldPane)
    assert isinstance(pane, HeldPane)
    assert "POS1" in words(pane)
    assert "Yesterday" not in words(pane)
    pass_midnight(till, backend)
    till.qtbot.waitUntil(lambda: "Yesterday" in words(pane))
