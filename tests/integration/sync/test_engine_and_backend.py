"""The client's engine against the real backend: what is accepted arrives, what happens is told, in both directions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.client.errors import Conflict
from core.client.operations import State
from core.client.sync.engine import ConnectionState
from core.domain.commands import ChangePayment
from core.domain.ids import new_op_id
from core.domain.order import PaymentState, Tender
from core.protocol import routes
from core.ui.text import clock, money
from pos_app.order.operation_words import again, done_by_another, reason
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.steps import FIRST, NEXT
from tests.support.synced import Screen


def test_a_change_at_the_counter_is_pushed_to_its_customer(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "pos.db") as pos, Screen(place.server.url, tmp_path / "ada.db") as ada:
        pos.staff()
        ada.customer()
        pos.until_live()
        ada.until_live()
        placed = ada.place()
        assert ada.store.get(placed.id) is not None, "shown before the server has answered"
        pos.until(lambda: pos.store.get(placed.id) is not None)
        seen = pos.store.get(placed.id)
        assert seen is not None
        assert seen.number.startswith("ONLINE-")
        pos.move(seen, NEXT)
        ada.until(lambda: (row := ada.store.server_row(placed.id)) is not None and row.status is NEXT)
        assert ada.api.sync_status.state is ConnectionState.LIVE
        assert ada.api.sync_status.latency_ms is not None
        assert not ada.told[-1].backlog


def test_when_something_was_done_at_a_till_is_kept_however_late_it_is_sent(place: Place, tmp_path: Path) -> None:
    """Also of a payment: the day's sums ask who took it, and when."""
    with Screen(place.server.url, tmp_path / "pos.db") as pos:
        pos.staff()
        order = pos.take()
        pos.move(order, FIRST)
        paying = ChangePayment(payment=PaymentState.PAID, version=2, tender=Tender.CARD)
        pos.api.call(routes.CHANGE_PAYMENT(order.id, body=paying))
        pos.until_sent()
    done = place.kim.get(f"/api/pos/orders/{order.id}/").json()
    changes = [*done["history"], *done["payments"]]
    assert [change["target"] for change in changes] == ["confirmed", FIRST, "paid", "paid"]
    now = datetime.now(UTC)
    for change in changes:
        assert abs(now - datetime.fromisoformat(change["client_at"])) < timedelta(minutes=5)


def test_a_refund_that_another_has_made_meanwhile_is_told_with_who_and_when(place: Place, tmp_path: Path) -> None:
    """Both have given the money back. The second one's reason is kept with their operation, whatever is decided."""
    with FaultProxy(place.server.url) as proxy, Screen(proxy.url, tmp_path / "pos.db") as pos:
        pos.staff()
        order = pos.take()
        pos.until_sent()
        pos.until(lambda: pos.store.server_row(order.id) is not None)
        proxy.choose = lambda _line: Fault.REFUSE
        proxy.cut()
        op_id, asked = new_op_id(), ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="burnt")
        assert pos.api.call(routes.CHANGE_PAYMENT(order.id, body=asked, op_id=op_id)).payment is PaymentState.REFUNDED
        path, body = f"/api/pos/orders/{order.id}/payment/", {"payment": "refunded", "version": 1, "reason": "wrong"}
        assert place.alex.post(path, body, key=new_key()).status_code == 200
        proxy.choose = lambda _line: Fault.NONE
        pos.api.try_now()
        pos.until_sent()
    with Screen(place.server.url, tmp_path / "pos.db") as pos:  # also after a restart
        pos.api.resume()
        (held,) = pos.api.operations()
        assert (held.op_id, held.state, reason(held)) == (op_id, State.CONFLICT, "burnt")
        assert held.payment is not None
        assert (held.payment.by, held.payment.reason) == (shop.ALEX.name, "wrong")
        assert held.theirs is not None
        back = money(held.theirs.total_minor, held.theirs.currency)
        words = done_by_another(held)
        assert words.startswith(f"{shop.ALEX.name} has given back {back}, at {clock(held.payment.at)}.")
        assert again(held) == ""
        pos.api.discard(op_id, "the customer gave it back")
        kept = pos.api.find(op_id)
        assert kept is not None
        assert (reason(kept), kept.problem) == ("burnt", "the customer gave it back")


def test_a_payment_is_not_accepted_from_who_has_not_seen_that_it_is_made(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "pos.db") as pos:
        pos.staff()
        order = pos.take()
        first = ChangePayment(payment=PaymentState.REFUNDED, version=1, reason="burnt")
        pos.api.call(routes.CHANGE_PAYMENT(order.id, body=first))
        with pytest.raises(Conflict, match=r"Somebody else has already given the money back\."):
            pos.api.call(routes.CHANGE_PAYMENT(order.id, body=msgspec.structs.replace(first, reason="mine")))


def test_another_customers_orders_never_arrive(place: Place, tmp_path: Path) -> None:
    with Screen(place.server.url, tmp_path / "ada.db") as ada, Screen(place.server.url, tmp_path / "grace.db") as grace:
        ada.customer()
        grace.customer(shop.GRACE)
        ada.until_live()
        grace.until_live()
        for _ in range(3):
            ada.place()
        mine = grace.place()
        ada.until_sent()
        grace.until(lambda: grace.store.server_row(mine.id) is not None)
        grace.until_sent()
        ada_ids = {order.id for order in ada.store}
        assert ada_ids.isdisjoint(told.order_id for changed in grace.told for told in changed.updates)
