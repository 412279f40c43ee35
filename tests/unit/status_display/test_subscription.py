"""Listening for a display: it starts where the board stands, comes back by itself, and ends when told."""

import queue
import threading
from collections.abc import Iterator

import pytest

from core.client.display.display import Listening
from core.client.errors import ClientError
from core.domain.status import OrderStatus as S
from core.protocol.display import TicketFrames, TicketsMessage
from core.protocol.feed import Heartbeat
from tests.support.board import FakeBoard, ticket

WITHIN_S = 10


class Heard:
    """What a listener told, in order; and the cursor that it may start from."""

    def __init__(self, source: FakeBoard, cursor: str) -> None:
        self.cursor = cursor
        self.messages: queue.SimpleQueue[TicketsMessage] = queue.SimpleQueue()
        self.losses: queue.SimpleQueue[ClientError] = queue.SimpleQueue()
        self.listening = Listening(source, lambda: self.cursor, self.messages.put, self.losses.put)

    def next(self) -> TicketsMessage:
        return self.messages.get(timeout=WITHIN_S)


@pytest.fixture
def source() -> FakeBoard:
    return FakeBoard(ticket("ONLINE-000001", S.PREPARING), pushing=True)


@pytest.fixture
def heard(source: FakeBoard) -> Iterator[Heard]:
    made = Heard(source, source.cursor)
    yield made
    made.listening.stop(WITHIN_S)


def test_it_says_where_it_stands_and_hears_what_happens(source: FakeBoard, heard: Heard) -> None:
    heard.listening.start()
    assert isinstance(heard.next(), Heartbeat)
    assert [hello.cursor for hello in source.hellos] == [source.cursor]
    source.move(ticket("ONLINE-000001", S.READY))
    assert isinstance(heard.next(), TicketFrames)


def test_it_comes_back_by_itself_from_where_the_board_stands_by_then(source: FakeBoard, heard: Heard) -> None:
    heard.listening.start()
    heard.next()
    heard.cursor = "epoch.7.event-7"
    source.hang_up()
    heard.losses.get(timeout=WITHIN_S)
    assert isinstance(heard.next(), Heartbeat)
    assert source.hellos[-1].cursor == "epoch.7.event-7"


def test_there_is_nothing_to_hear_before_the_first_answer(source: FakeBoard, heard: Heard) -> None:
    heard.cursor = ""
    heard.listening.start()
    heard.cursor = source.cursor
    assert source.hellos == []
    heard.listening.hurry()
    heard.next()
    assert [hello.cursor for hello in source.hellos] == [source.cursor]


def test_a_new_token_is_said_on_the_same_socket(
    source: FakeBoard, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.listening.start()
    heard.next()
    monkeypatch.setattr(source, "token", lambda: "fresh")
    source.move(ticket("ONLINE-000001", S.READY))
    heard.next()
    assert isinstance(heard.next(), Heartbeat)
    assert [hello.token for hello in source.hellos] == ["token", "fresh"]


def test_a_fault_in_what_listens_ends_nothing(source: FakeBoard, caplog: pytest.LogCaptureFixture) -> None:
    again = threading.Event()

    def heard(_message: TicketsMessage) -> None:
        if len(source.hellos) > 1:
            again.set()
            return
        raise ValueError("a mistake")

    listening = Listening(source, lambda: source.cursor, heard, lambda _error: None)
    listening.start()
    try:
        assert again.wait(WITHIN_S)
    finally:
        listening.stop(WITHIN_S)
    assert "receiving pushed messages failed" in caplog.text


@pytest.mark.parametrize("pushing", [True, False])
def test_stopped_it_ends(pushing: bool) -> None:
    source = FakeBoard(pushing=pushing)
    heard = Heard(source, source.cursor)
    heard.listening.start()
    if pushing:
        heard.next()
    else:
        heard.losses.get(timeout=WITHIN_S)
    heard.listening.stop(WITHIN_S)
    assert "board-listen" not in [thread.name for thread in threading.enumerate()]
