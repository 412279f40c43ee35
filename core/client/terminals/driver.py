"""The interface of a card terminal. One attempt to pay or to give back has one key, at the till and at the terminal.

`start` and `refund` are said once for a key. After silence one asks what became of it, and never repeats it: it may
have been heard. Nothing is paid until the terminal says so.
"""

from enum import StrEnum
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

from core.domain.ids import OpId

BY_HAND: Final = "by-hand"
"""The setting of a till whose terminal has no line to it."""


class Word(StrEnum):
    """A terminal's answer about an attempt."""

    DONE = "done"
    """Paid, or given back."""
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """It was called off, and will not be done, whatever arrives late."""
    ASKING = "asking"
    """The guest is being asked."""
    UNHEARD = "unheard"
    """The terminal knows no such attempt. What was sent may still arrive, so that this ends nothing."""

    @property
    def is_last(self) -> bool:
        return self in (Word.DONE, Word.DECLINED, Word.CANCELLED)


class TerminalReply(msgspec.Struct, frozen=True):
    word: Word
    reference: Annotated[str, Meta(max_length=60)] = ""
    """The number of its slip."""


class Silence(Exception):
    """The terminal has not answered. It may have heard."""


class CardTerminal(Protocol):
    """A driver. Each method waits for the terminal, and raises `Silence`."""

    def start(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply: ...
    def refund(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply: ...
    def ask(self, key: OpId) -> TerminalReply: ...
    def cancel(self, key: OpId) -> TerminalReply: ...


class ByHand:
    """A terminal that has no line to the till: the amount is typed there, and somebody records what it says."""

    def start(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply:  # noqa: ARG002 - typed by hand
        return TerminalReply(Word.ASKING)

    refund = start

    def ask(self, key: OpId) -> TerminalReply:  # noqa: ARG002
        return TerminalReply(Word.ASKING)

    def cancel(self, key: OpId) -> TerminalReply:  # noqa: ARG002
        return TerminalReply(Word.ASKING)
