"""Composes the customer's window."""

from contextlib import suppress

from core.client.device import identity, recovery
from core.client.errors import NotKept
from core.client.http.api import HttpClient
from core.client.order_store import OrderStore
from core.client.storage.local_store import LocalStoreError
from core.client.sync.api import SyncedApi
from core.domain.people import DeviceKind
from core.ui.app import refuse, run_window, show_kept, show_recovered, start_application
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets import pairing
from customer_view.context import CustomerContext
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow


def run(settings: CustomerSettings, code: str | None = None) -> int:
    """Show the window until it is closed. Returns the process's exit status.

    With a `code` this machine is paired first, which identifies the shop's server; an empty one is asked for.
    """
    app, theme = start_application("Orderbell", settings)
    path = settings.file_of("customer")
    try:
        show_recovered(recovery.make_sound(path), settings)
        known = identity.at(path)
        if code is not None:
            chosen = identity.settled(settings, known, path)
            known = pairing.ask(theme, chosen, path, DeviceKind.KIOSK, code, without=_("Not now")) or known
        settings = identity.settled(settings, known, path)
        window, api = open_window(settings, theme)
    except LocalStoreError as error:
        return refuse(error, settings)
    try:
        status = run_window(app, window, settings)
        counts = api.sync_status.counts
    finally:
        close(api, settings)
    show_kept(app, counts, settings)
    return status


def open_window(
    settings: CustomerSettings, theme: Theme, client: HttpClient | None = None
) -> tuple[CustomerWindow, SyncedApi]:
    """The window over its own file, not shown yet, and its api. `client` is made from the settings if not given. Raises
    `LocalStoreError`."""
    bridge = Bridge(OrderStore())
    api = SyncedApi(
        client or HttpClient(settings.server_url, ca_file=settings.ca_file),
        settings.file_of("customer"),
        on_changed=bridge.on_changed,
        on_sync_status=bridge.on_sync_status,
        push=settings.push,
        keyring=settings.keyring,
    )
    window = CustomerWindow(CustomerContext(settings, theme, Jobs(bound=api.bound), api, bridge))
    if settings.keep_session:
        kept_s = api.kept_s
        tokens = api.resume()
        if tokens is not None:
            window.resume(tokens, kept_s)
    else:
        with suppress(NotKept):  # it is tried again
            api.forget()
    return window, api


def close(api: SyncedApi, settings: CustomerSettings) -> None:
    """End the session with the window, unless the screen is one person's own. Waiting operations are kept either
    way."""
    if not settings.keep_session:
        with suppress(NotKept):  # on a full disk; the session is over all the same
            api.sign_out()
    api.close()
