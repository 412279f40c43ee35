"""For customers and staff: where things stand, and what has happened since. The same is pushed on a WebSocket."""

from typing import Final

from core.protocol.feed import EventPage, EventQuery, Snapshot, SnapshotQuery
from core.server.http import examples
from core.server.http.endpoint import AnyEndpoint, Call, Encoded, Endpoint, Nothing, Who
from core.server.push import feed
from core.server.push.feed import Audience


async def events(call: Call[Nothing, EventQuery]) -> Encoded[EventPage]:
    query, audience = call.query, Audience.of(call.principal)
    page = await feed.read_page(call.services.database, audience, query.cursor, query.witness, query.limit)
    call.services.contacts.stands(call.principal, page.start)
    return Encoded(page.encoded(), call.status)


async def snapshot(call: Call[Nothing, SnapshotQuery]) -> Snapshot:
    return await call.services.database.search(
        lambda transaction: feed.snapshot(transaction, call.principal, call.query)
    )


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path="/api/events/",
        who=Who.PERSON,
        summary="What happened after a cursor, as far as one may know it",
        handler=events,
        body=Nothing,
        query=EventQuery,
        reply=EventPage,
        example_reply=examples.EVENT_PAGE,
        refusals=(409, 410),
    ),
    Endpoint(
        method="GET",
        path="/api/snapshot/",
        who=Who.PERSON,
        summary="How things stand, and the cursor from which to follow them",
        handler=snapshot,
        body=Nothing,
        query=SnapshotQuery,
        reply=Snapshot,
        example_reply=examples.SNAPSHOT,
        refusals=(429,),
    ),
)
