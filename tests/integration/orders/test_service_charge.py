"""The service charge over real HTTP: set, charged, changed, given back and reported, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.integration.drawers.test_drawer_sessions import till as till  # noqa: PLC0414 - a fixture
from tests.integration.drawers.till import Till
from tests.integration.menu.test_shop import ADDRESS, log
from tests.integration.orders.test_amendments import amend, as_it_is
from tests.integration.orders.test_refunds import _sound

USUAL = {"rate": 12_500}


@pytest.fixture
def charging(place: Place) -> Iterator[None]:
    logged = len(log(place))
    body = {"service": USUAL | {"fulfilments": ["dine_in"]}}
    reply = place.alex.post(ADDRESS, body, key=new_key())
    assert (reply.status_code, reply.json()["service"]) == (200, body["service"]), reply.text
    assert log(place)[logged:] == ["service charge to 12.5 % for dine_in"]
    yield
    assert place.alex.post(ADDRESS, {"service": {"rate": 0}}, key=new_key()).status_code == 200


def part(minor: int) -> int:
    """12.5 %."""
    return (minor * 125 + 500) // 1000


@pytest.mark.usefixtures("charging")
def test_it_is_in_order_history_drawer_and_z(till: Till, place: Place) -> None:
    till.open(1_000)
    plain = till.sell(1, fulfilment="dine_in")
    assert (plain["service_minor"], plain.get("service")) == (0, None), "a till of an earlier release"
    order = till.sell(2, fulfilment="dine_in", service=USUAL)
    assert order["service_minor"] == part(order["subtotal_minor"])
    less = till.sell(1, fulfilment="dine_in", service={"rate": 0, "reason": "slow"})
    assert less["service"] == {"rate": 0, "reason": "slow"}
    told = place.kim.get(f"/api/pos/orders/{less['id']}/").json()
    assert "service charge 0 %: slow" in str(told["history"])
    line = order["lines"][0]
    back = till.refund(order, lines=[{"id": line["id"], "quantity": 1}])
    assert back["refunded_minor"] > line["unit_price_minor"], "with its share"
    till.count(0)
    z = till.close()
    left = z["service_minor"]
    assert 0 < left < order["service_minor"], "less what was given back"
    booked = place.rows(f"SELECT service_minor FROM ledger WHERE order_id = '{order['id']}' AND kind = 'credit'")
    assert left == order["service_minor"] + sum(minor for (minor,) in booked)
    assert not _sound(place)


@pytest.mark.usefixtures("charging")
def test_an_amendment_prices_it_anew(till: Till, place: Place) -> None:
    till.open(1_000)
    order = till.sell(2, fulfilment="dine_in", service=USUAL)
    more = {"item_id": order["lines"][0]["item_id"]}
    changed = amend(place, order, lines=[*as_it_is(order)["lines"], more])
    assert changed["service_minor"] == part(changed["subtotal_minor"]) > order["service_minor"]
    out = amend(place, changed, fulfilment="pickup", service={"rate": 0}, reason="so")
    assert (out["service_minor"], out.get("service")) == (0, None)
    till.count(0)
    assert till.close()["service_minor"] == 0
    assert not _sound(place)


@pytest.mark.usefixtures("charging")
def test_staff_say_why_it_is_another(place: Place) -> None:
    def take(**what: Any) -> Any:
        return place.kim.post("/api/pos/orders/", order_body(fulfilment="dine_in", **what), key=new_key())

    refused = take(service={"rate": 5_000})
    assert (refused.status_code, "service charge" in refused.json()["detail"]) == (422, True)
    assert take(service={"rate": 0, "reason": "slow"}).ok
    assert place.alex.post(ADDRESS, {"service": {"rate": 10_000}}, key=new_key()).ok
    assert take(service=USUAL).ok, "of a till that was not told yet"
    assert take(service={"rate": 10_000}).ok


@pytest.mark.usefixtures("charging")
def test_a_customer_is_charged_only_where_their_window_shows_it(place: Place) -> None:
    def place_order(**what: Any) -> Any:
        return place.ada.post("/api/online/orders/", order_body(fulfilment="dine_in", **what), key=new_key())

    old = place_order().json()
    assert old["service_minor"] == 0
    new = place_order(service={"rate": 0}).json()
    assert new["service_minor"] == part(new["subtotal_minor"])
    seen = place_order(service=USUAL, expected_total_minor=old["total_minor"])
    assert (seen.status_code, seen.json()["order"]["total_minor"]) == (409, new["total_minor"])
