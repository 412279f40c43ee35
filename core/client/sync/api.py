"""The API with an outbox: sessions, and what each has of the file, the engine and the calls (`core.client.sync.calls`).

Writes return as soon as they are on this machine's disk, with the predicted order; later results are published to the
listener.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.client.device import allowing, enrolled, identity, staff, unlock
from core.client.errors import (
    ClientError,
    Left,
    NoRight,
    NotFound,
    NotKept,
    SignedOut,
    Unreachable,
)
from core.client.http.api import HttpClient, SessionApi
from core.client.operations import Operation, Owner
from core.client.storage import operation_table, session_file, window_id
from core.client.storage.cache import Cache
from core.client.storage.favourites import Favourites
from core.client.storage.lease import Lease
from core.client.storage.local_store import LocalStore
from core.client.storage.seal import KeptIn, Seal
from core.client.sync.calls import Calls
from core.client.sync.card_attempts import CardAttempts
from core.client.sync.engine import ConnectionState, Engine, SyncStatus
from core.client.sync.outbox import RIGHT_REFUSED, Outbox
from core.client.sync.publisher import Publisher
from core.client.sync.sign_outs import SignOuts
from core.client.sync.synchronizer import Synchronizer
from core.client.sync.transport import HttpTransport
from core.client.sync.updates import Changed, Listener
from core.client.terminals.attempt import Attempt
from core.client.terminals.driver import Word
from core.domain.drawers import DrawerSession
from core.domain.ids import OpId, ShopId
from core.protocol import routes
from core.protocol.replies import Tokens
from core.protocol.requests import (
    SignIn,
    SignUp,
    StaffSignIn,
)
from core.protocol.rights import ApproverQuery
from core.protocol.route import R, Request
from core.workers import keep_running

_STOP_WITHIN_S = 2.0
T = TypeVar("T")
_ERASE_AGAIN_S = 5.0


class _Attempt:
    """One attempt to sign in. Its result is dropped once it was given up, or replaced by another."""

    def __init__(self) -> None:
        self.present: _Present | None = None
        """The session that it led to."""


class _Present:
    """The current session: its calls, its lease of the file, and its engine. All of it begins and ends with the
    session."""

    def __init__(
        self,
        store: LocalStore,
        api: SessionApi,
        owner: Owner,
        shop_name: str,
        on_changed: Callable[["_Present", Changed], None],
        on_sync_status: Callable[["_Present", SyncStatus], None],
        *,
        push: bool,
    ) -> None:
        self.api = api
        self.owner = owner
        self.lease = Lease(store)
        self.cache = Cache(self.lease)
        self.cache.claim(owner)
        self.outbox = Outbox(self.lease, owner, shop_name)
        self.transport = HttpTransport(api)
        publisher = Publisher(self.lease, self.cache, self.outbox, partial(on_changed, self))
        self.sync = Synchronizer(self.lease, self.cache, self.outbox, self.transport, publisher)
        self.engine = Engine(self.sync, self.transport, partial(on_sync_status, self), push=push)
        self.calls = Calls(api, self.cache, self.outbox, self.transport, self.sync, self.engine)
        self.favourites = Favourites(self.lease, ShopId(owner.shop))
        self.cards = CardAttempts(
            *(api, self.lease, self.outbox, self.calls.row, self.calls.call, self.calls.rights, self.calls.amended)
        )

    def stop(self, wait_s: float = 0.0) -> None:
        """Stop reading, writing, sending and calling for it. Waits for hanging calls at most `wait_s`."""
        self.engine.stop(wait_s)
        self.lease.end()


class SyncedApi:
    """The API of one window, over its own file. Thread-safe. Calls block for a disk's time, and those that need the
    server for a network's, so no window makes one on its own thread. They raise `ClientError`.

    Each call is for the person who is signed in when it begins; when they leave meanwhile it raises `SignedOut`.

    Raises `LocalStoreError` when the file cannot be used.
    """

    def __init__(
        self,
        client: HttpClient,
        path: Path,
        *,
        on_changed: Listener,
        on_sync_status: Callable[[SyncStatus], None],
        push: bool = True,
        keyring: bool = True,
    ) -> None:
        """`client` is closed with it."""
        self._store = LocalStore(path)
        window_id.of(self._store)  # a copied file's session is not continued
        self._publishing = threading.RLock()
        self._seal = Seal(self._store, keyring=keyring)
        self.allow: Callable[[NoRight], str] | None = None
        """Asks somebody who may to allow an operation, and returns the approval; empty for none. Called in the thread
        of the call, which waits for a person."""
        self._client = client
        self._sign_outs = SignOuts(self._store, client)
        self._listener = on_changed
        self._on_sync_status = on_sync_status
        self._push = push
        self._changing = threading.RLock()
        """Held while one session ends and another begins: for a disk's time, and no network's."""
        self._present: _Present | None = None
        self._attempt: _Attempt | None = None
        """The newest attempt to sign in."""
        self._left_behind = False
        """Whether data of somebody who has signed out is still in the file, because the disk is full."""
        self._closed = threading.Event()
        self._asking = threading.local()
        """The session for which this thread's job was started: see `bound`."""

    def bound(self, call: Callable[[], T]) -> Callable[[], T]:
        """`call`, for any thread at any time, bound to the current session. Once that has ended, its calls raise
        `Left`."""
        present = self._present

        def for_them() -> T:
            self._asking.present = present
            try:
                return call()
            finally:
                del self._asking.present

        return for_them

    def close(self) -> None:
        """Stop, and close the file. The session continues with the next `resume`."""
        self._closed.set()
        with self._changing:
            self._attempt = None
            if (present := self._take_leave()) is not None:
                present.stop(_STOP_WITHIN_S)
            self._sign_outs.close()
            self._client.close()
            self._store.close()

    # -- session

    def resume(self) -> Tokens | None:
        """Resume the session that was open when this window was closed; None without one. Does no network I/O."""
        with self._changing:
            kept = session_file.read(self._seal)
            if kept is not None:
                return self._begin(*kept)
        with contextlib.suppress(NotKept):
            self.forget()
        return None

    def forget(self) -> None:
        """End the session that was open when this window was closed. Its waiting operations are kept. Raises `NotKept`
        as `sign_out` does."""
        with self._changing:
            self._erase()

    @property
    def kept_s(self) -> float | None:
        """The age of the orders cached by an earlier run; None without any."""
        at = Cache(self._store).synced_at
        return None if at is None else max(0.0, (self.server_now() - at).total_seconds())

    def sign_up(self, request: SignUp) -> Tokens:
        return self._enter(lambda: self._client.call(routes.SIGN_UP(body=identity.proven(self._seal, request))))

    def sign_in(self, request: SignIn) -> Tokens:
        def ask() -> Tokens:
            known = msgspec.structs.replace(request, client_token=session_file.client_token(self._seal))
            return self._client.call(routes.SIGN_IN(body=identity.proven(self._seal, known)))

        return self._enter(ask)

    def staff_sign_in(self, request: StaffSignIn) -> Tokens:
        """Unlock the till by PIN at once, without the server. Everybody else, and a wrong PIN, is checked by the server
        (docs/adr/0028)."""
        present = self._present
        wrong: SignedOut | None = None
        try:
            held = staff.come_back(present.api if present is not None else None, self._seal, request)
        except SignedOut as error:
            held, wrong = None, error
        if held is not None:
            self._attempt = None  # another attempt that still hangs must not replace it
            self.try_now()
            return held
        try:
            return self._enter(
                lambda: staff.sign_in(self._client, self._seal, request), partial(staff.signed_in, self._seal, request)
            )
        except Unreachable:
            if wrong is not None:
                raise wrong from None
            raise

    def _enter(self, ask: Callable[[], Tokens], let_in: Callable[[Tokens], None] = lambda _tokens: None) -> Tokens:
        """Start the session that the server answers with, unless this attempt was given up or replaced: then end it,
        and raise `Left`."""
        attempt = self._attempt = _Attempt()
        tokens = ask()
        with self._changing:
            try:
                if self._attempt is not attempt:
                    raise Left
                if self._left_behind:
                    self._erase()
                let_in(tokens)
                self._begin(tokens)
            except ClientError:
                self._sign_outs.announce(tokens)
                raise
            attempt.present = self._present
            return tokens

    def give_up_sign_in(self) -> None:
        """Abort the sign-in in progress: its session ends as it begins. Waits for no answer. Raises `NotKept` as
        `sign_out` does."""
        with self._changing:
            attempt, self._attempt = self._attempt, None
            if attempt is not None and attempt.present is not None and attempt.present is self._present:
                self._end_session()

    def sign_out(self) -> None:
        """End the session here, at once; the server is notified in the background, as soon as it can be reached.
        Waiting operations are kept until the same person signs in again; the cache is deleted, and the listener gets no
        more updates.

        Raises `NotKept` when the disk is full: the session is over all the same, also after a restart, and its data is
        deleted and sealed as soon as possible.
        """
        with self._changing:
            if self._has_left(self._present):
                return
            self._end_session()

    def _end_session(self) -> None:
        self._attempt = None
        with contextlib.suppress(NotKept):
            self._leave()
        self._erase()

    def _erase(self) -> None:
        """Delete the last person's data, now or as soon as the disk accepts it. Raises `NotKept`."""
        try:
            with self._store.transaction() as db:
                session_file.keep(self._seal, None, OpId(""))
                unlock.forget(self._seal)
                Cache(self._store).clear()
                operation_table.seal(db, None)
        except NotKept:
            if not self._left_behind:
                self._left_behind = True
                keep_running(self._erase_later, "erase").start()
            raise
        self._left_behind = False
        self._store.empty_log()

    def _erase_later(self) -> None:
        while not self._closed.wait(_ERASE_AGAIN_S):
            with self._changing, contextlib.suppress(NotKept):
                if self._left_behind and not self._closed.is_set():
                    self._erase()
                if not self._left_behind:
                    return

    def probe(self) -> None:
        """Ask whether the server answers; needs no session. Raises `ClientError`."""
        self._client.probe()

    def server_now(self) -> datetime:
        """The server's clock, as of its last replies; this machine's before the first. Does no network I/O.

        Ages on screen are computed with it: a till's own clock may be wrong.
        """
        return self._client.server_now()

    def _begin(self, tokens: Tokens, op_id: OpId | None = None) -> Tokens:
        """Start a session. With an `op_id`, see `Session`."""
        with self._changing:
            present = self._present
            if present is not None:
                before = present.api.tokens
                if present.api.session.renew(tokens):  # the same person is back
                    self._sign_outs.announce(before)
                    present.engine.hurry()
                    return tokens
                self._leave()
            owner = identity.owner(self._store, tokens)
            self._seal_what_waits(owner)
            keep = partial(session_file.keep, self._seal)
            api = SessionApi(self._client, tokens, keep=keep, op_id=op_id, announce_end=self._sign_outs.announce)
            present = _Present(
                self._store, api, owner, tokens.shop_name, self._publish, self._set_sync_status, push=self._push
            )
            self._present = present
            if hasattr(self._asking, "present"):
                self._asking.present = present  # the attempt that signed them in continues in their session
            present.sync.publisher.publish_everything()
            self._on_sync_status(present.engine.sync_status)
            present.engine.start()
            return tokens

    def _leave(self) -> None:
        """End the current session."""
        if (present := self._take_leave()) is not None:
            present.stop()
            present.api.end()

    def _take_leave(self) -> _Present | None:
        """Publish no more of the session's updates."""
        with self._publishing:
            present, self._present = self._present, None
        return present

    def _publish(self, present: _Present, changed: Changed) -> None:
        with self._publishing:
            if self._present is present:
                self._listener(changed)

    def _set_sync_status(self, present: _Present, sync_status: SyncStatus) -> None:
        with self._publishing:
            if self._present is present:
                self._on_sync_status(sync_status)

    def _seal_what_waits(self, present: Owner | None) -> None:
        """Seal the operations of everybody but `present`. Operations that an earlier release, or a crashed window, has
        left readable are sealed at the next sign-in."""
        with self._store.transaction() as db:
            count = operation_table.seal(db, present)
        if count and present is not None:
            self._store.wipe()
        else:
            self._store.empty_log()

    def call(self, request: Request[R]) -> R:
        """A call with the current session: see `Calls.call`. For a change that the person's role may not make, somebody
        else is asked (`allow`); raises `NoRight` when nobody allows it."""
        try:
            return self._signed_in.calls.call(request)
        except NoRight as lacking:
            if isinstance(request.body, msgspec.Raw) or not lacking.op_id:
                raise
            allowed: dict[str, Any] = {"approval": self._allowed(lacking)}
            if getattr(request.body, "id", "") is None:
                allowed["id"] = lacking.about  # a new order, which is allowed by its id
            body = msgspec.structs.replace(request.body, **allowed)
            return self._signed_in.calls.call(msgspec.structs.replace(request, body=body))

    def _allowed(self, lacking: NoRight) -> str:
        approval = self.allow(lacking) if self.allow is not None else ""
        if not approval:
            raise lacking
        return approval

    def record_card(self, key: OpId, word: Word, reference: str, *, has_line: bool) -> Attempt:
        """See `CardAttempts.record`; somebody else is asked where the person may not. Raises `ClientError`."""
        cards = self.cards
        try:
            return cards.record(key, word, reference, has_line=has_line)
        except NoRight as lacking:
            return cards.record(key, word, reference, has_line=has_line, approval=self._allowed(lacking))

    def approvers(self, lacking: NoRight) -> tuple[str, ...]:
        """The names of the managers who may allow it; without the server of those who have enrolled at this POS."""
        present = self._signed_in
        query = ApproverQuery(act=tuple(need.act for need in lacking.needs))
        try:
            return present.api.call(routes.APPROVERS(query=query)).names
        except Unreachable:
            return enrolled.names(self._seal, ShopId(present.owner.shop))

    def approve(self, lacking: NoRight, name: str, pin: str, *, enrol: bool = False) -> str:
        """A manager's approval, for `allow` to return: see `core.client.device.allowing.ask`."""
        present = self._signed_in
        shop = ShopId(present.owner.shop)
        return allowing.ask(present.api, self._seal, present.cache.roles, shop, lacking, name, pin, enrol=enrol)

    @property
    def person_id(self) -> str:
        """The id of the person who is signed in. Raises `SignedOut`."""
        return self._signed_in.api.person.id

    @property
    def cards(self) -> CardAttempts:
        """The current session's attempts at a card terminal."""
        return self._signed_in.cards

    @property
    def drawer(self) -> DrawerSession | None:
        """This POS's newest drawer session, as the server will have it; None before the first. Reads the disk."""
        return self._signed_in.calls.drawer

    @property
    def favourites(self) -> Favourites:
        """The items that this till shows first."""
        return self._signed_in.favourites

    # -- status

    @property
    def sync_status(self) -> SyncStatus:
        present = self._present
        return present.engine.sync_status if present is not None else SyncStatus(state=ConnectionState.SIGNED_OUT)

    @property
    def waiting_of_others(self) -> int:
        """The number of operations that wait for another person to sign in again."""
        return operation_table.waiting_of_others(self._store, self._signed_in.outbox.owner)

    def elsewhere(self) -> tuple[Operation, ...]:
        """Operations accepted here for other shops, for the sync page."""
        return self._signed_in.outbox.elsewhere()

    @property
    def kept_in(self) -> KeptIn | None:
        """Where the key to the session is stored; None while there is none."""
        return self._seal.kept_in

    def operations(self) -> tuple[Operation, ...]:
        """The unanswered operations, for the sync page: waiting, being sent, parked, in conflict."""
        return self._signed_in.outbox.open()

    def find(self, op_id: OpId) -> Operation | None:
        """One of this person's operations of the last 90 days, in any state."""
        return self._signed_in.outbox.find(op_id)

    def retry(self, op_id: OpId) -> None:
        """Send a parked operation again, or one in conflict on the current order; one that its person's role may not do
        once somebody has allowed it. Raises `NotFound`, `NoRight`."""
        present = self._signed_in
        held = present.outbox.find(op_id)
        approval = ""
        if held is not None and held.held and held.outcome == RIGHT_REFUSED:
            lacking = present.calls.rights.missing(held)
            approval = self._allowed(lacking) if lacking.needs else ""
        with _not_found():
            present.sync.retry(op_id, approval)
        present.engine.accepted()

    def renumber(self, op_id: OpId) -> str:
        """Give a parked order, whose number the server refuses, another one, and send it again: returns the number,
        empty when the server will give one. Raises `NotFound`."""
        present = self._signed_in
        with _not_found():
            operation = present.sync.renumber(op_id)
        present.engine.accepted()
        return operation.seen.number

    def discard(self, op_id: OpId, reason: str) -> None:
        """Discard a parked operation, or one in conflict, or of `elsewhere`. Raises `NotFound`."""
        present = self._signed_in
        with _not_found():
            present.sync.discard(op_id, reason)
        present.engine.accepted()

    def try_now(self) -> None:
        """Send and fetch now, without waiting for a timer."""
        if (present := self._present) is not None:
            present.engine.hurry()

    # -- inside

    @property
    def _signed_in(self) -> _Present:
        """The current session, read once for each call."""
        present = self._present
        if self._has_left(present):
            raise Left
        if present is None:
            raise SignedOut("Nobody is signed in.")
        return present

    def _has_left(self, present: _Present | None) -> bool:
        """Whether this thread's job was started for another session than `present`."""
        return getattr(self._asking, "present", present) is not present


@contextlib.contextmanager
def _not_found() -> Iterator[None]:
    try:
        yield
    except KeyError:
        raise NotFound("It has been settled meanwhile.") from None
