"""The one place where the cashier's window is put together."""

from core.client.api import StaffApi
from core.client.local import LocalStoreError
from core.client.orders import OrderStore
from core.client.synced import SyncedApi
from core.ui.app import local_file, refuse, run_window, start_application
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from pos_app.settings import PosSettings
from pos_app.window import PosWindow


def run(settings: PosSettings) -> int:
    """Show the window until it is closed. Gives the process's exit status."""
    app, theme = start_application("Orderbell POS", settings)
    try:
        window = open_window(settings, theme)
    except LocalStoreError as error:
        return refuse(error, settings)
    return run_window(app, window, settings)


def open_window(settings: PosSettings, theme: Theme) -> PosWindow:
    """The window of one till on its backend and on its own file, not shown yet; locked, if nobody had signed out.

    Raises `LocalStoreError`.
    """
    bridge = Bridge(OrderStore())
    api = SyncedApi(
        settings.server_url,
        local_file("pos", settings),
        on_changed=bridge.on_changed,
        on_standing=bridge.on_standing,
        ca_file=settings.ca_file,
        push=settings.push,
    )
    window = PosWindow(settings, theme, api, Jobs(), bridge, api)
    bridge.setParent(window)
    window.closed.connect(api.close)
    kept_s = api.kept_s
    tokens = api.resume()
    if tokens is not None:
        window.resume(tokens, kept_s)
    return window


def compose(settings: PosSettings, theme: Theme, api: StaffApi) -> PosWindow:
    """The window over any door to a backend, without a file of its own."""
    return PosWindow(settings, theme, api, Jobs())
