"""The cache: the server's orders and menu as of a cursor.

It belongs to one person at a time and can always be fetched again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from core.client.operations import Owner
from core.client.storage.lease import Store
from core.decoding import decode_reply, reader
from core.domain import order_rules
from core.domain.drawers import DrawerSession
from core.domain.held_baskets import HeldBasket
from core.domain.ids import BasketId, OrderId
from core.domain.menu import Menu, with_availability
from core.domain.order import Order
from core.domain.rights import Roles
from core.instants import from_us, to_us
from core.protocol.events import (
    Event,
    MenuChanged,
    OrderAmended,
    OrderPaymentsChanged,
    OrderPlaced,
    OrderRefunded,
    OrderRequestChanged,
    OrderStatusChanged,
    ShopEvent,
    UnknownEvent,
)
from core.protocol.feed import Cursor

_BEFORE: Final = ""
"""The run of the server that a session followed before it ended."""
CLOSED_KEPT: Final = 2_000
"""How many closed orders, the newest, are cached."""

T = TypeVar("T")
_encode: Final = msgspec.json.Encoder().encode
_order: Final = reader(Order).decode


class CannotApply(Exception):
    """An event cannot be applied: its order is unknown, or not held at the version before it."""


def after(row: Order | None, event: Event | UnknownEvent) -> Order:
    """The order after `event`; unchanged if it includes the event already. Raises `CannotApply`."""
    if isinstance(event, UnknownEvent | ShopEvent):
        raise CannotApply(event)
    if isinstance(event, OrderPlaced | OrderPaymentsChanged | OrderRefunded | OrderAmended | OrderRequestChanged):
        return row if row is not None and row.version >= event.order.version else event.order
    if row is None or row.version < event.version - 1:
        raise CannotApply(event)
    if row.version >= event.version:
        return row
    if isinstance(event, OrderStatusChanged):
        return msgspec.structs.replace(
            row,
            status=event.target,
            version=event.version,
            reason=event.reason,
            updated_at=event.at,
            moved_at=event.at,
            changed=(),
        )
    paid = order_rules.with_payment(row, event.payment, event.tender)
    return msgspec.structs.replace(paid, version=event.version, updated_at=event.at)


def order_id_of(event: Event | UnknownEvent) -> OrderId | None:
    """The order of an event; None for other events."""
    if isinstance(event, ShopEvent):
        return None
    return event.order.id if isinstance(event, OrderPlaced) else event.order_id


def menu_after(menu: Menu, event: MenuChanged) -> Menu | None:
    """The menu after `event`, where the event contains all of it; None: it has to be fetched."""
    if event.version <= menu.version:
        return menu
    if event.item_id is None or event.version != menu.version + 1:
        return None
    categories = with_availability(menu.categories, {event.item_id: event.available})
    return msgspec.structs.replace(menu, categories=categories, version=event.version)


def _drawer_fact(device: str, owner: str = "") -> str:
    return f"drawer/{device}/{owner}" if owner else f"drawer/{device}"


def _state_of(session: DrawerSession) -> tuple[datetime, int, int]:
    """Newer states of newer sessions come later."""
    return session.opened.at, len(session.entries), session.z_number


def _progress_of(basket: HeldBasket) -> tuple[bool, datetime]:
    """Later states of a basket come later."""
    return basket.gone is not None, (basket.gone or basket.taken or basket.held).at


class Cache:
    """Thread-safe; every change is one transaction of the local store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- whose it is

    @property
    def owner(self) -> Owner:
        """The person and shop of these orders; both are empty when there are none."""
        return Owner(self._fact("owner", str) or "", self._fact("shop", str) or "")

    def claim(self, owner: Owner) -> bool:
        """Make it `owner`'s: orders of another person or shop are deleted. True when that was so."""
        held = self.owner
        if held == owner:
            return False
        theirs = held != Owner(owner.subject, "")  # earlier releases did not store the shop
        with self._store.transaction():
            if theirs:
                self.clear()
            self._keep("owner", owner.subject)
            self._keep("shop", owner.shop)
        return theirs

    def clear(self) -> None:
        """Delete every order. The cursor becomes a history proof; the menu stays."""
        with self._store.transaction() as db:
            if (place := self.place) is not None:
                self._insert_history_proof(db, self.owner, _BEFORE, place)
            db.execute("DELETE FROM orders")
            db.execute("DELETE FROM facts WHERE name IN ('owner', 'shop', 'place', 'synced_at', 'roles')")
            db.execute("DELETE FROM facts WHERE name GLOB 'drawer/*' OR name GLOB 'basket/*'")

    def forget_shop(self) -> None:
        """Delete orders and menu: this machine is now paired with another shop."""
        with self._store.transaction() as db:
            self.clear()
            db.execute("DELETE FROM facts WHERE name = 'menu' OR name GLOB 'picture/*'")

    # -- orders

    def get(self, order_id: OrderId) -> Order | None:
        with self._store.reading() as db:
            row = db.execute("SELECT row FROM orders WHERE id = ?", (order_id,)).fetchone()
        return _order(row[0]) if row else None

    @property
    def newest_placed_at(self) -> datetime | None:
        """When the newest cached order was placed, by the server's clock; None for none."""
        with self._store.reading() as db:
            newest: int | None = db.execute("SELECT max(placed_at) FROM orders").fetchone()[0]
        return None if newest is None else from_us(newest)

    def newest(self) -> list[Order]:
        return self._rows("ORDER BY placed_at DESC, id DESC")

    def put(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """Store the server's rows; returns those that are newer. A row never goes back to an older version."""
        with self._store.transaction() as db:
            news = []
            for order in orders:
                held = self.get(order.id)
                if held is None or held.version < order.version:
                    news.append(order)
            self._write(db.executemany, news)
        return tuple(news)

    def replace(self, orders: Sequence[Order], place: Cursor) -> None:
        """Replace everything by a snapshot at that cursor."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM orders")
            self._write(db.executemany, orders)
            self.set_place(place)

    def advance(
        self, events: Sequence[Event | UnknownEvent], place: Cursor, fetch: Callable[[OrderId], Order | None]
    ) -> tuple[Order, ...]:
        """Apply events up to `place`; returns the orders that changed.

        `fetch` requests an order that cannot be derived; it is called before anything is locked.
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
            # Between reading and writing, a reply may have brought a newer version.
            news = [row for order_id in changed if not self._newer_held(row := rows[order_id])]
            self._write(db.executemany, news)
            self.set_place(place)
        return tuple(news)

    def prune(self) -> None:
        """Delete closed orders beyond the newest 2,000, and baskets that are gone."""
        with self._store.transaction() as db:
            for basket in self.baskets():
                if basket.gone is not None:
                    db.execute("DELETE FROM facts WHERE name = ?", (f"basket/{basket.id}",))
            db.execute(
                "DELETE FROM orders WHERE is_open = 0 AND id IN (SELECT id FROM orders WHERE is_open = 0 "
                "ORDER BY placed_at DESC, id DESC LIMIT -1 OFFSET ?)",
                (CLOSED_KEPT,),
            )

    # -- drawers

    def drawer(self, device: str, owner: str = "") -> DrawerSession | None:
        """The newest session of a POS's drawer, or of its `owner`'s there, as the server knows it."""
        return self._fact(_drawer_fact(device, owner), DrawerSession)

    def drawer_of(self, session_id: str, device: str) -> DrawerSession | None:
        """The session of that id, if it is the newest of one of the POS's drawers."""
        fact = _drawer_fact(device)
        query = "SELECT value FROM facts WHERE name = ? OR substr(name, 1, ?) = ?"
        with self._store.reading() as db:
            rows = db.execute(query, (fact, len(fact) + 1, f"{fact}/")).fetchall()
        found = (decode_reply(row[0], DrawerSession) for row in rows)
        return next((each for each in found if each.id == session_id), None)

    def put_drawer(self, session: DrawerSession) -> None:
        """Store a session of the server's, unless a newer state of it, or a newer one, is held."""
        with self._store.lock:
            held = self.drawer(session.device, session.owner)
            if held is None or _state_of(held) <= _state_of(session):
                self._keep(_drawer_fact(session.device, session.owner), session)

    def replace_drawers(self, device: str, *sessions: DrawerSession | None) -> None:
        """Store what a snapshot says of a POS's drawers: the server may have been restored."""
        fact = _drawer_fact(device)
        with self._store.transaction() as db:
            db.execute("DELETE FROM facts WHERE name = ? OR substr(name, 1, ?) = ?", (fact, len(fact) + 1, f"{fact}/"))
            for session in filter(None, sessions):
                self._keep(_drawer_fact(device, session.owner), session)

    # -- rights

    @property
    def roles(self) -> Roles:
        """The rights of the shop's roles, as last received; None before the first time."""
        return self._fact("roles", Roles) or ()

    def put_roles(self, roles: Roles) -> None:
        with self._store.transaction():
            self._keep("roles", roles)

    # -- held baskets

    def basket(self, basket_id: BasketId) -> HeldBasket | None:
        """A basket as the server knows it, held or gone."""
        return self._fact(f"basket/{basket_id}", HeldBasket)

    def baskets(self) -> tuple[HeldBasket, ...]:
        """The baskets that the server holds, and those that are gone since lately."""
        with self._store.reading() as db:
            rows = db.execute("SELECT value FROM facts WHERE name GLOB 'basket/*'").fetchall()
        return tuple(decode_reply(value, HeldBasket) for (value,) in rows)

    def put_basket(self, basket: HeldBasket) -> None:
        """Store a basket of the server's, unless a later state of it is held."""
        with self._store.lock:
            known = self.basket(basket.id)
            if known is None or _progress_of(known) <= _progress_of(basket):
                self._keep(f"basket/{basket.id}", basket)

    def replace_baskets(self, baskets: Iterable[HeldBasket]) -> None:
        """Store what a snapshot says."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM facts WHERE name GLOB 'basket/*'")
            for basket in baskets:
                self._keep(f"basket/{basket.id}", basket)

    # -- what else there is

    @property
    def place(self) -> Cursor | None:
        """The cursor up to which events are applied. None until the first snapshot."""
        text = self._fact("place", str)
        return Cursor.parse(text) if text else None

    def set_place(self, place: Cursor) -> None:
        """Everything up to `place` is applied."""
        with self._store.transaction():
            self._keep("place", str(place))

    def believed_s(self) -> float:
        """The believed time of the server's clock, seconds since 1970; 0 for never."""
        return self._fact("believed_s", float) or 0.0

    def believe(self, at_s: float) -> None:
        """Store it."""
        with self._store.transaction():
            self._keep("believed_s", at_s)

    def add_history_proof(self, cursor: Cursor, run: str) -> None:
        """One run of the server has acknowledged history up to `cursor`. Stored, beyond sign-out too, until that
        history is proven to be still there: if it is lost, acknowledged operations may be lost too.

        The furthest of each run in each epoch is kept: another's may be of another history, whatever its number.
        """
        with self._store.transaction() as db:
            self._insert_history_proof(db, self.owner, run, cursor)

    @staticmethod
    def _insert_history_proof(db: sqlite3.Connection, owner: Owner, run: str, cursor: Cursor) -> None:
        db.execute(
            "INSERT INTO witnesses VALUES (?, ?, ?, ?, ?) ON CONFLICT (subject, shop, run) DO UPDATE "
            "SET seq = excluded.seq, cursor = excluded.cursor WHERE excluded.seq > seq",
            # One run goes on in another epoch when its database has failed over.
            (*owner, f"{run} {cursor.epoch}", cursor.seq, str(cursor)),
        )

    def history_proofs(self) -> tuple[str, ...]:
        """Cursors that are not proven yet."""
        with self._store.reading() as db:
            query = "SELECT cursor FROM witnesses WHERE subject = ? AND shop = ? ORDER BY seq DESC"
            found = db.execute(query, self.owner)
            return tuple(cursor for (cursor,) in found)

    def proven(self, cursors: Iterable[str]) -> None:
        """Delete proofs: that history is still there, or known to be lost."""
        with self._store.transaction() as db:
            db.executemany(
                "DELETE FROM witnesses WHERE subject = ? AND shop = ? AND cursor = ?",
                [(*self.owner, cursor) for cursor in cursors],
            )

    def picture(self, name: str) -> bytes | None:
        """A picture of an item, by its id; None where it was not fetched yet."""
        return self._fact(f"picture/{name}", bytes)

    def put_picture(self, name: str, content: bytes) -> None:
        """Store it. Those that no item of the menu has any longer go."""
        menu = self.menu
        used = {f"picture/{item.picture}" for item in menu.items().values()} if menu is not None else set[str]()
        with self._store.transaction() as db:
            held = [row[0] for row in db.execute("SELECT name FROM facts WHERE name GLOB 'picture/*'").fetchall()]
            db.executemany("DELETE FROM facts WHERE name = ?", [(each,) for each in held if each not in used])
            self._keep(f"picture/{name}", content)

    @property
    def menu(self) -> Menu | None:
        return self._fact("menu", Menu)

    def put_menu(self, menu: Menu) -> Menu:
        """Store a menu that was read, unless a newer one is held; returns the one that is held."""
        with self._store.lock:
            held = self.menu
            if held is not None and held.version > menu.version:
                return held
            if held != menu:
                self.keep_menu(menu)
            return menu

    def keep_menu(self, menu: Menu) -> None:
        """Store this menu even if its version is lower: the server may have been restored."""
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
