"""What the server has told this window, as of a cursor: orders and the menu.

It belongs to one person at a time and can always be had again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from core.client.storage.lease import Store
from core.client.sync.operations import Owner
from core.decoding import decode_reply, reader
from core.domain.ids import OrderId
from core.domain.menu import Menu, with_availability
from core.domain.order import Order
from core.instants import from_us, to_us
from core.protocol.events import Event, MenuChanged, OrderPlaced, OrderStatusChanged, UnknownEvent
from core.protocol.feed import Cursor

_BEFORE: Final = ""
"""Stands for the run of the server that a session followed before it ended."""
CLOSED_KEPT: Final = 2_000
"""Closed orders beyond the newest so many are left to the server."""

T = TypeVar("T")
_encode: Final = msgspec.json.Encoder().encode
_order: Final = reader(Order).decode


class CannotApply(Exception):
    """An event tells of a change to an order that is not held, or not at the version before it, or not of which."""


def after(row: Order | None, event: Event | UnknownEvent) -> Order:
    """The order after `event`; unchanged by one that is in it already. Raises `CannotApply`."""
    if isinstance(event, UnknownEvent | MenuChanged):
        raise CannotApply(event)
    if isinstance(event, OrderPlaced):
        return row if row is not None and row.version >= event.order.version else event.order
    if row is None or row.version < event.version - 1:
        raise CannotApply(event)
    if row.version >= event.version:
        return row
    if isinstance(event, OrderStatusChanged):
        return msgspec.structs.replace(
            row, status=event.target, version=event.version, reason=event.reason, updated_at=event.at
        )
    return msgspec.structs.replace(
        row, payment=event.payment, tender=event.tender, version=event.version, updated_at=event.at
    )


def order_id_of(event: Event | UnknownEvent) -> OrderId | None:
    """The order that it happened to; None when it was something else."""
    if isinstance(event, MenuChanged):
        return None
    return event.order.id if isinstance(event, OrderPlaced) else event.order_id


def menu_after(menu: Menu, event: MenuChanged) -> Menu | None:
    """The menu once `event` has happened to it, where the event says all of it; else it is to be asked for: None."""
    if event.version <= menu.version:
        return menu
    if event.item_id is None or event.version != menu.version + 1:
        return None
    categories = with_availability(menu.categories, {event.item_id: event.available})
    return msgspec.structs.replace(menu, categories=categories, version=event.version)


class Cache:
    """Safe to use from several threads; every change is one transaction of the local store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- whose it is

    @property
    def owner(self) -> Owner:
        """Whose orders these are; both are empty when there are none."""
        return Owner(self._fact("owner", str) or "", self._fact("shop", str) or "")

    def claim(self, owner: Owner) -> bool:
        """Make it `owner`'s: another's orders, and another shop's, are wiped. True when that was so."""
        held = self.owner
        if held == owner:
            return False
        theirs = held != Owner(owner.subject, "")  # what an earlier release has kept does not say of which shop it is
        with self._store.transaction():
            if theirs:
                self.clear()
            self._keep("owner", owner.subject)
            self._keep("shop", owner.shop)
        return theirs

    def clear(self) -> None:
        """Forget every order. How far they were followed becomes a witness; the menu is nobody's secret."""
        with self._store.transaction() as db:
            if (place := self.place) is not None:
                self._insert_history_proof(db, self.owner, _BEFORE, place)
            db.execute("DELETE FROM orders")
            db.execute("DELETE FROM facts WHERE name IN ('owner', 'shop', 'place', 'synced_at')")

    def forget_shop(self) -> None:
        """Forget the orders and the menu: this machine is another shop's from now on."""
        with self._store.transaction() as db:
            self.clear()
            db.execute("DELETE FROM facts WHERE name = 'menu'")

    # -- orders

    def get(self, order_id: OrderId) -> Order | None:
        with self._store.reading() as db:
            row = db.execute("SELECT row FROM orders WHERE id = ?", (order_id,)).fetchone()
        return _order(row[0]) if row else None

    def open(self) -> list[Order]:
        """Orders that somebody still has to do something for, oldest first."""
        return self._rows("WHERE is_open = 1 ORDER BY placed_at, id")

    @property
    def newest_placed_at(self) -> datetime | None:
        """When the server took the newest order that is held, by its clock; None when none is."""
        with self._store.reading() as db:
            newest: int | None = db.execute("SELECT max(placed_at) FROM orders").fetchone()[0]
        return None if newest is None else from_us(newest)

    def newest(self) -> list[Order]:
        return self._rows("ORDER BY placed_at DESC, id DESC")

    def put(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """Keep rows that the server has told; gives those that are news. A row never goes back to an older version."""
        with self._store.transaction() as db:
            news = []
            for order in orders:
                held = self.get(order.id)
                if held is None or held.version < order.version:
                    news.append(order)
            self._write(db.executemany, news)
        return tuple(news)

    def replace(self, orders: Sequence[Order], place: Cursor) -> None:
        """A snapshot: these orders, as of that place, and no others."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM orders")
            self._write(db.executemany, orders)
            self.stand_at(place)

    def advance(
        self, events: Sequence[Event | UnknownEvent], place: Cursor, fetch: Callable[[OrderId], Order | None]
    ) -> tuple[Order, ...]:
        """Let the events happen, up to `place`; gives the orders that changed.

        `fetch` asks the server for an order whose past is not here; it is called before anything is locked.
        """
        rows: dict[OrderId, Order] = {}
        changed: dict[OrderId, None] = {}
        for event in events:
            order_id = order_id_of(event)
            if order_id is None:
                continue
            row = rows.get(order_id) or self.get(order_id)
            try:
                following = after(row, event)
            except CannotApply:
                found = fetch(order_id)
                if found is None or found == row:
                    continue
                following = found
            rows[order_id] = following
            if following is not row:
                changed[order_id] = None
        with self._store.transaction() as db:
            # Between reading and writing, a reply may have told of a newer version.
            news = [row for order_id in changed if not self._newer_held(row := rows[order_id])]
            self._write(db.executemany, news)
            self.stand_at(place)
        return tuple(news)

    def prune(self) -> None:
        """Let go of closed orders beyond the newest 2,000."""
        with self._store.transaction() as db:
            db.execute(
                "DELETE FROM orders WHERE is_open = 0 AND id IN (SELECT id FROM orders WHERE is_open = 0 "
                "ORDER BY placed_at DESC, id DESC LIMIT -1 OFFSET ?)",
                (CLOSED_KEPT,),
            )

    # -- what else there is

    @property
    def place(self) -> Cursor | None:
        """How far this window has followed its events. None until a first snapshot is here."""
        text = self._fact("place", str)
        return Cursor.parse(text) if text else None

    def stand_at(self, place: Cursor) -> None:
        """Everything up to `place` is here."""
        with self._store.transaction():
            self._keep("place", str(place))

    def believed_s(self) -> float:
        """How far the server's clock was believed when this last asked, seconds since 1970; 0 for never."""
        return self._fact("believed_s", float) or 0.0

    def believe(self, at_s: float) -> None:
        """Remember it."""
        with self._store.transaction():
            self._keep("believed_s", at_s)

    def witness(self, cursor: Cursor, run: str) -> None:
        """One run of the server has acknowledged history up to `cursor`. Remembered, beyond sign-out too, until that
        history is proven to be still there: should it be gone, this person's acknowledged operations may be gone too.

        The furthest of each run is kept: another run's may be of another history, whatever its number.
        """
        with self._store.transaction() as db:
            self._insert_history_proof(db, self.owner, run, cursor)

    @staticmethod
    def _insert_history_proof(db: sqlite3.Connection, owner: Owner, run: str, cursor: Cursor) -> None:
        db.execute(
            "INSERT INTO witnesses VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject, shop, run) DO UPDATE "
            "SET seq = excluded.seq, cursor = excluded.cursor WHERE excluded.seq > seq",
            (*owner, run, cursor.seq, str(cursor)),
        )

    def history_proofs(self) -> tuple[str, ...]:
        """Cursors that are not proven yet."""
        with self._store.reading() as db:
            query = "SELECT cursor FROM witnesses WHERE subject = ? AND shop = ? ORDER BY seq DESC"
            found = db.execute(query, self.owner)
            return tuple(cursor for (cursor,) in found)

    def proven(self, cursors: Iterable[str]) -> None:
        """The server still has that history, or it is known that it has not: these witnesses may go."""
        with self._store.transaction() as db:
            db.executemany(
                "DELETE FROM witnesses WHERE subject = ? AND shop = ? AND cursor = ?",
                [(*self.owner, cursor) for cursor in cursors],
            )

    @property
    def menu(self) -> Menu | None:
        return self._fact("menu", Menu)

    def learn_menu(self, menu: Menu) -> Menu:
        """Keep a menu that was read, unless a newer one has come by another road; gives the one that is held."""
        with self._store.lock:
            held = self.menu
            if held is not None and held.version > menu.version:
                return held
            if held != menu:
                self.keep_menu(menu)
            return menu

    def keep_menu(self, menu: Menu) -> None:
        """The menu is this one, even where its version is lower: the server may have been restored."""
        self._keep("menu", menu)

    @property
    def synced_at(self) -> datetime | None:
        """When a pull last found nothing missing, by the server's clock."""
        return self._fact("synced_at", datetime)

    def synced(self, at: datetime) -> None:
        self._keep("synced_at", at)

    # -- inside

    def _rows(self, clause: str) -> list[Order]:
        with self._store.reading() as db:
            found = db.execute(f"SELECT row FROM orders {clause}").fetchall()  # noqa: S608 - our own words
        return [_order(row) for (row,) in found]

    def _newer_held(self, order: Order) -> bool:
        with self._store.reading() as db:
            row = db.execute("SELECT version FROM orders WHERE id = ?", (order.id,)).fetchone()
        return row is not None and row[0] > order.version

    @staticmethod
    def _write(executemany: Callable[[str, Iterable[tuple[object, ...]]], object], orders: Sequence[Order]) -> None:
        executemany(
            "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?)",
            [
                (order.id, order.version, int(order.status.is_open), to_us(order.placed_at), _encode(order))
                for order in orders
            ],
        )

    def _fact(self, name: str, kind: type[T]) -> T | None:
        with self._store.reading() as db:
            row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return decode_reply(row[0], kind) if row else None

    def _keep(self, name: str, value: object) -> None:
        with self._store.transaction() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, _encode(value)))
