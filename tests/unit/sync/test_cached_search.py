"""A search without a server: among cached orders, a page at a time, as the server's list would be ordered."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.client.errors import Unreachable
from core.client.sync.search import KeptPage, find, is_kept
from core.domain.ids import OrderId, new_order_id
from core.domain.order import Order
from core.domain.status import OrderStatus
from core.protocol.requests import OrderQuery
from tests.support.desk import new_order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Two were placed in the same moment: their ids say which comes first.
MINUTES = (0, 3, 1, 1, 4, 2, 9)


def order(minute: int, number: int, **changes: object) -> Order:
    at = NOON + timedelta(minutes=minute)
    made = msgspec.structs.replace(new_order(OrderId(f"o{number}")), number=f"POS1-{number:06}", placed_at=at)
    return msgspec.structs.replace(made, **changes)


ORDERS = tuple(order(minute, number) for number, minute in enumerate(MINUTES))
OLDEST_FIRST = ["o0", "o2", "o3", "o5", "o1", "o4", "o6"]


def ids(page: KeptPage) -> list[str]:
    return [each.id for each in page.orders]


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_make_up_the_list_in_the_servers_order(limit: int, *, is_open: bool) -> None:
    """Newest first, or as on the order board."""
    wanted = OLDEST_FIRST if is_open else OLDEST_FIRST[::-1]
    query, found = OrderQuery(open=is_open, limit=limit), list[str]()
    for at in range(0, len(ORDERS), limit):
        page = find(ORDERS, query)
        assert ids(page) == wanted[at : at + limit]
        assert page.total == len(ORDERS), "of all pages"
        found += ids(page)
        assert (page.next_cursor is None) == (len(found) == len(ORDERS))
        if page.next_cursor is not None:
            assert is_kept(page.next_cursor)
            query = msgspec.structs.replace(query, cursor=page.next_cursor)
    assert found == wanted


@pytest.mark.parametrize("is_open", [True, False])
def test_what_comes_while_one_reads_shifts_no_page(*, is_open: bool) -> None:
    first = find(ORDERS, OrderQuery(open=is_open, limit=3))
    assert first.next_cursor is not None
    came = order(-1 if is_open else 20, 99)
    second = find((came, *ORDERS), OrderQuery(open=is_open, limit=3, cursor=first.next_cursor))
    wanted = OLDEST_FIRST if is_open else OLDEST_FIRST[::-1]
    assert ids(first) + ids(second) == wanted[:6]


def test_places_are_instants_wherever_they_were_written_down() -> None:
    """A server on another continent sends the same instant with another offset."""
    there = datetime.fromisoformat("2026-11-22T07:05:00-05:30")  # 12:35 here
    late = order(0, 50, placed_at=there)
    assert ids(find((late, *ORDERS), OrderQuery(limit=1))) == ["o50"]


def test_only_what_is_sought_is_counted() -> None:
    done = order(5, 7, status=OrderStatus.COMPLETED)
    page = find((*ORDERS, done), OrderQuery(open=True))
    assert (ids(page), page.total) == (OLDEST_FIRST, 7)
    one = find((*ORDERS, done), OrderQuery(q="POS1-000007"))
    assert (ids(one), one.total, one.next_cursor) == (["o7"], 1, None)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_an_exact_number_is_first_and_pages_go_on_from_it(limit: int, *, is_open: bool) -> None:
    """As the server does: the tills' number 3, then what has a 3 in it."""
    there = [order(minute, number) for minute, number in ((0, 3), (1, 13), (2, 30), (3, 33))]
    there.append(msgspec.structs.replace(order(1, 5), id=OrderId("other"), number="POS2-000003"))
    first = ["o3", "other"] if is_open else ["other", "o3"]
    rest = ["o13", "o30", "o33"]
    found, query = list[str](), OrderQuery(q="3", limit=limit, open=is_open)
    while True:
        page = find(there, query)
        assert page.total == 5
        found += ids(page)
        if page.next_cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
    assert found == first + (rest if is_open else rest[::-1])


def test_what_has_left_meanwhile_hides_nothing() -> None:
    there = [order(minute, number) for minute, number in enumerate((30, 31, 32, 33, 3))]
    first = find(there, OrderQuery(q="3", limit=3))
    assert ids(first) == ["o3", "o33", "o32"]
    assert first.next_cursor is not None
    left = [each for each in there if each.id != "o32"]
    assert ids(find(left, OrderQuery(q="3", limit=3, cursor=first.next_cursor))) == ["o31", "o30"]


def test_the_page_says_why_the_server_was_not_asked() -> None:
    why = Unreachable("no network")
    assert find(ORDERS, OrderQuery(), why).why is why
    assert find(ORDERS, OrderQuery()).why is None
    assert find((), OrderQuery()) == KeptPage(orders=(), total=0, next_cursor=None)


def test_a_servers_cursor_is_none_of_the_cache() -> None:
    assert not is_kept("")
    assert not is_kept(new_order_id())
