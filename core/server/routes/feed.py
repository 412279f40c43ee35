"""For customers and staff: snapshots and events. The same events are pushed on a WebSocket."""

from typing import Final

from core.protocol import routes
from core.protocol.feed import EventPage, EventQuery, Snapshot, SnapshotQuery
from core.protocol.route import Nothing
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.push import feed
from core.server.push.feed import Audience


async def events(call: Call[Nothing, EventQuery]) -> Encoded[EventPage]:
    query, audience = call.query, Audience.of(call.principal)
    page = await feed.read_page(call.services.database, audience, query.cursor, query.witness, query.limit)
    call.services.presence.record_position(call.principal, page.start)
    return Encoded(page.encoded(), call.status)


async def snapshot(call: Call[Nothing, SnapshotQuery]) -> Snapshot:
    return await call.services.database.search(
        lambda transaction: feed.snapshot(transaction, call.principal, call.query)
    )


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.EVENTS, events, example_reply=examples.EVENT_PAGE),
    Endpoint(routes.SNAPSHOT, snapshot, example_reply=examples.SNAPSHOT),
)
