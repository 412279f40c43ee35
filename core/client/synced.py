"""The door that works without a server: changes go into the outbox and are shown at once, searches find what is here.

A `CustomerApi` and a `StaffApi`. Its writes return as soon as they are on this machine's disk, with the order as it
will be; everything that is, was or goes wrong with them afterwards is told to the listener.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from core.client import identity, ledger, pin, session_file, till
from core.client.cache import Cache, menu_after
from core.client.door import HttpDoor
from core.client.engine import Engine, Link, Standing
from core.client.errors import Conflict, NotFound, NotKept, Refused, SignedOut, Unreachable
from core.client.foresight import foreseen
from core.client.http import HttpApi
from core.client.local import LocalStore
from core.client.news import Changed, Listener
from core.client.operations import Kind, Operation, Owner, Request
from core.client.outbox import Outbox
from core.client.seal import KeptIn, Seal
from core.client.search import find
from core.client.sync import Sync
from core.domain.errors import DomainError, IllegalMove
from core.domain.ids import ItemId, OpId, OrderId, new_order_id
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.payment import check_payment
from core.domain.people import Customer
from core.domain.status import Move, OrderStatus, status_info, target_of, transition
from core.protocol.devices import DeviceList
from core.protocol.events import MenuChanged
from core.protocol.replies import Availability, OrderDetails, OrderPage, StatusReport, Tokens
from core.protocol.requests import (
    CancelOrder,
    ChangeAvailability,
    ChangePayment,
    ChangeStatus,
    HistoryQuery,
    OrderQuery,
    PlaceOrder,
    RecallOrder,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
    TakeOrder,
)

_STOP_WITHIN_S = 2.0


class SyncedApi:
    """One window's, over its own file. Safe to use from several threads; every call may take a disk's time.

    Raises `LocalStoreError` when the file cannot be used.
    """

    def __init__(
        self,
        server_url: str,
        path: Path,
        *,
        on_changed: Listener,
        on_standing: Callable[[Standing], None],
        ca_file: str = "",
        push: bool = True,
        keyring: bool = True,
        timeout_s: tuple[float, float] | None = None,
    ) -> None:
        self._store = LocalStore(path)
        self._cache = Cache(self._store)
        self._telling = threading.RLock()
        self._seal = Seal(self._store, keyring=keyring)
        options = {} if timeout_s is None else {"timeout_s": timeout_s}
        self._http = HttpApi(server_url, ca_file=ca_file, keep=partial(session_file.keep, self._seal), **options)
        self._door = HttpDoor(self._http)
        self._listener = on_changed
        self._on_standing = on_standing
        self._push = push
        self._sync: Sync | None = None
        self._engine: Engine | None = None

    def close(self) -> None:
        """Stop, and let go of the file. Nothing is lost by it, and the session goes on with the next `resume`."""
        self._stop()
        self._http.close()
        self._store.close()

    # -- being somebody

    def resume(self) -> Tokens | None:
        """Go on as whoever did not sign out before this window was closed; None when everybody did. Asks nobody."""
        kept = session_file.read(self._seal)
        if kept is None:
            return None
        self._http.resume(*kept)
        return self._begin(kept[0])

    def forget(self) -> None:
        """Whoever had not signed out when this window was last closed, or fell over, is not here any more. What they
        left waiting is kept."""
        session_file.keep(self._seal, None, OpId(""))
        self._cache.clear()
        self._seal_what_waits(None)

    @property
    def kept_s(self) -> float | None:
        """How old the orders are that an earlier run has kept; None when it has kept none."""
        at = self._cache.synced_at
        return None if at is None else max(0.0, (self.server_now() - at).total_seconds())

    def sign_up(self, request: SignUp) -> Tokens:
        return self._begin(self._http.sign_up(identity.proven(self._seal, request)))

    def sign_in(self, request: SignIn) -> Tokens:
        request = msgspec.structs.replace(request, client_token=session_file.client_token(self._seal))
        return self._begin(self._http.sign_in(identity.proven(self._seal, request)))

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        """Without a server, whoever locked this till may come back to it, and nobody else (docs/adr/0028)."""
        return self._begin(till.sign_in(self._http, self._seal, request))

    def sign_out(self) -> None:
        """End the session. What waits is kept until the same person signs in again; what was shown is forgotten, and
        the listener hears nothing more of it. Raises `NotKept`, and then nothing has changed."""
        tokens = self._http.tokens
        self._stop()
        try:
            with self._store.transaction() as db:
                pin.forget(self._seal)
                session_file.keep(self._seal, None, OpId(""))
                self._cache.clear()
                ledger.seal(db, None)
        except NotKept:  # they are still here, as the file says too
            if tokens is not None:
                self._begin(tokens)
            raise
        self._http.sign_out()
        self._store.empty_log()

    def server_now(self) -> datetime:
        return self._http.server_now()

    def _begin(self, tokens: Tokens) -> Tokens:
        owner = identity.owner(self._store, tokens)
        if self._sync is not None and self._sync.outbox.owner == owner and self._engine is not None:
            self._engine.hurry()  # the session had ended; the same person is back
            return tokens
        self._stop()
        self._seal_what_waits(owner)
        cache = self._cache = Cache(self._store)
        cache.claim(owner)

        def tell(changed: Changed) -> None:
            with self._telling:
                if self._cache is cache:
                    self._listener(changed)

        self._sync = Sync(self._store, cache, Outbox(self._store, owner, tokens.shop_name), self._door, tell)
        self._engine = Engine(self._sync, self._door, self._on_standing, push=self._push)
        self._sync.tell_everything()
        self._on_standing(self._engine.standing)
        self._engine.start()
        return tokens

    def _seal_what_waits(self, present: Owner | None) -> None:
        """Nothing of whoever is not `present` is to be read in the file. What an earlier release, or a window that
        fell over, has left readable is sealed at the next sign-in, with what SQLite still has of it."""
        with self._store.transaction() as db:
            count = ledger.seal(db, present)
        if count and present is not None:
            self._store.wipe()
        else:
            self._store.empty_log()

    def _stop(self) -> None:
        engine, self._engine, self._sync = self._engine, None, None
        with self._telling:
            self._cache.retire()
            self._cache = Cache(self._store)
        if engine is not None:
            engine.stop(_STOP_WITHIN_S)

    # -- how it stands

    @property
    def standing(self) -> Standing:
        return self._engine.standing if self._engine is not None else Standing(link=Link.SIGNED_OUT)

    @property
    def waiting_of_others(self) -> int:
        """How many operations wait for somebody else to sign in again."""
        return ledger.waiting_of_others(self._store, self._signed_in.outbox.owner)

    def elsewhere(self) -> tuple[Operation, ...]:
        """What was accepted here for other shops, for the sync page: it is sent when this machine is theirs again."""
        return self._signed_in.outbox.elsewhere()

    @property
    def kept_in(self) -> KeptIn | None:
        """Where the key to the session is kept; None while there was none to keep."""
        return self._seal.kept_in

    def devices(self) -> DeviceList:
        """The shop's devices, and how far behind each of them is. Raises `Unreachable`."""
        return self._http.devices()

    def operations(self) -> tuple[Operation, ...]:
        """What is not answered yet, for the sync page: waiting, being sent, parked, in conflict."""
        return self._signed_in.outbox.open()

    def find(self, op_id: OpId) -> Operation | None:
        """One of this person's operations of the last 90 days, whatever became of it."""
        return self._signed_in.outbox.find(op_id)

    def retry(self, op_id: OpId) -> None:
        """Send a parked operation again, or one in conflict on the order as it is now. Raises `NotFound`."""
        with _not_found():
            self._signed_in.retry(op_id)
        self._nudge()

    def discard(self, op_id: OpId, reason: str) -> None:
        """Give a parked operation up, or one in conflict, or of `elsewhere`. Raises `NotFound`."""
        with _not_found():
            self._signed_in.discard(op_id, reason)
        self._nudge()

    def try_now(self) -> None:
        """Wait for no timer."""
        if self._engine is not None:
            self._engine.hurry()

    # -- changes: accepted here, sent by the engine

    def place(self, op_id: OpId, request: PlaceOrder) -> Order:
        return self._accept_new(Kind.PLACE, op_id, request, "")

    def take(self, op_id: OpId, request: TakeOrder) -> Order:
        """The order has its number, of this till's own series, whether or not there is a server."""
        return self._accept_new(Kind.TAKE, op_id, request, "" if request.number else self._tokens.device)

    def change_status(self, op_id: OpId, order_id: OrderId, request: ChangeStatus) -> Order:
        row = self._row(order_id)
        if row.version > request.version:
            if row.status is request.to:
                return row
            raise Conflict("Somebody else has changed it meanwhile.", order=row)
        self._check_move(row, request.to, request.reason)
        return self._accept(Kind.CHANGE_STATUS, op_id, row, request)

    def recall(self, op_id: OpId, order_id: OrderId, request: RecallOrder) -> Order:
        row = self._row(order_id)
        if row.version > request.version:
            raise Conflict("Somebody else has changed it meanwhile.", order=row)
        if target_of(row.status, Move.RECALL, row.fulfilment, self._tokens.person.role) is None:
            raise Conflict("There is no step back from here.", order=row)
        return self._accept(Kind.RECALL, op_id, row, request)

    def change_payment(self, op_id: OpId, order_id: OrderId, request: ChangePayment) -> Order:
        row = self._row(order_id)
        if (row.payment, row.tender) == (request.payment, request.tender or row.tender):
            return row
        if row.version > request.version:
            raise Conflict("Somebody else has changed it meanwhile.", order=row)
        try:
            check_payment(row, request.payment, request.tender or row.tender, request.reason)
        except IllegalMove as error:
            raise Conflict(error.message, order=row) from None
        except DomainError as error:
            raise Refused(error.message, field=error.field) from None
        return self._accept(Kind.CHANGE_PAYMENT, op_id, row, request)

    def cancel(self, op_id: OpId, order_id: OrderId, request: CancelOrder) -> Order:
        row = self._row(order_id)
        self._check_move(row, OrderStatus.CANCELLED, request.reason)
        return self._accept(Kind.CANCEL, op_id, row, request)

    def set_available(self, op_id: OpId, item_id: ItemId, request: ChangeAvailability) -> Availability:
        reply = self._http.set_available(op_id, item_id, request)
        happened = MenuChanged(version=reply.version, item_id=item_id, available=request.available)
        self._signed_in.menu_changed(partial(menu_after, event=happened))
        return reply

    def replace_menu(self, request: ReplaceMenu) -> Menu:
        menu = self._http.replace_menu(request)
        self._signed_in.menu_changed(lambda _held: menu)
        return menu

    # -- questions: the server's answer, and what is here when there is none

    def menu(self) -> Menu:
        """The server's. Without one, the listener is told the menu that is kept here, and this raises `Unreachable`
        rather than pass it off as just read."""
        sync = self._signed_in
        try:
            menu = self._http.menu(of_session=True)
        except Unreachable:
            sync.tell_menu()
            raise
        return sync.cache.learn_menu(menu)

    def history(self, query: HistoryQuery) -> OrderPage:
        """The server's. Without one, the listener has told already of every order that is held here, and this raises
        `Unreachable` rather than pass old news off as new."""
        return self._learned(self._http.history(query))

    def orders(self, query: OrderQuery) -> OrderPage:
        """The board's list is the server's or `Unreachable`, as `history` is; a search finds what is here."""
        try:
            return self._learned(self._http.orders(query))
        except Unreachable:
            if query.open:
                raise
            shown = (told.shown for told in self._signed_in.everything().told)
            return find([order for order in shown if order is not None], query)

    def order(self, order_id: OrderId) -> Order:
        try:
            return self._http.order(order_id)
        except Unreachable:
            return self._row(order_id)

    def details(self, order_id: OrderId) -> OrderDetails:
        try:
            return self._http.details(order_id)
        except (Unreachable, NotFound):
            return OrderDetails(order=self._row(order_id), history=())

    def status(self, order_id: OrderId) -> StatusReport:
        """The server's, or `Unreachable`, as `history` is. Of an order that it does not know yet: as it is here."""
        try:
            return self._http.status(order_id)
        except NotFound:
            row = self._row(order_id)
            return StatusReport(
                order_id=row.id,
                number=row.number,
                status=row.status,
                version=row.version,
                updated_at=row.updated_at,
                status_info=status_info(row.status, row.fulfilment),
                history=(),
            )

    def customers(self, q: str) -> Sequence[Customer]:
        return self._http.customers(q)

    # -- inside

    @property
    def _signed_in(self) -> Sync:
        if self._sync is None:
            raise SignedOut("Nobody is signed in.")
        return self._sync

    @property
    def _tokens(self) -> Tokens:
        tokens = self._http.tokens
        if tokens is None:
            raise SignedOut("Nobody is signed in.")
        return tokens

    def _learned(self, page: OrderPage) -> OrderPage:
        self._cache.put(page.orders)
        return page

    def _row(self, order_id: OrderId) -> Order:
        """The order as it is shown. Raises `NotFound`, and `Refused` while something about it is to be decided."""
        told = self._signed_in.look(order_id)
        if any(operation.held for operation in told.operations):
            raise Refused("Decide about the change that is in conflict first.")
        row = told.shown
        if row is None:
            row = self._door.order(order_id)
            self._cache.put([row])
        return row

    def _check_move(self, row: Order, to: OrderStatus, reason: str) -> None:
        try:
            transition(row.status, to, row.fulfilment, self._tokens.person.role, reason)
        except IllegalMove as error:
            raise Conflict(error.message, order=row) from None
        except DomainError as error:
            raise Refused(error.message, field=error.field) from None

    def _accept(self, kind: Kind, op_id: OpId, row: Order, request: Request) -> Order:
        sync = self._signed_in
        sync.outbox.accept(kind, op_id, row.id, request, row, self.server_now())
        shown = sync.look(row.id).shown
        self._nudge(row.id)
        return shown or row

    def _accept_new(self, kind: Kind, op_id: OpId, request: PlaceOrder | TakeOrder, series: str) -> Order:
        sync, at = self._signed_in, self.server_now()
        request = msgspec.structs.replace(
            request, id=request.id or new_order_id(), placed_at_client=request.placed_at_client or at
        )
        request, made = foreseen(request, self._tokens.person, self._cache.menu or self.menu(), at)
        operation = sync.outbox.accept(kind, op_id, made.id, request, made, at, series=series)
        self._nudge(operation.order_id)
        return operation.seen

    def _nudge(self, order_id: OrderId | None = None) -> None:
        if order_id is not None:
            self._signed_in.accepted(order_id)
        if self._engine is not None:
            self._engine.accepted()


@contextlib.contextmanager
def _not_found() -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise NotFound("It has been settled meanwhile.") from None
