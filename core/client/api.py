"""The one door to the backend. Every call blocks, so no window makes one on its own thread; all raise `ClientError`."""

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
    """Being somebody. The session's tokens stay behind this door; the windows see who they are, not with what."""

    def sign_up(self, request: SignUp) -> Tokens: ...
    def sign_in(self, request: SignIn) -> Tokens: ...
    def staff_sign_in(self, request: StaffSignIn) -> Tokens: ...
    def give_up_sign_in(self) -> None:
        """Whoever is trying to sign in has gone: no session comes of it, however late the answer is. Asks nobody."""

    def sign_out(self) -> None:
        """End the session here at once, and on the server when it can be reached. Raises `NotKept` when it is over, but
        what was kept of it cannot be deleted yet."""

    def menu(self) -> Menu: ...
    def probe(self) -> None:
        """Ask whether the server is there, whoever is signed in, or nobody. Raises `ClientError`."""

    def server_now(self) -> datetime:
        """The server's clock, as its last answers told it; this machine's before the first. Asks nobody.

        Ages on screen are counted with it: a till's own clock may be anything.
        """


class CustomerApi(AccountApi, Protocol):
    """What a customer may do: only ever with their own orders."""

    def place(self, op_id: OpId, request: PlaceOrder) -> Order: ...
    def history(self, query: HistoryQuery) -> OrderPage: ...
    def order(self, order_id: OrderId) -> Order: ...
    def status(self, order_id: OrderId) -> StatusReport: ...
    def cancel(self, op_id: OpId, order_id: OrderId, request: CancelOrder) -> Order: ...


class OutboxApi(Protocol):
    """What a door with an outbox has besides: deciding about what could not be sent, and waiting for no timer."""

    def retry(self, op_id: OpId) -> None: ...
    def renumber(self, op_id: OpId) -> str:
        """Give an order another number than the one that the server does not take; empty: the server gives it one."""

    def discard(self, op_id: OpId, reason: str) -> None: ...
    def try_now(self) -> None: ...
    def note_export(self, exported: ExportNote) -> None:
        """Have the server's security log say what is written to a file."""
        ...

    def devices(self) -> DeviceList:
        """The shop's devices, and how far behind each of them is."""
        ...

    @property
    def kept_in(self) -> KeptIn | None:
        """Where the key to the session is kept; None while there was none to keep."""
        ...

    def elsewhere(self) -> tuple[Operation, ...]:
        """What was accepted here for other shops: it is sent when this machine is theirs again."""
        ...

    @property
    def waiting_of_others(self) -> int:
        """How many operations wait for somebody else to sign in again."""
        ...


class StaffApi(AccountApi, Protocol):
    """What a member of staff may do, in their own shop."""

    def orders(self, query: OrderQuery) -> OrderPage:
        """A page of the server's. A door with an outbox gives a `KeptPage` where there is no server for a first one."""

    def details(self, order_id: OrderId) -> OrderDetails:
        """The server's. A door with an outbox gives `KeptDetails` where the server does not tell."""

    def take(self, op_id: OpId, request: TakeOrder) -> Order: ...
    def change_status(self, op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order: ...
    def recall(self, op_id: OpId, order_id: OrderId, request: RecallOrder) -> Order: ...
    def change_payment(self, op_id: OpId, order_id: OrderId, request: ChangePayment) -> Order: ...
    def customers(self, q: str) -> Sequence[Customer]: ...
    def note_export(self, exported: ExportNote) -> None:
        """Have the server's security log say what is written to a file."""
        ...

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        """Say that an item is sold out, or sold again. It needs the server: a till cannot know it for the others."""

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        """Sell by another menu: an admin's. Raises `MenuMoved` when somebody else has changed it meanwhile."""
