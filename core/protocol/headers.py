"""Header names and paths that both ends must agree on."""

from enum import StrEnum
from typing import Final

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
"""`true` on an answer that was given before and is given again."""
REQUEST_ID: Final = "X-Request-Id"
OUTCOME: Final = "Operation-Outcome"
"""On the answer to a write that may be sent again: an `Outcome`."""
EVENT_CURSOR: Final = "Event-Cursor"
"""On the same answers: a cursor (`core.protocol.feed`) at or after the event that the write made."""


class Outcome(StrEnum):
    """What became of a write that was accepted."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """It had been done; this is the answer that was given then."""
    SUPERSEDED = "superseded"
    """It already was as wished, by somebody else's doing; nothing was written."""
