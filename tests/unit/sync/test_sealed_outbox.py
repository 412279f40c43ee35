"""What stays in a window's file when its person has left tells of nobody, and is sent when they are back."""

import json
from pathlib import Path

import msgspec
import pytest

from core import sealing
from core.client.errors import Unreachable
from core.client.operations import Kind, Operation, Owner, State
from core.client.storage import operation_table
from core.client.sync.outbox import NOT_OPENED
from core.domain.commands import AmendedLine, AmendOrder, ChangePayment, TakeOrder
from core.domain.ids import CustomerId, new_order_id
from core.domain.order import OrderLine, PaymentState, Tender
from core.domain.payment import PaymentChange
from core.domain.status import Fulfilment, OrderStatus
from core.protocol.sealed import context
from tests.support.desk import AT, LINES, Desk, new_order
from tests.support.fake_backend import FakeBackend
from tests.support.menus import CHIPS
from tests.support.model_transport import ModelTransport
from tests.support.steps import FIRST
from tests.unit.conftest import OpenDesk

WORDS = ("Ömer Yıldız", "+49 30 1234567", "Kastanienallee 7", "keine Nüsse", "klingeln bei")


def take_for_omer(desk: Desk) -> Operation:
    """An order that says who, where, and what they may not eat."""
    order_id, line = new_order_id(), msgspec.structs.replace(LINES[0], note=WORDS[3])
    request = TakeOrder(lines=(line,), id=order_id, customer_name=WORDS[0], address=WORDS[2], note=WORDS[4])
    seen = msgspec.structs.replace(
        new_order(order_id), customer_name=WORDS[0], customer_phone=WORDS[1], address=WORDS[2], note=WORDS[4]
    )
    return desk.accept(Kind.TAKE, order_id, request, seen, series="POS1")


def leave(desk: Desk, transport: ModelTransport, present: Owner | None = None) -> int:
    """What `SyncedApi.sign_out` does to the file."""
    with desk.local.transaction() as db:
        operation_table.sealing_key(db, "shop", sealing.public_key(transport.key))
        count = operation_table.seal(db, present)
    desk.cache.clear()
    desk.local.empty_log()
    return count


def readable_in(desk: Desk) -> set[str]:
    """Which of the words can be read in what is on the disk, as they are or as JSON writes them."""
    raw = b"".join(path.read_bytes() for path in sorted(desk.local.path.parent.glob(desk.local.path.name + "*")))
    return {word for word in WORDS if word.encode() in raw or json.dumps(word).encode()[1:-1] in raw}


def test_nothing_tells_of_people_once_they_have_left(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    answered, waiting = take_for_omer(desk), None
    desk.try_all()
    assert shop.applied == [answered.op_id]
    waiting = take_for_omer(desk)
    cancelled = desk.move(answered.order_id, OrderStatus.CANCELLED, reason=WORDS[4])
    assert readable_in(desk) == set(WORDS)
    assert leave(desk, transport) == 3
    assert readable_in(desk) == set()
    desk.close()
    desk = open_desk()
    assert [each.op_id for each in desk.outbox.open()] == [waiting.op_id, cancelled.op_id]
    assert all(each.sealed for each in desk.outbox.open())


def test_what_is_opened_is_what_was_sealed_and_nothing_personal_stays_beside_it(open_desk: OpenDesk) -> None:
    """In conflict as well, where it has the server's order and who paid."""
    key = sealing.private_key(b"the shop's")
    desk = open_desk()
    sold = take_for_omer(desk)
    line = OrderLine(CHIPS.id, CHIPS.name, 1, 445, 445, note=WORDS[3])
    named = msgspec.structs.replace(sold.seen, reason=WORDS[4], lines=(line,), customer_id=CustomerId("omer"))
    paid = PaymentChange(
        version=3,
        source=PaymentState.UNPAID,
        target=PaymentState.PAID,
        tender=Tender.CARD,
        at=AT,
        by=WORDS[0],
    )
    asked = ChangePayment(payment=PaymentState.PAID, version=2, reason=WORDS[3], approval=WORDS[0])
    operation = msgspec.structs.replace(
        sold,
        kind=Kind.CHANGE_PAYMENT,
        request=msgspec.json.encode(asked),
        seen=named,
        state=State.CONFLICT,
        problem=f"{WORDS[0]} has paid",
        theirs=msgspec.structs.replace(named, version=3),
        payment=paid,
    )
    closed = operation.closed(sealing.public_key(key))
    beside = msgspec.structs.replace(closed, sealed=b"")
    assert not any(word.encode() in msgspec.json.encode(beside) for word in WORDS)
    assert beside.seen == msgspec.structs.replace(new_order(sold.order_id), number=sold.seen.number)
    assert (beside.problem, beside.theirs, beside.payment) == ("", None, None)
    assert beside.asked == ChangePayment(payment=PaymentState.PAID, version=2, reason="")
    content = sealing.open_sealed(closed.sealed, key, context(*operation.owner, operation.op_id))
    assert closed.opened(content) == operation


def test_of_an_amendment_nothing_that_was_ordered_can_be_read(open_desk: OpenDesk) -> None:
    key = sealing.private_key(b"the shop's")
    desk = open_desk()
    sold = take_for_omer(desk)
    asked = AmendOrder(
        version=2,
        lines=(AmendedLine(item_id=CHIPS.id, note=WORDS[3]),),
        fulfilment=Fulfilment.PICKUP,
        customer_name=WORDS[0],
        customer_phone=WORDS[1],
        reason=WORDS[4],
    )
    made = msgspec.structs.replace(sold.seen, customer_name=WORDS[0], note=WORDS[3])
    operation = msgspec.structs.replace(sold, kind=Kind.AMEND, request=msgspec.json.encode(asked), made=made)
    closed = operation.closed(sealing.public_key(key))
    beside = msgspec.json.encode(msgspec.structs.replace(closed, sealed=b""))
    assert not any(word.encode() in beside for word in (*WORDS, CHIPS.id))
    assert (closed.made, closed.asked.version) == (None, 2)  # type: ignore[union-attr]
    content = sealing.open_sealed(closed.sealed, key, context(*operation.owner, operation.op_id))
    assert closed.opened(content) == operation


def test_it_is_sent_byte_for_byte_when_the_server_has_opened_it(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    operation = take_for_omer(desk)
    then = desk.move(operation.order_id, FIRST)
    leave(desk, transport)
    desk = open_desk_again(open_desk, desk)
    assert desk.outbox.counts().waiting == 2
    assert desk.outbox.take(0.0) is None
    desk.try_all()
    assert shop.applied == [operation.op_id, then.op_id]
    sent = desk.outbox.find(operation.op_id)
    assert sent is not None
    assert (sent.state, sent.request, sent.seen) == (State.DONE, operation.request, operation.seen)


def open_desk_again(open_desk: OpenDesk, desk: Desk) -> Desk:
    desk.close()
    return open_desk()


def test_what_was_answered_stays_sealed_until_a_restored_server_needs_it(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    backup = shop.backup()
    desk = open_desk()
    operation = take_for_omer(desk)
    desk.try_all()
    leave(desk, transport)
    desk = open_desk_again(open_desk, desk)
    desk.try_all()
    assert readable_in(desk) <= {WORDS[0], WORDS[2], WORDS[3], WORDS[4]}  # the row that the server shows them
    assert transport.calls.count("open_sealed") == 0
    shop.restore(backup)
    desk.try_all()
    assert operation.order_id in shop.orders
    assert shop.applied.count(operation.op_id) == 1
    assert transport.calls.count("open_sealed") == 1


def test_another_persons_stays_closed(open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend) -> None:
    desk = open_desk()
    take_for_omer(desk)
    leave(desk, transport)
    desk.close()
    transport.bearer = ("alex", "shop")
    desk = open_desk(subject="alex")
    desk.try_all()
    assert not shop.applied
    assert "open_sealed" not in transport.calls
    assert readable_in(desk) == set()


def test_whoever_is_here_keeps_what_is_theirs_readable(open_desk: OpenDesk, transport: ModelTransport) -> None:
    desk = open_desk()
    operation = take_for_omer(desk)
    assert leave(desk, transport, present=desk.owner) == 0
    assert desk.outbox.of(operation.order_id)[0].request == operation.request


def test_what_this_server_cannot_open_waits_for_a_person_and_for_the_right_keys(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    operation = take_for_omer(desk)
    leave(desk, transport)
    desk = open_desk_again(open_desk, desk)
    right, transport.key = transport.key, sealing.private_key(b"another server's, after a disaster")
    desk.try_all()
    (parked,) = desk.outbox.open()
    assert (parked.state, parked.outcome) == (State.PARKED, NOT_OPENED)
    assert parked.problem
    desk.try_all()
    assert transport.calls.count("open_sealed") == 1
    transport.key = right
    desk.sync.retry(operation.op_id)
    (waiting,) = desk.outbox.open()
    assert (waiting.state, waiting.outcome, waiting.problem) == (State.WAITING, "", "")
    desk.try_all()
    assert shop.applied == [operation.op_id]


def test_a_sender_that_outlives_its_session_makes_nothing_readable(
    open_desk: OpenDesk, transport: ModelTransport
) -> None:
    desk = open_desk()
    take_for_omer(desk)
    under_way = desk.outbox.take(0.0)
    assert under_way is not None
    leave(desk, transport)
    desk.outbox.postpone(under_way, 1.0, "The server failed on it.")
    desk.local.empty_log()
    assert readable_in(desk) == set()


def test_a_kill_in_the_middle_of_opening_loses_nothing(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    operations = [take_for_omer(desk) for _ in range(3)]
    leave(desk, transport)
    desk = open_desk_again(open_desk, desk)

    def lose_the_answer(when: str) -> None:
        if when == "after" and transport.calls[-1] == "open_sealed":
            raise Unreachable("the answer was lost")

    transport.fault = lose_the_answer
    with pytest.raises(Unreachable):
        desk.sync.pull()
    transport.fault = lambda _when: None
    desk = open_desk_again(open_desk, desk)
    desk.try_all()
    assert shop.applied == [each.op_id for each in operations]


def test_many_are_opened_in_requests_of_a_bounded_size(
    open_desk: OpenDesk, transport: ModelTransport, shop: FakeBackend
) -> None:
    desk = open_desk()
    operations = [take_for_omer(desk) for _ in range(205)]
    leave(desk, transport)
    desk = open_desk_again(open_desk, desk)
    desk.try_all()
    assert shop.applied == [each.op_id for each in operations]
    assert transport.calls.count("open_sealed") == 3


def test_a_file_of_an_earlier_release_is_sealed_too(
    tmp_path: Path, open_desk: OpenDesk, transport: ModelTransport
) -> None:
    """Visitors of weeks ago, whose operations were kept readable, are sealed when the next person signs in."""
    before = open_desk()
    take_for_omer(before)
    before.local.empty_log()
    assert readable_in(before) == set(WORDS)
    before.close()
    desk = open_desk(subject="alex")
    assert leave(desk, transport, present=desk.owner) == 1
    desk.local.wipe()
    assert readable_in(desk) == set()
