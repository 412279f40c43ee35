"""`orderbell sync`: sends the operations in a window's file and fetches events, without the window."""

import argparse
import getpass
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core import clock, logs, settings
from core.admin import console, terminal
from core.admin.command import Parser
from core.admin.console import Advance
from core.client.device import identity, staff
from core.client.errors import ClientError, SignedOut
from core.client.http.api import HttpClient, SessionApi
from core.client.operations import Operation, State
from core.client.settings import ServerAddress
from core.client.storage import session_file, window_id
from core.client.storage.cache import Cache
from core.client.storage.local_store import LocalStore, LocalStoreError, default_path
from core.client.storage.operation_table import waiting_of_others
from core.client.storage.seal import Seal
from core.client.sync.outbox import Counts, Outbox
from core.client.sync.publisher import Publisher
from core.client.sync.sign_outs import SignOuts
from core.client.sync.synchronizer import Synchronizer
from core.client.sync.transport import HttpTransport
from core.client.sync.updates import Changed
from core.domain.ids import OpId, OrderId
from core.protocol.requests import StaffSignIn

SECTION: Final = "sync"
IN_SYNC, WAITING, OUT_OF_REACH = 0, 1, 2
_EXAMPLES: Final = """examples:
  orderbell sync                             one pass over the POS window's file: fetch, send, fetch
  orderbell sync --status --window customer  how a file stands; nobody is asked
  orderbell sync --watch --json              for ever, an object a line
  orderbell sync --staff Kim --device POS1   sign in first

Exit status: 0 in sync; 1 operations wait, are parked or in conflict; 2 the server, the session or the file is out of
reach.
"""


class SyncSettings(ServerAddress, frozen=True, kw_only=True):
    window: Annotated[Literal["pos", "customer"], Meta(description="whose file: pos or customer")] = "pos"
    local_file: Annotated[str, Meta(description="the window's file; empty: where it is by default")] = ""
    keyring: Annotated[bool, Meta(description="the key to the file's secrets is in the system's keyring, if any")] = (
        True
    )
    interval_s: Annotated[float, Meta(ge=1, le=86_400, description="seconds between two passes of --watch")] = 30.0

    @property
    def path(self) -> Path:
        return Path(self.local_file) if self.local_file else default_path(self.window)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One unanswered operation."""

    op_id: OpId
    order_id: OrderId
    number: str
    kind: str
    state: State
    tries: int
    problem: str
    created_at: datetime
    shop: str = ""
    """The shop it was accepted for."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A file's state, and what this pass did."""

    person: str = ""
    reached: bool = True
    problem: str = ""
    sent: int = 0
    orders_changed: int = 0
    waiting: int = 0
    parked: int = 0
    conflicts: int = 0
    waiting_of_others: int = 0
    elsewhere: int = 0
    """Operations accepted for other shops that this machine was paired with."""
    synced_at: datetime | None = None
    """By the server's clock."""
    operations: tuple[Line, ...] = ()

    @property
    def exit_status(self) -> int:
        if not self.reached:
            return OUT_OF_REACH
        return WAITING if self.waiting or self.parked or self.conflicts else IN_SYNC

    def shown(self) -> list[str]:
        rows = [
            ("person", self.person or "nobody is signed in"),
            ("server", "reached" if self.reached else f"out of reach: {self.problem}"),
            ("last success", self.synced_at.isoformat(" ", "seconds") if self.synced_at else "never"),
            ("sent", str(self.sent)),
            ("orders changed", str(self.orders_changed)),
            ("waiting", str(self.waiting)),
            ("parked", str(self.parked)),
            ("conflicts", str(self.conflicts)),
        ]
        if self.waiting_of_others:
            rows.append(("of others", f"{self.waiting_of_others} wait until whoever made them signs in again"))
        if self.elsewhere:
            rows.append(("of other shops", f"{self.elsewhere} wait until this machine is paired with their shop again"))
        lines = [f"{name:16}{value}" for name, value in rows]
        lines += [
            f"  {each.state:9} {each.number or each.order_id:14} {each.kind:15} {each.problem}".rstrip()
            for each in self.operations
        ]
        return lines


class Pass:
    """The sync engine's two directions over one file, run once."""

    def __init__(self, store: LocalStore, api: SessionApi) -> None:
        """`api` is of the person who is signed in. Raises `SignedOut`."""
        tokens = api.tokens
        if tokens is None:
            raise SignedOut("The session is over.")
        self._store = store
        self._person = tokens.person.name
        self._changed: set[OrderId] = set()
        self.cache = Cache(store)
        owner = identity.owner(store, tokens)
        self.cache.claim(owner)
        self.outbox = Outbox(store, owner, tokens.shop_name)
        publisher = Publisher(store, self.cache, self.outbox, self._on_changed)
        self._sync = Synchronizer(store, self.cache, self.outbox, HttpTransport(api), publisher)

    def run(self, progress: Advance = console.no_bar) -> Summary:
        """Fetch, send each operation once, fetch again."""
        self._changed.clear()
        self.outbox.hurry()
        before = self.outbox.counts().waiting
        problem, sent = "", 0
        try:
            self._sync.pull()
            total = max(before, self.outbox.counts().waiting)  # a restored server may have made it more
            while (operation := self.outbox.take(clock.now_s())) is not None:
                sent += self._send(operation)
                progress(sent, total)
            self._sync.pull()
            self._sync.housekeep()
        except ClientError as error:
            problem = f"{error.title}. {error.message}"
        return self.summary(problem=problem, sent=sent)

    def _send(self, operation: Operation) -> bool:
        try:
            return self._sync.send(operation)
        except ClientError:
            self.outbox.postpone(operation, clock.now_s())
            raise

    def summary(self, *, problem: str = "", sent: int = 0) -> Summary:
        counts: Counts = self.outbox.counts()
        elsewhere = self.outbox.elsewhere()
        return Summary(
            person=self._person,
            reached=not problem,
            problem=problem,
            sent=sent,
            orders_changed=len(self._changed),
            waiting=counts.waiting,
            parked=counts.parked,
            conflicts=counts.conflicts,
            waiting_of_others=waiting_of_others(self._store, self.outbox.owner),
            synced_at=self.cache.synced_at,
            elsewhere=len(elsewhere),
            operations=tuple(self._line(operation) for operation in (*self.outbox.open(), *elsewhere)),
        )

    def _line(self, operation: Operation) -> Line:
        row = self.cache.get(operation.order_id) or operation.seen
        return Line(
            op_id=operation.op_id,
            order_id=operation.order_id,
            number=row.number,
            kind=operation.kind,
            state=operation.state,
            tries=operation.failed_attempts,
            problem=operation.problem,
            created_at=operation.created_at,
            shop=operation.shop_name,
        )

    def _on_changed(self, changed: Changed) -> None:
        self._changed.update(update.order_id for update in changed.updates)


def main(argv: Sequence[str]) -> int:
    """Returns 0 when all is in sync, 1 when something waits or is in conflict, 2 when the server cannot be reached."""
    parser = Parser("orderbell sync", __doc__, _EXAMPLES)
    parser.add_argument("--status", action="store_true", help="say how the file stands; ask nobody")
    parser.add_argument("--watch", action="store_true", help="again and again, until stopped")
    parser.add_argument("--json", action="store_true", help="the summary as JSON, one object a line")
    parser.add_argument("--staff", metavar="NAME", help="sign in as NAME; the PIN is asked for, or read from a pipe")
    parser.add_argument("--device", help="the POS to sign in at (default: the one this file is of, or POS1)")
    settings.add_flags(parser, SyncSettings)
    options = parser.parse_args(argv)
    try:
        configured = settings.load(SyncSettings, SECTION, vars(options)).values
    except settings.SettingsError as error:
        parser.error(str(error))
    logs.setup()
    if not configured.path.exists():
        return _out_of_reach(f"there is no file {configured.path}. Has the window ever run here?")
    try:
        with closing(LocalStore(configured.path)) as store:
            return _run(store, configured, options)
    except (LocalStoreError, ClientError) as error:
        return _out_of_reach(str(error))
    except KeyboardInterrupt:
        return IN_SYNC


def _run(store: LocalStore, configured: SyncSettings, options: argparse.Namespace) -> int:
    window_id.of(store)  # a copied file's session is not continued
    seal, known = Seal(store, keyring=configured.keyring), identity.read(store)
    configured = identity.settled(configured, known, configured.path)
    keep = partial(session_file.keep, seal)
    with (
        closing(HttpClient(configured.server_url, ca_file=configured.ca_file)) as client,
        closing(SignOuts(store, client)) as sign_outs,
    ):
        kept = session_file.read(seal)
        api = None if kept is None else SessionApi(client, kept[0], keep=keep, op_id=kept[1])
        if options.staff:
            pin = getpass.getpass(f"PIN of {options.staff}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
            device = options.device or (known.name if known is not None else "POS1")
            request = StaffSignIn(staff=options.staff, pin=pin, device=device)
            tokens = staff.sign_in(client, seal, request)
            if api is not None:
                sign_outs.announce(api.tokens)
            api = SessionApi(client, tokens, keep=keep)
        elif api is None:
            return _out_of_reach("nobody is signed in in that file. Open the window and sign in, or use --staff NAME.")
        one_pass = Pass(store, api)
        while True:
            if options.status:
                summary = one_pass.summary()
            else:
                with console.progress("Sending") as progress:
                    summary = one_pass.run(progress)
            if options.json:
                console.as_json(summary)
            else:
                terminal.lines(summary.shown())
            if not options.watch:
                return summary.exit_status
            time.sleep(configured.interval_s)


def _out_of_reach(message: str) -> int:
    terminal.lines([f"orderbell sync: {message}"], error=True)
    return OUT_OF_REACH
