"""For admins: the security log of their shop."""

from datetime import UTC, datetime
from typing import Final

from core.protocol import routes
from core.protocol.route import Nothing
from core.protocol.security import SecurityEntry, SecurityEvent, SecurityLogPage, SecurityLogQuery
from core.server.auth.tokens import LOCAL
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.store import security_log
from core.store.sql.statements import Transaction


async def entries(call: Call[Nothing, SecurityLogQuery]) -> SecurityLogPage:
    """Entries without a known shop are for the operator alone."""
    shops = [call.principal.shop_id, *([security_log.NO_SHOP] if call.principal.session_id == LOCAL else [])]
    query = call.query

    def find(transaction: Transaction) -> list[SecurityEntry]:
        return security_log.page(
            transaction, shops, failures=query.failures, before=query.before, limit=query.limit + 1
        )

    found = await call.services.database.search(find)
    return SecurityLogPage(entries=tuple(found[: query.limit]), more=len(found) > query.limit)


_EXAMPLE: Final = SecurityEntry(
    id="0196a3c5-7c00-7000-8000-0000000000e1",
    at=datetime(2026, 5, 4, 11, 30, tzinfo=UTC),
    event=SecurityEvent.SIGN_IN_FAILED,
    by_id="0196a3c5-7c00-7000-8000-0000000000a2",
    by_name="Kim",
    by_role="cashier",
    device="POS1",
    address="192.0.2.7",
    about="",
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.SECURITY_LOG, entries, example_reply=SecurityLogPage(entries=(_EXAMPLE,))),
)
