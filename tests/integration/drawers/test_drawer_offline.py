"""A drawer that is opened without a server is closed without one; what was done arrives once, in its order, and its Z
has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.client.errors import Conflict, Refused, Unreachable
from core.domain.commands import ChangePayment, RefundOrder, TakeOrder
from core.domain.drawers import CloseDrawer, CountDrawer, DrawerAct, DrawerSession, MoveCash, OpenDrawer
from core.domain.ids import DrawerSessionId, uuid7
from core.domain.menu import DrawerUse
from core.domain.order import Order, PaymentState, Tender
from core.protocol import routes
from core.protocol.drawers import DrawerDetails, ZReport
from core.store.sql.statements import Transaction
from tests.integration.calls import staff
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.server import ServerThread
from tests.support.synced import LINES, Screen


class Till(Screen):
    """A headless till, and its drawer."""

    session = DrawerSessionId("")

    def open(self, float_minor: int = 10_000) -> DrawerSession:
        self.session = DrawerSessionId(uuid7())
        return self.api.call(routes.OPEN_DRAWER(body=OpenDrawer(session=self.session, float_minor=float_minor)))

    def pay_out(self, amount_minor: int) -> DrawerSession:
        asked = MoveCash(session=self.session, act=DrawerAct.PAID_OUT, amount_minor=amount_minor, reason="flowers")
        return self.api.call(routes.MOVE_CASH(body=asked))

    def count(self, counted_minor: int) -> DrawerSession:
        return self.api.call(routes.COUNT_DRAWER(body=CountDrawer(session=self.session, counted_minor=counted_minor)))

    def close(self) -> DrawerSession:
        return self.api.call(routes.CLOSE_DRAWER(body=CloseDrawer(session=self.session)))

    def sell(self, payment: PaymentState = PaymentState.PAID) -> Order:
        return self.api.call(routes.TAKE(body=TakeOrder(lines=LINES, payment=payment)))

    def details(self) -> DrawerDetails:
        return self.api.call(routes.DRAWER(self.session))

    def reports(self) -> list[ZReport]:
        return [each.report for each in self.api.call(routes.Z_REPORTS()).reports]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "server" / "orderbell.db")
    with ServerThread(tmp_path / "server") as running:
        yield running


@pytest.fixture
def proxy(server: ServerThread) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as made:
        yield made


@pytest.fixture
def till(proxy: FaultProxy, tmp_path: Path) -> Iterator[Till]:
    with Till(proxy.url, tmp_path / "till.db") as made:
        made.staff()
        made.until_live()
        yield made
        proxy.choose = lambda _line: Fault.NONE


def _cut(proxy: FaultProxy) -> None:
    proxy.choose = lambda _line: Fault.REFUSE
    proxy.cut()


def _mend(proxy: FaultProxy, till: Till) -> None:
    proxy.choose = lambda _line: Fault.NONE
    till.api.try_now()
    till.until_sent()


def test_a_whole_session_without_a_server(till: Till, proxy: FaultProxy) -> None:
    _cut(proxy)
    till.open(10_000)
    sold = [till.sell() for _ in range(3)]
    unpaid = till.sell(PaymentState.UNPAID)
    paid = till.api.call(
        routes.CHANGE_PAYMENT(
            unpaid.id, body=ChangePayment(payment=PaymentState.PAID, version=unpaid.version, tender=Tender.CARD)
        )
    )
    assert paid.payment is PaymentState.PAID
    back = RefundOrder(version=sold[0].version, reason="cold", amount_minor=50)
    till.api.call(routes.REFUND(sold[0].id, body=back))
    till.pay_out(1_000)
    assert till.details().cash is None, "the count is blind here, too"
    expected = 10_000 - 1_000 + sum(order.total_minor for order in sold) - 50
    till.count(expected + 30)
    predicted = till.details()
    assert predicted.predicted
    assert predicted.cash is not None
    assert (predicted.cash.expected_minor, predicted.cash.difference_minor) == (expected, 30)
    assert not till.close().is_open
    _mend(proxy, till)
    (z,) = till.reports()
    assert z.cash is not None
    assert (z.cash.expected_minor, z.cash.difference_minor) == (expected, 30)
    assert (z.sales, z.payments["card"]) == (4, unpaid.total_minor)
    assert z.not_arrived == (), "the closing is sent after all that was accepted before it"
    assert z.supplement == 0
    details = till.details()
    assert not details.predicted
    assert details.session.z_number == 1


def test_what_is_done_offline_belongs_to_the_session_in_which_it_was_done(till: Till, proxy: FaultProxy) -> None:
    _cut(proxy)
    till.open(0)
    first = till.sell()
    till.count(first.total_minor)
    till.close()
    till.open(0)
    second, third = till.sell(), till.sell()
    till.count(0)
    till.close()
    _mend(proxy, till)
    newest, oldest = till.reports()
    assert (oldest.sales_minor, newest.sales_minor) == (first.total_minor, second.total_minor + third.total_minor)
    assert (oldest.number, newest.number) == (1, 2)


def test_lost_answers_double_nothing(till: Till, proxy: FaultProxy) -> None:
    lost = {"POST /api/pos/drawer/cash/": 2, "POST /api/pos/drawer/close/": 2, "POST /api/pos/drawer/ ": 1}

    def choose(line: str) -> Fault:
        for path, left in lost.items():
            if line.startswith(path) and left:
                lost[path] -= 1
                return Fault.CUT_AFTER
        return Fault.NONE

    proxy.choose = choose
    till.open(500)
    till.pay_out(100)
    till.count(400)
    till.close()
    till.until_sent()
    assert not any(lost.values()), "the answers were lost"
    (z,) = till.reports()
    assert z.moved["paid_out"].count == 1
    assert z.cash is not None
    assert z.cash.difference_minor == 0


def test_a_second_session_is_refused_at_once_with_a_sentence(till: Till, proxy: FaultProxy) -> None:
    _cut(proxy)
    till.open()
    with pytest.raises(Conflict, match="open already"):
        till.open()
    till.session = DrawerSessionId(uuid7())
    with pytest.raises(Conflict, match="no session of this POS"):
        till.count(0)
    with pytest.raises(Unreachable):
        till.reports()


def test_an_act_that_breaks_a_rule_is_refused_before_it_is_accepted(till: Till) -> None:
    till.open()
    with pytest.raises(Refused) as refused:
        till.api.call(routes.MOVE_CASH(body=MoveCash(session=till.session, act=DrawerAct.DROP, amount_minor=5)))
    assert refused.value.field == "reason"
    till.until_sent()
    assert len(till.details().session.entries) == 1


def test_another_person_at_the_till_goes_on_with_its_session(till: Till) -> None:
    till.open(1_000)
    till.sell()
    till.until_sent()
    session = till.session
    till.sign_out()
    till.staff(shop.ALEX)
    till.until_live()
    assert till.details().session.id == session
    cash = till.details().cash
    assert cash is not None, "an admin sees what should be there"
    till.count(cash.expected_minor)
    till.close()
    till.until_sent()
    (z,) = till.reports()
    assert (z.opened_by, z.closed_by) == ("Kim", "Alex")


def test_another_window_hears_of_it(till: Till, server: ServerThread, tmp_path: Path) -> None:
    server.database.write_blocking(_add_second_till)
    with Till(server.url, tmp_path / "other.db") as other:
        other.staff(shop.ALEX, "POS2")
        other.until_live()
        till.open()
        other.until(lambda: till.session in {each.id for changed in other.told for each in changed.drawers})


def _add_second_till(transaction: Transaction) -> None:
    for each in (
        "INSERT INTO devices (shop_id, id, created_at) SELECT shop_id, 'POS2', 1 FROM devices WHERE id = 'POS1'",
        "INSERT INTO number_series (shop_id, series, last) SELECT shop_id, 'POS2', 0 FROM devices WHERE id = 'POS1'",
    ):
        transaction.connection.exec_driver_sql(each)


def test_two_tills_count_their_own_money(till: Till, server: ServerThread, tmp_path: Path) -> None:
    """An order that one took and the other was paid for is the other's sale."""
    server.database.write_blocking(_add_second_till)
    with Till(server.url, tmp_path / "second.db") as second:
        second.staff(device="POS2")
        second.until_live()
        till.open(0)
        second.open(0)
        order = till.sell(PaymentState.UNPAID)
        mine = till.sell()
        till.until_sent()
        second.until(lambda: second.store.get(order.id) is not None)
        paid = ChangePayment(payment=PaymentState.PAID, version=order.version, tender=Tender.CASH)
        second.api.call(routes.CHANGE_PAYMENT(order.id, body=paid))
        second.until_sent()
        for each in (till, second):
            each.count(0)
            each.close()
            each.until_sent()
        (first_z,), (second_z,) = till.reports(), second.reports()
        assert (first_z.sales_minor, second_z.sales_minor) == (mine.total_minor, order.total_minor)
        assert (first_z.number, second_z.number) == (1, 1), "each till counts its own"


def test_each_person_opens_their_own_without_a_server(till: Till, proxy: FaultProxy, server: ServerThread) -> None:
    """Cash is refused until then; cards are not. It is theirs at the server, too, as it was when they opened it."""
    assert staff(server, shop.ALEX).post("/api/admin/shop/", {"drawers": "person"}).ok
    assert till.api.call(routes.MENU()).drawers is DrawerUse.PERSON
    _cut(proxy)
    with pytest.raises(Refused, match="Open your own drawer"):
        till.sell()
    card = TakeOrder(lines=LINES, payment=PaymentState.PAID, tender=Tender.CARD)
    assert till.api.call(routes.TAKE(body=card)).payment is PaymentState.PAID
    assert till.open(1_000).owner == till.api.person_id
    sold = till.sell()
    till.count(1_000)
    cash = till.details().cash
    assert cash is not None
    assert cash.expected_minor == 1_000 + sold.total_minor
    _mend(proxy, till)
    found = till.details().session
    assert (found.owner, len(found.entries)) == (till.api.person_id, 2)
