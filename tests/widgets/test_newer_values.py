"""What a newer server says of an order is shown in its own words, by both windows, and stops neither."""

import csv
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.domain.order import Order
from core.domain.status import OrderStatus
from core.wire_enum import WireEnum
from pos_app.history.page import HistoryPage
from pos_app.order.card import COLUMNS
from tests.support import customer_window
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, place
from tests.support.steps import NEXT

WORDS = "Kept warm"
FIELDS = sorted(
    field.name
    for field in msgspec.structs.fields(Order)
    if isinstance(field.type, type) and issubclass(field.type, WireEnum)
)


def test_these_are_all() -> None:
    assert FIELDS == ["channel", "fulfilment", "payment", "status", "tender"]


def newer(backend: FakeBackend, order: Order, field: str) -> Order:
    """The order as a newer server has it."""
    kind = type(getattr(order, field))
    changed = msgspec.structs.replace(order, version=order.version + 1, **{field: kind.newer("kept_warm")})
    backend.orders[order.id] = changed
    return changed


@pytest.mark.parametrize("field", FIELDS)
def test_a_till_shows_it_and_goes_on(
    till: Till, backend: FakeBackend, field: str, tmp_path: Path, qtbot: QtBot
) -> None:
    order = newer(backend, place(backend, "Aisha"), field)
    ordinary = place(backend, "Grace")
    till.arrive()
    card = till.card(order)
    assert (card.order.id, till.where(order)) == (order.id, order.status)
    till.press(order, "card", double=True)
    till.settle()
    told = till.words("details_dialog") + till.text("details_status")
    assert WORDS in told
    till.click("details_more")
    offered = till.choices()
    stuck = field in ("status", "fulfilment")
    assert ("menu_cancel" in offered) is not stuck, "what cannot be judged is not offered"
    assert ("menu_paid_cash" in offered) is (field != "payment")
    till.menu().close()
    assert till.sees("details_step") is not stuck
    till.click("details_print")
    assert till.sees("receipt_dialog")
    till.click("receipt_done")
    till.click("details_close")
    till.click("nav_history")
    till.settle()
    page = till.find(HistoryPage, "history_page")
    assert page.history.rows.rowCount() == 2
    page.export_to(str(tmp_path / "orders.csv"))
    till.settle()
    with (tmp_path / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["number"]: row[field] for row in csv.DictReader(file)}
    assert rows[order.number] == "kept_warm"
    till.click("nav_orders")
    till.press(ordinary)
    till.settle()
    assert till.where(ordinary) is NEXT


def test_a_status_that_is_not_known_has_a_column_while_there_is_one(till: Till, backend: FakeBackend) -> None:
    order = newer(backend, place(backend, "Aisha"), "status")
    till.arrive()
    board = till.window.board
    assert [each for each in board.columns if each not in COLUMNS] == ["kept_warm"]
    assert till.column(order.status).isVisible()
    backend.orders[order.id] = msgspec.structs.replace(order, version=9, status=OrderStatus.READY)
    till.refresh()
    assert till.where(order) is OrderStatus.READY
    assert not till.column(order.status).isVisible()


@pytest.mark.parametrize("field", FIELDS)
def test_a_customer_is_shown_it(qtbot: QtBot, field: str) -> None:
    shop = customer_window.shop()
    newer(shop, customer_window.order(shop), field)
    with customer_window.open_window(qtbot, shop) as stage:
        stage.arrive()
        stage.click_row(0)
        stage.settle()
        told = {name: stage.find(QWidget, name).accessibleName() for name in ("tracker", "status_band")}
        if field == "status":
            assert WORDS in f"{told}"
            assert not stage.sees("cancel_order"), "what cannot be judged is not offered"
