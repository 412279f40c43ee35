"""The one place where the cashier's window is put together."""

from core.client.api import StaffApi
from core.client.http import HttpApi
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from pos_app.settings import PosSettings
from pos_app.window import PosWindow


def open_window(settings: PosSettings, theme: Theme) -> PosWindow:
    """The window of one till on its backend, not shown yet."""
    api = HttpApi(settings.server_url)
    window = compose(settings, theme, api)
    window.closed.connect(api.close)
    return window


def compose(settings: PosSettings, theme: Theme, api: StaffApi) -> PosWindow:
    """The window over any door to a backend."""
    return PosWindow(settings, theme, api, Jobs())
