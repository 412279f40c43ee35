"""A shop's held baskets at the real backend: kept as they were, given to one till, gone once."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from core.domain.held_baskets import HELD_MOST
from core.store import held_baskets
from core.store.sql.statements import Transaction
from tests.integration.baskets.tills import add_second_till
from tests.integration.calls import Caller, new_key, staff
from tests.integration.conftest import Place
from tests.support import shop

LINES = [{"item_id": shop.BOWL, "quantity": 2, "modifier_ids": [shop.CHICKEN], "note": "no salt", "discount": None}]


def hold(caller: Caller, **more: Any) -> dict[str, Any]:
    body = {"id": new_key(), "label": "Table 7", "lines": LINES, **more}
    reply = caller.post("/api/pos/baskets/", body, key=new_key())
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def take(caller: Caller, basket: dict[str, Any]) -> requests.Response:
    return caller.post(f"/api/pos/baskets/{basket['id']}/take/", {}, key=new_key())


def drop(caller: Caller, basket: dict[str, Any]) -> requests.Response:
    return caller.post(f"/api/pos/baskets/{basket['id']}/drop/", {}, key=new_key())


def held(caller: Caller) -> dict[str, Any]:
    return {each["id"]: each for each in caller.get("/api/pos/baskets/").json()["baskets"]}


@pytest.fixture
def kim(place: Place) -> Iterator[Caller]:
    """At POS1, in a shop that holds nothing before and after."""
    yield place.kim
    place.server.database.write_blocking(
        lambda transaction: transaction.connection.exec_driver_sql("DELETE FROM held_baskets")
    )


@pytest.fixture
def other(place: Place) -> Caller:
    """At another till of the shop."""
    add_second_till(place.server)
    return staff(place.server, shop.ALEX, "POS2")


def test_it_is_kept_as_it_was(kim: Caller, other: Caller) -> None:
    more = {
        "fulfilment": "delivery",
        "note": "ring twice",
        "address": "1 Long Street",
        "customer_name": "Ömer",
        "customer_phone": "555 0101",
        "discount": {"reason": "regular", "rate": 10_000},
    }
    basket = hold(kim, **more)
    found = held(other)[basket["id"]]
    assert found == basket
    assert found["label"] == "Table 7"
    assert found["lines"] == LINES
    assert {name: found[name] for name in more} == more
    assert (found["held"]["by"], found["held"]["device"]) == ("Kim", "POS1")


def test_the_same_key_holds_one(kim: Caller) -> None:
    body, key = {"id": new_key(), "lines": LINES}, new_key()
    first, again = (kim.post("/api/pos/baskets/", body, key=key) for _ in range(2))
    assert first.content == again.content
    assert len(held(kim)) == 1
    refused = kim.post("/api/pos/baskets/", body, key=new_key())
    assert (refused.status_code, refused.json()["field"]) == (409, "id")


def test_one_till_gets_it_and_another_is_told_who_has_it(kim: Caller, other: Caller) -> None:
    basket = hold(kim)
    taken = take(other, basket)
    assert taken.ok, taken.text
    assert taken.json()["lines"] == LINES
    for refused in (take(kim, basket), drop(kim, basket)):
        assert refused.status_code == 409
        assert "Alex has this basket open at POS2" in refused.json()["detail"]
    assert take(other, basket).ok, "the till that has it may take it again, as after a power cut"
    assert held(kim)[basket["id"]]["taken"]["by"] == "Alex", "nothing of it is lost until it is ordered"


def test_a_till_that_is_no_longer_the_shops_has_nothing(kim: Caller, other: Caller, place: Place) -> None:
    basket = hold(kim)
    assert take(other, basket).ok

    def revoke(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("UPDATE devices SET revoked_at = 2 WHERE id = 'POS2'")

    place.server.database.write_blocking(revoke)
    try:
        assert take(kim, basket).json()["taken"]["device"] == "POS1"
    finally:
        place.server.database.write_blocking(
            lambda transaction: transaction.connection.exec_driver_sql(
                "UPDATE devices SET revoked_at = NULL WHERE id = 'POS2'"
            )
        )


def test_an_order_is_made_of_it_once(kim: Caller, other: Caller) -> None:
    basket = hold(kim)
    assert take(kim, basket).ok
    order = kim.post("/api/pos/orders/", {"lines": LINES, "basket": basket["id"]}, key=new_key())
    assert order.ok, order.text
    assert held(kim) == {}
    refused = take(other, basket)
    assert refused.status_code == 409
    assert "Kim has ordered, held anew or deleted this basket at POS1." in refused.json()["detail"]


def test_a_refused_order_leaves_it_held(kim: Caller) -> None:
    basket = hold(kim)
    unknown = {"lines": [{"item_id": "nothing"}], "basket": basket["id"]}
    assert kim.post("/api/pos/orders/", unknown, key=new_key()).status_code == 422
    assert basket["id"] in held(kim)


def test_held_anew_it_is_another(kim: Caller) -> None:
    first = hold(kim)
    assert take(kim, first).ok
    second = hold(kim, label="Table 9", replaces=first["id"])
    assert [each["label"] for each in held(kim).values()] == ["Table 9"]
    assert drop(kim, second).ok
    assert held(kim) == {}


def test_what_arrives_late_brings_nothing_back(kim: Caller, place: Place) -> None:
    """An order, sent again after a restore, may arrive before the basket that it was made of."""
    basket_id = new_key()
    assert kim.post("/api/pos/orders/", {"lines": LINES, "basket": basket_id}, key=new_key()).ok
    late = hold(kim, id=basket_id)
    assert late["gone"]["by"] == "Kim"
    assert held(kim) == {}
    rows = place.rows("SELECT content FROM held_baskets")
    assert "no salt" not in str(rows), "of what is gone only the id is kept"


def test_the_most_is_refused_with_a_sentence(kim: Caller) -> None:
    for _ in range(HELD_MOST):
        last = hold(kim)
    refused = kim.post("/api/pos/baskets/", {"id": new_key(), "lines": LINES}, key=new_key())
    assert refused.status_code == 422
    assert "The shop holds 200 baskets, which is the maximum." in refused.json()["detail"]
    assert hold(kim, replaces=last["id"])["gone"] is None, "one that takes the place of another is none more"
    many = [{"item_id": shop.FRIES}] * 201
    assert kim.post("/api/pos/baskets/", {"id": new_key(), "lines": many}, key=new_key()).status_code == 422
    assert kim.post("/api/pos/baskets/", {"id": new_key(), "lines": []}, key=new_key()).status_code == 422


def test_a_card_number_is_not_kept(kim: Caller) -> None:
    for field in ("label", "note", "address", "customer_name"):
        body = {"id": new_key(), "lines": LINES, field: "4111 1111 1111 1111"}
        refused = kim.post("/api/pos/baskets/", body, key=new_key())
        assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_another_shop_sees_nothing_of_it(kim: Caller, place: Place) -> None:
    basket = hold(kim)
    assert basket["id"] not in held(place.sam)
    assert take(place.sam, basket).status_code == 404
    assert drop(place.sam, basket).status_code == 404
    assert basket["id"] in held(kim)


def test_a_snapshot_has_them_for_staff_alone(kim: Caller, place: Place) -> None:
    basket = hold(kim)
    assert [each["id"] for each in kim.get("/api/snapshot/").json()["baskets"]] == [basket["id"]]
    assert not place.ada.get("/api/snapshot/").json().get("baskets")


def test_ids_of_those_that_are_gone_are_forgotten(kim: Caller, place: Place) -> None:
    kept, gone = hold(kim), hold(kim)
    assert drop(kim, gone).ok
    write = place.server.database.write_blocking
    assert write(lambda transaction: held_baskets.trim(transaction, 0, 500)) == 0
    assert write(lambda transaction: held_baskets.trim(transaction, 2**62, 500)) == 1
    assert place.rows("SELECT id FROM held_baskets") == [(kept["id"],)]
