"""A till is one window at a time, and a number that was told never becomes another by itself."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.client.errors import NotFound, SignedOut
from core.client.operations import State
from core.client.storage import window_id
from core.client.storage.local_store import LocalStore
from core.client.sync.outbox import NUMBER_REFUSED
from core.domain.numbers import AHEAD
from core.domain.order import Order
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.synced import Screen


def count(order: Order | dict[str, Any]) -> int:
    number = order.number if isinstance(order, Order) else order["number"]
    series, _, digits = number.rpartition("-")
    assert series == "POS1"
    return int(digits)


@pytest.fixture
def cut(place: Place) -> Iterator[tuple[FaultProxy, list[bool]]]:
    """A network that is cut off while the list holds a true."""
    off = [False]
    with FaultProxy(place.server.url, lambda _line: Fault.REFUSE if off[0] else Fault.NONE) as proxy:
        yield proxy, off


def is_told(screen: Screen) -> bool:
    problem = screen.api.sync_status.problem
    return isinstance(problem, SignedOut) and problem.message == (
        "This POS was opened in another window. Sign in to use this one."
    )


def test_a_till_is_one_window_and_the_other_is_told(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "one.db") as one, Screen(place.server.url, tmp_path / "two.db") as two:
        one.staff()
        one.until_live()
        first = count(one.take())
        one.until_sent()
        two.staff(shop.ALEX)
        assert count(two.take()) > first
        one.until(lambda: is_told(one))
        assert place.kim.get("/api/snapshot/").status_code == 200, "who counts no numbers is no window"


def test_two_windows_never_tell_the_same_number(
    place: Place, tmp_path: Path, cut: tuple[FaultProxy, list[bool]]
) -> None:
    proxy, off = cut
    with Screen(proxy.url, tmp_path / "one.db") as one, Screen(place.server.url, tmp_path / "two.db") as two:
        one.staff()
        one.until_live()
        off[0] = True
        told = [one.take() for _ in range(3)]
        two.staff(shop.ALEX)
        told += [two.take() for _ in range(3)] + [one.take() for _ in range(3)]
        assert len({order.number for order in told}) == 9
        assert all(order.number for order in told)
        two.until_sent()
        two.sign_out()
        off[0] = False
        one.until(lambda: is_told(one))
        one.staff()
        told.append(one.take())
        one.until_sent()
        assert one.api.operations() == (), "and what waited there has its numbers"
        kept = dict(place.rows("SELECT id, number FROM orders"))
        assert {order.id: order.number for order in told}.items() <= kept.items()


def test_one_window_after_another_leaves_out_what_the_first_may_have_given(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "one.db") as one, Screen(place.server.url, tmp_path / "two.db") as two:
        one.staff()
        first = count(one.take())
        one.until_sent()
        one.sign_out()
        one.staff()
        assert count(one.take()) == first + 1, "the same window goes on"
        one.until_sent()
        one.sign_out()
        two.staff()
        assert count(two.take()) == first + AHEAD + 2


def test_a_copied_file_is_another_window(place: Place, tmp_path: Path) -> None:
    path, copied = tmp_path / "one.db", tmp_path / "copy" / "one.db"
    copied.parent.mkdir()
    with Screen(place.server.url, path) as one:
        one.staff()
        first = one.take()
        one.until_sent()
    for file in tmp_path.glob("one.*"):
        shutil.copy2(file, copied.parent)
    with Screen(place.server.url, path) as one, Screen(place.server.url, copied) as two:
        assert one.api.resume() is not None
        assert two.api.resume() is None, "the session is the first one's"
        two.staff(shop.ALEX)
        one.until(lambda: is_told(one))
        assert count(two.take()) > count(first) + AHEAD


def test_a_file_put_back_in_its_own_place_gives_no_number_again(
    place: Place, tmp_path: Path, cut: tuple[FaultProxy, list[bool]]
) -> None:
    proxy, off = cut
    folder = tmp_path / "till"
    with Screen(proxy.url, folder / "one.db") as one:
        one.staff()
        told = [one.take()]
        one.until_sent()
    yesterday = {file: file.read_bytes() for file in folder.iterdir()}
    with Screen(proxy.url, folder / "one.db") as one:
        one.api.resume()
        told += [one.take() for _ in range(3)]
        one.until_sent()
    for file, content in yesterday.items():
        file.write_bytes(content)  # the same file to the file system
    off[0] = True
    with Screen(proxy.url, folder / "one.db") as one:
        assert one.api.resume() is None, "nobody sells in it before the server has said how far the series is"
        off[0] = False
        one.staff()
        after = one.take()
        one.until_sent()
        assert one.api.operations() == ()
    assert count(after) > max(count(order) for order in told) + AHEAD


def test_a_moved_file_stays_the_same_window(tmp_path: Path) -> None:
    with closing(LocalStore(tmp_path / "one.db")) as store:
        first = window_id.of(store)
        assert window_id.of(store) == first
    moved = (tmp_path / "one.db").rename(tmp_path / "two.db")
    with closing(LocalStore(moved)) as store:
        assert window_id.of(store) == first


def test_a_number_that_was_told_changes_only_when_somebody_says_so(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "one.db") as one:
        one.staff()
        taken = count(one.take())
        one.until_sent()
    path = tmp_path / "one.db"
    with closing(sqlite3.connect(path)) as db, db:  # a file that was put back by somebody who knows its inside
        db.execute("UPDATE number_series SET last = ?, told = ? WHERE name = 'POS1'", (taken - 1, taken - 1))
    with Screen(place.server.url, path) as one:
        one.api.resume()
        order = one.take()
        assert count(order) == taken
        one.until(lambda: one.api.sync_status.counts.parked == 1)
        [held] = one.api.operations()
        assert (held.state, held.outcome, held.seen.number) == (State.PARKED, NUMBER_REFUSED, order.number)
        one.api.retry(held.op_id)
        one.until(lambda: one.api.sync_status.counts.parked == 1)
        [held] = one.api.operations()
        assert held.seen.number == order.number, "asking again asks for the same"
        number = one.api.renumber(held.op_id)
        assert number == f"POS1-{taken + 1:06d}"
        one.until_sent()
        assert place.kim.get(f"/api/pos/orders/{order.id}/").json()["order"]["number"] == number
        with pytest.raises(NotFound):
            one.api.renumber(held.op_id)


def test_a_till_that_was_sent_beyond_its_series_takes_up_numbers_by_itself(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    with Screen(place.server.url, path) as one:
        one.staff()
        before = count(one.take())
        one.until_sent()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE number_series SET last = 999999999999, told = 999999999999")
    with Screen(place.server.url, path) as one:
        one.api.resume()
        order = one.take()
        assert order.number == "", "until somebody says how far it really is, the server gives them"
        one.until_sent()
        assert count(place.kim.get(f"/api/pos/orders/{order.id}/").json()["order"]) == before + 1
        one.sign_out()
        one.staff()
        assert count(one.take()) == before + 2
        one.until_sent()
        assert one.api.operations() == ()


def test_an_order_that_others_took_at_this_till_is_counted_past(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "one.db") as one:
        one.staff()
        one.until_live()
        other = place.kim.post("/api/pos/orders/", order_body(), key=new_key()).json()
        one.until(lambda: one.store.get(other["id"]) is not None)
        assert count(one.take()) == count(other) + 1
