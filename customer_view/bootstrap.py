"""The one place where the customer's window is wired."""

from core.client.local import LocalStoreError
from core.client.orders import OrderStore
from core.client.synced import SyncedApi
from core.ui.app import local_file, refuse, run_window, start_application
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow


def run(settings: CustomerSettings) -> int:
    """Show the window until it is closed. Gives the process's exit status.

    The session ends with the window, unless the screen is one person's own; what waits to be sent is kept either way.
    """
    app, theme = start_application("Orderbell", settings)
    bridge = Bridge(OrderStore())
    try:
        api = SyncedApi(
            settings.server_url,
            local_file("customer", settings),
            on_changed=bridge.on_changed,
            on_standing=bridge.on_standing,
            push=settings.push,
        )
    except LocalStoreError as error:
        return refuse(error, settings)
    window = CustomerWindow(theme, Jobs(), api, settings, bridge, api)
    if settings.keep_session:
        kept_s = api.kept_s
        tokens = api.resume()
        if tokens is not None:
            window.resume(tokens, kept_s)
    else:
        api.forget()
    try:
        return run_window(app, window, settings)
    finally:
        if not settings.keep_session:
            api.sign_out()
        api.close()
