"""Dialogs that belong to no page, each imported on first use."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from core.client.sync.outbox import Counts
from core.domain.order import Channel, Order
from core.ui.sound import Sounds
from core.ui.theme import Theme
from pos_app.context import PosContext
from pos_app.order.actions import OrderActions


def show_shortcuts(theme: Theme, window: QWidget) -> None:
    from pos_app.shortcuts_dialog import ShortcutsDialog

    dialog = ShortcutsDialog(theme, window)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def show_sound(theme: Theme, sounds: Sounds, window: QWidget) -> None:
    from pos_app.alerts.sound_dialog import SoundDialog

    dialog = SoundDialog(theme, sounds, window)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def show_details(order: Order, context: PosContext, actions: OrderActions, window: QWidget) -> None:
    from pos_app.order.details_dialog import DetailsDialog

    DetailsDialog(context, actions, order, window).open()


def show_receipt(order: Order, shop_name: str, context: PosContext, window: QWidget) -> None:
    from core.ui.widgets.receipt import ReceiptDialog

    # One that was taken at the counter got its receipt then. An online order gets it at hand-over, from here.
    is_copy = order.channel is Channel.COUNTER
    ReceiptDialog(order, shop_name, context.theme, context.jobs, parent=window, is_copy=is_copy).open()


def ask_before_leaving(theme: Theme, name: str, counts: Counts, leave: Callable[[], None], window: QWidget) -> None:
    """Ask to confirm leaving, with so many changes of `name` unsent."""
    from pos_app.sign_in.leave_dialog import LeaveDialog

    dialog = LeaveDialog(theme, name, counts, window)
    dialog.confirmed.connect(leave)
    dialog.open()


def update_leaving(counts: Counts, window: QWidget) -> None:
    """Show the current counts in the dialog of `ask_before_leaving`."""
    from pos_app.sign_in.leave_dialog import LeaveDialog

    for dialog in window.findChildren(LeaveDialog):
        dialog.set_counts(counts)
