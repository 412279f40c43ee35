"""Who asks a server what: customers their history, a cashier one change of status after the other."""

import itertools
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import requests

from benchmarks import databases, dataset, load
from core.protocol.headers import IDEMPOTENCY_KEY
from core.protocol.replies import OrderPage, Tokens
from core.settings import here

CUSTOMERS: Final = 50
PAGE: Final = 20
_HISTORY: Final = f"/api/online/orders/history/?limit={PAGE}"
ADVANCES: Final = ("confirmed", "preparing", "ready", "completed")

Scripts = Sequence[Iterator[bytes]]


class Shop(msgspec.Struct, frozen=True):
    """What the load has to know of the shop: who asks, and which orders can be moved."""

    customers: tuple[dataset.Customer, ...]
    """Ordinary ones, with more than a page of orders."""
    regular: dataset.Customer
    """Who owns a twentieth of all orders."""
    pending: tuple[str, ...]

    @classmethod
    def of(cls, count: int) -> "Shop":
        counted: Counter[dataset.Customer] = Counter()
        pending = []
        for order in dataset.orders(count):
            counted[order.customer] += 1
            if order.status == "pending":
                pending.append(order.id)
        regular = dataset.customers(count)[0]
        full = sorted(customer for customer, orders in counted.items() if orders > PAGE and customer != regular)
        return cls(tuple(full[:: max(1, len(full) // CUSTOMERS)][:CUSTOMERS]), regular, tuple(pending))


def customer_tokens(port: int, shop: Shop) -> list[str]:
    """The shop's customers, signed in; and a look at what they are given."""
    tokens = []
    for customer in shop.customers:
        body = {"login": customer.phone, "password": databases.PASSWORD}
        tokens.append(_sign_in(port, "/api/auth/sign-in/", body))
    page = requests.get(
        f"http://127.0.0.1:{port}{_HISTORY}", headers={"Authorization": f"Bearer {tokens[0]}"}, timeout=10
    )
    shown = msgspec.json.decode(page.content, type=OrderPage)
    assert len(shown.orders) == PAGE < shown.total
    assert {order.customer_id for order in shown.orders} == {shop.customers[0].id}
    return tokens


def staff_token(port: int, name: str = dataset.CASHIER) -> str:
    body = {"staff": name, "pin": databases.PIN, "device": dataset.DEVICE}
    return _sign_in(port, "/api/auth/staff/sign-in/", body)


def _sign_in(port: int, path: str, body: dict[str, str]) -> str:
    shown = {here.HEADER: here.proof(f"http://127.0.0.1:{port}")}
    answer = requests.post(f"http://127.0.0.1:{port}{path}", json=body, headers=shown, timeout=10)
    answer.raise_for_status()
    return msgspec.json.decode(answer.content, type=Tokens).access_token


def pages(tokens: Sequence[str], connections: int) -> Scripts:
    """Each connection asks for the customers' first pages in turn, from a place of its own."""
    asked = [load.request("GET", _HISTORY, token) for token in tokens]
    places = [position * len(asked) // connections for position in range(connections)]
    return [itertools.cycle(asked[place:] + asked[:place]) for place in places]


def moves(token: str, shop: Shop, connections: int) -> Scripts:
    return [_advance(token, shop.pending[position::connections]) for position in range(connections)]


def _advance(token: str, orders: Sequence[str]) -> Iterator[bytes]:
    """Each order from placed to completed, every change an operation of its own."""
    for order_id in orders:
        for version, status in enumerate(ADVANCES, 1):
            body = b'{"to":"%b","version":%d,"reason":""}' % (status.encode(), version)
            path = f"/api/pos/orders/{order_id}/status/"
            yield load.request("POST", path, token, body, **{IDEMPOTENCY_KEY: str(uuid.uuid4())})
    raise RuntimeError("the shop has no more pending orders: build it larger")
