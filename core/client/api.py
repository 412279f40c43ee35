"""The API of the backend as windows use it. Every call blocks, so no window makes one on its own thread; all raise
`ClientError`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.client.device.seal import KeptIn
from core.client.sync.operations import Operation
from core.domain.commands import CancelOrder, ChangePayment, ChangeStatus, PlaceOrder, RecallOrder, TakeOrder
from core.domain.ids import ItemId, OpId, OrderId
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.people import Customer
from core.protocol.devices import DeviceList
from core.protocol.replies import Availability, OrderDetails, OrderPage, StatusReport, Tokens
from core.protocol.requests import (
    ChangeAvailability,
    HistoryQuery,
    OrderQuery,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
)
from core.protocol.security import ExportNote


class AccountApi(Protocol):
    """Sign-in and session. The session's tokens stay behind this interface."""

    def sign_up(self, request: SignUp) -> Tokens: ...
    def sign_in(self, request: SignIn) -> Tokens: ...
    def staff_sign_in(self, request: StaffSignIn) -> Tokens: ...
    def give_up_sign_in(self) -> None:
        """Abort the sign-in in progress: no session comes of it, however late the reply. Does no network I/O."""

    def sign_out(self) -> None:
        """End the session here at once, and on the server when it can be reached. Raises `NotKept` when it is over, but
        its stored data cannot be deleted yet."""

    def menu(self) -> Menu: ...
    def probe(self) -> None:
        """Ask whether the server answers; needs no session. Raises `ClientError`."""

    def server_now(self) -> datetime:
        """The server's clock, as of its last replies; this machine's before the first. Does no network I/O.

        Ages on screen are computed with it: a till's own clock may be wrong.
        """


class CustomerApi(AccountApi, Protocol):
    """A customer's calls, for their own orders only."""

    def place(self, op_id: OpId, request: PlaceOrder) -> Order: ...
    def history(self, query: HistoryQuery) -> OrderPage: ...
    def order(self, order_id: OrderId) -> Order: ...
    def status(self, order_id: OrderId) -> StatusReport: ...
    def cancel(self, op_id: OpId, order_id: OrderId, request: CancelOrder) -> Order: ...


class OutboxApi(Protocol):
    """Calls of an API with an outbox: decisions about operations that could not be sent."""

    def retry(self, op_id: OpId) -> None: ...
    def renumber(self, op_id: OpId) -> str:
        """Give an order another number than the one the server refuses; empty: the server gives it one."""

    def discard(self, op_id: OpId, reason: str) -> None: ...
    def try_now(self) -> None: ...
    def note_export(self, exported: ExportNote) -> None:
        """Record in the server's security log what is exported to a file."""
        ...

    def devices(self) -> DeviceList:
        """The shop's devices, and how far behind each of them is."""
        ...

    @property
    def kept_in(self) -> KeptIn | None:
        """Where the key to the session is stored; None while there is none."""
        ...

    def elsewhere(self) -> tuple[Operation, ...]:
        """Operations accepted here for other shops, sent when this machine is paired with theirs again."""
        ...

    @property
    def waiting_of_others(self) -> int:
        """The number of operations that wait for another person to sign in again."""
        ...


class StaffApi(AccountApi, Protocol):
    """Calls of a member of staff, for their own shop."""

    def orders(self, query: OrderQuery) -> OrderPage:
        """A page of orders. With an outbox, a `KeptPage` when there is no server for a first one."""

    def details(self, order_id: OrderId) -> OrderDetails:
        """An order's details. With an outbox, `KeptDetails` when the server cannot be asked."""

    def take(self, op_id: OpId, request: TakeOrder) -> Order: ...
    def change_status(self, op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order: ...
    def recall(self, op_id: OpId, order_id: OrderId, request: RecallOrder) -> Order: ...
    def change_payment(self, op_id: OpId, order_id: OrderId, request: ChangePayment) -> Order: ...
    def customers(self, q: str) -> Sequence[Customer]: ...
    def note_export(self, exported: ExportNote) -> None:
        """Record in the server's security log what is exported to a file."""
        ...

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        """Mark an item sold out or available. Needs the server, which informs the other tills."""

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        """Replace the menu, as an admin. Raises `MenuMoved` when somebody else has changed it meanwhile."""
