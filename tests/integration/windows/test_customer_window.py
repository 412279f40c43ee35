"""The spine of the product, with the real window, the real client and the real backend: the cashier moves an order, and
the customer's window follows by its own timers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.client.http.api import HttpApi
from core.domain.status import Fulfilment, OrderStatus, steps_of
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.customer_synced import synced_window
from tests.support.customer_window import Screen
from tests.support.shown import own_folder
from tests.support.steps import NEXT

INTERVAL_S = 0.2


@contextmanager
def window_of(qtbot: QtBot, place: Place, **settings: Any) -> Iterator[Screen]:
    with own_folder() as folder, synced_window(qtbot, place.server.url, Path(folder), **settings) as screen:
        yield screen


def tracker(screen: Screen) -> str:
    return screen.find(QWidget, "tracker").accessibleName()


def test_the_window_follows_the_cashier(place: Place, qtbot: QtBot) -> None:
    order, line = place.ada.place(), steps_of(Fulfilment.PICKUP)
    with window_of(qtbot, place, history_refresh_s=INTERVAL_S, tracker_refresh_s=INTERVAL_S) as screen:
        screen.arrive(shop.ADA.phone, shop.PASSWORD)
        assert screen.listed()[0].id == order["id"]
        qtbot.waitUntil(lambda: f"Step 1 of {len(line)}: Placed" in tracker(screen))
        for step, status in enumerate(line[1:], 2):
            order = place.kim.move(order, status).json()
            qtbot.waitUntil(partial(follows, screen, status, f"Step {step}"))


def follows(screen: Screen, status: OrderStatus, step: str) -> bool:
    """List and tracker both say it, the tracker with its time of day."""
    told = tracker(screen)
    return screen.listed()[0].status is status and told.startswith(step) and ":" in told.rsplit(", ", 1)[-1]


def test_an_order_from_elsewhere_appears_by_itself(place: Place, qtbot: QtBot) -> None:
    with window_of(qtbot, place, history_refresh_s=INTERVAL_S) as screen:
        screen.arrive(shop.ADA.phone, shop.PASSWORD)
        order = place.ada.place()
        qtbot.waitUntil(lambda: bool(screen.listed()) and screen.listed()[0].id == order["id"])


def test_cancelled_here_is_cancelled_at_the_counter(place: Place, qtbot: QtBot) -> None:
    order = place.ada.place()
    with window_of(qtbot, place) as screen:
        screen.arrive(shop.ADA.phone, shop.PASSWORD)
        screen.click("cancel_order")
        screen.type("cancel_reason", "Ordered twice")
        screen.click("cancel_confirm")
        qtbot.waitUntil(lambda: "is cancelled" in screen.notice())
    assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]["status"] == "cancelled"


def test_the_cashier_was_faster(place: Place, qtbot: QtBot) -> None:
    order = place.ada.place()
    with window_of(qtbot, place, push=False) as screen:
        screen.arrive(shop.ADA.phone, shop.PASSWORD)
        screen.click("cancel_order")
        place.kim.move(order, NEXT)
        screen.click("cancel_confirm")
        qtbot.waitUntil(lambda: screen.sees("decision"))
        assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"]["status"] == NEXT
        screen.click("decision_give_up")
        qtbot.waitUntil(lambda: not screen.sees("decision"))
        assert screen.listed()[0].status is NEXT


def test_the_next_customer_sees_nothing_of_the_last(place: Place, qtbot: QtBot) -> None:
    adas, graces = place.ada.place(), place.grace.place()
    with window_of(qtbot, place, history_refresh_s=INTERVAL_S) as screen:
        screen.arrive(shop.ADA.phone, shop.PASSWORD)
        screen.click("sign_out")
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
        screen.arrive(shop.GRACE.email or "", shop.PASSWORD)
        seen = [each.id for each in screen.listed()]
        assert graces["id"] in seen
        assert adas["id"] not in seen
        assert adas["number"] not in screen.words()


def test_a_session_ended_on_the_server_ends_here(place: Place, qtbot: QtBot) -> None:
    with window_of(qtbot, place, history_refresh_s=INTERVAL_S) as screen:
        screen.arrive(shop.GRACE.phone, shop.PASSWORD)
        present = screen.window._context.api._present
        assert present is not None
        tokens = present.api.tokens
        assert tokens is not None
        other = HttpApi(place.server.url)
        other.start(tokens)
        other.sign_out()
        other.close()
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit"))
        assert screen.notice()


def test_a_wrong_password_is_told_by_the_server(place: Place, qtbot: QtBot) -> None:
    with window_of(qtbot, place) as screen:
        screen.sign_in(shop.ADA.phone, "not the password")
        qtbot.waitUntil(lambda: screen.sees("sign_in_password_error"))


@pytest.mark.parametrize("phone", ["+1 555 0100", "15550100"])
def test_a_number_that_is_taken_is_told_by_the_server(place: Place, qtbot: QtBot, phone: str) -> None:
    with window_of(qtbot, place) as screen:
        screen.click("tab_sign_up")
        for name, text in {"name": "Ada Again", "phone": phone, "password": "long enough"}.items():
            screen.type(f"sign_up_{name}", text)
        screen.click("sign_up_submit")
        qtbot.waitUntil(lambda: screen.sees("sign_up_phone_error"))
        assert "already have an account" in screen.notice()
