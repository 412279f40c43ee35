"""Cash rounding over real HTTP: what is booked, told, counted in the drawer and reported, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.integration.drawers.test_drawer_sessions import till as till  # noqa: PLC0414 - a fixture
from tests.integration.drawers.till import Till
from tests.integration.menu.test_shop import ADDRESS, log
from tests.integration.orders.test_amendments import amend, as_it_is
from tests.integration.orders.test_refunds import _booked, _sound
from tests.support import shop


@pytest.fixture
def rounding(place: Place) -> Iterator[None]:
    """Cash is rounded to coins of 0.05: the shop's prices end in 90, its tax makes odd cents."""
    logged = len(log(place))
    reply = place.alex.post(ADDRESS, {"cash_increment_minor": 7}, key=new_key())
    assert (reply.status_code, reply.json()["cash_increment_minor"]) == (200, 7), reply.text
    assert log(place)[logged:] == ["cash rounding to 7 (half_up)"]
    yield
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 1}, key=new_key()).status_code == 200


def coins(amount: int, increment: int = 7) -> int:
    return (2 * amount + increment) // (2 * increment) * increment


def _refund_all(place: Place, order: dict[str, Any]) -> dict[str, Any]:
    body = {"payment": "refunded", "version": order["version"], "reason": "cold"}
    reply = place.kim.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key())
    assert reply.ok, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.mark.usefixtures("rounding")
def test_cash_is_rounded_in_ledger_drawer_and_z(till: Till, place: Place) -> None:
    till.open(1_000)
    flag = till.sell(1, given_minor=5_000)  # as earlier releases take it
    parts = till.sell(2, payments=[{"tender": "card", "amount_minor": 101}, {"tender": "cash", "tip_minor": 3}])
    card = till.sell(3, tender="card")
    total = flag["total_minor"]
    assert total % 7, "or nothing is rounded"
    assert _booked(place, flag) == [
        ("payment", 5_000, "cash", *_booked(place, flag)[0][3:]),
        ("change", coins(total) - 5_000, "cash", *_booked(place, flag)[1][3:]),
        ("rounding", coins(total) - total, "cash", *_booked(place, flag)[2][3:]),
    ]
    paid = coins(parts["total_minor"] - 101 + 3)
    assert parts["payments"][1]["rounding_minor"] == paid - (parts["total_minor"] - 101 + 3)
    assert card["payments"] == []
    part = till.refund(flag, amount_minor=100)
    assert till.read(flag)["payments"][0]["refunded_rounding_minor"] == coins(100) - 100
    gone = _refund_all(place, part)
    assert gone["payment"] == "refunded"
    held = till.read(gone)
    assert sum(each[1] for each in _booked(place, gone) if each[0] in ("payment", "change", "refund")) == 0
    assert sum(each[1] for each in _booked(place, gone) if each[0] == "rounding") == 0
    till.count(1_000 + paid)
    assert till.details()["cash"]["difference_minor"] == 0
    z = till.close()
    assert z["rounding_minor"] == paid - (parts["total_minor"] - 101 + 3)
    assert z["payments"] == {"card": 101 + card["total_minor"], "cash": paid}
    assert sum(z["payments"].values()) == (
        z["sales_minor"] - z["refunds_minor"] + z["tips_minor"] + z["rounding_minor"] - z["receivable_minor"]
    ), "Z3"
    assert held["refunded_minor"] == total
    assert not _sound(place)


@pytest.mark.usefixtures("rounding")
def test_what_a_till_has_rounded_is_kept_and_nothing_else(till: Till, place: Place) -> None:
    order = till.sell(payment="unpaid")
    total = order["total_minor"]
    body = {"version": 1, "tender": "cash", "amount_minor": total, "rounding_minor": 3}
    wrong = place.kim.post(f"/api/pos/orders/{order['id']}/payments/", body, key=new_key())
    assert (wrong.status_code, wrong.json()["field"]) == (409, "rounding_minor")
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 50}, key=new_key()).ok
    paid = till.take(order, **{**body, "rounding_minor": coins(total) - total})
    assert paid["payments"][0]["rounding_minor"] == coins(total) - total, "the till had not been told yet"
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 0}, key=new_key()).status_code == 422
    assert place.alex.post(ADDRESS, {"cash_rounding": "as_you_like"}, key=new_key()).status_code == 422
    assert place.kim.get("/api/menu/").json()["cash_increment_minor"] == 50
    assert shop.FRIES


@pytest.mark.usefixtures("rounding")
def test_what_an_amendment_gives_back_is_in_coins(till: Till, place: Place) -> None:
    till.open(1_000)
    sold = till.sell(3)
    less = amend(place, sold, lines=[{**as_it_is(sold)["lines"][0], "quantity": 1}])
    assert (less["payment"], less["total_minor"]) == ("paid", sold["total_minor"] // 3)
    back = coins(sold["total_minor"] - less["total_minor"])
    assert [each[:3] for each in _booked(place, sold)][-2:-1] == [("refund", -back, "cash")]
    kept = coins(sold["total_minor"]) - back
    part = till.refund(less, amount_minor=50)
    _refund_all(place, part)
    held = sum(each[1] for each in _booked(place, sold) if each[0] in ("payment", "change", "refund"))
    assert (held, kept > 0) == (0, True)
    till.count(1_000)
    assert till.details()["cash"]["difference_minor"] == 0
    z = till.close()
    assert (z["rounding_minor"], z["payments"]) == (0, {"cash": 0})
    assert not _sound(place)


@pytest.mark.parametrize("amended", [False, True], ids=["of nothing", "amended to nothing"])
def test_a_tip_beside_an_order_that_comes_to_nothing_stays_in_coins(till: Till, place: Place, amended: bool) -> None:
    """It is refunded as any other: its goods are taken back, and no money goes."""
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 50}, key=new_key()).ok
    comp, tip = {"reason": "comp", "rate": 100_000}, {"tender": "cash", "tip_minor": 51 if amended else 26}
    till.open(1_000)
    if amended:
        paid = till.sell(1, payments=[{"tender": "card", "amount_minor": 100}, tip])
        order = amend(place, paid, discount=comp)
    else:
        order = till.sell(1, discount=comp, payments=[tip])
    booked = len(_booked(place, order))
    assert (order["total_minor"], order["payment"]) == (0, "paid")
    gone = _refund_all(place, order)
    assert [each[:2] for each in _booked(place, order)][booked:] == [("credit", 0), ("refund", 0)]
    assert place.kim.get(f"/api/pos/orders/{order['id']}/").json()["order"] == gone
    assert (gone["payment"], gone["lines"][0]["refunded_quantity"]) == ("refunded", 1)
    till.count(1_050)
    assert till.details()["cash"]["difference_minor"] == 0
    assert till.close()["tips_minor"] == tip["tip_minor"]
    assert not _sound(place)
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 1}, key=new_key()).ok


@pytest.mark.usefixtures("rounding")
def test_an_amendment_by_a_till_that_had_not_been_told_gives_back_what_was_handed_over(
    till: Till, place: Place
) -> None:
    till.open(1_000)
    sold = till.sell(3)
    one = [{**as_it_is(sold)["lines"][0], "quantity": 1}]
    back = sold["total_minor"] - sold["total_minor"] // 3
    assert place.alex.post(ADDRESS, {"cash_increment_minor": 50}, key=new_key()).ok
    assert coins(back, 50) != coins(back)
    wrong = amend(place, sold, lines=one, rounding=[{"tender": "cash", "minor": 3}], status=409)
    assert (wrong["field"], "another way" in wrong["detail"]) == ("rounding", True)
    amend(place, sold, lines=one, rounding=[{"tender": "cash", "minor": coins(back) - back}])
    assert [each[:3] for each in _booked(place, sold)][-2:-1] == [("refund", -coins(back), "cash")]
    till.count(1_000 + coins(sold["total_minor"]) - coins(back))
    assert till.details()["cash"]["difference_minor"] == 0
    till.close()
    assert not _sound(place)
