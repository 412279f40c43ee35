"""Header names and paths that both ends must agree on."""

from typing import Final

from core.wire_enum import WireEnum

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
OWNER: Final = "Operation-Owner"
"""On any request, the person's id that it is asked for. A token of somebody else's is refused."""
REPLAYED: Final = "Idempotency-Replayed"
"""`true` on an answer that was given before and is given again."""
REQUEST_ID: Final = "X-Request-Id"
"""`run-number`: the first part is the server process's own, new with every start. See `run_of`."""
OUTCOME: Final = "Operation-Outcome"
"""On the answer to a write that may be sent again: an `Outcome`."""
EVENT_CURSOR: Final = "Event-Cursor"
"""On the same answers: a cursor (`core.protocol.feed`) at or after the event that the write made."""

ORDER_NUMBER: Final = "Order-Number"
"""On the answer to a new order that was sent under a key: its number, and a proof that the server has told it. To be
given back as it is when the order is sent again, should the server have lost it: it gets this number again."""
FORMER_NUMBER: Final = "Former-Number"
"""On the answer to a new order that was sent with `Order-Number` and could not keep that number, as another order has
it by now: the number that was told before. Whoever was told it is to be told the new one."""


def run_of(request_id: str) -> str:
    """The run of the server that answered. What one run answers is of one history, later answers further on in it;
    between two runs the database may have been put back."""
    return request_id.partition("-")[0]


class Outcome(WireEnum):
    """What became of a write that was accepted."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """It had been done; this is the answer that was given then."""
    SUPERSEDED = "superseded"
    """It already was as wished, by somebody else's doing; nothing was written."""
