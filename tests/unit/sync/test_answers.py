"""What becomes of an operation by the server's answer: done, refused, in conflict; and what is shown meanwhile."""

from collections.abc import Callable

import msgspec
import pytest

from core.client.errors import Conflict, NotFound, Refused
from core.client.operations import Kind, Operation, State
from core.client.sync.outbox import NUMBER_REFUSED, ORDER_MISSING, Counts
from core.client.sync.synchronizer import GIVES_UP_ALONE
from core.client.sync.transport import Answered
from core.domain.commands import TakeOrder
from core.domain.ids import new_order_id
from core.domain.order import Order, OrderLine, PaymentState, Tender
from core.domain.status import OrderStatus
from tests.support.desk import LINES, Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST, SECOND
from tests.unit.conftest import OpenDesk

CONFIRMED = OrderStatus.CONFIRMED

Answer = Callable[[Exception], None]


@pytest.fixture
def answer(shop: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Have the server answer every new order and change with an error, from now on."""

    def with_error(error: Exception) -> None:
        def effect(_operation: Operation) -> Order:
            raise error

        monkeypatch.setattr(shop, "_effect", effect)

    return with_error


def held(desk: Desk) -> Operation:
    [operation] = desk.outbox.open()
    return operation


# -- done


def test_an_order_that_is_done_leaves_nothing_to_be_sent(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk = open_desk()
    operation = desk.take()
    desk.try_all()
    assert desk.outbox.orders() == ()
    assert desk.outbox.counts() == Counts()
    assert desk.cache.synced_at == shop.clock
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    assert (found.state, found.outcome, found.problem) == (State.DONE, "applied", "")


def test_the_servers_proof_of_a_number_is_kept_and_another_number_is_said_once(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer knows the one before. After a restore it is sent again, with its proof."""
    desk = open_desk()
    desk.sync.pull()
    backup, send, numbers = shop.backup(), transport.send, ["POS1-000001", "POS1-000007"]

    def numbering(operation: Operation, cursor: str) -> Answered:
        answered, number = send(operation, cursor), numbers.pop(0)
        assert answered.order is not None
        order = msgspec.structs.replace(answered.order, number=number)
        return msgspec.structs.replace(answered, order=order, number=f"{number}.proof")

    monkeypatch.setattr(transport, "send", numbering)
    operation = desk.take()
    desk.send_all()
    kept = desk.outbox.find(operation.op_id)
    assert kept is not None
    assert (kept.number, kept.issued_number) == ("POS1-000001.proof", "POS1-000001")
    assert [each.former_number for each in desk.told[-1].updates] == [""]
    shop.restore(backup)
    desk.sync.pull()
    [again] = desk.outbox.open()
    assert again.number == "POS1-000001.proof"
    desk.send_all()
    assert desk.shown(operation.order_id).number == "POS1-000007"
    assert [each.former_number for each in desk.told[-1].updates] == ["POS1-000001"]


def test_a_repeated_answer_to_what_is_known_already_asks_for_nothing(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    """The order as it was then is in the answer; as it is now, in the events."""
    desk = open_desk()
    desk.sync.pull()
    operation = desk.take()
    shop.perform(operation)  # whose answer was lost
    desk.sync.pull()
    transport.calls.clear()
    desk.send_all()
    assert transport.calls == ["send"]
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    assert found.outcome == "duplicate"


def test_a_repeated_answer_to_what_is_not_known_asks_for_the_order_as_it_is_now(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    desk.sync.pull()
    operation = desk.take()
    shop.perform(operation)
    shop.move(operation.order_id, FIRST)
    transport.calls.clear()
    desk.send_all()
    assert transport.calls == ["send", "order"]
    assert desk.cache.get(operation.order_id) == shop.orders[operation.order_id]


# -- refused


def test_an_order_that_is_there_without_its_key_has_arrived(
    open_desk: OpenDesk, shop: FakeBackend, answer: Answer
) -> None:
    """Nobody else can have made its id: the server was restored without what it knew of the key."""
    desk = open_desk()
    desk.sync.pull()
    operation = desk.take()
    shop.perform(operation)
    shop.operations.clear()
    answer(Conflict("There is already an order with this id.", order=None, field="id"))
    desk.send_all()
    assert desk.outbox.open() == ()
    assert desk.store.server_row(operation.order_id) == shop.orders[operation.order_id]
    found = desk.outbox.find(operation.op_id)
    assert found is not None
    assert (found.state, found.outcome) == (State.DONE, "duplicate")


@pytest.mark.parametrize("field", ["customer_id", ""])
def test_a_new_order_that_clashes_with_something_else_waits_for_a_person(
    open_desk: OpenDesk, answer: Answer, field: str
) -> None:
    desk = open_desk()
    answer(Conflict("not like that", order=None, field=field))
    desk.take()
    desk.send_all()
    assert (held(desk).state, held(desk).outcome, held(desk).problem) == (State.PARKED, "rejected", "not like that")


def test_a_change_that_clashes_without_an_order_waits_for_a_person(
    open_desk: OpenDesk, shop: FakeBackend, answer: Answer
) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.try_all()
    answer(Conflict("not like that", order=None, field="id"))
    desk.move(order_id, FIRST)
    desk.send_all()
    assert (held(desk).state, held(desk).problem) == (State.PARKED, "not like that")
    assert [each.state for each in desk.told[-1].updates[0].operations] == [State.PARKED]
    assert desk.outbox.counts() == Counts(parked=1)
    assert desk.shown(order_id) == shop.orders[order_id], "what was refused is not shown as done"


@pytest.mark.parametrize(("field", "outcome"), [("number", NUMBER_REFUSED), ("lines[0]", "rejected"), ("", "rejected")])
def test_a_refused_order_says_whether_it_is_its_number(
    open_desk: OpenDesk, answer: Answer, field: str, outcome: str
) -> None:
    """One of a wrong number may be given another."""
    desk = open_desk()
    answer(Refused("It says why.", field=field))
    desk.take()
    desk.send_all()
    assert (held(desk).state, held(desk).outcome, held(desk).problem) == (State.PARKED, outcome, "It says why.")


def test_a_refused_change_is_of_no_number(open_desk: OpenDesk, answer: Answer) -> None:
    desk = open_desk()
    order_id = desk.take().order_id
    desk.try_all()
    answer(Refused("It says why.", field="number"))
    desk.move(order_id, FIRST)
    desk.send_all()
    assert (held(desk).state, held(desk).outcome) == (State.PARKED, "rejected")


@pytest.mark.parametrize("makes_order", [True, False])
def test_what_is_not_there_is_tried_for_a_while(open_desk: OpenDesk, answer: Answer, *, makes_order: bool) -> None:
    """Whoever made the order may send it again; a new order waits for none."""
    desk = open_desk()
    order_id = desk.take().order_id
    if not makes_order:
        desk.try_all()
    answer(NotFound("no such order"))
    if not makes_order:
        desk.move(order_id, FIRST)
    assert desk.send_all() == GIVES_UP_ALONE
    assert (held(desk).state, held(desk).problem) == (State.PARKED, "no such order")
    assert held(desk).outcome == ("rejected" if makes_order else ORDER_MISSING)


# -- in conflict


def test_a_server_that_stays_behind_what_was_seen_leaves_its_order_to_a_person(
    open_desk: OpenDesk, shop: FakeBackend, answer: Answer
) -> None:
    """It was restored, and nobody sends the rest again: then it is shown what the server has."""
    desk = open_desk()
    order_id = desk.take().order_id
    desk.move(order_id, FIRST)
    desk.try_all()
    behind = msgspec.structs.replace(shop.orders[order_id], status=CONFIRMED, version=1)
    answer(Conflict("It has changed.", order=behind))
    desk.move(order_id, SECOND)
    assert desk.send_all() == GIVES_UP_ALONE
    assert (held(desk).state, held(desk).theirs) == (State.CONFLICT, behind)
    assert desk.outbox.counts() == Counts(conflicts=1)


def test_a_payment_in_conflict_is_still_who_and_when_after_a_restart(
    open_desk: OpenDesk, shop: FakeBackend, answer: Answer
) -> None:
    desk, other = open_desk(), open_desk("other", "alex", ModelTransport(shop))
    order_id = desk.take().order_id
    desk.try_all()
    other.try_all()
    other.pay(order_id, tender=Tender.CARD)
    other.try_all()
    desk.pay(order_id)
    [payment] = shop.payments[order_id]
    answer(Conflict("It has changed.", order=shop.orders[order_id], payment=payment))
    desk.send_all()
    before = held(desk)
    assert (before.state, before.theirs, before.payment) == (State.CONFLICT, shop.orders[order_id], payment)
    desk.close()
    assert held(open_desk()) == before


# -- shown


def test_a_new_order_is_shown_with_its_lines(open_desk: OpenDesk) -> None:
    desk = open_desk()
    order_id = new_order_id()
    line = OrderLine(CHIPS.id, CHIPS.name, 1, 445, 445)
    seen = msgspec.structs.replace(new_order(order_id), lines=(line,))
    request = TakeOrder(lines=LINES, id=order_id, payment=PaymentState.UNPAID)
    desk.accept(Kind.TAKE, order_id, request, seen, series="POS1")
    assert desk.shown(order_id).lines == (line,)
    desk.move(order_id, FIRST)
    assert desk.outbox.of(order_id)[1].seen.lines == (), "a change needs none of them"


def test_a_waiting_change_is_shown_on_top_of_what_has_happened_since(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk, other = open_desk(), open_desk("other", "alex", ModelTransport(shop))
    order_id = desk.take().order_id
    desk.try_all()
    other.try_all()
    desk.move(order_id, OrderStatus.CANCELLED, reason="sold out")
    assert (desk.shown(order_id).status, desk.shown(order_id).reason) == (OrderStatus.CANCELLED, "sold out")
    other.pay(order_id, tender=Tender.CARD)
    other.try_all()
    desk.sync.pull()
    shown = desk.shown(order_id)
    assert (shown.status, shown.payment, shown.tender) == (OrderStatus.CANCELLED, PaymentState.PAID, Tender.CARD)


def test_everything_is_every_order_as_it_is_shown(open_desk: OpenDesk) -> None:
    desk = open_desk()
    known = desk.take().order_id
    desk.try_all()
    desk.move(known, FIRST)
    new = desk.take().order_id
    everything = desk.publisher.everything()
    assert everything.whole
    assert {each.order_id: each for each in everything.updates} == {
        order_id: desk.publisher.update_of(order_id) for order_id in (known, new)
    }


def test_only_what_came_while_away_is_a_backlog(open_desk: OpenDesk, shop: FakeBackend) -> None:
    desk, other = open_desk(), open_desk("other", "alex", ModelTransport(shop))
    desk.sync.pull()
    for away in (True, False):
        other.take(series="POS2")
        other.try_all()
        desk.sync.pull(backlog=away)
        assert desk.told[-1].backlog is away


def test_an_accepted_write_may_be_without_a_proof(
    open_desk: OpenDesk, transport: ModelTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from servers of earlier releases."""
    send = transport.send

    def bare(operation: Operation, cursor: str) -> Answered:
        return msgspec.structs.replace(send(operation, cursor), witness=None)

    monkeypatch.setattr(transport, "send", bare)
    desk = open_desk()
    desk.take()
    desk.send_all()
    assert desk.outbox.open() == ()
    assert desk.cache.history_proofs() == ()
