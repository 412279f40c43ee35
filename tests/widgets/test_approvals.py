"""What the cashier's role may not do is allowed by a manager at the till."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from core.client.errors import Unreachable
from core.client.sync.engine import ConnectionState
from core.client.sync.outbox import RIGHT_REFUSED
from core.domain.acts import Act, Need
from core.domain.commands import ChangeStatus
from core.domain.order import Order
from core.domain.people import Role
from core.domain.rights import Right
from core.domain.status import OrderStatus
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, open_till, place

S = OrderStatus
OFFLINE = Unreachable("The server cannot be reached. Check the network; this window keeps trying.")


@pytest.fixture
def backend() -> FakeBackend:
    """Maya, a cashier, may nothing; Max, a manager, may cancel; Ana is an admin."""
    made = FakeBackend()
    made.staff["Max"] = ("246810", Role.MANAGER)
    made.allow(Role.CASHIER)
    made.allow(Role.MANAGER, Right(Act.VOID))
    return made


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend) -> Iterator[Till]:
    with open_till(qtbot, backend) as made:
        yield made


def cancel(till: Till, order: Order) -> None:
    """Cancel it, until somebody is asked to allow that."""
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.qtbot.waitUntil(lambda: till.sees("approval_dialog"))


def allow(till: Till, name: str, pin: str) -> None:
    till.type("approval_name", name)
    till.type("approval_pin", pin)
    till.click("approval_give")


def test_a_manager_allows_it_once(till: Till, backend: FakeBackend) -> None:
    order, other = place(backend, status=S.PREPARING), place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    assert till.text("approval_need") == "Cancel an order that was confirmed or paid"
    assert not till.find_button("approval_give").isEnabled()
    assert till.server(order) is S.PREPARING, "nothing was sent yet"
    allow(till, "Max", "246810")
    till.settle()
    assert till.server(order) is S.CANCELLED
    (asked,) = [asked for _op, asked in backend.asked if isinstance(asked, ChangeStatus)]
    (given,) = backend.approvals
    assert (given.needs, given.about) == ((Need(Act.VOID),), order.id)
    assert asked.approval == f"{given.operation} by Max"
    assert [op for op, each in backend.asked if each is asked] == [given.operation]
    cancel(till, other)
    till.click("approval_back")
    till.settle()
    assert till.server(other) is S.PREPARING
    assert till.api.operations() == ()


def test_by_keyboard_alone(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    field = till.find_line("approval_name")
    assert field.hasFocus() or till.find(QDialog, "approval_dialog").focusWidget() is field
    till.qtbot.keyClicks(field, "Max")
    till.qtbot.keyClick(field, Qt.Key.Key_Return)
    pin = till.find_line("approval_pin")
    till.qtbot.keyClicks(pin, "246810")
    till.qtbot.keyClick(pin, Qt.Key.Key_Return)
    till.settle()
    assert till.server(order) is S.CANCELLED


@pytest.mark.parametrize(("name", "pin"), [("Max", "1111"), ("Nobody", "246810"), ("Maya", "1234")])
def test_who_is_not_proven_or_may_not_either_allows_nothing(
    till: Till, backend: FakeBackend, name: str, pin: str
) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    allow(till, name, pin)
    till.qtbot.waitUntil(lambda: till.sees("approval_error"))
    assert "wrong" in till.text("approval_error") or "either" in till.text("approval_error")
    assert till.text("approval_pin") == ""
    assert till.server(order) is S.PREPARING
    allow(till, "Ana", "9999")
    till.settle()
    assert till.server(order) is S.CANCELLED


def test_whoever_has_the_right_is_not_asked(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive(("Max", "246810"))
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.CANCELLED
    assert not backend.approvals


def test_a_right_that_is_given_is_there_at_once(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    backend.allow(Role.CASHIER, Right(Act.VOID), Right(Act.REPORTS))
    till.qtbot.waitUntil(lambda: till.window.workspace.offers("reports"))
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert till.server(order) is S.CANCELLED


def test_a_till_that_locks_asks_nobody_any_more(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    till.window.lock()
    till.settle()
    assert till.server(order) is S.PREPARING
    assert till.api.operations() == ()


def test_a_window_that_closes_waits_for_no_manager(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    till.window._approving.close()
    till.settle()
    assert not till.sees("approval_dialog")
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.settle()
    assert not till.sees("approval_dialog"), "nobody is asked any more"
    assert till.server(order) is S.PREPARING


def test_what_the_server_refuses_for_a_right_is_asked_about_on_the_sync_page(till: Till, backend: FakeBackend) -> None:
    """The right was taken away before this till had heard of it."""
    order = place(backend, status=S.PREPARING)
    backend.allow(Role.CASHIER, Right(Act.VOID))
    till.arrive()
    backend.needs_approval = True
    till.press(order, "more")
    till.choose("menu_cancel")
    till.click("reason_0")
    till.click("reason_confirm")
    till.qtbot.waitUntil(lambda: any(each.held for each in till.api.operations()))
    (held,) = till.api.operations()
    assert held.outcome == RIGHT_REFUSED
    till.window.show_page("sync")
    till.window._pages.choose(order.id)
    till.qtbot.waitUntil(lambda: till.sees("decision_again"))
    assert till.find_button("decision_again").text() == "Ask a manager"
    till.click("decision_again")
    till.qtbot.waitUntil(lambda: till.sees("approval_dialog"))
    allow(till, "Max", "246810")
    till.settle()
    assert till.server(order) is S.CANCELLED
    assert till.api.operations() == ()


def test_a_manager_enrols_and_allows_it_without_the_server(till: Till, backend: FakeBackend) -> None:
    """The Sync page says whose word it has, which the server has yet to confirm."""
    backend.allow(Role.MANAGER, Right(Act.VOID), Right(Act.ALLOW_OFFLINE))
    order, other = place(backend, status=S.PREPARING), place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    assert not till.find_button("approval_enrol").isEnabled(), "a PIN of six digits first"
    till.type("approval_name", "Max")
    till.type("approval_pin", "246810")
    till.click("approval_enrol")
    till.click("approval_give")
    till.settle()
    assert till.server(order) is S.CANCELLED
    backend.fail_with = OFFLINE
    till.api.try_now()
    online = (ConnectionState.LIVE, ConnectionState.POLLING)
    till.qtbot.waitUntil(lambda: till.window._context.bridge.sync_status.state not in online)
    cancel(till, other)
    assert not till.sees("approval_enrol")
    allow(till, "Ana", "9999")
    till.qtbot.waitUntil(lambda: till.sees("approval_error"))
    assert "enrolled at this POS" in till.text("approval_error")
    allow(till, "Max", "246810")
    till.qtbot.waitUntil(lambda: not till.sees("approval_dialog") and bool(till.api.operations()))
    till.window.show_page("sync")
    till.window._pages.choose(other.id)
    till.qtbot.waitUntil(lambda: till.sees("decision_words"))
    assert "Allowed by Max, not yet confirmed by the server." in till.text("decision_words")
    assert till.server(other) is S.PREPARING
    backend.fail_with = None
    till.api.try_now()
    till.settle()
    assert till.server(other) is S.CANCELLED


def test_who_may_not_enrol_is_told_so(till: Till, backend: FakeBackend) -> None:
    order = place(backend, status=S.PREPARING)
    till.arrive()
    cancel(till, order)
    till.type("approval_name", "Max")
    till.type("approval_pin", "246810")
    till.click("approval_enrol")
    till.click("approval_give")
    till.qtbot.waitUntil(lambda: till.sees("approval_error"))
    assert till.text("approval_error") == "Their role may not enrol."
    till.click("approval_back")
    till.settle()
    assert till.server(order) is S.PREPARING
