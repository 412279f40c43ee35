"""A number that was told is kept, by an order that was lost and comes again, and nobody else gets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from core.client.sync import engine
from core.domain.ids import new_order_id
from core.domain.numbers import AHEAD
from core.domain.order import Order, order_number
from core.protocol.headers import FORMER_NUMBER, ORDER_NUMBER
from tests.integration import calls
from tests.integration.calls import Caller, new_key, order_body
from tests.integration.sync.test_after_a_restore import TIMEOUT_S, Copied, Restorable
from tests.support import shop
from tests.support.synced import Screen

ORDERS = "/api/online/orders/"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.1)


def running(backend: Restorable) -> Iterator[Restorable]:
    with backend.proxy:
        yield backend
    backend.stop()


@pytest.fixture
def restorable(tmp_path: Path) -> Iterator[Restorable]:
    yield from running(Restorable(tmp_path))


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Restorable]:
    yield from running(Copied(tmp_path))


class Customer:
    """Without a window: what is sent again is what the test sends."""

    def __init__(self, backend: Restorable, who: Any) -> None:
        self._backend = backend
        self._caller = calls.customer(backend.server, who)

    def place(self, body: dict[str, Any], key: str, number: str = "") -> requests.Response:
        at = Caller(self._backend.server.url, self._caller.signed_in)
        reply = at.post(ORDERS, body, key=key, headers={ORDER_NUMBER: number} if number else {})
        assert reply.status_code == 201, reply.text
        return reply


def test_orders_that_come_again_keep_their_numbers_and_new_ones_are_far_from_them(
    restorable: Restorable, tmp_path: Path
) -> None:
    url = restorable.proxy.url
    with Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada:
        ada.customer()
        ada.place()
        ada.until_sent()
        restorable.keep()
        lost = [ada.place() for _ in range(5)]
        ada.until_sent()
        ada.until(lambda: all(ada.store.server_row(order.id) for order in lost))
        told = [row(ada, order).number for order in lost]
        assert sorted(told) == [order_number("ONLINE", n) for n in range(2, 7)]
        # While her window hears nothing, others order.
        ada.api.close()
        restorable.put_back()
        grace = Customer(restorable, shop.GRACE)
        others = [grace.place(order_body(), new_key()).json()["number"] for _ in range(3)]
        assert others == [order_number("ONLINE", 6 + AHEAD + n) for n in (1, 2, 3)]
    with Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada:
        ada.customer()
        # All that is kept is told at sign-in; the snapshot of another history is the whole that comes after it.
        ada.until(lambda: sum(changed.whole for changed in ada.told) > 1)
        ada.until_sent()
        ada.until(lambda: all(ada.store.server_row(order.id) for order in lost))
        assert [row(ada, order).number for order in lost] == told
    fourth = grace.place(order_body(), new_key()).json()["number"]
    assert fourth == order_number("ONLINE", 6 + AHEAD + 4)


def test_a_number_is_for_whom_and_for_what_it_was_told(restorable: Restorable) -> None:
    ada, grace = Customer(restorable, shop.ADA), Customer(restorable, shop.GRACE)
    restorable.keep()
    body, key = order_body(), new_key()
    first = ada.place(body, key)
    proof, number = first.headers[ORDER_NUMBER], first.json()["number"]
    assert ada.place(body, key).headers[ORDER_NUMBER] == proof, "an answer that was lost has it too"
    restorable.put_back()
    higher = order_number("ONLINE", 999_999)
    for customer, sent, shown in (
        (grace, key, proof),
        (ada, new_key(), proof),
        (ada, new_key(), proof.replace(number, higher)),
        (ada, new_key(), f"{number}."),
        (ada, new_key(), number),
        (ada, new_key(), "."),
        (ada, new_key(), "é" * 200),
    ):
        given = customer.place(order_body(), sent, shown).json()["number"]
        assert AHEAD < int(given.rpartition("-")[2]) < 2 * AHEAD, "the next number, as for everybody"
    again = ada.place(body, key, proof)
    assert (again.json()["number"], again.headers[ORDER_NUMBER]) == (number, proof)


def test_a_number_that_is_anothers_by_now_is_not_taken_away(copied: Restorable) -> None:
    """A raw copy of the file, of which the server knows nothing until its owner comes again."""
    ada, grace = Customer(copied, shop.ADA), Customer(copied, shop.GRACE)
    copied.keep()
    body, key = order_body(), new_key()
    first = ada.place(body, key)
    copied.put_back()
    assert grace.place(order_body(), new_key()).json()["number"] == first.json()["number"]
    for _ in range(2):  # it is said again where the answer was lost
        reply = ada.place(body, key, first.headers[ORDER_NUMBER])
        again = reply.json()
        assert (again["id"], again["number"]) == (body["id"], order_number("ONLINE", 1 + AHEAD + 1))
        assert reply.headers[FORMER_NUMBER] == first.json()["number"]
    assert FORMER_NUMBER not in ada.place(body, key, reply.headers[ORDER_NUMBER]).headers
    details = calls.staff(copied.server, shop.KIM).get(f"/api/pos/orders/{body['id']}/").json()
    (placed,) = details["history"]
    assert placed["reason"] == f"{first.json()['number']} → {again['number']}"
    assert details["order"]["reason"] == ""


def test_whoever_was_told_a_number_that_is_anothers_by_now_is_told_the_new_one(
    copied: Restorable, tmp_path: Path
) -> None:
    url = copied.proxy.url
    with Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada:
        ada.customer()
        copied.keep()
        lost = ada.place()
        ada.until_sent()
        ada.until(lambda: ada.store.server_row(lost.id) is not None)
        told = row(ada, lost).number
    copied.put_back()
    grace = Customer(copied, shop.GRACE)
    assert grace.place(order_body(), new_key()).json()["number"] == told
    with Screen(url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada:
        ada.customer()
        ada.until(lambda: any(each.former_number for changed in ada.told for each in changed.updates))
        found = [each for changed in ada.told for each in changed.updates if each.former_number]
    assert [(each.order_id, each.former_number) for each in found] == [(lost.id, told)]
    assert found[0].row is not None
    assert found[0].row.number == order_number("ONLINE", 1 + AHEAD + 1), "as the server knows by then what it has lost"


def test_a_tills_own_number_is_taken_again_however_far_a_restored_series_lies_behind(copied: Restorable) -> None:
    def take(number: str, key: str, proof: str = "") -> requests.Response:
        at = Caller(copied.server.url, kim.signed_in)
        headers = {ORDER_NUMBER: proof} if proof else {}
        return at.post("/api/pos/orders/", order_body(id=ids[key], number=number), key=key, headers=headers)

    kim = calls.staff(copied.server, shop.KIM)
    copied.keep()
    keys = [new_key() for _ in range(3)]
    ids = {key: new_order_id() for key in keys}
    numbers = [order_number(shop.DEVICE, AHEAD * n) for n in (1, 2, 3)]
    proofs = [take(number, key).headers[ORDER_NUMBER] for number, key in zip(numbers, keys, strict=True)]
    copied.put_back()
    assert take(numbers[2], keys[2]).json()["type"] == "number_too_far"
    assert [take(*each).json()["number"] for each in reversed(list(zip(numbers, keys, proofs, strict=True)))] == (
        numbers[::-1]
    )


def row(screen: Screen, order: Order) -> Order:
    found = screen.store.server_row(order.id)
    assert found is not None
    return found
