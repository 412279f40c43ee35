"""An export is whole, or there is none, whatever the network does in the middle; and pages are all of one list."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.domain.ids import ShopId, new_order_id
from core.domain.order import Channel, Order, OrderLine, PaymentState, Tender
from core.domain.people import Principal, Role
from core.domain.status import Fulfilment, OrderStatus
from core.instants import now
from core.protocol.requests import STAFF_MAX
from core.store import orders
from core.store.sql.statements import Transaction
from pos_app.history.page import HistoryPage
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.pos_synced import Synced, synced_till

KIM = (shop.KIM.name, shop.KIM.pin)
MANY = 2 * STAFF_MAX + 200


def _order(shop_id: ShopId, number: int) -> Order:
    at = now() - timedelta(days=3, seconds=MANY - number)  # no snapshot has them
    return Order(
        id=new_order_id(),
        shop_id=shop_id,
        number=f"OLD-{number:06d}",
        channel=Channel.COUNTER,
        status=OrderStatus.COMPLETED,
        version=1,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=390,
        tax_minor=0,
        total_minor=390,
        placed_at=at,
        updated_at=at,
        lines=(OrderLine(shop.FRIES, "Fries", 1, 390, 390),),
    )


@pytest.fixture(scope="module")
def many(place: Place) -> list[str]:
    """The numbers of 1,200 orders that are done."""
    by = Principal(subject="kim", role=Role.CASHIER, name="Kim", session_id="s", shop_id=place.world.shop)
    made = [_order(place.world.shop, number) for number in range(MANY)]

    def work(transaction: Transaction) -> None:
        for order in made:
            orders.insert(transaction, order, by)

    place.server.database.write_blocking(work)
    return [order.number for order in made]


class Line:
    """A network that lets so many pages of a list through, and then nothing at all until it is mended."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self.url = proxy.url

    def cut_after(self, pages: int) -> None:
        seen: set[str] = set()

        def choose(line: str) -> Fault:
            if "/api/pos/orders/?" in line and "open=" not in line:
                seen.add(line)
            return Fault.REFUSE if len(seen) > pages else Fault.NONE

        self._proxy.choose = choose
        if not pages:
            self._proxy.choose = lambda _line: Fault.REFUSE
            self._proxy.cut()

    def mend(self) -> None:
        self._proxy.choose = lambda _line: Fault.NONE


@pytest.fixture
def line(place: Place) -> Iterator[Line]:
    with FaultProxy(place.server.url) as proxy:
        yield Line(proxy)


@pytest.fixture
def till(qtbot: QtBot, line: Line, tmp_path: Path) -> Iterator[Synced]:
    with synced_till(qtbot, line.url, tmp_path / "till") as made:
        yield made


def page_of(till: Synced) -> HistoryPage:
    till.arrive(KIM)
    till.until_live()
    till.click("nav_history")
    till.settle()
    return till.find(HistoryPage, "history_page")


def numbers(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["number"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("pages", [0, 1, 2])
@pytest.mark.parametrize("before", [False, True])
def test_an_export_that_is_cut_off_leaves_no_file(
    many: list[str], line: Line, till: Synced, tmp_path: Path, pages: int, before: bool, qtbot: QtBot
) -> None:
    """And nothing of one that was there before it is touched."""
    page = page_of(till)
    path = tmp_path / "exports" / "orders.csv"
    path.parent.mkdir()
    if before:
        path.write_text("yesterday's", encoding="utf-8")
    line.cut_after(pages)
    with qtbot.waitSignal(page.history.export_failed, timeout=30_000) as failed:
        page.export_to(str(path))
    assert "Nothing was written." in failed.args[0].message
    assert [file.name for file in path.parent.iterdir()] == (["orders.csv"] if before else [])
    if before:
        assert path.read_text(encoding="utf-8") == "yesterday's"
    line.mend()
    till.api.try_now()
    till.until_live()
    with qtbot.waitSignal(page.history.exported, timeout=30_000):
        page.export_to(str(path))
    found = numbers(path)
    assert len(found) == len(set(found))
    assert set(many) <= set(found)


def test_a_further_page_is_of_where_the_one_before_it_was(
    many: list[str], line: Line, till: Synced, qtbot: QtBot
) -> None:
    page = page_of(till)
    history = page.history
    qtbot.waitUntil(lambda: history.rows.rowCount() == 50)
    line.cut_after(0)
    till.until_offline()
    with qtbot.waitSignal(history.failed, timeout=30_000):
        history.more()
    assert history.rows.rowCount() == 50, "what this till holds is not what comes next"
    line.mend()
    till.api.try_now()
    till.until_live()
    for rows in (100, 150):
        history.more()
        qtbot.waitUntil(lambda rows=rows: history.rows.rowCount() == rows)  # type: ignore[misc]
    shown = [card.order.number for card in history.rows.rows]
    assert len(set(shown)) == 150
    assert history.total >= MANY
    assert not history.kept


def test_what_is_found_without_a_server_says_so_and_is_paged_by_itself(
    many: list[str], line: Line, till: Synced, qtbot: QtBot
) -> None:
    page = page_of(till)
    history = page.history
    for rows in (100, 150):
        history.more()
        qtbot.waitUntil(lambda rows=rows: history.rows.rowCount() == rows)  # type: ignore[misc]
    line.cut_after(0)
    till.until_offline()
    page.seek("OLD-")
    qtbot.waitUntil(lambda: history.kept and not history.loading)
    assert "kept on this POS" in till.text("history_count")
    held = history.total
    assert 50 < held < MANY
    while history.rows.rowCount() < held:
        rows = history.rows.rowCount()
        history.more()
        qtbot.waitUntil(lambda rows=rows: history.rows.rowCount() > rows)  # type: ignore[misc]
    shown = [card.order.number for card in history.rows.rows]
    assert sorted(shown, reverse=True) == shown
    assert len(set(shown)) == held
    line.mend()
    till.api.try_now()
    till.until_live()
    qtbot.waitUntil(lambda: not history.kept and history.rows.rowCount() >= held)
