"""The cashier's window on the real backend: what it shows is what the database says, whoever else is at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot
from typing_extensions import override

import core.client.http.api
from core.client.operations import State
from core.domain.ids import OrderId
from core.domain.status import Fulfilment, OrderStatus, steps_of
from tests.integration import calls
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.pos_synced import synced_till
from tests.support.pos_window import Screen
from tests.support.server import ServerThread
from tests.support.shown import own_folder
from tests.support.steps import NEXT, ONLINE

S = OrderStatus
INTERVAL_S = 0.2
KIM = (shop.KIM.name, shop.CASHIER_PIN)


@contextmanager
def till_of(qtbot: QtBot, url: str, **settings: object) -> Iterator[Screen]:
    with own_folder() as folder, synced_till(qtbot, url, Path(folder), **settings) as screen:
        yield screen


def told(place: Place, order: OrderId) -> str:
    status: str = place.kim.get(f"/api/pos/orders/{order}/").json()["order"]["status"]
    return status


def at(screen: Screen, order: OrderId) -> OrderStatus | None:
    return screen.window.board.column_of(order)


def sent(screen: Screen) -> bool:
    """Everything that was pressed is accepted, and the server has answered it."""
    return screen.jobs.busy == 0 and screen.window.store.waiting == 0 and not screen.window.store.outbox()


def press(screen: Screen, order: OrderId) -> None:
    status = at(screen, order)
    assert status is not None
    view, index = screen.column(status), screen.window.board.columns[status].index_of(order)
    view.scrollTo(index)
    place: QPoint = view.part_rect(index, "step").center()
    screen.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_an_order_from_its_arrival_to_its_end(place: Place, qtbot: QtBot) -> None:
    with till_of(qtbot, place.server.url, board_refresh_s=INTERVAL_S) as screen:
        screen.arrive(KIM)
        order = OrderId(place.ada.place()["id"])
        qtbot.waitUntil(lambda: at(screen, order) is S.PENDING)
        line = steps_of(Fulfilment.PICKUP)
        for after in line[1:-1]:
            press(screen, order)
            qtbot.waitUntil(lambda: sent(screen))
            assert at(screen, order) is after
            assert told(place, order) == after.value
        press(screen, order)
        screen.click("payment_none")  # it is unpaid: the cashier is asked
        qtbot.waitUntil(lambda: at(screen, order) is None and sent(screen))
        assert told(place, order) == "completed"
        screen.click("undo_action")
        qtbot.waitUntil(lambda: at(screen, order) is line[-2] and sent(screen))
        assert told(place, order) == line[-2]
        statuses = [each["target"] for each in place.kim.get(f"/api/pos/orders/{order}/").json()["history"]]
        assert statuses == [*line, line[-2]]


def test_somebody_at_another_till_was_faster(place: Place, qtbot: QtBot) -> None:
    placed = place.ada.place()
    with till_of(qtbot, place.server.url, push=False) as screen:
        screen.arrive(KIM)
        confirmed = place.alex.move(placed, NEXT).json()
        assert place.alex.move(confirmed, "cancelled", reason="Nobody came for it").status_code == 200
        press(screen, OrderId(placed["id"]))
        qtbot.waitUntil(lambda: [each.state for each in screen.window.store.outbox()] == [State.CONFLICT])
        screen.window._actions.do("step", placed["id"])
        assert "Cancelled" in screen.words("sync_page")
    assert told(place, placed["id"]) == "cancelled"


def test_somebody_at_another_till_went_further(place: Place, qtbot: QtBot) -> None:
    placed = place.ada.place()
    with till_of(qtbot, place.server.url, push=False) as screen:
        screen.arrive(KIM)
        place.alex.bring(placed, ONLINE[1])
        press(screen, OrderId(placed["id"]))
        qtbot.waitUntil(lambda: at(screen, placed["id"]) is ONLINE[1] and sent(screen))
        assert screen.notice() == ""


def test_the_same_step_made_elsewhere_is_no_conflict(place: Place, qtbot: QtBot) -> None:
    placed = place.ada.place()
    with till_of(qtbot, place.server.url) as screen:
        screen.arrive(KIM)
        place.alex.move(placed, NEXT)
        press(screen, OrderId(placed["id"]))
        qtbot.waitUntil(lambda: at(screen, placed["id"]) is NEXT and sent(screen))
        assert screen.notice() == ""


def test_rejecting_tells_the_customer_why(place: Place, qtbot: QtBot) -> None:
    placed = place.grace.place()
    with till_of(qtbot, place.server.url) as screen:
        screen.arrive(KIM)
        screen.window._actions.do("reject", placed["id"])
        screen.type("reason", "No more bowls")
        screen.click("reason_confirm")
        qtbot.waitUntil(lambda: at(screen, placed["id"]) is None and sent(screen))
    report = place.grace.get(f"/api/online/orders/{placed['id']}/status/").json()
    assert report["status"] == "rejected"
    assert report["history"][-1]["reason"] == "No more bowls"


def test_details_payment_and_history(place: Place, qtbot: QtBot) -> None:
    placed = place.ada.place()
    with till_of(qtbot, place.server.url) as screen:
        screen.arrive(KIM)
        screen.window._lookup.look_up(placed["number"])
        qtbot.waitUntil(lambda: "Placed" in screen.words("details_history"))
        assert "Ada Lovelace" in screen.words("details_dialog")
        screen.click("details_more")
        screen.choose("menu_paid_card")
        qtbot.waitUntil(lambda: "Paid · Card" in screen.words("details_dialog"))
        screen.click("details_close")
        screen.click("nav_history")
        screen.type("history_search", placed["number"])
        screen.key(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: screen.text("history_count") == "1 order")
    assert place.kim.get(f"/api/pos/orders/{placed['id']}/").json()["order"]["payment"] == "paid"


def test_a_wrong_pin_and_a_wrong_till(place: Place, qtbot: QtBot) -> None:
    with till_of(qtbot, place.server.url) as screen:
        screen.sign_in((KIM[0], "00000000"))
        qtbot.waitUntil(lambda: "PIN is wrong" in screen.text("sign_in_error"))
    with till_of(qtbot, place.server.url, device="POS77") as screen:
        screen.sign_in(KIM)
        qtbot.waitUntil(lambda: screen.sees("sign_in_error"))
        assert not screen.window.signed_in


@pytest.mark.parametrize("how", ["switch", "sign_out"])
def test_leaving_ends_the_session_on_the_server(place: Place, qtbot: QtBot, how: str) -> None:
    with till_of(qtbot, place.server.url) as screen:
        screen.arrive(KIM)
        present = screen.window._context.api._present
        assert present is not None
        caller = calls.Caller(place.server.url, {"access_token": present.api.access_token()})
        assert caller.get("/api/pos/orders/").status_code == 200
        screen.click("cashier")
        screen.choose(f"menu_{how}")
        screen.settle()
        qtbot.waitUntil(lambda: caller.get("/api/pos/orders/").status_code == 401)


def test_a_server_that_goes_away(qtbot: QtBot, tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        ada = calls.customer(server, shop.ADA)
        order = OrderId(ada.place()["id"])
        with till_of(qtbot, server.url, board_refresh_s=INTERVAL_S) as screen:
            screen.arrive(KIM)
            assert at(screen, order) is S.PENDING
            server.stop()
            qtbot.waitUntil(lambda: "Offline" in screen.text("connection_chip"))
            press(screen, order)
            qtbot.waitUntil(lambda: "1 waiting to send" in screen.text("connection_chip"))
            assert at(screen, order) is NEXT
            assert screen.notice() == ""


def test_ages_are_counted_by_the_servers_clock(place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    class DayAhead(datetime):
        """The clock of a till that nobody set."""

        @classmethod
        @override
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(datetime.now(UTC).timestamp() + 86_400, tz)

    monkeypatch.setattr(core.client.http.api, "datetime", DayAhead)
    with till_of(qtbot, place.server.url) as screen:
        screen.arrive(KIM)
        assert abs(screen.window._context.api.server_now() - datetime.now(UTC)) < timedelta(seconds=5)
