"""The one place where the board is wired."""

from core.client.display import BoardSource, Display
from core.client.http import HttpApi
from core.protocol.requests import DeviceSignIn
from core.ui.app import run_window, start_application
from core.ui.jobs import Jobs
from core.ui.sound import Sounds
from core.ui.theme import Theme
from customer_view.board.presenter import BoardPresenter
from customer_view.board.settings import BoardSettings
from customer_view.board.window import BoardWindow


def run(settings: BoardSettings, code: str) -> int:
    """Show the board until it is closed. Gives the process's exit status."""
    app, theme = start_application("Orderbell", settings)
    api = HttpApi(settings.server_url, ca_file=settings.ca_file)
    source = Display(api, DeviceSignIn(device=settings.device, secret=code))
    window = compose(settings, theme, source)
    try:
        return run_window(app, window, settings)
    finally:
        source.close()


def compose(settings: BoardSettings, theme: Theme, source: BoardSource) -> BoardWindow:
    """The board over any source, not shown yet."""
    presenter = BoardPresenter(Jobs(), source, settings.refresh_s, push=settings.push)
    sounds = Sounds(volume=settings.volume, muted=not settings.sounds)
    return BoardWindow(theme, presenter, sounds, settings)
