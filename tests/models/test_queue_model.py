"""What the outbox holds, as rows: in the right order, in words, changed one at a time; and as a file."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from core.client.operations import Kind, Operation, Owner, State
from core.domain.commands import (
    AmendedLine,
    AmendOrder,
    ChangePayment,
    ChangeStatus,
    Command,
    RecallOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.ids import OpId, OrderId, ShopId
from core.domain.order import Channel, Order, Payment, PaymentState, Tender
from core.domain.payment import PaymentChange
from core.domain.status import Fulfilment, OrderStatus
from pos_app.export import exported, write_queue
from pos_app.order.card import Own
from pos_app.order.operation_words import again, did, done_by_another
from pos_app.sync.model import QueueModel, entries
from tests.support.steps import way

S = OrderStatus
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PART = (Payment(Tender.CARD, 400),)


def row(order: str, status: OrderStatus = S.PENDING, version: int = 1, **fields: Any) -> Order:
    made = Order(
        id=OrderId(order),
        shop_id=ShopId("shop"),
        number=f"ONLINE-{order}",
        channel=Channel.ONLINE,
        status=status,
        version=version,
        fulfilment=Fulfilment.PICKUP,
        tender=Tender.CASH,
        payment=PaymentState.UNPAID,
        currency="USD",
        subtotal_minor=1000,
        tax_minor=0,
        total_minor=1000,
        placed_at=NOON,
        updated_at=NOON,
        customer_name="Aisha",
    )
    return msgspec.structs.replace(made, **fields)


def operation(
    position: int,
    order: str,
    asked: Command | None = None,
    *,
    kind: Kind = Kind.CHANGE_STATUS,
    seen: Order | None = None,
    state: State = State.WAITING,
    theirs: Order | None = None,
    problem: str = "",
) -> Operation:
    return Operation(
        position=position,
        op_id=OpId(f"op-{position}"),
        owner=Owner("kim", "shop"),
        order_id=OrderId(order),
        kind=kind,
        request=msgspec.json.encode(asked or ChangeStatus(to=S.CONFIRMED, version=1)),
        seen=seen or row(order),
        state=state,
        theirs=theirs,
        problem=problem,
        created_at=NOON + timedelta(seconds=position),
    )


def numbers(operations: list[Operation]) -> list[int]:
    return [entry.operation.position for entry in entries(operations, online=True)]


def test_what_needs_a_person_comes_first_with_what_waits_behind_it() -> None:
    held = operation(3, "b", state=State.CONFLICT, theirs=row("b", S.REJECTED, 2))
    rows = entries([operation(1, "a"), operation(2, "c"), held, operation(4, "b")], online=True)
    assert [entry.operation.position for entry in rows] == [3, 4, 1, 2]
    assert [entry.own for entry in rows] == [Own.CONFLICT, Own.WAITING, Own.ON_ITS_WAY, Own.ON_ITS_WAY]
    assert [entry.behind for entry in rows] == [False, True, False, False]
    assert numbers([operation(2, "c"), operation(5, "a")]) == [2, 5]


def test_what_is_for_another_shop_comes_last_and_waits_for_no_network() -> None:
    rows = entries([operation(1, "a", state=State.ELSEWHERE), operation(2, "b")], online=True)
    assert [(entry.operation.position, entry.own) for entry in rows] == [(2, Own.ON_ITS_WAY), (1, Own.ELSEWHERE)]


def test_offline_everything_waits() -> None:
    assert [entry.own for entry in entries([operation(1, "a")], online=False)] == [Own.WAITING]


@pytest.mark.parametrize(
    ("kind", "asked", "words"),
    [
        (Kind.CHANGE_STATUS, ChangeStatus(to=S.CONFIRMED, version=1), "Placed → Confirmed"),
        (Kind.CHANGE_STATUS, ChangeStatus(to=S.REJECTED, version=1, reason="Sold out"), "Placed → Rejected"),
        (Kind.CHANGE_PAYMENT, ChangePayment(payment=PaymentState.PAID, version=1, tender=Tender.CARD), "Paid · Card"),
        (Kind.TAKE_PAYMENT, TakePayment(version=1, amount_minor=400, tip_minor=50), "Cash $4.00 · Tip $0.50"),
        (Kind.TAKE_PAYMENT, TakePayment(version=1, tender=Tender.CARD), "Card $10.00"),
        (Kind.UNDO_PAYMENT, UndoPayment(version=1, reason="x"), "Not paid after all"),
        (Kind.AMEND, AmendOrder(version=1, lines=(AmendedLine(),), fulfilment=Fulfilment.PICKUP), "Order changed"),
        (
            Kind.UNDO_PAYMENT,
            UndoPayment(version=1, reason="x", tender=Tender.CASH, amount_minor=400),
            "Taken back: Cash $4.00",
        ),
    ],
)
def test_what_was_done_is_said_in_words(qapp: QCoreApplication, kind: Kind, asked: Command, words: str) -> None:
    assert did(operation(1, "a", asked, kind=kind)) == words


def test_a_recall_names_where_it_leads(qapp: QCoreApplication) -> None:
    back = operation(1, "a", RecallOrder(version=3), kind=Kind.RECALL, seen=row("a", way(S.PENDING)[0], 3))
    assert did(back) == "Move back to Placed"


@pytest.mark.parametrize(
    ("asked", "kind", "theirs", "offered"),
    [
        (
            ChangeStatus(to=S.CANCELLED, version=1, reason="x"),
            Kind.CHANGE_STATUS,
            row("a", S.CONFIRMED, 2),
            "Cancelled",
        ),
        (ChangeStatus(to=S.CONFIRMED, version=1), Kind.CHANGE_STATUS, row("a", S.REJECTED, 2), ""),
        (RecallOrder(version=1), Kind.RECALL, row("a", S.CANCELLED, 2), ""),
        (RecallOrder(version=1), Kind.RECALL, row("a", way(S.PENDING)[0], 2), "Move back to Placed"),
        (
            ChangePayment(payment=PaymentState.PAID, version=1),
            Kind.CHANGE_PAYMENT,
            row("a", version=2, payment=PaymentState.REFUNDED),
            "",
        ),
        (TakePayment(version=1, amount_minor=700), Kind.TAKE_PAYMENT, row("a", version=2, payments=PART), ""),
        (TakePayment(version=1, amount_minor=600), Kind.TAKE_PAYMENT, row("a", version=2, payments=PART), "Cash $6.00"),
        (UndoPayment(version=1, reason="x", tender=Tender.CASH), Kind.UNDO_PAYMENT, row("a", version=2), ""),
    ],
)
def test_only_what_the_order_allows_is_offered_again(
    qapp: QCoreApplication, asked: Command, kind: Kind, theirs: Order, offered: str
) -> None:
    assert again(operation(1, "a", asked, kind=kind, state=State.CONFLICT, theirs=theirs)) == offered


def test_who_took_a_payment_meanwhile_and_what_is_left_is_said(qapp: QCoreApplication) -> None:
    theirs = row("a", version=2, payments=PART)
    last = PaymentChange(
        version=2, source=PaymentState.UNPAID, target=PaymentState.UNPAID, tender=Tender.CARD, at=NOON, by="Alex"
    )
    asked = TakePayment(version=1, amount_minor=1000)
    held = operation(1, "a", asked, kind=Kind.TAKE_PAYMENT, state=State.CONFLICT, theirs=theirs)
    held = msgspec.structs.replace(held, payment=last)
    words = done_by_another(held)
    assert words.startswith("Alex has taken $4.00 meanwhile, at ")
    assert words.endswith("$6.00 is left to pay. If you took more, give it back.")


def test_rows_change_one_at_a_time(qapp: QCoreApplication) -> None:
    model = QueueModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    spies = [QSignalSpy(signal) for signal in (model.rowsInserted, model.rowsRemoved, model.dataChanged)]
    model.set_rows(entries([operation(1, "a"), operation(2, "b")], online=True))
    model.set_rows(entries([operation(1, "a"), operation(2, "b")], online=False))
    model.set_rows(entries([operation(2, "b")], online=False))
    assert [spy.count() for spy in spies] == [1, 1, 1]
    spoken = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert all(words in str(spoken) for words in ("ONLINE-b", "Aisha", "Placed → Confirmed", "waiting to send"))
    assert tester.model() is model


def test_the_queue_as_a_file(tmp_path: Path) -> None:
    evil = row("a", customer_name="=HYPERLINK(1)")
    rows = [exported(operation(1, "a", seen=evil, state=State.PARKED, problem="No."))]
    write_queue(rows, tmp_path / "q.csv")
    with (tmp_path / "q.csv").open(encoding="utf-8-sig", newline="") as file:
        (told,) = csv.DictReader(file)
    assert told["order"] == "ONLINE-a"
    assert told["state"] == "parked"
    assert told["problem"] == "No."
    assert told["customer"] == "'=HYPERLINK(1)"
    write_queue(rows, tmp_path / "q.json")
    (told,) = json.loads((tmp_path / "q.json").read_text(encoding="utf-8"))
    assert told["customer"] == "=HYPERLINK(1)"
    assert json.loads(told["request"])["to"] == "confirmed"
