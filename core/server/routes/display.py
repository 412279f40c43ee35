"""Endpoints for status displays only."""

from typing import Final

from core.protocol import routes
from core.protocol.display import TicketsReply
from core.protocol.route import Nothing
from core.server.devices import display
from core.server.endpoints import examples
from core.server.endpoints.conditional import etag, unless_known
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.store import events
from core.store.sql.statements import Transaction


async def tickets(call: Call[Nothing, Nothing]) -> Encoded[TicketsReply]:
    shop_id, rules = call.principal.shop_id, display.rules(call.services.settings)

    def work(transaction: Transaction) -> Encoded[TicketsReply]:
        tag = etag(str(events.head(transaction, shop_id)), int(rules.names), int(rules.waiting))
        return unless_known(call, tag, lambda: display.reply(transaction, shop_id, rules))

    return await call.services.database.read(work)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (Endpoint(routes.TICKETS, tickets, example_reply=examples.BOARD),)
