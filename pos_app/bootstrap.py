"""Composes the cashier's window."""

from core.client.device import identity, recovery
from core.client.device.identity import Identity
from core.client.http.api import HttpClient
from core.client.order_store import OrderStore
from core.client.storage.local_store import LocalStoreError
from core.client.sync.api import SyncedApi
from core.client.sync.outbox import Counts
from core.domain.people import DeviceKind
from core.ui.app import refuse, run_window, show_kept, show_recovered, start_application
from core.ui.bridge import Bridge
from core.ui.jobs import Jobs
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets import pairing
from pos_app.context import PosContext
from pos_app.settings import PosSettings
from pos_app.window import PosWindow


def run(settings: PosSettings, code: str | None = None) -> int:
    """Show the window until it is closed. Returns the process's exit status.

    With a `code` this machine is paired first; an empty one is asked for.
    """
    app, theme = start_application("Orderbell POS", settings)
    path = settings.file_of("pos")
    try:
        show_recovered(recovery.make_sound(path), settings)
        known = identity.at(path)
        asked = code is not None or (pairing.is_offered(settings, known) and not settings.remote)
        while True:
            if asked:
                chosen = identity.settled(settings, known, path)
                known = pairing.ask(theme, chosen, path, DeviceKind.POS, code or "", without=_("Not now")) or known
            window = open_window(identity.settled(settings, known, path), theme, known)
            status = run_window(app, window, settings)
            asked, code = window.sign_in_page.pairing_chosen, ""
            if not asked:
                show_kept(app, Counts.of(window.store.outbox()), settings)
                return status
    except LocalStoreError as error:
        return refuse(error, settings)


def open_window(
    settings: PosSettings, theme: Theme, known: Identity | None = None, client: HttpClient | None = None
) -> PosWindow:
    """The window of one till on its backend and its own file, not shown yet; locked, if a session was open.

    `known` is this machine's identity; `client` is made from the settings if not given. Raises `LocalStoreError`.
    """
    bridge = Bridge(OrderStore())
    api = SyncedApi(
        client or HttpClient(settings.server_url, ca_file=settings.ca_file),
        settings.file_of("pos"),
        on_changed=bridge.on_changed,
        on_sync_status=bridge.on_sync_status,
        push=settings.push,
        keyring=settings.keyring,
    )
    window = PosWindow(PosContext(settings, theme, Jobs(bound=api.bound), api, bridge))
    window.sign_in_page.offer_pairing(again=known is not None)
    window.sign_in_page.pairing_wanted.connect(window.close)
    bridge.setParent(window)
    window.closed.connect(api.close)
    kept_s = api.kept_s
    tokens = api.resume()
    if tokens is not None:
        window.resume(tokens, kept_s)
    return window
