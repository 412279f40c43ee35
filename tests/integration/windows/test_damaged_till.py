"""A till whose file was damaged goes on at the server: what could be read is sent, and no number is told twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.client.device import recovery
from core.domain.commands import TakeOrder
from core.protocol import routes
from tests.integration.conftest import Place
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.synced import LINES, Screen

pytestmark = pytest.mark.slow

PAGE = 4096


@pytest.fixture
def proxy(place: Place) -> Iterator[FaultProxy]:
    with FaultProxy(place.server.url) as made:
        yield made


def _count(number: str) -> int:
    return int(number.rpartition("-")[2])


@pytest.mark.parametrize("lost", [False, True], ids=["what waits can be read", "nothing can be read"])
def test_a_till_with_a_damaged_file_goes_on_and_repeats_no_number(
    place: Place, proxy: FaultProxy, tmp_path: Path, lost: bool
) -> None:
    path = tmp_path / "pos.db"
    with Screen(proxy.url, path) as till:
        till.staff()
        till.until_live()
        till.take()
        till.until_sent()
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
        told = [till.api.call(routes.TAKE(body=TakeOrder(lines=LINES))) for _ in range(3)]
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'number_series'").fetchone()[0]
    content = path.read_bytes()
    begin, end = (PAGE, len(content)) if lost else ((page - 1) * PAGE, page * PAGE)
    path.write_bytes(content[:begin] + b"\xa5" * (end - begin) + content[end:])
    recovered = recovery.make_sound(path)
    assert recovered is not None
    assert recovered.operations == (0 if lost else len(told))
    assert recovered.is_known != lost
    proxy.choose = lambda _line: Fault.NONE
    with Screen(proxy.url, path) as till:
        till.staff()
        till.until_live()
        till.until_sent()
        after = till.take()
        till.until_sent()
        assert till.api.operations() == ()
        known = [order.number for order in till.store]
    assert _count(after.number) > max(_count(each.number) for each in told)
    assert len(known) == len(set(known))
    if not lost:
        for order in told[: recovered.operations]:
            assert place.kim.get(f"/api/pos/orders/{order.id}/").json()["order"]["number"] == order.number
