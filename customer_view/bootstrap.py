"""The one place where the customer's window is wired."""

from core.client.http import HttpApi
from core.ui.app import run_window, start_application
from core.ui.jobs import Jobs
from customer_view.settings import CustomerSettings
from customer_view.window import CustomerWindow


def run(settings: CustomerSettings) -> int:
    """Show the window until it is closed. Gives the process's exit status."""
    app, theme = start_application("Orderbell", settings)
    api = HttpApi(settings.server_url)
    window = CustomerWindow(theme, Jobs(), api, settings)
    try:
        return run_window(app, window, settings)
    finally:
        api.sign_out()
        api.close()
