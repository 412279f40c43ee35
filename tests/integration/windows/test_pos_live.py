"""The till as a shop has it: real window, sync engine, file and backend, and a network that goes away."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.client.storage.local_store import InUse
from core.client.sync.updates import Changed, Update
from core.domain.commands import TakeOrder
from core.domain.ids import ItemId, OrderId, new_op_id
from core.domain.order import NewLine, Order
from core.domain.status import OrderStatus, look
from core.protocol import routes
from core.ui.sound import Sounds
from core.ui.text import use_language
from pos_app.history.page import HistoryPage
from pos_app.order.card import Own
from tests.integration.calls import order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.customer_synced import Cable, cable_to
from tests.support.pos_synced import Synced, synced_till
from tests.support.steps import FIRST, NEXT, ONLINE

S = OrderStatus
KIM = (shop.KIM.name, shop.KIM.pin)
ALEX = (shop.ALEX.name, shop.ALEX.pin)
FRIES = TakeOrder(lines=(NewLine(item_id=ItemId("fries")),))


@pytest.fixture
def cable(place: Place) -> Iterator[Cable]:
    with cable_to(place.server.url) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "till"


@pytest.fixture
def till(qtbot: QtBot, cable: Cable, path: Path) -> Iterator[Synced]:
    with synced_till(qtbot, cable.url, path) as made:
        yield made


def arrive(till: Synced, who: tuple[str, str] = KIM) -> None:
    till.arrive(who)
    till.until_live()


def of_server(place: Place, order_id: str) -> dict[str, object]:
    found: dict[str, object] = place.kim.get(f"/api/pos/orders/{order_id}/").json()["order"]
    return found


def history(place: Place, order_id: str) -> list[str]:
    return [each["target"] for each in place.kim.get(f"/api/pos/orders/{order_id}/").json()["history"]]


# -- live


def test_what_happens_is_there_without_asking(place: Place, till: Synced, qtbot: QtBot) -> None:
    arrive(till)
    order = place.ada.place()
    qtbot.waitUntil(lambda: till.at(order["id"]) is S.PENDING)
    order = place.alex.bring(order, ONLINE[0])
    qtbot.waitUntil(lambda: till.at(order["id"]) is ONLINE[0])
    till.step(order["id"])
    till.until_sent()
    assert of_server(place, order["id"])["status"] == ONLINE[1]
    assert till.card_of(order["id"]).own is Own.NONE


# -- offline


def test_a_number_that_is_anothers_by_now_is_said(place: Place, till: Synced, qtbot: QtBot) -> None:
    arrive(till)
    row = msgspec.convert(place.kim.post("/api/pos/orders/", order_body(), key=new_op_id()).json(), Order)
    till.api._listener(Changed(updates=(Update(order_id=row.id, row=row, shown=row, former_number="POS1-000901"),)))
    qtbot.waitUntil(lambda: f"POS1-000901 is {row.number} from now on" in till.notice())


def test_a_step_made_offline_survives_the_window_and_is_sent_once(
    place: Place, cable: Cable, path: Path, qtbot: QtBot
) -> None:
    order = OrderId(place.ada.place()["id"])
    with synced_till(qtbot, cable.url, path) as till:
        arrive(till)
        cable.pull()
        till.until_offline()
        till.step(order)
        till.step(order)
        assert till.at(order) is ONLINE[1]
        assert till.card_of(order).own is Own.WAITING
        assert "sent as soon as the server is back" in till.undo()
        assert "2 waiting to send" in till.chip()
    assert of_server(place, order)["status"] == "pending"
    with synced_till(qtbot, cable.url, path) as till:
        assert not till.window.signed_in  # locked, and the name is there
        assert till.text("staff_name") == shop.KIM.name
        till.type("pin", KIM[1])
        till.click("sign_in")
        qtbot.waitUntil(lambda: till.window.signed_in)
        assert till.at(order) is ONLINE[1]
        assert till.card_of(order).own is Own.WAITING
        cable.plug()
        till.api.try_now()
        till.until_sent()
        till.until_live()
        assert till.card_of(order).own is Own.NONE
    assert history(place, order) == ["pending", *ONLINE[:2]]


def test_what_waits_is_sent_while_the_till_is_locked(place: Place, cable: Cable, till: Synced, qtbot: QtBot) -> None:
    order = OrderId(place.ada.place()["id"])
    arrive(till)
    cable.pull()
    till.until_offline()
    till.step(order)
    till.window.lock()
    cable.plug()
    till.api.try_now()
    till.until_sent()
    assert not till.window.signed_in
    assert of_server(place, order)["status"] == NEXT


def test_without_a_server_only_who_locked_the_till_comes_back(
    place: Place, cable: Cable, till: Synced, qtbot: QtBot
) -> None:
    arrive(till)
    cable.pull()
    till.until_offline()
    till.window.lock()
    till.sign_in(ALEX)
    qtbot.waitUntil(lambda: "No connection" in till.text("sign_in_error"))
    till.sign_in((KIM[0], "0000000"))
    qtbot.waitUntil(lambda: "PIN is wrong" in till.text("sign_in_error"))
    assert not till.window.signed_in
    till.sign_in(KIM)
    qtbot.waitUntil(lambda: till.window.signed_in)


def test_unlocking_goes_on_with_the_session_and_hears_on(place: Place, till: Synced, qtbot: QtBot) -> None:
    def sessions() -> int:
        rows = place.rows(
            "SELECT count(*) FROM sessions WHERE revoked_at IS NULL "
            "AND subject = (SELECT id FROM staff WHERE name = 'Kim')"
        )
        return int(rows[0][0])

    arrive(till)
    opened = sessions()
    till.window.lock()
    till.arrive(KIM)
    qtbot.waitUntil(lambda: sessions() == opened)
    order = place.ada.place()
    qtbot.waitUntil(lambda: till.at(order["id"]) is S.PENDING)
    till.until_live()
    assert till.window.signed_in


def test_orders_are_taken_numbered_moved_and_found_without_a_server(
    place: Place, cable: Cable, till: Synced, qtbot: QtBot
) -> None:
    arrive(till)
    cable.pull()
    till.until_offline()
    till.click("nav_new")
    tiles = till.find(QWidget, "menu_tiles")
    model = tiles.model()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: model.rowCount() > 0)
    row = next(at for at in range(model.rowCount()) if "Fries" in str(model.index(at, 0).data()))
    tiles.setFocus()
    tiles.setCurrentIndex(model.index(row, 0))  # type: ignore[attr-defined]
    qtbot.keyClick(tiles, Qt.Key.Key_Return)
    till.click("checkout")
    till.click("payment_card")
    qtbot.waitUntil(lambda: till.sees("next_order"))
    taken = next(operation for operation in till.waiting())
    assert taken.seen.number.startswith("POS1-")
    till.click("nav_orders")
    assert till.at(taken.order_id) is S.CONFIRMED
    till.step(taken.order_id)
    assert till.at(taken.order_id) is FIRST
    till.window._lookup.look_up(taken.seen.number)
    qtbot.waitUntil(lambda: till.sees("details_dialog"))
    till.key(Qt.Key.Key_Escape)
    cable.plug()
    till.api.try_now()
    till.until_sent()
    assert of_server(place, taken.order_id)["number"] == taken.seen.number
    assert of_server(place, taken.order_id)["status"] == FIRST


@pytest.mark.parametrize("language", ["en_US", "es"])
def test_whatever_only_the_server_has_says_which_address_was_tried(
    place: Place, cable: Cable, till: Synced, qtbot: QtBot, tmp_path: Path, language: str
) -> None:
    order = place.ada.place()
    arrive(till)
    till.window._lookup.look_up(order["number"])
    qtbot.waitUntil(lambda: "Placed" in till.words("details_history"))
    till.click("details_close")
    cable.pull()
    till.until_offline()
    use_language(language)
    why = {"en_US": f"{cable.url} broke off the connection.", "es": f"{cable.url} cortó la conexión."}[language]
    till.click("nav_sync")
    qtbot.waitUntil(lambda: why in till.text("sync_age"))
    till.sync_page.devices.refresh()
    qtbot.waitUntil(lambda: why in till.text("devices_none"))
    till.click("nav_history")
    till.settle()
    till.find(HistoryPage, "history_page").export_to(str(tmp_path / "orders.csv"))
    qtbot.waitUntil(lambda: why in till.notice())
    till.window._lookup.look_up(order["number"])
    qtbot.waitUntil(lambda: till.sees("details_retry"))
    assert why in till.words("details_history")
    use_language("en_US")
    cable.plug()
    till.api.try_now()
    till.until_live()
    till.click("details_retry")
    qtbot.waitUntil(lambda: till.sees("details_history") and not till.sees("details_retry"))
    assert why not in till.words("details_history")


# -- two tills


def test_two_tills_move_one_order_at_once(place: Place, cable: Cable, till: Synced, qtbot: QtBot) -> None:
    """The same step twice is one step; a step that no longer fits is shown, and its cashier chooses."""
    same, other = place.ada.place(), place.ada.place()
    arrive(till)
    cable.pull()
    till.until_offline()
    for order in (same, other):
        till.step(order["id"])
    place.alex.move(same, NEXT)
    place.alex.move(other, "rejected", reason="Sold out")
    cable.plug()
    till.api.try_now()
    till.until_sent()
    assert till.card_of(same["id"]).own is Own.NONE
    assert history(place, same["id"]) == ["pending", NEXT]
    (held,) = till.waiting()
    assert held.order_id == other["id"]
    till.window._lookup.look_up(other["number"])  # a closed order tells of it where it is found, too
    qtbot.waitUntil(lambda: till.sees("details_undecided"))
    assert f"conflict · Placed → {look(NEXT).label}" in till.words("details_undecided")
    till.click("details_close")
    till.click("nav_history")
    till.settle()
    rows = till.find(HistoryPage, "history_page").history.rows
    row = rows.index(rows.row_of(other["id"]))
    assert str(rows.data(row, Qt.ItemDataRole.AccessibleTextRole)).endswith("conflict")
    till.click("nav_sync")
    assert "1 change needs your decision" in till.text("sync_title")
    assert look(NEXT).label in till.words("decision_mine")
    assert "Rejected" in till.words("decision_theirs")
    assert "Sold out" in till.words("decision_theirs")
    assert not till.sees("decision_again")  # what is rejected stays so
    till.click("decision_keep")
    till.click("reason_0")
    till.click("reason_confirm")
    qtbot.waitUntil(lambda: till.waiting() == ())
    assert till.sees("sync_empty")
    assert of_server(place, other["id"])["status"] == "rejected"


def test_doing_it_again_on_the_order_as_it_is(place: Place, cable: Cable, till: Synced, qtbot: QtBot) -> None:
    order = place.ada.place()
    arrive(till)
    cable.pull()
    till.until_offline()
    till.window._actions._changes.cancel(order["id"], "Nobody came")
    qtbot.waitUntil(lambda: len(till.waiting()) == 1)
    place.alex.move(order, NEXT)
    cable.plug()
    till.api.try_now()
    till.until_sent()
    assert till.card_of(order["id"]).own is Own.CONFLICT
    till.step(order["id"])  # its button leads to where it is decided
    assert till.sees("sync_page")
    qtbot.waitUntil(lambda: till.sees("decision_again"))
    till.find_button("decision_again").setFocus()
    till.key(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: till.waiting() == ())
    assert of_server(place, order["id"])["status"] == "cancelled"


@pytest.mark.sqlite_only("the server answers each of them as it answers one")
def test_two_hundred_that_wait_go_out(place: Place, cable: Cable, till: Synced, qtbot: QtBot) -> None:
    arrive(till)
    cable.pull()
    till.until_offline()
    for _ in range(200):
        till.api.call(routes.TAKE(body=FRIES))
    till.until_waiting(200)
    qtbot.waitUntil(lambda: "200 waiting to send" in till.chip())
    before = place.rows("SELECT count(*) FROM orders")[0][0]
    cable.plug()
    till.api.try_now()
    till.until_waiting(0)
    assert place.rows("SELECT count(*) FROM orders")[0][0] == before + 200


# -- whose it is


def test_signing_out_with_something_unsent_warns_and_keeps_it(
    place: Place, cable: Cable, till: Synced, qtbot: QtBot
) -> None:
    order = OrderId(place.ada.place()["id"])
    arrive(till)
    cable.pull()
    till.until_offline()
    till.step(order)
    till.click("cashier")
    till.choose("menu_switch")
    assert till.text("leave_what") == "1 waiting to send"
    till.click("leave_stay")
    assert till.window.signed_in
    till.click("cashier")
    till.choose("menu_sign_out")
    till.click("leave_confirm")
    till.settle()
    qtbot.waitUntil(lambda: till.sees("staff_name"))
    assert len(till.window.store) == 0
    cable.plug()
    arrive(till, ALEX)
    assert till.at(order) is S.PENDING
    till.click("nav_sync")
    qtbot.waitUntil(lambda: "1 change of another cashier" in till.text("sync_others"))
    assert of_server(place, order)["status"] == "pending"
    till.click("cashier")
    till.choose("menu_switch")
    till.settle()
    arrive(till, KIM)
    till.until_sent()
    assert history(place, order) == ["pending", NEXT]


def test_one_window_for_one_file(cable: Cable, path: Path, till: Synced, qtbot: QtBot) -> None:
    with pytest.raises(InUse), synced_till(qtbot, cable.url, path):
        pass


# -- what calls


def test_a_new_order_rings_until_somebody_has_noticed(
    place: Place, cable: Cable, path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[str] = []
    monkeypatch.setattr(Sounds, "play", lambda _self, name, **_more: played.append(name))
    monkeypatch.setattr("pos_app.alerts.alerts.RING_MS", 50)
    place.ada.place()
    with synced_till(qtbot, cable.url, path, sounds=True, board_refresh_s=0.2) as till:
        arrive(till)
        assert played == []  # what was there is nothing new
        order = place.ada.place()
        qtbot.waitUntil(lambda: len(played) >= 3)
        assert set(played) == {"new_order"}
        assert till.text("arrivals_title") == "1 new order"
        assert till.text("arrivals_message").startswith(f"{order['number']} · Ada Lovelace · Pick-up")
        assert till.toasts() == []  # it is told once
        till.key(Qt.Key.Key_A)
        qtbot.waitUntil(lambda: not till.sees("arrivals"))
        assert not till.window.alerts._ring.isActive()


def test_another_till_that_deals_with_it_ends_the_ring(place: Place, till: Synced, qtbot: QtBot) -> None:
    arrive(till)
    order = place.ada.place()
    qtbot.waitUntil(lambda: till.sees("arrivals"))
    place.alex.move(order, NEXT)
    qtbot.waitUntil(lambda: not till.sees("arrivals"))


def test_an_order_of_ones_own_does_not_ring(place: Place, till: Synced, qtbot: QtBot) -> None:
    arrive(till)
    taken = till.api.call(routes.TAKE(body=FRIES))
    till.until_sent()
    qtbot.waitUntil(lambda: till.at(taken.id) is S.CONFIRMED)
    assert not till.sees("arrivals")
    assert till.toasts() == []


def test_what_came_while_the_network_was_away_is_summed_up(
    place: Place, cable: Cable, till: Synced, qtbot: QtBot
) -> None:
    arrive(till)
    cable.pull()
    till.until_offline()
    for _ in range(5):
        place.ada.place()
    cable.plug()
    till.api.try_now()
    qtbot.waitUntil(lambda: till.sees("arrivals") and till.text("arrivals_title") == "5 new orders")
    qtbot.waitUntil(lambda: len(till.toasts()) == 1)
    assert "5 changes" in till.toasts()[0]
