"""The transition table against the rules as a person would state them, for every case there is."""

import itertools
import json

import pytest

import resources
from core.domain.errors import DomainError, IllegalMove, ReasonRequired
from core.domain.people import Role
from core.domain.status import (
    LOOKS,
    OPEN,
    TRANSITIONS,
    Fulfilment,
    Move,
    OrderStatus,
    StatusInfo,
    StatusLook,
    look,
    status_info,
    steps_of,
    target_of,
    transition,
)

S = OrderStatus
LINES = {
    Fulfilment.PICKUP: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.COMPLETED],
    Fulfilment.DINE_IN: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.COMPLETED],
    Fulfilment.DELIVERY: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.OUT_FOR_DELIVERY, S.COMPLETED],
}
"""What an order passes through when nothing goes wrong."""
EVERY_TABLE = pytest.mark.parametrize(("role", "fulfilment"), list(itertools.product(Role, Fulfilment)))
Outcome = tuple[type[DomainError], str] | None
"""How a move is refused, and which field is to blame; None when it is made."""


def allowed(source: OrderStatus, target: OrderStatus, role: Role, fulfilment: Fulfilment) -> bool:
    """The rules, said without the table: a straight line, one step at a time, and three ways to end early."""
    line = LINES[fulfilment]
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


def cases(fulfilment: Fulfilment) -> list[tuple[OrderStatus, OrderStatus]]:
    """An order that is not delivered is never out for delivery."""
    return list(itertools.product([*LINES[fulfilment], S.REJECTED, S.CANCELLED], OrderStatus))


def outcome(source: OrderStatus, target: OrderStatus, role: Role, fulfilment: Fulfilment, reason: str) -> Outcome:
    try:
        found = transition(source, target, fulfilment, role, reason)
    except DomainError as refused:
        return type(refused), refused.field
    assert (found.source, found.target) == (source, target)
    return None


@EVERY_TABLE
def test_every_move(role: Role, fulfilment: Fulfilment) -> None:
    found = {case: outcome(*case, role, fulfilment, "because") for case in cases(fulfilment)}
    refused = (IllegalMove, "to")
    assert found == {case: None if allowed(*case, role, fulfilment) else refused for case in cases(fulfilment)}


@EVERY_TABLE
def test_staff_say_why_they_end_an_order(role: Role, fulfilment: Fulfilment) -> None:
    moves = [case for case in cases(fulfilment) if allowed(*case, role, fulfilment)]
    asked = set() if role is Role.CUSTOMER else {S.REJECTED, S.CANCELLED}
    refused = (ReasonRequired, "reason")
    for reason in ("", "  "):
        found = {case: outcome(*case, role, fulfilment, reason) for case in moves}
        assert found == {case: refused if case[1] in asked else None for case in moves}


@pytest.mark.parametrize("fulfilment", Fulfilment)
def test_recall_undoes_an_advance(fulfilment: Fulfilment) -> None:
    line = steps_of(fulfilment)
    assert list(line) == LINES[fulfilment]
    for before, after in itertools.pairwise(line):
        assert target_of(before, Move.ADVANCE, fulfilment, Role.CASHIER) is after
        assert target_of(after, Move.RECALL, fulfilment, Role.CASHIER) is before
        assert target_of(after, Move.RECALL, fulfilment, Role.CUSTOMER) is None
    assert target_of(line[0], Move.RECALL, fulfilment, Role.ADMIN) is None
    assert target_of(line[-1], Move.ADVANCE, fulfilment, Role.ADMIN) is None


def test_a_refused_move_says_why_in_the_words_on_the_screen() -> None:
    pickup, after = Fulfilment.PICKUP, LINES[Fulfilment.PICKUP][1]
    for target, role, sentence in (
        (OrderStatus.OUT_FOR_DELIVERY, Role.CASHIER, "An order that is Placed cannot become Out for delivery."),
        (after, Role.CUSTOMER, f"A customer may not move an order from Placed to {look(after).label}."),
    ):
        with pytest.raises(IllegalMove) as refused:
            transition(OrderStatus.PENDING, target, pickup, role)
        assert (refused.value.message, refused.value.field) == (sentence, "to")
    with pytest.raises(ReasonRequired) as unsaid:
        transition(OrderStatus.PENDING, OrderStatus.REJECTED, pickup, Role.CASHIER)
    assert (unsaid.value.message, unsaid.value.field) == ("Say why the order becomes Rejected.", "reason")


def test_nobody_waits_for_a_closed_order() -> None:
    assert [status for status in OrderStatus if not status.is_open] == [S.COMPLETED, S.REJECTED, S.CANCELLED]


def test_the_table_has_no_move_twice() -> None:
    """An order has one target for each kind of move."""
    ends = [(row.source, row.target) for row in TRANSITIONS]
    assert len(ends) == len(set(ends))
    moves = [(row.source, row.move, each) for row in TRANSITIONS for each in row.fulfilments]
    assert len(moves) == len(set(moves))


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
    assert told.label == look(status).label


def test_every_status_has_a_look() -> None:
    assert list(LOOKS) == list(OrderStatus)


@pytest.mark.parametrize("status", OrderStatus)
def test_a_look_has_everything_that_is_shown_of_its_status(status: OrderStatus) -> None:
    shown = look(status)
    assert shown.label
    assert shown.description
    assert resources.ROOT.joinpath("icons", f"{shown.icon}.svg").is_file()
    for scheme in json.loads(resources.read_text("tokens.json"))["schemes"].values():
        assert {shown.colour, "sunken" if shown.colour == "muted" else f"{shown.colour}_soft"} <= set(scheme)
    assert bool(shown.sentence) is (status is not S.PENDING), "whoever has just placed it is told nothing"
    assert bool(shown.sound) is bool(shown.sentence)
    if shown.sound:
        assert resources.ROOT.joinpath("sounds", f"{shown.sound}.wav").is_file()
    assert bool(shown.empty) is status.is_open
    assert shown.display in {None, S.CONFIRMED, S.PREPARING, S.READY}, "the status display has three lists"


def test_no_two_open_statuses_look_the_same() -> None:
    """A person tells them apart by their shape, and by what stands over them; colours may be shared."""
    shown = [look(status) for status in OPEN]
    for each in ("label", "description", "icon", "empty"):
        assert len({getattr(one, each) for one in shown}) == len(shown), each


def test_every_step_forward_has_a_name() -> None:
    assert all(bool(row.step) is (row.move is Move.ADVANCE) for row in TRANSITIONS)


def test_a_status_of_a_newer_release_is_shown_by_its_name() -> None:
    newer = OrderStatus.newer("kept_warm")
    assert look(newer) == StatusLook(label="Kept warm", description="Kept warm", colour="muted", icon="info")
    told = status_info(newer, Fulfilment.PICKUP)
    assert told == StatusInfo(newer, "Kept warm", "Kept warm", 0, 0, 0)


def test_a_step_is_told_with_its_words_and_its_place() -> None:
    told = status_info(S.PREPARING, Fulfilment.DELIVERY)
    words = look(S.PREPARING)
    assert told == StatusInfo(S.PREPARING, words.label, words.description, 3, 6, 50)
    assert isinstance(told.progress, int)


def test_a_fulfilment_of_a_newer_release_goes_as_a_pick_up_does() -> None:
    assert steps_of(Fulfilment.newer("drone")) == steps_of(Fulfilment.PICKUP)
