"""Baskets are held, and gone on with, without a server by the till that holds them; two tills never both have one, and
nothing of it is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.errors import Conflict, Refused
from core.client.operations import Kind
from core.domain.commands import TakeOrder
from core.domain.held_baskets import DropBasket, HeldBasket, HoldBasket, TakeBasket
from core.domain.ids import BasketId, ItemId, uuid7
from core.domain.order import NewLine, Order
from core.protocol import routes
from core.store.sql.statements import Transaction
from tests.integration.baskets.tills import add_second_till
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerThread
from tests.support.synced import Screen

WITH_NOTE = (NewLine(item_id=ItemId("bowl"), quantity=2, modifier_ids=(shop.CHICKEN,), note="no salt"),)


class Till(Screen):
    """A headless till."""

    def hold(self, label: str = "Table 7", replaces: str = "") -> HeldBasket:
        asked = HoldBasket(id=BasketId(uuid7()), label=label, lines=WITH_NOTE, replaces=BasketId(replaces))
        return self.api.call(routes.HOLD_BASKET(body=asked))

    def resume(self, basket: HeldBasket) -> HeldBasket:
        return self.api.call(routes.TAKE_BASKET(basket.id, body=TakeBasket()))

    def drop(self, basket: HeldBasket) -> HeldBasket:
        return self.api.call(routes.DROP_BASKET(basket.id, body=DropBasket()))

    def order(self, basket: HeldBasket) -> Order:
        return self.api.call(routes.TAKE(body=TakeOrder(lines=basket.lines, basket=basket.id)))

    @property
    def held(self) -> tuple[HeldBasket, ...]:
        """As they were published last."""
        return next((each.baskets for each in reversed(self.told) if each.baskets is not None), ())

    @property
    def labels(self) -> list[str]:
        return [each.label for each in self.held]

    def until_held(self, *labels: str) -> None:
        self.until(lambda: self.labels == list(labels))

    def until_taken_at(self, device: str) -> None:
        self.until(lambda: [each.taken and each.taken.device for each in self.held] == [device])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "server" / "orderbell.db")
    with ServerThread(tmp_path / "server") as running:
        add_second_till(running)
        yield running


@pytest.fixture
def proxy(server: ServerThread) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as made:
        yield made


@pytest.fixture
def till(proxy: FaultProxy, tmp_path: Path) -> Iterator[Till]:
    """POS1, whose network can be cut."""
    with Till(proxy.url, tmp_path / "till.db") as made:
        made.staff()
        made.until_live()
        yield made
        proxy.choose = lambda _line: Fault.NONE


@pytest.fixture
def other(server: ServerThread, tmp_path: Path) -> Iterator[Till]:
    """POS2, which always has the server."""
    with Till(server.url, tmp_path / "other.db") as made:
        made.staff(shop.ALEX, "POS2")
        made.until_live()
        yield made


def _cut(proxy: FaultProxy) -> None:
    proxy.choose = lambda _line: Fault.REFUSE
    proxy.cut()


def _mend(proxy: FaultProxy, till: Till) -> None:
    proxy.choose = lambda _line: Fault.NONE
    till.api.try_now()
    till.until_sent()


def test_every_till_follows_and_one_goes_on(till: Till, other: Till) -> None:
    basket = till.hold()
    assert till.labels == ["Table 7"], "at once, whatever the server says"
    other.until_held("Table 7")
    found = other.resume(other.held[0])
    assert found.lines == basket.lines == WITH_NOTE
    till.until_taken_at("POS2")
    with pytest.raises(Conflict, match="Alex has this basket open at POS2"):
        till.resume(basket)
    with pytest.raises(Conflict, match="Alex has this basket open at POS2"):
        till.drop(basket)
    other.order(found)
    assert other.held == ()
    till.until_held()
    with pytest.raises(Refused, match="no longer held"):
        till.resume(basket)


def test_without_a_server_the_till_that_holds_it_goes_on(till: Till, other: Till, proxy: FaultProxy) -> None:
    theirs = other.hold("Ann")
    till.until_held("Ann")
    _cut(proxy)
    mine = till.hold("Table 9")
    assert till.labels == ["Ann", "Table 9"]
    for refused in (till.resume, till.drop):
        with pytest.raises(Refused, match="only the POS that has held a basket"):
            refused(theirs)
    taken = till.resume(mine)
    assert taken.lines == WITH_NOTE
    again = till.hold("Table 10", replaces=mine.id)
    till.drop(till.hold("by mistake"))
    assert till.labels == ["Ann", "Table 10"]
    ordered = till.order(till.resume(again))
    assert till.labels == ["Ann"]
    _mend(proxy, till)
    assert till.api.operations() == ()
    other.until(lambda: other.store.get(ordered.id) is not None)
    other.until_held("Ann")
    till.until_held("Ann")
    assert till.resume(theirs).taken is not None, "with the server again"


def test_held_before_the_network_went_it_is_still_this_tills(till: Till, other: Till, proxy: FaultProxy) -> None:
    basket = till.hold()
    till.until_sent()
    other.until_held("Table 7")
    _cut(proxy)
    till.until(lambda: not till.api.sync_status.answering)
    assert till.resume(basket).lines == WITH_NOTE
    _mend(proxy, till)
    other.until_taken_at("POS1")


def test_what_both_took_is_told_and_nothing_is_lost(till: Till, other: Till, proxy: FaultProxy) -> None:
    """The holder, without a server, goes on with a basket that another has taken from the server meanwhile."""
    basket = till.hold()
    till.until_sent()
    other.until_held("Table 7")
    _cut(proxy)
    till.until(lambda: not till.api.sync_status.answering)
    other.resume(basket)
    till.resume(basket)
    _mend(proxy, till)
    (refused,) = till.api.operations()
    assert (refused.kind, refused.held) == (Kind.TAKE_BASKET, True)
    assert "Alex has this basket open at POS2" in refused.problem
    till.until_taken_at("POS2")
    anew = till.hold("Table 7, one more", replaces=basket.id)
    other.until_held("Table 7, one more")
    till.api.discard(refused.op_id, "Alex has it")
    assert till.resume(anew).lines == WITH_NOTE


def test_what_both_took_is_whose_is_done_first(till: Till, other: Till, proxy: FaultProxy) -> None:
    """Both go on: what was held anew is another basket, and what was sold is sold."""
    basket = till.hold()
    till.until_sent()
    other.until_held("Table 7")
    _cut(proxy)
    till.until(lambda: not till.api.sync_status.answering)
    other.resume(basket)
    till.resume(basket)
    till.hold("Table 7, one more", replaces=basket.id)
    _mend(proxy, till)
    other.until_held("Table 7, one more")
    sold = other.order(basket)
    other.until_sent()
    assert other.store.get(sold.id) is not None
    till.until(lambda: till.store.get(sold.id) is not None)
    till.until_held("Table 7, one more")


def test_lost_answers_double_nothing(till: Till, other: Till, proxy: FaultProxy) -> None:
    lost = {"POST /api/pos/baskets/ ": 2, "/take/": 1, "/drop/": 1}

    def choose(line: str) -> Fault:
        for path, left in lost.items():
            if path in line and left:
                lost[path] -= 1
                return Fault.CUT_AFTER
        return Fault.NONE

    proxy.choose = choose
    first, second = till.hold("first"), till.hold("second")
    till.until_sent()
    assert till.resume(first).lines == WITH_NOTE
    till.drop(second)
    till.until_sent()
    assert not any(lost.values()), "the answers were lost"
    other.until_held("first")
    other.until_taken_at("POS1")
    assert till.api.operations() == ()


def test_restarts_lose_nothing(server: ServerThread, till: Till, proxy: FaultProxy, tmp_path: Path) -> None:
    _cut(proxy)
    till.hold("before the power cut")
    till.api.close()
    with Till(proxy.url, tmp_path / "till.db") as again:
        assert again.api.resume() is not None
        again.until_held("before the power cut")
        basket = again.held[0]
        _mend(proxy, again)
        assert again.resume(basket).lines == WITH_NOTE
    with Till(server.url, tmp_path / "third.db") as third:
        third.staff(shop.ALEX, "POS2")
        third.until_live()
        third.until_held("before the power cut")
        assert third.held[0].taken is not None
        assert third.held[0].taken.device == "POS1", "its till goes on with it, whatever became of the window"


def test_a_sign_out_loses_nothing_and_tells_nothing(till: Till, proxy: FaultProxy, tmp_path: Path) -> None:
    sent = till.hold("Grace")
    till.until_sent()
    _cut(proxy)
    till.hold("Heinrich, Kastanienallee")
    till.sign_out()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("till.db*"))
    assert b"Kastanienallee" not in raw
    assert b"no salt" not in raw
    proxy.choose = lambda _line: Fault.NONE
    till.told.clear()
    till.staff(shop.ALEX)
    till.until_live()
    till.until_held("Grace")
    assert till.resume(sent).lines == WITH_NOTE, "it is the shop's, and no person's"
    till.sign_out()
    till.staff()
    till.until_live()
    till.until_held("Grace", "Heinrich, Kastanienallee")


def test_what_the_server_refuses_to_hold_is_still_here(till: Till, server: ServerThread, proxy: FaultProxy) -> None:
    _cut(proxy)
    basket = till.hold("one too many")

    def fill(transaction: Transaction) -> None:
        for number in range(200):
            transaction.connection.exec_driver_sql(
                "INSERT INTO held_baskets (shop_id, id, is_gone, at, content) "
                f"SELECT shop_id, 'basket-{number}', 0, 1, '' FROM devices WHERE id = 'POS1'"
            )

    server.database.write_blocking(fill)
    proxy.choose = lambda _line: Fault.NONE
    till.api.try_now()
    till.until(lambda: any(each.held for each in till.api.operations()))
    assert "which is the maximum" in till.api.operations()[0].problem
    assert till.labels == ["one too many"]
    assert till.resume(basket).lines == WITH_NOTE
    assert till.api.operations() == ()
