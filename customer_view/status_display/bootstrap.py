"""Composes the status display."""

import sys
from contextlib import closing

from core import printable
from core.client.device import identity, recovery
from core.client.display.display import Display, StatusDisplaySource
from core.client.http.api import HttpApi
from core.client.storage.local_store import LocalStore, LocalStoreError
from core.client.storage.seal import Seal
from core.domain.people import DeviceKind
from core.protocol.requests import DeviceSignIn
from core.ui.app import refuse, run_window, show_recovered, start_application
from core.ui.jobs import Jobs
from core.ui.preflight import EXIT_CODE
from core.ui.sound import Sounds
from core.ui.text import _
from core.ui.theme import Theme
from core.ui.widgets import pairing
from customer_view.status_display.presenter import StatusDisplayPresenter
from customer_view.status_display.settings import StatusDisplaySettings
from customer_view.status_display.window import StatusDisplayWindow


def run(settings: StatusDisplaySettings, secret: str, code: str | None = None) -> int:
    """Show the status display until it is closed. Returns the process's exit status.

    With a `code` this machine is paired first; an empty one is asked for. Without a `secret` its pairing is used.
    """
    app, theme = start_application("Orderbell", settings)
    path, shop = settings.file_of("board"), ""
    try:
        if code is not None or not secret:
            show_recovered(recovery.make_sound(path), settings)
            known = identity.at(path)
            if code is not None:
                known = (
                    pairing.ask(theme, identity.settled(settings, known, path), path, DeviceKind.STATUS_DISPLAY, code)
                    or known
                )
            if known is None:
                return _not_paired()
            settings, shop = identity.settled(settings, known, path), known.shop
            with closing(LocalStore(path)) as store:
                secret = identity.secret_of(Seal(store, keyring=settings.keyring))
    except LocalStoreError as error:
        return refuse(error, settings)
    api = HttpApi(settings.server_url, ca_file=settings.ca_file)
    source = Display(api, DeviceSignIn(device=settings.device, secret=secret, shop=shop))
    window = compose(settings, theme, source)
    try:
        return run_window(app, window, settings)
    finally:
        source.close()


def _not_paired() -> int:
    kind = DeviceKind.STATUS_DISPLAY
    command = f"orderbell devices pair {kind.example} --kind {kind.word}"
    told = _("This status display is not paired. Make a code on the server with: {command}").format(command=command)
    sys.stderr.write(printable.lines(told) + "\n")
    return EXIT_CODE


def compose(settings: StatusDisplaySettings, theme: Theme, source: StatusDisplaySource) -> StatusDisplayWindow:
    """The window over any source, not shown yet."""
    presenter = StatusDisplayPresenter(Jobs(), source, settings.refresh_s, push=settings.push)
    sounds = Sounds(volume=settings.volume, muted=not settings.sounds)
    return StatusDisplayWindow(theme, presenter, sounds, settings)
