"""Names of headers."""

from typing import Final

from core.wire_enum import WireEnum

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
OWNER: Final = "Operation-Owner"
"""On any request, the id of the person it is for. A token of another person is refused."""
REPLAYED: Final = "Idempotency-Replayed"
"""`true` on a stored answer that is repeated."""
REQUEST_ID: Final = "X-Request-Id"
"""`run-number`: the first part identifies the run of the server process. See `run_of`."""
OUTCOME: Final = "Operation-Outcome"
"""On the answer to an idempotent write: an `Outcome`."""
EVENT_CURSOR: Final = "Event-Cursor"
"""On the same answers: a cursor (`core.protocol.feed`) at or after the event that the write made. On the request: a
cursor of the history that the write is based on. A server whose history is another one refuses it: after a restore
its orders may have the versions that are named, with another content."""

ORDER_NUMBER: Final = "Order-Number"
"""On the answer to a new order with a key: its number, and the server's proof of it. Sent back unchanged when the order
is sent again, should the server have lost it: it keeps its number."""
FORMER_NUMBER: Final = "Former-Number"
"""On the answer to a new order that was sent with `Order-Number` and could not keep that number, since another order
has it: the former number. People who know it have to learn the new one."""


def run_of(request_id: str) -> str:
    """The run of the server that answered. The answers of one run within one epoch are of one history, in order;
    between two runs the database may have been put back."""
    return request_id.partition("-")[0]


class Outcome(WireEnum):
    """The result of an accepted write."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """It was done before; this is its stored answer."""
    SUPERSEDED = "superseded"
    """The wanted state existed already; nothing was written."""
