"""Two tills and a customer against the model backend, in any order Hypothesis can think of.

Whatever happened on the way: once the network is back, everything accepted has been done once or was asked about,
and everybody sees what the server has.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from typing_extensions import override

from core.client.errors import Unreachable
from core.client.operations import Kind, State
from core.domain.commands import CancelOrder, PlaceOrder
from core.domain.ids import CustomerId, new_order_id
from core.domain.order import Order, PaymentState
from core.domain.people import Role
from core.domain.status import Move, OrderStatus, target_of
from tests.support.desk import LINES, Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.model_transport import ModelTransport

ADA = CustomerId("ada")
WHO = st.sampled_from(["kim", "alex", ADA])
STAFF = st.sampled_from(["kim", "alex"])
SERIES = {"kim": "POS1", "alex": "POS2"}


def _cut(when_to_cut: str):  # type: ignore[no-untyped-def]
    def fault(when: str) -> None:
        if when == when_to_cut:
            raise Unreachable("cut")

    return fault


class Counter(RuleBasedStateMachine):
    """The shop, its backup, and three clients who accept, send, pull, die and come back."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = Path(tempfile.mkdtemp())
        self.shop = FakeBackend()
        self.backup: dict[str, object] | None = None
        self.transports = {
            name: ModelTransport(self.shop, ADA if name == ADA else None) for name in ("kim", "alex", ADA)
        }
        self.desks: dict[str, Desk] = {}
        self.accepted: dict[str, str] = {}

    @initialize()
    def open(self) -> None:
        for name in self.transports:
            self._open(name)

    def _open(self, name: str) -> None:
        self.desks[name] = Desk(self._directory / f"{name}.db", self.transports[name], name)

    # -- what people do

    @rule(who=WHO)
    def order(self, who: str) -> None:
        desk = self.desks[who]
        if who != ADA:
            self.accepted[desk.take(series=SERIES[who]).op_id] = who
            return
        order_id = new_order_id()
        seen = msgspec.structs.replace(new_order(order_id), status=OrderStatus.PENDING, customer_id=ADA)
        self.accepted[desk.accept(Kind.PLACE, order_id, PlaceOrder(lines=LINES, id=order_id), seen).op_id] = who

    @rule(
        who=st.sampled_from(["kim", "alex"]), pick=st.integers(0, 5), what=st.sampled_from(["on", "back", "off", "pay"])
    )
    def handle(self, who: str, pick: int, what: str) -> None:
        desk = self.desks[who]
        order = self._pick(desk, pick)
        if order is None:
            return
        if what == "pay":
            if order.payment is PaymentState.UNPAID:
                self.accepted[desk.pay(order.id).op_id] = who
            return
        move = {"on": Move.ADVANCE, "back": Move.RECALL, "off": Move.CANCEL}[what]
        to = target_of(order.status, move, order.fulfilment, Role.CASHIER)
        if to is not None:
            self.accepted[desk.move(order.id, to, reason="because").op_id] = who

    @rule(pick=st.integers(0, 5))
    def think_better_of_it(self, pick: int) -> None:
        desk = self.desks[ADA]
        order = self._pick(desk, pick)
        if order is not None and order.status is OrderStatus.PENDING:
            self.accepted[desk.accept(Kind.CANCEL, order.id, CancelOrder(), order).op_id] = ADA

    def _pick(self, desk: Desk, pick: int) -> Order | None:
        """One that is shown, and about which nothing is to be decided."""
        orders = sorted(desk.store, key=lambda order: order.id)
        if not orders:
            return None
        order = orders[pick % len(orders)]
        return None if any(each.held for each in desk.outbox.of(order.id)) else order

    # -- what happens to them

    @rule(who=WHO)
    def sync(self, who: str) -> None:
        self.desks[who].try_all()

    @rule(who=WHO, when=st.sampled_from(["before", "after"]))
    def sync_badly(self, who: str, when: str) -> None:
        """It gets as far as the first call that is cut, then the network is back."""
        self.transports[who].fault = _cut(when)
        self.desks[who].try_all()
        with contextlib.suppress(Unreachable):
            self.desks[who].send_all()
        self.transports[who].fault = lambda _when: None

    @rule(who=WHO)
    def restart(self, who: str) -> None:
        self.desks[who].close()
        self._open(who)
        self.desks[who].store.apply(self.desks[who].publisher.everything())

    @rule()
    def back_up(self) -> None:
        self.backup = self.shop.backup()

    @rule()
    def restore(self) -> None:
        if self.backup is not None:
            self.shop.restore(self.backup)

    # -- what always holds

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert len(self.shop.applied) == len(set(self.shop.applied))

    @invariant()
    def a_screen_shows_what_its_file_says(self) -> None:
        for desk in self.desks.values():
            for told in desk.publisher.everything().updates:
                assert desk.store.get(told.order_id) == told.shown

    @override
    def teardown(self) -> None:
        try:
            if self.desks:
                self._end()
        finally:
            for desk in self.desks.values():
                desk.close()
            shutil.rmtree(self._directory)

    def _end(self) -> None:
        for _round in range(4):  # somebody's operation may have to wait for somebody else's
            for desk in self.desks.values():
                desk.try_all()
        for desk in self.desks.values():
            while held := [each for each in desk.outbox.open() if each.held]:
                desk.sync.discard(held[0].op_id, "the end")
                desk.try_all()
        for desk in self.desks.values():
            desk.try_all()
            assert not desk.outbox.open()
        for op_id, who in self.accepted.items():
            desk = self.desks[who]
            operation = desk.outbox.find(op_id)  # type: ignore[arg-type]
            assert operation is not None, "lost"
            assert operation.state in (State.DONE, State.DISCARDED)
            if operation.outcome == "applied":
                assert op_id in self.shop.applied, "acknowledged and lost"
        for who, desk in self.desks.items():
            theirs = {order.id: order for order in self.shop.orders.values() if who != ADA or order.customer_id == ADA}
            assert {order.id: order for order in desk.cache.newest()} == theirs
            assert {order.id: order for order in desk.store} == theirs


TestCounter = Counter.TestCase
TestCounter.settings = settings(max_examples=40, stateful_step_count=30, suppress_health_check=list(HealthCheck))
