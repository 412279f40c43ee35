"""The ring, the bar and the sound panel, over a window that only asks."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSlider
from pytestqt.qtbot import QtBot

from core.domain.order import PaymentState
from core.domain.status import OrderStatus
from core.ui.sound import Sounds
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import Till, open_till, paid, place

S = OrderStatus


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(Sounds, "play", lambda _self, name, **_more: names.append(name))
    return names


@pytest.fixture
def till(qtbot: QtBot, backend: FakeBackend, played: list[str]) -> Iterator[Till]:
    with open_till(qtbot, backend, sounds=True) as made:
        yield made


def test_what_is_there_at_sign_in_is_silent(till: Till, backend: FakeBackend, played: list[str]) -> None:
    place(backend)
    till.arrive()
    assert played == []
    assert not till.sees("arrivals")


def test_what_was_there_stays_silent_when_it_changes(till: Till, backend: FakeBackend, played: list[str]) -> None:
    order = place(backend)
    till.arrive()
    paid(backend, order)
    till.refresh()
    assert till.card(order).order.payment is PaymentState.PAID
    assert played == []
    assert not till.sees("arrivals")


def test_a_press_on_a_new_card_ends_the_ring(till: Till, backend: FakeBackend, played: list[str]) -> None:
    till.arrive()
    order = place(backend)
    till.refresh()
    assert played == ["new_order"]
    assert order.number in till.text("arrivals_message")
    assert till.window.alerts._ring.isActive()
    till.press(order, "card")
    assert not till.sees("arrivals")
    assert not till.window.alerts._ring.isActive()
    assert till.server(order) is S.PENDING


def test_the_button_and_the_key_end_it_for_all(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    for by_key in (False, True):
        place(backend)
        place(backend)
        till.refresh()
        assert till.text("arrivals_title") == "2 new orders"
        if by_key:
            till.key(Qt.Key.Key_A)
        else:
            till.click("acknowledge")
        till.qtbot.waitUntil(lambda: not till.sees("arrivals"))


def test_it_goes_on_behind_the_lock_and_ends_with_the_window(till: Till, backend: FakeBackend) -> None:
    till.arrive()
    place(backend)
    till.refresh()
    till.window.lock()
    assert till.text("sign_in_new") == "1 new order"
    assert till.window.alerts._ring.isActive()
    till.window.close()
    assert not till.window.alerts._ring.isActive()


def test_one_that_is_recalled_does_not_ring_again(till: Till, backend: FakeBackend, played: list[str]) -> None:
    till.arrive()
    order = place(backend)
    till.refresh()
    till.press(order)
    till.settle()
    played.clear()
    till.window._actions.do("recall", order.id)
    till.settle()
    assert till.where(order) is S.PENDING
    assert played == []


def test_an_order_called_off_elsewhere_is_told_once(till: Till, backend: FakeBackend, played: list[str]) -> None:
    order, mine = place(backend), place(backend)
    till.arrive()
    backend.move(order.id, S.CANCELLED, reason="Changed my mind")
    till.window._actions._changes.cancel(mine.id, "Sold out")
    till.settle()
    till.window.store.put(backend.orders[order.id])
    till.window.store.put(backend.orders[order.id])
    toasts = till.window.alerts.toasts
    assert toasts is not None
    assert toasts.texts == [f"{order.number} was cancelled. Changed my mind"]
    assert played == ["cancelled"]


def test_the_sound_panel(till: Till, played: list[str]) -> None:
    till.arrive()
    till.click("cashier")
    till.choose("menu_sound")
    sounds = till.window.alerts.sounds
    till.find(QSlider, "sound_volume").setValue(20)
    assert sounds.volume == 20
    till.click("sound_test")
    assert played == ["new_order"]
    till.find(QCheckBox, "sound_on").click()
    assert sounds.muted
    assert not till.find_button("sound_test").isEnabled()
    till.click("sound_close")
