"""Calling the real backend as somebody."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from core.domain.ids import new_order_id
from core.domain.status import Fulfilment, OrderStatus
from core.settings import here
from tests.support import shop
from tests.support.server import ServerProcess, ServerThread
from tests.support.steps import way

TIMEOUT_S = 20
WITHIN_S = 30


class Caller:
    """One person's requests. Each is a connection of its own, so nothing stays open between tests."""

    def __init__(self, url: str, signed_in: dict[str, Any] | None = None) -> None:
        self.url = url
        self.signed_in = signed_in or {}

    @property
    def token(self) -> str:
        return str(self.signed_in["access_token"])

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.token}"} if self.signed_in else {}
        if proof := here.proof(self.url):
            sent[here.HEADER] = proof
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            options["json"] = body
        return requests.request(method, self.url + path, headers=sent | (headers or {}), timeout=TIMEOUT_S, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: object = None, *, key: str | None = None, **options: Any) -> requests.Response:
        return self.call("POST", path, body, key=key, **options)

    def place(self, *, key: str | None = None, **more: Any) -> dict[str, Any]:
        """A customer's order, accepted."""
        reply = self.post("/api/online/orders/", order_body(**more), key=key)
        assert reply.status_code == 201, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def move(self, order: dict[str, Any], to: str, **more: Any) -> requests.Response:
        """A member of staff's move, from the version that `order` shows."""
        body = {"to": to, "version": order["version"]} | more
        return self.post(f"/api/pos/orders/{order['id']}/status/", body, key=new_key())

    def bring(self, order: dict[str, Any], to: str) -> dict[str, Any]:
        """Move an order to `to` as staff do: one step after the other where that lies ahead, else at once, with a
        reason."""
        ahead = way(OrderStatus(order["status"]), OrderStatus(to), Fulfilment(order["fulfilment"]))
        for step in ahead or (to,):
            moved = self.move(order, step, reason="" if ahead else "so")
            assert moved.status_code == 200, moved.text
            order = moved.json()
        return order


def answered(call: Callable[[], requests.Response]) -> requests.Response:
    """What is answered once the server can: as a client does that is told to come again."""
    until = time.monotonic() + WITHIN_S
    while (reply := call()).status_code == 503:
        assert time.monotonic() < until, reply.text
    return reply


def new_key() -> str:
    return str(uuid.uuid4())


def order_body(**more: Any) -> dict[str, Any]:
    """Two bowls with guacamole and one fries: 2 × 1200 + 390 = 2790, and 8.25 % on top: 3020."""
    lines = [
        {"item_id": shop.BOWL, "quantity": 2, "modifier_ids": [shop.CHICKEN, shop.GUACAMOLE]},
        {"item_id": shop.FRIES},
    ]
    return {"id": new_order_id(), "lines": lines, **more}


def customer(server: ServerThread | ServerProcess, who: Any = shop.ADA) -> Caller:
    return _signed_in(server, "/api/auth/sign-in/", {"login": who.phone, "password": who.password})


def staff(
    server: ServerThread | ServerProcess, who: Any = shop.KIM, device: str = shop.DEVICE, shop_id: str = ""
) -> Caller:
    body = {"staff": who.name, "pin": who.pin, "device": device, "shop": shop_id}
    return _signed_in(server, "/api/auth/staff/sign-in/", body)


def display(server: ServerThread | ServerProcess, which: Any = shop.DISPLAY, shop_id: str = "") -> Caller:
    body = {"device": which.name, "secret": which.secret, "shop": shop_id}
    return _signed_in(server, "/api/auth/device/sign-in/", body)


def _signed_in(server: ServerThread | ServerProcess, path: str, body: dict[str, Any]) -> Caller:
    reply = Caller(server.url).post(path, body)
    assert reply.status_code == 200, reply.text
    return Caller(server.url, reply.json())
