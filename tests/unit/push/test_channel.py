"""What waits for an audience: chains, is joined into one message, and is let go of."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from core.domain.ids import ShopId
from core.domain.people import Principal, Role
from core.protocol.events import OrderPlaced
from core.protocol.feed import Cursor, Frames, Heartbeat, Message
from core.server.auth.tokens import Verified
from core.server.endpoints import examples
from core.server.push import channel
from core.server.push.channel import Channel, Subscriber, as_message
from core.store.events import Kept

PAYLOAD = msgspec.json.encode(OrderPlaced(order=examples.ORDER))


def kept(seq: int) -> Kept:
    return Kept(seq, f"event-{seq}", None, PAYLOAD)


def payload(message: bytes) -> Frames | Heartbeat:
    """What a peer reads out of a message on the wire."""
    size, start = (message[1], 2) if message[1] < 126 else (int.from_bytes(message[2:4], "big"), 4)
    if message[1] == 127:
        size, start = int.from_bytes(message[2:10], "big"), 10
    assert message[0] == 0x81  # the whole of a text message
    assert len(message) == start + size
    read: Frames | Heartbeat = msgspec.json.decode(message[start:], type=Message)
    return read


def frames(waiting: Channel, position: int) -> list[tuple[int, int]]:
    found = payload(waiting.message(position, str(Cursor("epoch", 999, "event"))))
    assert isinstance(found, Frames)
    return [(frame.prev, frame.seq) for frame in found.frames]


@given(st.sets(st.integers(6, 120), min_size=1, max_size=40), st.integers(5, 120))
def test_a_message_is_all_that_comes_after_a_position(seqs: set[int], position: int) -> None:
    waiting = Channel(position=5, last=3)
    for seq in sorted(seqs):
        waiting.append(kept(seq))
    chain = list(zip([3, *sorted(seqs)], sorted(seqs), strict=False))
    assert frames(waiting, position) == [(prev, seq) for prev, seq in chain if seq > position]


def test_those_who_stand_at_the_same_place_are_told_the_same_bytes() -> None:
    waiting = Channel(0, 0)
    waiting.append(kept(1))
    assert waiting.message(0, "a.1.b") is waiting.message(0, "a.1.b")
    before = waiting.message(0, "a.1.b")
    waiting.append(kept(2))
    assert waiting.message(0, "a.2.b") != before


def test_too_many_messages_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "WAITING_MESSAGES", 3)
    waiting = Channel(0, 0)
    for seq in range(1, 6):
        waiting.append(kept(seq))
    assert [waiting.holds(position) for position in range(4)] == [False, False, True, True]
    assert frames(waiting, 2) == [(2, 3), (3, 4), (4, 5)]


def test_too_many_bytes_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "WAITING_BYTES", 3 * len(PAYLOAD))
    waiting = Channel(0, 0)
    for seq in range(1, 4):
        waiting.append(kept(seq))
    assert not waiting.holds(0)
    assert waiting.holds(1)


def subscriber(position: int) -> Subscriber:
    principal = Principal(subject="kim", role=Role.CASHIER, name="Kim", session_id="s", shop_id=ShopId("shop"))

    class Nobody:
        on_writable: Callable[[], None] | None = None

        def write(self, message: bytes) -> bool:
            raise AssertionError(message)

        def abort(self) -> None:
            raise AssertionError

    async def send(message: object) -> None:
        raise AssertionError(message)

    made = Subscriber(Verified(principal, 0), send, Nobody())
    made.position = position
    return made


def test_what_everybody_has_is_let_go_of_and_nothing_more() -> None:
    waiting = Channel(0, 0)
    waiting.subscribers |= {subscriber(2), subscriber(4)}
    for seq in range(1, 6):
        waiting.append(kept(seq))
    waiting.forget()
    assert not waiting.holds(1)
    assert frames(waiting, 2) == [(2, 3), (3, 4), (4, 5)]
    waiting.subscribers.add(subscriber(-1))  # one that is still being sent what it missed
    waiting.forget()
    assert waiting.holds(2)


def test_with_nobody_left_nothing_is_kept() -> None:
    waiting = Channel(0, 0)
    waiting.append(kept(1))
    waiting.forget()
    assert not waiting.holds(0)
    assert waiting.holds(1)


@given(st.integers(0, 70_000))
def test_a_message_is_one_that_any_client_reads(size: int) -> None:
    text = b"x" * size
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    client.receive_data(as_message(text))
    (received,) = client.events_received()
    assert isinstance(received, Frame)
    assert (received.opcode, received.data, received.fin) == (Opcode.TEXT, text, True)


def test_a_heartbeat_says_what_the_newest_is() -> None:
    waiting = Channel(7, 4)
    assert payload(waiting.heartbeat("a.7.b")) == Heartbeat(head=4, cursor="a.7.b")
