"""Passes the sync status to the parts of the window."""

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from core.client.sync.engine import ConnectionState, SyncStatus
from core.domain.order import Order
from core.ui.text import _, money, ngettext
from core.ui.widgets.connection_chip import ConnectionChip
from pos_app.alerts.alerts import Alerts
from pos_app.board.presenter import Board
from pos_app.context import PosContext
from pos_app.order.card import customer
from pos_app.workspace import Workspace

_LISTED: Final = 8
"""The number of orders that a notice names."""


class SyncController(QObject):
    """Follows the engine's status."""

    failed = Signal(object)
    """A `ClientError`."""
    session_over = Signal(object)
    """The `SignedOut` that the engine got."""

    def __init__(
        self,
        context: PosContext,
        board: Board,
        alerts: Alerts,
        workspace: Workspace,
        chips: Iterable[ConnectionChip],
    ) -> None:
        super().__init__(workspace)
        self._chips = tuple(chips)
        self._context = context
        self._board = board
        self._alerts = alerts
        self._workspace = workspace
        board.refresher.succeeded.connect(self._on_board_filled)
        alerts.sounds.unavailable.connect(self._on_sound_unavailable)
        bridge = context.bridge
        bridge.announce_with(alerts.announcer)
        bridge.sync_status_changed.connect(self._on_sync_status_changed)
        bridge.renumbered.connect(self._on_order_renumbered)
        bridge.missing.connect(self._on_orders_missing)
        for chip in self._chips:
            chip.set_sync_status(bridge.sync_status)
            chip.try_now.connect(self._on_try_now_chosen)

    @Slot(object)
    def _on_sync_status_changed(self, sync_status: SyncStatus) -> None:
        online = sync_status.state in (ConnectionState.LIVE, ConnectionState.POLLING)
        returned = online and not self._board.online
        self._board.set_online(online)
        for chip in self._chips:
            chip.set_sync_status(sync_status)
        self._workspace.set_unsent(sync_status.counts.open)
        if sync_status.fresh_at_s is not None:
            self._alerts.start()
        if returned and self._board.refresher.active:
            self._board.refresher.hurry()
        if sync_status.state is ConnectionState.SIGNED_OUT and sync_status.problem is not None:
            self.session_over.emit(sync_status.problem)

    @Slot()
    def _on_try_now_chosen(self) -> None:
        self._context.jobs.run(self._context.api.try_now, _nothing, self.failed.emit)

    @Slot()
    def _on_board_filled(self) -> None:
        self._alerts.start()

    @Slot(str, str)
    def _on_order_renumbered(self, former: str, number: str) -> None:
        self._workspace.notice.add_message(
            _("{old} is {new} from now on").format(old=former, new=number),
            _("Tell the customer, and print the receipt again."),
        )

    @Slot(object)
    def _on_orders_missing(self, orders: Sequence[Order]) -> None:
        """They were on the board a moment ago, and somebody may be working on them."""
        lines = [
            " · ".join((order.number, customer(order), money(order.total_minor, order.currency))) for order in orders
        ]
        shown = "\n".join(lines[:_LISTED] + (["…"] if len(lines) > _LISTED else []))
        told = _(
            "They come back from the screen where they were placed: from a POS by itself, from a customer window "
            "when they sign in there again. Until then go on by this list."
        )
        count = ngettext(
            "The server was put back, and does not know {count} order",
            "The server was put back, and does not know {count} orders",
            len(orders),
        )
        self._workspace.notice.show_message(count, f"{shown}\n{told}")

    @Slot(str)
    def _on_sound_unavailable(self, command: str) -> None:
        words = _("Its audio library is missing. New orders are shown, and do not ring.")
        if command:
            words += " " + _("To be installed by root: {command}").format(command=command)
        self._workspace.notice.show_message(_("This POS is silent"), words)


def _nothing(_result: object) -> None:
    """The result shows in the sync status."""
