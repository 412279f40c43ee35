"""The service charge over real HTTP: set, charged, changed, given back and reported, on both databases."""

from collections.abc import Callable, Iterator
from operator import methodcaller
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from core.domain.acts import Act
from core.domain.people import Role
from core.domain.rights import START, rights_of
from core.store.backups import check
from core.store.sql.statements import Transaction
from core.store.tables import ledger, orders
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
def test_nobody_takes_it_off_a_placed_order_without_the_right_and_a_reason(place: Place) -> None:
    """Nor by way of a fulfilment without it; that the shop charged nothing before plays no part."""
    cashier = "/api/admin/roles/cashier/"
    at_first = [{"act": str(right.act)} for right in rights_of(START, Role.CASHIER)]
    others = [each for each in at_first if each["act"] != Act.SERVICE]
    assert place.alex.post(cashier, {"rights": others}, key=new_key()).ok

    def refused(order: dict[str, Any], **what: Any) -> tuple[int, str]:
        body = as_it_is(order, **what)
        reply = place.kim.post(f"/api/pos/orders/{order['id']}/amend/", body, key=new_key())
        return reply.status_code, reply.json().get("field", "")

    try:
        taken = place.kim.post("/api/pos/orders/", order_body(fulfilment="dine_in", service=USUAL), key=new_key())
        order = taken.json()
        assert refused(order, service={"rate": 0}) == (422, "service.reason")
        assert refused(order, service={"rate": 0, "reason": "a friend"}) == (403, "")
        away = amend(place, order, fulfilment="pickup", service={"rate": 0})
        assert refused(away, fulfilment="dine_in", service={"rate": 0}) == (422, "service.reason")
        again = amend(place, away, fulfilment="dine_in")
        assert (again["service"], again["total_minor"]) == (USUAL, order["total_minor"])
    finally:
        assert place.alex.post(cashier, {"rights": at_first}, key=new_key()).ok


def test_it_is_for_each_fulfilment_once_and_for_one_at_least(place: Place) -> None:
    def asked(*fulfilments: str) -> Any:
        return place.alex.post(ADDRESS, {"service": {"rate": 0, "fulfilments": fulfilments}}, key=new_key())

    refused = asked()
    assert (refused.status_code, refused.json()["field"]) == (422, "service.fulfilments")
    assert asked("pickup", "dine_in", "pickup").json()["service"]["fulfilments"] == ["pickup", "dine_in"]
    assert asked("dine_in").ok


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


class _TakenBackError(Exception):
    pass


def _findings_after(place: Place, falsify: Callable[[Connection], object]) -> set[str]:
    """What `db check` finds of a database with that, which is taken back."""
    found: set[str] = set()

    def work(transaction: Transaction) -> None:
        falsify(transaction.connection)
        found.update(each.rule for each in check.invariants(transaction.connection) if each.count)
        raise _TakenBackError

    with pytest.raises(_TakenBackError):
        place.server.database.write_blocking(work)
    return found - {"day sums"}


def _one_more(order: dict[str, Any], kind: str, **parts: int) -> Callable[[Connection], object]:
    """One more entry of that kind in the order's ledger, of no amount."""
    row: dict[str, Any] = dict.fromkeys((each.name for each in ledger.columns if each.type.python_type is str), "")
    numbers = {"amount_minor": 0, "tax_minor": 0, "quantity": 0, "payment": 0, "corrects": 0, "in_part": 0, "at": 1}
    row |= {"order_id": order["id"], "kind": kind, "number": 99, "version": order["version"], **numbers, **parts}
    return lambda connection: connection.execute(insert(ledger).values(row))


@pytest.mark.usefixtures("charging")
def test_a_part_of_an_amount_that_the_ledger_says_wrong_is_found(till: Till, place: Place) -> None:
    order = till.sell(2, fulfilment="dine_in", service=USUAL)
    back = till.refund(order, lines=[{"id": order["lines"][0]["id"], "quantity": 1}])
    more = till.sell(1, fulfilment="dine_in", service=USUAL)
    more = amend(place, more, lines=[*as_it_is(more)["lines"], {"item_id": more["lines"][0]["item_id"]}])
    assert not _sound(place)
    assert _findings_after(place, _one_more(back, "credit", service_minor=-1)) == {"charges"}
    for part in ("service_minor", "tax_minor", "discount_minor", "quantity"):
        assert _findings_after(place, _one_more(more, "charge", **{part: 1})) == {"charges"}, part
    for service in ("", '{"rate":12000}'):
        falsify = update(orders).where(orders.c.id == back["id"]).values(service=service)
        assert _findings_after(place, methodcaller("execute", falsify)) == {"charges"}


@pytest.mark.usefixtures("charging")
def test_after_a_refund_of_a_part_what_is_new_is_charged_as_the_rest_was(till: Till, place: Place) -> None:
    order = till.sell(2, fulfilment="dine_in", service=USUAL)
    back = till.refund(order, lines=[{"id": order["lines"][0]["id"], "quantity": 1}])
    new = {"item_id": order["lines"][0]["item_id"]}
    amend(place, back, lines=[*as_it_is(back)["lines"], new], service={"rate": 0, "reason": "slow"}, status=422)
    more = amend(place, back, lines=[*as_it_is(back)["lines"], new])
    assert more["service_minor"] == order["service_minor"] // 2 * 3, "two are as they were sold, one is new"
    noted = amend(place, more, note="hot")
    assert not _sound(place)
    falsify = update(orders).where(orders.c.id == noted["id"]).values(service='{"rate":1000,"reason":"slow"}')
    assert _findings_after(place, methodcaller("execute", falsify)) == {"charges"}
