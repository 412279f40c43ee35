"""The table of endpoints: every address the backend has, and the only place one can come from."""

from typing import Final

from core.server.endpoint import AnyEndpoint
from core.server.routes import (
    accounts,
    auth,
    backups,
    board,
    devices,
    feed,
    menu,
    online,
    operations,
    pos,
    public,
    sealed,
    security,
    trust,
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    *online.ENDPOINTS,
    *pos.ENDPOINTS,
    *feed.ENDPOINTS,
    *sealed.ENDPOINTS,
    *menu.ENDPOINTS,
    *board.ENDPOINTS,
    *devices.ENDPOINTS,
    *accounts.ENDPOINTS,
    *auth.ENDPOINTS,
    *backups.ENDPOINTS,
    *security.ENDPOINTS,
    *public.ENDPOINTS,
    *operations.ENDPOINTS,
    *trust.ENDPOINTS,
)
