"""For displays, and nobody else."""

from typing import Final

from core.protocol.display import BOARD_PATH, BoardReply
from core.server.devices import display
from core.server.http import examples
from core.server.http.conditional import etag, unless_known
from core.server.http.endpoint import AnyEndpoint, Call, Encoded, Endpoint, Nothing, Who
from core.store import events
from core.store.engine.statements import Transaction


async def tickets(call: Call[Nothing, Nothing]) -> Encoded[BoardReply]:
    shop_id, names = call.principal.shop_id, call.services.settings.board_names

    def work(transaction: Transaction) -> Encoded[BoardReply]:
        tag = etag(str(events.head(transaction, shop_id)), int(names))
        return unless_known(call, tag, lambda: display.reply(transaction, shop_id, names=names))

    return await call.services.database.read(work)


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(
        method="GET",
        path=BOARD_PATH,
        who=Who.DISPLAY,
        summary="What is being prepared and what is ready, for a board over the counter",
        handler=tickets,
        body=Nothing,
        query=Nothing,
        reply=BoardReply,
        conditional=True,
        example_reply=examples.BOARD,
    ),
)
