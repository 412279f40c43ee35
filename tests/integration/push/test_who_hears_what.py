"""Who is told of which event: by the socket, by the feed and by a snapshot. A new kind fails until it is in here.

The rest of the matrix, who may ask what, is `test_authorisation.py`'s.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, get_args

import pytest
from websockets.sync.client import ClientConnection, connect

from core.domain.people import Role
from core.protocol.events import (
    BasketChanged,
    DrawerChanged,
    Event,
    MenuChanged,
    OrderAmended,
    OrderPaymentChanged,
    OrderPaymentsChanged,
    OrderPlaced,
    OrderRefunded,
    OrderRequestChanged,
    OrderStatusChanged,
    RolesChanged,
)
from core.protocol.feed import Cursor
from core.protocol.routes import SOCKET_PATH
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.listener import WITHIN_S, hello

OWNER, OTHER = "the customer", "another customer"
CASHIER, MANAGER, ADMIN, DISPLAY = "a cashier", "a manager", "an admin", "a display"
STRANGER, FOREIGN_DISPLAY = "another shop's cashier", "another shop's display"
STAFF = {CASHIER, MANAGER, ADMIN}
HEARERS: dict[type[Any], set[str]] = {
    OrderPlaced: {OWNER, *STAFF},
    OrderStatusChanged: {OWNER, *STAFF, DISPLAY},
    OrderPaymentChanged: {OWNER, *STAFF},
    OrderPaymentsChanged: {OWNER, *STAFF},
    OrderRefunded: {OWNER, *STAFF},
    OrderAmended: {OWNER, *STAFF},
    OrderRequestChanged: {OWNER, *STAFF},
    MenuChanged: {OWNER, OTHER, *STAFF},
    DrawerChanged: STAFF,
    BasketChanged: STAFF,
    RolesChanged: STAFF,
}
AS_A_DISPLAY_HEARS_IT = {OrderStatusChanged: "ticket_moved"}


def people(place: Place) -> dict[str, Caller]:
    return {
        OWNER: place.ada,
        OTHER: place.grace,
        CASHIER: place.kim,
        MANAGER: place.max,
        ADMIN: place.alex,
        DISPLAY: place.board,
        STRANGER: place.sam,
        FOREIGN_DISPLAY: place.other_board,
    }


def _placed(place: Place) -> str:
    return str(place.ada.place(note="for Ada's eyes and the kitchen's")["id"])


def _moved(place: Place) -> str:
    return str(place.kim.bring(place.ada.place(), "preparing")["id"])


def _paid(place: Place) -> str:
    order = place.ada.place()
    body = {"payment": "paid", "version": order["version"]}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    return str(order["id"])


def _paid_in_part(place: Place) -> str:
    order = place.ada.place()
    body = {"amount_minor": 100, "version": order["version"]}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payments/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    return str(order["id"])


def _refunded(place: Place) -> str:
    order_id = _paid(place)
    body = {"version": 2, "amount_minor": 100, "reason": "cold"}
    reply = place.kim.post(f"/api/pos/orders/{order_id}/refund/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    return order_id


def _amended(place: Place) -> str:
    order = place.ada.place()
    lines = [{"id": line["id"], "quantity": line["quantity"] + 1} for line in order["lines"]]
    body = {"version": order["version"], "lines": lines, "fulfilment": order["fulfilment"]}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/amend/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    return str(order["id"])


def _asked(place: Place) -> str:
    order = place.ada.place()
    lines = [{"id": line["id"], "quantity": line["quantity"] + 1} for line in order["lines"]]
    reply = place.ada.post(
        f"/api/online/orders/{order['id']}/ask-change/", {"version": 1, "lines": lines}, key=new_key()
    )
    assert reply.status_code == 200, reply.text
    return str(order["id"])


def _sold_out(place: Place) -> str:
    menu = place.kim.get("/api/menu/").json()
    found = next(item for group in menu["categories"] for item in group["items"] if item["id"] == shop.SOLD_OUT)
    body = {"available": not found.get("available", True)}
    reply = place.kim.post(f"/api/pos/menu/{shop.SOLD_OUT}/availability/", body, key=new_key())
    assert reply.status_code == 200, reply.text
    return ""


def _at_the_drawer(place: Place) -> str:
    newest = place.kim.get("/api/pos/drawers/").json()["sessions"][:1]
    if newest and newest[0]["entries"][-1]["act"] != "closed":
        body = {"session": newest[0]["id"], "act": "no_sale", "reason": "change"}
        reply = place.kim.post("/api/pos/drawer/cash/", body, key=new_key())
    else:
        reply = place.kim.post("/api/pos/drawer/", {"session": new_key(), "float_minor": 100}, key=new_key())
    assert reply.ok, reply.text
    return ""


def _held(place: Place) -> str:
    body = {"id": new_key(), "label": "Table 7", "lines": [{"item_id": shop.FRIES, "quantity": 1}]}
    reply = place.kim.post("/api/pos/baskets/", body, key=new_key())
    assert reply.ok, reply.text
    return ""


def _other_rights(place: Place) -> str:
    roles = place.alex.get("/api/pos/roles/").json()["roles"]
    (held,) = (each["rights"] for each in roles if each["role"] == "manager")
    # Which of them comes last makes no difference to anybody.
    reply = place.alex.post("/api/admin/roles/manager/", {"rights": [held[-1], *held[:-1]]})
    assert reply.ok, reply.text
    return ""


CAUSES: dict[type[Any], Callable[[Place], str]] = {
    OrderPlaced: _placed,
    OrderStatusChanged: _moved,
    OrderPaymentChanged: _paid,
    OrderPaymentsChanged: _paid_in_part,
    OrderRefunded: _refunded,
    OrderAmended: _amended,
    OrderRequestChanged: _asked,
    MenuChanged: _sold_out,
    DrawerChanged: _at_the_drawer,
    BasketChanged: _held,
    RolesChanged: _other_rights,
}
KINDS = pytest.mark.parametrize("kind", HEARERS, ids=lambda kind: kind.__struct_config__.tag)


def test_every_kind_of_event_says_who_hears_of_it() -> None:
    assert set(HEARERS) == set(CAUSES) == set(get_args(Event)), "say in HEARERS who may hear of it, and cause one"


def test_everybody_is_asked(place: Place) -> None:
    assert {caller.signed_in["person"]["role"] for caller in people(place).values()} == set(Role)


class PushSubscription:
    """A socket, read as text: what is not meant for somebody has to be absent from every byte."""

    def __init__(self, caller: Caller, socket: ClientConnection) -> None:
        self._caller = caller
        self._socket = socket
        self.text = ""

    def up_to(self, seq: int) -> list[dict[str, Any]]:
        """Everything that is heard until the server says that it was told all up to `seq`."""
        frames: list[dict[str, Any]] = []
        self._socket.send(hello(self._caller.token))  # which is answered, after what waits, with where things stand
        while True:
            text = self._socket.recv(WITHIN_S)
            assert isinstance(text, str)
            self.text += text
            message = json.loads(text)
            frames += message.get("frames", [])
            if message["kind"] == "heartbeat":
                if Cursor.parse(message["cursor"]).seq >= seq:
                    return frames
                self._socket.send(hello(self._caller.token))


def head(caller: Caller) -> str:
    path = "/api/board/" if caller.signed_in["person"]["role"] == Role.DISPLAY else "/api/snapshot/"
    return str(caller.get(path).json()["cursor"])


@contextmanager
def listening(callers: dict[str, Caller]) -> Iterator[dict[str, PushSubscription]]:
    """Everybody on a socket, from where things stand."""
    with ExitStack() as stack:
        subscriptions = {}
        for name, caller in callers.items():
            address = caller.url.replace("http", "ws", 1) + SOCKET_PATH
            socket = stack.enter_context(connect(address, compression=None, proxy=None, close_timeout=2))
            socket.send(hello(caller.token, head(caller)))
            subscriptions[name] = PushSubscription(caller, socket)
        for subscription in subscriptions.values():
            subscription.up_to(0)
        yield subscriptions


@KINDS
def test_an_event_is_pushed_to_those_it_concerns(place: Place, kind: type[Any]) -> None:
    callers = people(place)
    with listening(callers) as subscriptions:
        order_id = CAUSES[kind](place)
        marker = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()["id"]
        here, there = (Cursor.parse(head(caller)).seq for caller in (place.kim, place.sam))
        tag = kind.__struct_config__.tag
        for name, subscription in subscriptions.items():
            foreign = name in (STRANGER, FOREIGN_DISPLAY)
            frames = subscription.up_to(there if foreign else here)
            heard = [frame["event"]["kind"] for frame in frames if marker not in json.dumps(frame)]
            wanted = AS_A_DISPLAY_HEARS_IT.get(kind, "nothing") if name == DISPLAY else tag
            assert (wanted in heard) is (name in HEARERS[kind]), (name, heard)
            assert (marker in subscription.text) is foreign, name  # a counter order of their own shop
            if order_id and name not in HEARERS[OrderPlaced] | (HEARERS[kind] & {DISPLAY}):
                assert order_id not in subscription.text, name
            if name in (DISPLAY, FOREIGN_DISPLAY, OTHER, STRANGER):
                assert not said_of_ada(place, subscription.text), name


@KINDS
def test_an_event_is_in_the_feed_of_those_it_concerns(place: Place, kind: type[Any]) -> None:
    callers = people(place)
    starts = {name: head(caller) for name, caller in callers.items()}
    order_id = CAUSES[kind](place)
    for name, caller in callers.items():
        reply = caller.get("/api/events/", params={"cursor": starts[name], "limit": 500})
        if name in (DISPLAY, FOREIGN_DISPLAY):
            assert reply.status_code == 403
            continue
        heard = [frame["event"]["kind"] for frame in reply.json()["frames"]]
        assert (kind.__struct_config__.tag in heard) is (name in HEARERS[kind]), (name, heard)
        if order_id and name not in HEARERS[OrderPlaced]:
            assert order_id not in reply.text, name
        if name in (OTHER, STRANGER):
            assert not said_of_ada(place, reply.text), name


def test_a_snapshot_has_what_concerns_one_and_no_more(place: Place) -> None:
    order = place.ada.place()
    counter = place.sam.post("/api/pos/orders/", order_body(), key=new_key()).json()
    for name, caller in people(place).items():
        reply = caller.get("/api/snapshot/")
        if name in (DISPLAY, FOREIGN_DISPLAY):
            assert reply.status_code == 403
            continue
        assert (order["id"] in reply.text) is (name in HEARERS[OrderPlaced]), name
        assert (counter["id"] in reply.text) is (name == STRANGER), name
        if name in (OTHER, STRANGER):
            assert not said_of_ada(place, reply.text), name


def test_a_board_has_numbers_and_nothing_of_anybody(place: Place) -> None:
    order_id = _moved(place)
    here, there = place.board.get("/api/board/"), place.other_board.get("/api/board/")
    assert order_id in here.text
    assert order_id not in there.text
    for reply in (here, there):
        assert not said_of_ada(place, reply.text)


def said_of_ada(place: Place, text: str) -> list[str]:
    """What of Ada's own is in a text that is not hers to read."""
    secrets = [shop.ADA.name, shop.ADA.name.split()[0], "15550100", shop.ADA.email or "", place.world.ada, "eyes"]
    return [secret for secret in secrets if secret and secret in text]


def test_what_is_said_of_ada_would_be_found(place: Place) -> None:
    """So that its absence means something."""
    _placed(place)
    found = said_of_ada(place, place.kim.get("/api/snapshot/").text)
    assert {shop.ADA.name, place.world.ada, "15550100", "eyes"} <= set(found)
