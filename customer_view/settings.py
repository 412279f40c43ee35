"""The settings of the customer's window: `[customer]` in the settings file."""

from typing import Annotated

from msgspec import Meta

from core.client.settings import Interval, WindowSettings
from core.protocol.requests import HISTORY_MAX


class CustomerSettings(WindowSettings, frozen=True, kw_only=True):
    """The settings of every window, and the refresh intervals of this one."""

    history_refresh: Annotated[bool, Meta(description="Refresh My orders by itself while it is shown.")] = True
    history_refresh_s: Annotated[Interval, Meta(description="Seconds between two refreshes of My orders.")] = 30.0
    tracker_refresh: Annotated[bool, Meta(description="Refresh the shown order's status by itself.")] = True
    tracker_refresh_s: Annotated[Interval, Meta(description="Seconds between two refreshes of the tracker.")] = 60.0
    idle_sign_out_s: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="Sign out after so many seconds without a touch; 0, or `keep_session`: never.",
        ),
    ] = 180.0
    keep_session: Annotated[
        bool, Meta(description="Stay signed in, untouched or closed: for a screen that is one person's own.")
    ] = False
    page_size: Annotated[
        int, Meta(ge=1, le=HISTORY_MAX, description="Orders loaded at first, and again on scrolling down.")
    ] = 20
