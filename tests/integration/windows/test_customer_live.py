"""The customer's window as a shop has it: real window, sync engine, file and backend, and a network that goes away."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.client.sync.updates import Changed, Update
from core.domain.commands import PlaceOrder
from core.domain.ids import OrderId
from core.domain.menu import Menu
from core.domain.order import NewLine, Order
from core.domain.status import look
from core.protocol import routes
from core.ui.sound import Sounds
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.integration.customer_steps import ADA, GRACE, conflict, place_fries
from tests.support import shop
from tests.support.customer_synced import Cable, Synced, synced_window
from tests.support.steps import NEXT


def of_server(place: Place, order_id: OrderId) -> dict[str, object]:
    found: dict[str, object] = place.kim.get(f"/api/pos/orders/{order_id}/").json()["order"]
    return found


def orders_of_ada(place: Place) -> int:
    return int(place.rows("SELECT count(*) FROM orders WHERE customer_id = ?", place.world.ada)[0][0])


# -- live


def test_what_the_counter_does_is_there_without_asking(place: Place, screen: Synced, qtbot: QtBot) -> None:
    order = place.ada.place()
    screen.arrive(*ADA)
    screen.until_live()
    for to, word, said in (
        ("confirmed", "Confirmed", "Your order is confirmed"),
        ("preparing", "Preparing", "Your order is now being prepared"),
        ("ready", "Ready", "Your order is ready"),
    ):
        order = place.kim.bring(order, to)
        qtbot.waitUntil(lambda word=word: word in screen.rows()[0])  # type: ignore[misc]
        qtbot.waitUntil(lambda word=word: word in screen.find(QWidget, "tracker").accessibleName())  # type: ignore[misc]
        assert screen.toasts()[-1] == f"{said}. {order['number']}"
    assert len(screen.toasts()) == 1  # of one order, where it stands now


def test_push_and_poll_together_tell_once(
    place: Place, cable: Cable, path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[str] = []
    monkeypatch.setattr(Sounds, "play", lambda _self, name: played.append(name))
    order = place.ada.place()
    with synced_window(qtbot, cable.url, path, history_refresh_s=0.2, tracker_refresh_s=0.2, sounds=True) as screen:
        screen.arrive(*ADA)
        screen.until_live()
        order = place.kim.move(order, NEXT).json()
        qtbot.waitUntil(lambda: look(NEXT).label in screen.rows()[0])
        for _ in range(3):
            with qtbot.waitSignal(screen.window._visit._history.loaded):  # type: ignore[union-attr]
                pass
        assert len(screen.toasts()) == 1
        assert played == [look(NEXT).sound]


def test_what_one_does_oneself_is_no_news(place: Place, screen: Synced, qtbot: QtBot) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    place_fries(screen)
    qtbot.waitUntil(lambda: "-0" in screen.rows()[0])
    screen.click("cancel_order")
    screen.click("cancel_confirm")
    qtbot.waitUntil(lambda: "is cancelled" in screen.notice())
    assert of_server(place, screen.listed()[0].id)["status"] == "cancelled"
    assert screen.toasts() == []


def test_a_number_that_is_anothers_by_now_is_said_until_somebody_has_read_it(
    place: Place, screen: Synced, qtbot: QtBot
) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    rows = [msgspec.convert(place.ada.place(), Order) for _ in range(2)]
    for former, row in zip(("ONLINE-000901", "ONLINE-000902"), rows, strict=True):
        screen.bridge.on_changed(
            Changed(updates=(Update(order_id=row.id, row=row, shown=row, former_number=former),), backlog=True)
        )
    said = [f"ONLINE-000{n} is {row.number} from now on" for n, row in zip((901, 902), rows, strict=True)]
    qtbot.waitUntil(lambda: all(each in screen.notice() for each in said))
    assert "Another order has the old number" in screen.notice()
    assert [each for each in screen.toasts() if "from now on" in each] == [
        f"{each}. Another order has the old number. Use the new one." for each in said
    ]


def test_it_can_be_muted(screen: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    screen.arrive(*ADA)
    button = screen.find(QPushButton, "sound")
    assert "off" in button.accessibleName().lower()
    screen.click("sound")
    assert not screen.window._sounds.muted
    assert button.accessibleName() == "Sounds are on. Turn them off."
    screen.click("sound")
    assert screen.window._sounds.muted


def test_while_away_is_summed_up(place: Place, cable: Cable, path: Path, qtbot: QtBot) -> None:
    orders = [place.ada.place(), place.ada.place()]
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:
        screen.arrive(*ADA)
        screen.until_live()
    for order in orders:
        place.kim.move(order, NEXT)
    with synced_window(qtbot, cable.url, path, keep_session=True) as screen:
        qtbot.waitUntil(lambda: len(screen.toasts()) == 1)
        assert screen.toasts() == ["While you were away. 2 of your orders have moved on."]
        screen.click("sign_out")
        qtbot.waitUntil(lambda: screen.sees("sign_in_submit"))


def test_a_session_that_ends_elsewhere_ends_here_by_itself(place: Place, screen: Synced, qtbot: QtBot) -> None:
    screen.arrive(*GRACE)
    screen.until_live()
    tokens = screen.api._signed_in.api.tokens
    assert tokens is not None
    Caller(place.server.url, {"access_token": tokens.access_token}).post("/api/auth/sign-out/")
    qtbot.waitUntil(lambda: screen.sees("sign_in_submit"))
    assert screen.notice()


# -- offline


def test_an_order_placed_without_a_network_is_there_once_when_it_is_back(
    place: Place, cable: Cable, screen: Synced, qtbot: QtBot
) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    before = orders_of_ada(place)
    cable.pull()
    place_fries(screen)
    assert "New order, Waiting to send" in screen.rows()[0]
    assert screen.text("order_number") == "New order"
    assert "waiting to be sent" in screen.find(QWidget, "status_band").accessibleName()
    screen.until_offline()
    assert "1 waiting to send" in screen.chip()
    assert orders_of_ada(place) == before
    cable.plug()
    screen.api.try_now()
    qtbot.waitUntil(lambda: "ONLINE-0" in screen.rows()[0] and "Placed" in screen.rows()[0])
    screen.until_live()
    qtbot.waitUntil(lambda: "waiting" not in screen.chip())  # the event may come before the reply, which ends it
    assert screen.text("order_number") == screen.listed()[0].number
    assert orders_of_ada(place) == before + 1
    assert [row for row in screen.rows() if "New order" in row] == []


def test_cancelled_without_a_network(place: Place, cable: Cable, screen: Synced, qtbot: QtBot) -> None:
    order = place.ada.place()
    screen.arrive(*ADA)
    screen.until_live()
    cable.pull()
    screen.until_offline()
    screen.click("cancel_order")
    screen.click("cancel_confirm")
    qtbot.waitUntil(lambda: "Waiting to send" in screen.rows()[0])
    assert "is cancelled" not in screen.notice(), "the shop does not know yet"
    assert "cancellation is waiting" in screen.find(QWidget, "status_band").accessibleName()
    assert screen.text("cancel_order") == "Cancelling…"
    cable.plug()
    screen.api.try_now()
    qtbot.waitUntil(lambda: "is cancelled" in screen.notice())
    assert "Cancelled" in screen.rows()[0]
    assert of_server(place, order["id"])["status"] == "cancelled"


def test_what_the_shop_did_not_take_is_told_in_words_and_the_customer_chooses(
    place: Place, cable: Cable, screen: Synced, qtbot: QtBot
) -> None:
    order_id = conflict(place, cable, screen)
    assert screen.text("decision_title") == "It could not be cancelled"
    assert not screen.notice(), "it is said where it is asked"
    assert "The shop has it as “Preparing”" in screen.text("decision_words")
    assert "Please decide" in screen.rows()[0]
    assert not screen.find(QPushButton, "decision_again").isVisible(), "asking again would be no use"
    assert not screen.sees("cancel_order")
    screen.click("decision_give_up")
    qtbot.waitUntil(lambda: not screen.sees("decision"))
    assert "Preparing" in screen.rows()[0]
    assert of_server(place, order_id)["status"] == "preparing"
    assert screen.api.operations() == ()


def test_a_decision_outlives_the_window(place: Place, cable: Cable, path: Path, qtbot: QtBot) -> None:
    with synced_window(qtbot, cable.url, path) as screen:
        conflict(place, cable, screen)
    with synced_window(qtbot, cable.url, path) as screen:
        screen.arrive(*ADA)
        qtbot.waitUntil(lambda: screen.sees("decision"))
        screen.click("decision_give_up")
        qtbot.waitUntil(lambda: not screen.sees("decision"))


def test_a_dish_that_is_gone_by_the_time_it_is_sent(place: Place, cable: Cable, screen: Synced, qtbot: QtBot) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    before = orders_of_ada(place)
    cable.pull()
    sold_out = PlaceOrder(lines=(NewLine(item_id=shop.SOLD_OUT),))
    screen.api._signed_in.cache.keep_menu(all_to_be_had())
    shown = screen.api.call(routes.PLACE(body=sold_out))
    qtbot.waitUntil(lambda: any("Waiting to send" in row for row in screen.rows()))
    cable.plug()
    screen.api.try_now()
    qtbot.waitUntil(lambda: "Please decide" in screen.rows()[0])
    screen.click_row(0)
    assert screen.text("decision_title") == "This order was not accepted"
    screen.click("decision_give_up")
    qtbot.waitUntil(lambda: shown.id not in [each.id for each in screen.listed()])
    assert orders_of_ada(place) == before


def all_to_be_had() -> Menu:
    """The menu as it was before a dish was gone."""
    had = [
        msgspec.structs.replace(
            category, items=tuple(msgspec.structs.replace(item, available=True) for item in category.items)
        )
        for category in shop.MENU.categories
    ]
    return msgspec.structs.replace(shop.MENU, categories=tuple(had))


def test_signing_out_with_something_unsent_warns_and_keeps_it(
    place: Place, cable: Cable, screen: Synced, qtbot: QtBot
) -> None:
    screen.arrive(*ADA)
    screen.until_live()
    before = orders_of_ada(place)
    cable.pull()
    place_fries(screen)
    screen.click("sign_out")
    qtbot.waitUntil(lambda: screen.sees("sign_out_dialog"))
    assert screen.text("sign_out_words").startswith("1 waiting to send")
    screen.click("sign_out_stay")
    qtbot.waitUntil(lambda: not screen.sees("sign_out_dialog"))
    assert screen.sees("orders_page")
    screen.click("sign_out")
    qtbot.waitUntil(lambda: screen.sees("sign_out_dialog"))
    screen.click("sign_out_confirm")
    qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
    cable.plug()
    screen.arrive(*GRACE)
    screen.until_live()
    assert all("New order" not in row for row in screen.rows())
    assert "waiting" not in screen.chip()
    assert orders_of_ada(place) == before, "it is nobody else's to send"
    screen.click("sign_out")
    qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
    screen.arrive(*ADA)
    qtbot.waitUntil(lambda: orders_of_ada(place) == before + 1)
    qtbot.waitUntil(lambda: "ONLINE-0" in screen.rows()[0])


def test_nothing_late_of_one_reaches_the_next(
    place: Place, screen: Synced, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """News that are on their way into the window's thread while somebody signs out."""
    theirs = place.ada.place()
    screen.arrive(*ADA)
    screen.until_live()
    told = screen.api._signed_in.sync.publisher.everything()
    sign_out = screen.api.sign_out

    def sign_out_late() -> None:
        screen.bridge.on_changed(told)
        sign_out()

    monkeypatch.setattr(screen.api, "sign_out", sign_out_late)
    screen.bridge.on_changed(told)
    screen.click("sign_out")
    qtbot.waitUntil(lambda: screen.sees("sign_in_submit") and screen.jobs.busy == 0)
    assert list(screen.bridge.store) == [], "the next one's store would begin with it"
    screen.arrive(*GRACE)
    screen.until_live()
    assert theirs["id"] not in [each.id for each in screen.listed()]
    assert theirs["number"] not in screen.words()
