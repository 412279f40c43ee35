"""What a display knows: never less than it was told, never more than fits together."""

import random
from datetime import timedelta

import msgspec
import pytest

from core.client.display.tickets import NOWHERE, Tickets
from core.domain.people import FIRST_NAME_MOST, first_name
from core.domain.status import LOOKS, look
from core.domain.status import OrderStatus as S
from core.protocol.display import Ticket, TicketFrame, TicketFrames, TicketMoved, TicketsMessage, TicketsReply
from core.protocol.feed import Heartbeat
from tests.support.board import NOON, ticket

ONE = ticket("ONLINE-000001", S.PREPARING, 1)
TWO = ticket("ONLINE-000002", S.READY, 2)


def cursor(seq: int, epoch: str = "epoch") -> str:
    return f"{epoch}.{seq}.event-{seq}"


def reply(seq: int, *tickets: Ticket, epoch: str = "epoch") -> TicketsReply:
    return TicketsReply(tickets=tickets, cursor=cursor(seq, epoch))


def moved(*frames: tuple[int, int, Ticket], at: int = 0, epoch: str = "epoch") -> TicketFrames:
    """Frames of (seq, prev, ticket), that end at `at` or where the last of them does."""
    made = tuple(TicketFrame(seq=seq, prev=prev, event=TicketMoved(ticket=each)) for seq, prev, each in frames)
    return TicketFrames(frames=made, cursor=cursor(at or made[-1].seq, epoch))


def to(status: S, one: Ticket, minute: int = 9) -> Ticket:
    return msgspec.structs.replace(one, status=status, since=NOON + timedelta(minutes=minute))


@pytest.fixture
def board() -> Tickets:
    made = Tickets()
    assert made.take(reply(10, ONE, TWO), NOWHERE)
    return made


def test_before_the_first_answer_there_is_nothing_and_nothing_can_follow() -> None:
    board = Tickets()
    assert (board.cursor, board.position) == ("", NOWHERE)
    assert not board.advance(moved((11, 10, ONE)))
    assert not board.advance(Heartbeat(head=0, cursor=cursor(0)))
    assert (board.preparing, board.ready) == ((), ())


def test_what_is_pushed_moves_an_order_from_one_column_to_the_other_and_away(board: Tickets) -> None:
    ready = to(S.READY, ONE)
    assert board.advance(moved((12, 10, ready)))
    assert (board.preparing, board.ready) == ((), (ready, TWO))
    assert board.advance(moved((15, 12, to(S.COMPLETED, TWO))))
    assert board.ready == (ready,)
    assert board.cursor == cursor(15)


def test_the_next_to_be_ready_stands_first_and_so_does_the_latest_that_is(board: Tickets) -> None:
    early, late = ticket("A-1", S.PREPARING, 0), ticket("A-2", S.READY, 5)
    board.advance(moved((11, 10, early), (12, 11, late)))
    assert board.preparing == (early, ONE)
    assert board.ready == (late, TWO)


def test_the_table_says_under_which_heading_a_status_is_shown(board: Tickets, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = S.newer("kept_warm")
    shown = msgspec.structs.replace(look(S.READY), label="Kept warm")
    monkeypatch.setitem(LOOKS, warm, shown)
    kept = to(warm, ONE)
    assert board.take(reply(11, kept, TWO), 10)
    assert (board.preparing, board.ready) == ((), (kept, TWO))


def test_what_was_heard_already_changes_nothing(board: Tickets) -> None:
    board.advance(moved((12, 10, to(S.COMPLETED, TWO))))
    assert board.advance(moved((11, 9, TWO), at=12))
    assert board.advance(moved((12, 10, TWO)))
    assert board.ready == ()


@pytest.mark.parametrize(
    "message",
    [
        moved((13, 12, to(S.READY, ONE))),
        moved((11, 10, to(S.READY, ONE)), (14, 13, to(S.COMPLETED, TWO))),
        Heartbeat(head=11, cursor=cursor(12)),
        moved((11, 10, to(S.READY, ONE)), epoch="another"),
    ],
    ids=["a hole before", "a hole within", "a head that is not here", "another history"],
)
def test_what_does_not_follow_changes_nothing_and_is_said(board: Tickets, message: TicketsMessage) -> None:
    assert not board.advance(message)
    assert (board.preparing, board.ready, board.cursor) == ((ONE,), (TWO,), cursor(10))


def test_a_heartbeat_carries_a_quiet_board_along(board: Tickets) -> None:
    assert board.advance(Heartbeat(head=8, cursor=cursor(40)))
    assert board.cursor == cursor(40)
    assert board.advance(Heartbeat(head=8, cursor=cursor(39)))
    assert board.cursor == cursor(40)


def test_an_answer_that_was_overtaken_by_the_push_is_not_taken(board: Tickets) -> None:
    asked_at = board.position
    board.advance(moved((11, 10, to(S.COMPLETED, TWO))))
    assert not board.take(reply(10, ONE, TWO), asked_at)
    assert board.ready == ()


def test_an_answer_of_a_server_put_back_is_how_things_are(board: Tickets) -> None:
    """It knows less than was known when it was asked, in the same epoch: a copied file counts on from where it was."""
    assert board.take(reply(7, ONE), board.position)
    assert (board.preparing, board.ready, board.position) == ((ONE,), (), 7)


def test_an_answer_of_another_epoch_is_how_things_are(board: Tickets) -> None:
    assert board.take(reply(3, TWO, epoch="restored"), NOWHERE)
    assert (board.preparing, board.ready) == ((), (TWO,))


@pytest.mark.parametrize("seed", range(5))
def test_all_at_once_and_step_by_step_come_to_the_same(seed: int) -> None:
    chance = random.Random(seed)
    followed, whole = Tickets(), {}
    followed.take(reply(0), NOWHERE)
    seq = prev = 0
    for count in range(300):
        seq += chance.randint(1, 3)  # what happens in the shop and concerns no board
        each = ticket(f"ONLINE-{chance.randint(1, 100):06d}", chance.choice(list(S)), count)
        whole[each.order_id] = each
        assert followed.advance(moved((seq, prev, each), at=seq))
        prev = seq
    fresh = Tickets()
    fresh.take(
        reply(seq, *(one for one in whole.values() if look(one.status).display in {S.PREPARING, S.READY})), NOWHERE
    )
    assert (followed.preparing, followed.ready) == (fresh.preparing, fresh.ready)
    assert fresh.preparing
    assert fresh.ready


@pytest.mark.parametrize(
    ("name", "told"),
    [("Ada Lovelace", "Ada"), ("  Ada ", "Ada"), ("", ""), ("   ", ""), ("X" * 60, "X" * FIRST_NAME_MOST)],
)
def test_a_room_is_told_the_first_name_only(name: str, told: str) -> None:
    assert first_name(name) == told
