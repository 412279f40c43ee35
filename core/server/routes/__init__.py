"""The endpoints: what answers each row of the table of routes, in its order."""

from typing import Final

from core.server.endpoints.endpoint import AnyEndpoint
from core.server.routes import (
    accounts,
    auth,
    authority,
    backups,
    baskets,
    devices,
    display,
    drawers,
    feed,
    health,
    menu,
    online,
    pos,
    public,
    reports,
    rights,
    sealed,
    security_log,
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    *online.ENDPOINTS,
    *pos.ENDPOINTS,
    *drawers.ENDPOINTS,
    *baskets.ENDPOINTS,
    *feed.ENDPOINTS,
    *sealed.ENDPOINTS,
    *reports.ENDPOINTS,
    *menu.ENDPOINTS,
    *display.ENDPOINTS,
    *devices.ENDPOINTS,
    *accounts.ENDPOINTS,
    *rights.ENDPOINTS,
    *auth.ENDPOINTS,
    *backups.ENDPOINTS,
    *security_log.ENDPOINTS,
    *public.ENDPOINTS,
    *health.ENDPOINTS,
    *authority.ENDPOINTS,
)
