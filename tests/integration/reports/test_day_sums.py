"""What is kept of days: a report from it is the report from rows, whatever is written afterwards."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import select, update

from core.instants import now, to_us
from core.protocol.reports import By
from core.server.jobs import day_sums as job
from core.store import day_sums
from core.store.backups import check
from core.store.day_sums import Day
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import day_sums as table
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.support import shop

_KEPT = Prepared(select(table.c.began_us, table.c.ended_us).where(table.c.content.is_not(None)))


@pytest.fixture(scope="module", autouse=True)
def _by_hand() -> Iterator[None]:
    """The server adds up when a test says so."""
    with mock.patch.object(job, "PAUSE_S", 3_600.0):
        yield


def _ago(days: int) -> datetime:
    return now() - timedelta(days=days)


def _at(at: datetime) -> AbstractContextManager[Any]:
    return mock.patch("core.server.orders.ordering.now", return_value=at)


def _sell(place: Place, at: datetime, **more: Any) -> dict[str, Any]:
    body = {"lines": [{"item_id": shop.BOWL, "quantity": 2}], "payment": "paid", "tender": "card", **more}
    with _at(at):
        reply = place.kim.post("/api/pos/orders/", body, key=new_key())
    assert reply.status_code == 201, reply.text
    order: dict[str, Any] = reply.json()
    return order


def _refund(place: Place, order: dict[str, Any]) -> None:
    body = {"version": order["version"], "reason": "cold", "amount_minor": 100}
    assert place.alex.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key()).status_code == 200


def _missing(place: Place) -> list[Day]:
    find = partial(day_sums.missing, shop_id=place.world.shop, at=now(), most=1_000)
    return place.server.database.read_blocking(find)


def _add_up(place: Place) -> None:
    """As the server does in the background, until nothing is missing."""
    while asyncio.run(job.add_up(place.server.services, place.world.shop)):
        pass


def _without(kept: set[Day], *at: datetime) -> set[Day]:
    """Those days in which none of these instants is."""
    return {day for day in kept if not any(day.began_us <= to_us(each) < day.ended_us for each in at)}


def _kept(place: Place) -> set[Day]:
    rows = place.server.database.read_blocking(lambda transaction: transaction.all(_KEPT))
    return {Day(*row) for row in rows}


def _write(place: Place, work: Callable[[Transaction], Any]) -> Any:
    return place.server.database.write_blocking(work, place.world.shop)


def _report(place: Place, by: By, first_ago: int = 40, last_ago: int = 0) -> dict[str, Any]:
    query = {"first": str(_ago(first_ago).date()), "last": str(_ago(last_ago).date()), "by": by.value}
    reply = place.alex.get("/api/admin/reports/sales/", params=query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _wrong(place: Place) -> tuple[str, ...]:
    def look(transaction: Transaction) -> tuple[str, ...]:
        return check.invariants(transaction.connection)[-1].examples

    return place.server.database.read_blocking(look)


def test_how_often_a_discount_was_given_adds_up_over_days(place: Place) -> None:
    """Not counted is one that took nothing off, as a line's own had taken all."""
    loyal, comp = {"reason": "loyal", "rate": 10_000}, {"reason": "comp", "rate": 100_000}
    sold = _sell(place, _ago(14), discount=loyal)
    _sell(place, _ago(13), discount=loyal, lines=[{"item_id": shop.BOWL, "discount": comp}])

    def given() -> dict[str, tuple[int, int]]:
        rows = _report(place, By.DISCOUNT)["rows"]
        return {row["name"]: (row["discounts"], row["discounts_minor"]) for row in rows}

    from_rows = given()
    assert from_rows["loyal"] == (1, sold["discount_minor"])
    assert from_rows["comp"][0] == 1
    _add_up(place)
    assert given() == from_rows


def test_an_order_takes_away_the_days_that_it_has_to_do_with_and_no_others(place: Place) -> None:
    orders = [_sell(place, _ago(days)) for days in (20, 18, 9)]
    _add_up(place)
    kept = _kept(place)
    assert len(kept) >= 19
    _refund(place, orders[1])
    assert _kept(place) == _without(kept, _ago(18))
    late = _sell(place, _ago(15))
    assert _kept(place) == _without(kept, _ago(18), _ago(15))
    _add_up(place)
    with _at(_ago(3)):
        _refund(place, late)
    assert _kept(place) == _without(kept, _ago(15), _ago(3))
    assert _wrong(place) == ()


@pytest.mark.parametrize("by", By)
def test_a_report_is_the_same_from_what_is_kept(place: Place, by: By) -> None:
    _refund(place, _sell(place, _ago(30)))
    _write(place, partial(day_sums.forget_all, shop_id=place.world.shop))
    from_rows = _report(place, by)
    _add_up(place)
    assert _report(place, by) == from_rows


def test_only_what_is_not_kept_is_read_from_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    _sell(place, _ago(30))
    order = _sell(place, _ago(12))
    _add_up(place)
    _refund(place, order)
    asked: list[Day] = []
    from_rows = day_sums.from_rows

    def seen(*arguments: Any) -> Any:
        asked.append(arguments[-1])
        return from_rows(*arguments)

    monkeypatch.setattr(day_sums, "from_rows", seen)
    _report(place, By.DAY, first_ago=25)
    (then, today) = asked
    assert then.began_us <= to_us(_ago(12)) < then.ended_us <= today.began_us <= to_us(now())
    assert today.ended_us - today.began_us == then.ended_us - then.began_us == 86_400_000_000


def test_what_is_written_while_a_day_is_added_up_has_the_last_word(place: Place) -> None:
    shop_id, database = place.world.shop, place.server.database
    order = _sell(place, _ago(5))
    day = next(day for day in _missing(place) if day.began_us <= to_us(_ago(5)) < day.ended_us)
    claimed = _write(place, partial(day_sums.claim, shop_id=shop_id, day=day))
    sums = database.read_blocking(partial(day_sums.content, shop_id=shop_id, day=day))
    _refund(place, order)
    keep = partial(day_sums.keep, shop_id=shop_id, day=day, claimed=claimed, sums=sums)
    assert not _write(place, keep)
    assert day in _missing(place)
    again = _write(place, partial(day_sums.claim, shop_id=shop_id, day=day))
    assert not _write(place, keep), "it is of the claim before"
    sums = database.read_blocking(partial(day_sums.content, shop_id=shop_id, day=day))
    assert _write(place, partial(day_sums.keep, shop_id=shop_id, day=day, claimed=again, sums=sums))
    assert day not in _missing(place)


def test_a_day_that_is_not_over_is_not_kept(place: Place) -> None:
    _sell(place, now())
    _add_up(place)
    assert max(day.ended_us for day in _kept(place)) <= to_us(now())


def test_another_time_zone_has_other_days(place: Place) -> None:
    """Nothing of the days of the old one is used, and nothing is lost. It may be tomorrow there."""

    def total() -> object:
        return _report(place, By.TENDER, last_ago=-1)["total"]

    _sell(place, _ago(7))
    before = total()
    _add_up(place)
    change = {"time_zone": "Pacific/Auckland"}
    assert place.alex.post("/api/admin/shop/", change, key=new_key()).status_code == 200
    try:
        assert _kept(place) == set()
        assert total() == before
        _add_up(place)
        assert total() == before
        assert _wrong(place) == ()
    finally:
        back = {"time_zone": "UTC"}
        assert place.alex.post("/api/admin/shop/", back, key=new_key()).status_code == 200


def test_what_an_earlier_release_kept_in_another_form_is_added_up_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sell(place, _ago(6))
    _add_up(place)
    nothing = Prepared(update(table).values(content=b"{}"))
    _write(place, lambda transaction: transaction.run(nothing))
    monkeypatch.setattr(day_sums, "form", lambda: "another")
    assert _report(place, By.DAY)["total"]["sales"] >= 1
    _add_up(place)
    assert _wrong(place) == ()


def test_a_wrong_sum_is_found_and_mended(place: Place) -> None:
    order = _sell(place, _ago(8))
    _add_up(place)
    day = next(day for day in _kept(place) if day.began_us <= to_us(_ago(8)) < day.ended_us)
    total = order["total_minor"]
    row = Prepared(select(table.c.content).where(table.c.began_us == day.began_us))
    (said,) = place.server.database.read_blocking(lambda transaction: transaction.all(row))[0]
    text = bytes(said).decode()
    channel = f'"channel":[["counter","",1,{total}'
    assert channel in text
    wrong = text.replace(channel, channel + "0").encode()
    spoil = Prepared(update(table).where(table.c.began_us == day.began_us).values(content=wrong))
    _write(place, lambda transaction: transaction.run(spoil))
    (found,) = _wrong(place)
    assert found == f"{_ago(8).date()} by channel" or _ago(8).hour < 4
    forgotten = place.command.call("DELETE", "/api/admin/reports/days/")
    assert forgotten.status_code == 200, forgotten.text
    assert forgotten.json()["days"] >= 8
    assert _kept(place) == set()
    assert _wrong(place) == ()
