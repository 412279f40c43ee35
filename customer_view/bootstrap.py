"""The one place where the customer's window is wired."""

from core.client.local import LocalStoreError
from core.client.orders import OrderStore
from core.client.synced import SyncedApi
from core.ui.app import local_file, refuse, run_window, start_application
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.theme import Theme
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow


def run(settings: CustomerSettings) -> int:
    """Show the window until it is closed. Gives the process's exit status."""
    app, theme = start_application("Orderbell", settings)
    try:
        window, api = open_window(settings, theme)
    except LocalStoreError as error:
        return refuse(error, settings)
    try:
        return run_window(app, window, settings)
    finally:
        close(api, settings)


def open_window(settings: CustomerSettings, theme: Theme) -> tuple[CustomerWindow, SyncedApi]:
    """The window over its own file, not shown yet, and the door it lives on. Raises `LocalStoreError`."""
    bridge = Bridge(OrderStore())
    api = SyncedApi(
        settings.server_url,
        local_file("customer", settings),
        on_changed=bridge.on_changed,
        on_standing=bridge.on_standing,
        ca_file=settings.ca_file,
        push=settings.push,
    )
    window = CustomerWindow(theme, Jobs(), api, settings, bridge, api)
    if settings.keep_session:
        kept_s = api.kept_s
        tokens = api.resume()
        if tokens is not None:
            window.resume(tokens, kept_s)
    else:
        api.forget()
    return window, api


def close(api: SyncedApi, settings: CustomerSettings) -> None:
    """The session ends with the window, unless the screen is one person's own. What waits to be sent is kept either
    way."""
    if not settings.keep_session:
        api.sign_out()
    api.close()
