"""The transition table against the rules as a person would state them, for every case there is."""

import itertools

import pytest

from core.domain.errors import IllegalMove, ReasonRequired
from core.domain.people import Role
from core.domain.status import (
    TRANSITIONS,
    Fulfilment,
    Move,
    OrderStatus,
    label,
    status_info,
    steps_of,
    target_of,
    transition,
)

S = OrderStatus
EVERY_CASE = list(itertools.product(OrderStatus, OrderStatus, Role, Fulfilment))
LINE = [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY]


def allowed(source: OrderStatus, target: OrderStatus, role: Role, fulfilment: Fulfilment) -> bool:
    """The rules, said without the table: a straight line, one step at a time, and three ways to end early."""
    line = [*LINE, S.OUT_FOR_DELIVERY, S.COMPLETED] if fulfilment is Fulfilment.DELIVERY else [*LINE, S.COMPLETED]
    still_open = source not in {S.COMPLETED, S.REJECTED, S.CANCELLED}
    if role is Role.DISPLAY:
        return False
    if target is S.CANCELLED:
        return still_open if role is not Role.CUSTOMER else source is S.PENDING
    if role is Role.CUSTOMER:
        return False
    if target is S.REJECTED:
        return source is S.PENDING
    return source in line and target in line and abs(line.index(source) - line.index(target)) == 1


def possible(source: OrderStatus, fulfilment: Fulfilment) -> bool:
    """An order that is not delivered is never out for delivery."""
    return source is not S.OUT_FOR_DELIVERY or fulfilment is Fulfilment.DELIVERY


@pytest.mark.parametrize(("source", "target", "role", "fulfilment"), EVERY_CASE)
def test_every_move(source: OrderStatus, target: OrderStatus, role: Role, fulfilment: Fulfilment) -> None:
    if not possible(source, fulfilment):
        return
    if allowed(source, target, role, fulfilment):
        found = transition(source, target, fulfilment, role, "because")
        assert (found.source, found.target) == (source, target)
    else:
        with pytest.raises(IllegalMove) as refused:
            transition(source, target, fulfilment, role, "because")
        assert refused.value.field == "to"


@pytest.mark.parametrize(("source", "target", "role", "fulfilment"), EVERY_CASE)
def test_staff_say_why_they_end_an_order(
    source: OrderStatus, target: OrderStatus, role: Role, fulfilment: Fulfilment
) -> None:
    if not possible(source, fulfilment) or not allowed(source, target, role, fulfilment):
        return
    if role is not Role.CUSTOMER and target in {S.REJECTED, S.CANCELLED}:
        with pytest.raises(ReasonRequired) as refused:
            transition(source, target, fulfilment, role, "  ")
        assert refused.value.field == "reason"
    else:
        transition(source, target, fulfilment, role)


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_recall_undoes_an_advance(fulfilment: Fulfilment) -> None:
    line = steps_of(fulfilment)
    for before, after in itertools.pairwise(line):
        assert target_of(before, Move.ADVANCE, fulfilment, Role.CASHIER) is after
        assert target_of(after, Move.RECALL, fulfilment, Role.CASHIER) is before
        assert target_of(after, Move.RECALL, fulfilment, Role.CUSTOMER) is None
    assert target_of(line[0], Move.RECALL, fulfilment, Role.ADMIN) is None
    assert target_of(line[-1], Move.ADVANCE, fulfilment, Role.ADMIN) is None


def test_nobody_waits_for_a_closed_order() -> None:
    assert [status for status in OrderStatus if not status.is_open] == [S.COMPLETED, S.REJECTED, S.CANCELLED]


def test_the_table_has_no_move_twice() -> None:
    ends = [(row.source, row.target) for row in TRANSITIONS]
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_progress_grows_to_a_hundred(fulfilment: Fulfilment) -> None:
    line = steps_of(fulfilment)
    told = [status_info(status, fulfilment) for status in line]
    assert [info.step for info in told] == list(range(1, len(line) + 1))
    assert {info.steps for info in told} == {len(line)}
    assert [info.progress for info in told] == sorted({info.progress for info in told})
    assert told[-1].progress == 100
    assert len({info.description for info in told}) == len(line)


@pytest.mark.parametrize("status", [S.REJECTED, S.CANCELLED])
@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_an_order_that_ended_early_has_no_progress(status: OrderStatus, fulfilment: Fulfilment) -> None:
    told = status_info(status, fulfilment)
    assert (told.step, told.steps, told.progress) == (0, 0, 0)
    assert told.label == label(status)
