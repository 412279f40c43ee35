"""Decodes messages of a server that may be newer than this release: unknown events become `UnknownEvent`."""

from collections.abc import Iterable
from typing import Final

import msgspec

from core.decoding import Reader, reader
from core.domain.ids import OrderId
from core.protocol.events import Event, UnknownEvent
from core.protocol.feed import Batch, EventPage, Frame, Framed, Frames, Heartbeat, Message, Pulled

_Frame = Framed[msgspec.Raw]


class _Kind(msgspec.Struct, frozen=True):
    kind: str


_KINDS: Final = ("frames", "heartbeat")


class _About(msgspec.Struct, frozen=True):
    order_id: OrderId | None = None


_message: Final[Reader[Message]] = reader(Message)
_loose_message: Final[Reader[Batch[_Frame] | Heartbeat]] = reader(Batch[_Frame] | Heartbeat)
_page: Final = reader(EventPage)
_loose_page: Final[Reader[Pulled[_Frame]]] = reader(Pulled[_Frame])
_event: Final[Reader[Event]] = reader(Event)
_about: Final = reader(_About)
_kind: Final = reader(_Kind)


def message(text: bytes) -> Message | UnknownEvent:
    """A message on the socket. Raises `msgspec.DecodeError` for an invalid one."""
    try:
        return _message.decode(text)
    except msgspec.ValidationError:
        if _kind.decode(text).kind not in _KINDS:
            return UnknownEvent()
        said = _loose_message.decode(text)
        return said if isinstance(said, Heartbeat) else Frames(frames=_understood(said.frames), cursor=said.cursor)


def page(text: bytes) -> EventPage:
    """A page of the feed. Raises `msgspec.DecodeError` for an invalid one."""
    try:
        return _page.decode(text)
    except msgspec.ValidationError:
        said = _loose_page.decode(text)
        return EventPage(frames=_understood(said.frames), cursor=said.cursor, more=said.more)


def _understood(frames: Iterable[_Frame]) -> tuple[Frame, ...]:
    return tuple(Frame(seq=frame.seq, prev=frame.prev, event=_read(frame.event)) for frame in frames)


def _read(event: msgspec.Raw) -> Event | UnknownEvent:
    try:
        return _event.decode(event)
    except msgspec.ValidationError:
        return UnknownEvent(order_id=_about.decode(event).order_id)
