"""The board: what a display is told by the real backend, by both roads, and above all what it is not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from core.domain.order import Order
from core.domain.status import LOOKS, Fulfilment, OrderStatus, steps_of
from core.protocol import routes
from core.protocol.display import TicketFrames, TicketsMessage, TicketsReply
from core.protocol.feed import Close, Cursor
from core.protocol.route import ORDER_ID, Who
from core.server.routes import ENDPOINTS
from core.server.settings import ServerSettings
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.listener import Listener, hello
from tests.support.server import ServerThread
from tests.support.steps import way

WITHIN_S = 20
PRIVATE = ("Lovelace", "Hopper", "15550100", "15550101", "customer", "total", "line", "note", "address", "reason")
"""What no display may hear, as names of fields or as somebody's data."""
_message = msgspec.json.Decoder(TicketsMessage).decode


class Overhead(Listener):
    """A display's socket."""

    def next(self) -> Any:
        text = self.socket.recv(WITHIN_S)
        assert isinstance(text, str)
        self.texts.append(text)
        return _message(text)

    def frames(self) -> TicketFrames:
        """The next ones, with no more than two heartbeats before."""
        heard = (self.next() for _ in range(3))
        return next(message for message in heard if isinstance(message, TicketFrames))


def look(display: Caller) -> TicketsReply:
    reply = display.get(routes.TICKETS.path)
    assert reply.status_code == 200, reply.text
    assert not [word for word in PRIVATE if word in reply.text]
    return msgspec.json.decode(reply.content, type=TicketsReply)


def shown(reply: TicketsReply) -> dict[str, str]:
    return {ticket.number: ticket.status.value for ticket in reply.tickets}


def test_a_board_shows_what_waits_is_being_prepared_and_is_ready_and_nothing_else(place: Place) -> None:
    before = shown(look(place.board))
    order = place.ada.place()
    assert shown(look(place.board)) == before
    order = place.kim.bring(order, "confirmed")
    assert shown(look(place.board)) == before | {order["number"]: "confirmed"}
    order = place.kim.bring(order, "preparing")
    assert shown(look(place.board)) == before | {order["number"]: "preparing"}
    order = place.kim.bring(order, "ready")
    assert shown(look(place.board)) == before | {order["number"]: "ready"}
    place.kim.bring(order, "completed")
    assert shown(look(place.board)) == before


def test_a_ticket_has_six_facts(place: Place) -> None:
    order = place.kim.bring(place.ada.place(), "ready")
    place.kim.post(
        f"/api/pos/orders/{order['id']}/payment/", {"payment": "paid", "version": order["version"]}, key=new_key()
    )
    tickets = place.board.get(routes.TICKETS.path).json()["tickets"]
    (found,) = [each for each in tickets if each["order_id"] == order["id"]]
    assert found == {
        "order_id": order["id"],
        "number": order["number"],
        "status": "ready",
        "since": order["updated_at"],  # the step's own time, whatever was changed since
        "first_name": "",
    }


def test_the_longest_waiting_comes_first(place: Place) -> None:
    first, second = (place.kim.bring(place.ada.place(), "preparing") for _ in range(2))
    place.kim.bring(first, "ready")
    ours = [
        ticket.number for ticket in look(place.board).tickets if ticket.number in {first["number"], second["number"]}
    ]
    assert ours == [second["number"], first["number"]]


def test_another_shops_numbers_are_on_no_board_of_ours(place: Place) -> None:
    theirs = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()
    with Overhead(place.board.url, hello(place.board.token, look(place.board).cursor)) as board:
        board.next()
        place.sam.bring(theirs, "ready")
        ours = place.kim.bring(place.ada.place(), "preparing")
        assert {frame.event.ticket.order_id for frame in board.frames().frames} == {ours["id"]}  # one step, or two
    assert theirs["number"] not in shown(look(place.board))
    assert shown(look(place.other_board))[theirs["number"]] == "ready"
    assert ours["number"] not in shown(look(place.other_board))


def test_an_order_that_is_amended_is_told_as_it_is_now(place: Place) -> None:
    order = place.kim.bring(place.ada.place(), "preparing")
    with Overhead(place.board.url, hello(place.board.token, look(place.board).cursor)) as board:
        board.next()
        for fulfilment in ("delivery", "pickup"):
            lines = [{"id": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
            body = {"version": order["version"], "lines": lines, "fulfilment": fulfilment, "address": "1 Main St"}
            reply = place.kim.post(f"/api/pos/orders/{order['id']}/amend/", body, key=new_key())
            assert reply.status_code == 200, reply.text
            order = reply.json()
            (frame,) = board.frames().frames
            assert frame.event.ticket.order_id == order["id"]
            assert frame.event.shown is (order["number"] in shown(look(place.board)))
    assert order["number"] in shown(look(place.board))


def test_what_has_not_changed_is_not_sent_again(place: Place) -> None:
    known = place.board.get(routes.TICKETS.path)
    again = place.board.get(routes.TICKETS.path, headers={"If-None-Match": known.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    place.kim.bring(place.ada.place(), "preparing")
    assert place.board.get(routes.TICKETS.path, headers={"If-None-Match": known.headers["ETag"]}).status_code == 200


# -- what a display may not


def test_a_display_is_refused_wherever_orders_are_told_or_changed(place: Place) -> None:
    order = place.ada.place()
    tried = 0
    for endpoint in ENDPOINTS:
        route = endpoint.route
        if route.who in {Who.PUBLIC, Who.MONITOR} or route in {routes.TICKETS, routes.SIGN_OUT}:
            continue
        body = msgspec.to_builtins(endpoint.example) if endpoint.example is not None else None
        path = route.path.replace(ORDER_ID, order["id"])
        reply = place.board.call(route.method, path, body, key=new_key(), params={"cursor": "a.1.b", "q": "555"})
        assert (reply.status_code, reply.json()["type"]) == (403, "forbidden"), path
        tried += 1
    assert tried >= 14


@pytest.mark.parametrize("who", ["ada", "kim", "alex", "nobody"])
def test_the_board_is_for_displays(place: Place, who: str) -> None:
    reply: requests.Response = getattr(place, who).get(routes.TICKETS.path)
    assert reply.status_code == (401 if who == "nobody" else 403)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": shop.OTHER_DISPLAY.secret},
        {"secret": ""},
        {"secret": shop.DISPLAY.secret.lower()},
        {"device": "BOARD2"},
        {"device": shop.DEVICE},
        {"device": shop.DEVICE, "secret": shop.CASHIER_PIN},
        {"shop": "elsewhere"},
        {"shop": "other"},
    ],
    ids=str,
)
def test_a_display_signs_in_with_all_of_it_right(place: Place, wrong: dict[str, str]) -> None:
    right = {"device": shop.DISPLAY.name, "secret": shop.DISPLAY.secret, "shop": place.world.shop}
    if wrong.get("shop") == "other":
        wrong = {"shop": place.world.other_shop}
    signed_in = place.nobody.post("/api/auth/device/sign-in/", right)
    assert signed_in.json()["person"]["role"] == "display"
    refused = place.nobody.post("/api/auth/device/sign-in/", right | wrong)
    assert (refused.status_code, refused.json()["type"]) == (401, "unauthenticated")


def test_nobody_works_at_a_display(place: Place) -> None:
    """It has no number series, and its name is no terminal's."""
    body = {"staff": "Kim", "pin": shop.CASHIER_PIN, "device": shop.DISPLAY.name}
    assert place.nobody.post("/api/auth/staff/sign-in/", body).status_code == 401


def test_a_display_goes_on_with_its_session_and_can_end_it(place: Place) -> None:
    display = calls.display(place.server)
    refreshed = place.nobody.post("/api/auth/refresh/", {"refresh_token": display.signed_in["refresh_token"]})
    assert refreshed.json()["person"] == display.signed_in["person"]
    again = Caller(place.server.url, refreshed.json())
    assert again.get(routes.TICKETS.path).status_code == 200
    assert again.post("/api/auth/sign-out/").status_code == 204
    assert again.get(routes.TICKETS.path).status_code == 401


def test_its_secret_is_kept_as_a_hash(place: Place) -> None:
    rows = place.rows("SELECT kind, secret_hash FROM devices WHERE shop_id = ? ORDER BY id", place.world.shop)
    assert [kind for kind, _ in rows] == ["board", "terminal"]
    assert rows[0][1].startswith("$argon2id$")
    assert rows[1][1] is None


# -- what is pushed


def test_what_is_pushed_is_numbers_and_statuses(place: Place) -> None:
    start = look(place.board)
    order = place.ada.place(note="note: call +1 555 0100")
    with Overhead(place.board.url, hello(place.board.token, start.cursor)) as board:
        heard = []
        *forward, nearly, ready = way(OrderStatus.PENDING, OrderStatus.READY)
        statuses = [*forward, nearly, ready, nearly, ready, way(ready)[0]]
        for status in statuses:
            before = place.rows("SELECT max(seq) FROM events WHERE shop_id = ?", place.world.shop)[0][0]
            path = f"/api/pos/orders/{order['id']}/recall/"
            if (order["status"], status) == (ready, nearly):
                order = place.kim.post(path, {"version": order["version"]}, key=new_key()).json()
            else:
                order = place.kim.bring(order, status)
            (frame,) = board.frames().frames
            assert frame.seq == before + 1
            heard.append(frame)
        assert [frame.event.ticket.status for frame in heard] == statuses
        assert {(frame.event.ticket.order_id, frame.event.ticket.number) for frame in heard} == {
            (order["id"], order["number"])
        }
        assert [frame.prev for frame in heard[1:]] == [frame.seq for frame in heard[:-1]]
        told = "".join(board.texts)
    assert not [word for word in PRIVATE if word in told]
    assert order["customer_id"] not in told


def test_what_was_missed_is_told_first_and_no_more_of_it(place: Place) -> None:
    start = look(place.board)
    order = place.kim.bring(place.ada.place(), "preparing")
    place.grace.place()
    with Overhead(place.board.url, hello(place.board.token, start.cursor)) as board:
        missed = board.frames()
        steps = way(OrderStatus.PENDING, OrderStatus.PREPARING)
        assert [frame.event.ticket.order_id for frame in missed.frames] == [order["id"]] * len(steps)
        assert missed.frames[0].follows(Cursor.parse(start.cursor).seq)
        assert missed.cursor == look(place.board).cursor
        order = place.kim.bring(order, "ready")
        (frame,) = board.frames().frames
        assert frame.follows(Cursor.parse(missed.cursor).seq)
        assert not frame.follows(Cursor.parse(start.cursor).seq), "one who missed the other would notice"
    assert not [word for word in PRIVATE if word in "".join(board.texts)]


def test_a_display_that_is_signed_out_hears_nothing_more(place: Place) -> None:
    display = calls.display(place.server)
    with Overhead(display.url, hello(display.token, look(display).cursor)) as board:
        board.next()
        display.post("/api/auth/sign-out/")
        assert board.closed() == Close.SIGNED_OUT


def test_a_display_of_another_history_is_told_so(place: Place) -> None:
    with Overhead(place.board.url, hello(place.board.token, "another.1.history")) as board:
        assert board.closed() == Close.DIVERGED


# -- names, where the shop wants them


def test_first_names_are_told_where_the_shop_wants_them_and_nothing_more(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path), board_names=True)
    with ServerThread(tmp_path, settings) as server:
        display, ada, kim = calls.display(server), calls.customer(server), calls.staff(server)
        start = look(display)
        named = kim.bring(ada.place(), "preparing")
        nameless = kim.post("/api/pos/orders/", order_body(), key=new_key()).json()
        kim.bring(nameless, "preparing")
        found = {ticket.number: ticket.first_name for ticket in look(display).tickets}
        assert found == {named["number"]: "Ada", nameless["number"]: ""}
        with Overhead(display.url, hello(display.token, start.cursor)) as board:
            heard = {frame.event.ticket.number: frame.event.ticket.first_name for frame in board.frames().frames}
            assert heard == found
            kim.bring(named, "ready")
            assert board.frames().frames[0].event.ticket.first_name == "Ada"
        assert not [word for word in PRIVATE if word in "".join(board.texts)]


def test_what_is_taken_at_the_counter_waits_at_once(place: Place) -> None:
    """It is confirmed as it is made; whether it is paid reaches no display."""
    start = look(place.board)
    with Overhead(place.board.url, hello(place.board.token, start.cursor)) as board:
        board.next()
        for payment in ("paid", "unpaid"):
            taken = place.kim.post("/api/pos/orders/", order_body(payment=payment), key=new_key()).json()
            (frame,) = board.frames().frames
            assert (frame.event.ticket.number, frame.event.ticket.status.value) == (taken["number"], "confirmed")
            assert shown(look(place.board))[taken["number"]] == "confirmed"
        assert not [word for word in ("paid", "cash", "payment", "tender") if word in "".join(board.texts)]


def test_a_delivery_is_nobodys_in_the_room(place: Place) -> None:
    start = look(place.board)
    with Overhead(place.board.url, hello(place.board.token, start.cursor)) as board:
        board.next()
        delivered = place.ada.place(fulfilment="delivery", address="1 Main Street")
        for status in steps_of(Fulfilment.DELIVERY)[1:]:
            delivered = place.kim.bring(delivered, status)
            assert delivered["number"] not in shown(look(place.board))
        ours = place.kim.bring(place.ada.place(), "confirmed")
        assert [frame.event.ticket.number for frame in board.frames().frames] == [ours["number"]]


def test_a_shop_may_leave_out_what_waits(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path), board_waiting=False)
    with ServerThread(tmp_path, settings) as server:
        display, ada, kim = calls.display(server), calls.customer(server), calls.staff(server)
        start = look(display)
        with Overhead(display.url, hello(display.token, start.cursor)) as board:
            board.next()
            order = kim.bring(ada.place(), "confirmed")
            assert order["number"] not in shown(look(display))
            order = kim.bring(order, "preparing")
            (frame,) = board.frames().frames
            assert (frame.event.ticket.status.value, frame.event.shown) == ("preparing", True)
            path = f"/api/pos/orders/{order['id']}/recall/"
            order = kim.post(path, {"version": order["version"]}, key=new_key()).json()
            (frame,) = board.frames().frames
            waiting = way(OrderStatus.PENDING, OrderStatus.PREPARING)[-2]
            assert (frame.event.ticket.status, frame.event.shown) == (waiting, False)
            assert order["number"] not in shown(look(display))


def test_state_and_what_is_pushed_come_to_what_a_fresh_look_shows(place: Place) -> None:
    """Every move there is, followed from a first look, against a second look."""
    start = look(place.board)
    known = {ticket.order_id: ticket for ticket in start.tickets}
    orders = [place.ada.place() for _ in range(6)]
    for order, to in zip(orders, ("confirmed", "preparing", "ready", "completed", "cancelled"), strict=False):
        place.kim.bring(order, to)
    place.kim.bring(place.kim.bring(orders[-1], "preparing"), "cancelled")
    last = place.kim.bring(place.ada.place(), "preparing")
    with Overhead(place.board.url, hello(place.board.token, start.cursor)) as board:
        while True:
            message = board.frames()
            for frame in message.frames:
                ticket = frame.event.ticket
                known.pop(ticket.order_id, None)
                if LOOKS[ticket.status].display is not None:
                    known[ticket.order_id] = ticket
            if last["id"] in known:
                break
    assert known == {ticket.order_id: ticket for ticket in look(place.board).tickets}


@pytest.mark.sqlite_only("plans are told in its own words")
def test_the_board_is_read_by_the_index_of_open_orders(place: Place) -> None:
    from core.store.tickets import TICKETS

    def plan(transaction: Any) -> str:
        sql, _, _ = TICKETS.text(transaction.connection.dialect)
        rows = transaction.connection.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, (place.world.shop,)).fetchall()
        return "; ".join(row[3] for row in rows)

    found = place.server.database.read_blocking(plan)
    assert "USING INDEX ix_orders_open (shop_id=?)" in found
    assert "SCAN" not in found


def test_an_order_is_the_same_to_all_who_look(place: Place) -> None:
    """One truth: what the customer sees as ready is what hangs over the counter."""
    order = place.kim.bring(place.ada.place(), "ready")
    seen = msgspec.json.decode(place.ada.get(f"/api/online/orders/{order['id']}/").content, type=Order)
    (ticket,) = [each for each in look(place.board).tickets if each.order_id == seen.id]
    assert (ticket.number, ticket.status, ticket.since) == (seen.number, seen.status, seen.updated_at)
