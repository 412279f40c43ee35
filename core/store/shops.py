"""Shops, their number series, and the counter of their events."""

import secrets
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, BindParameter, ColumnClause, bindparam, case, literal_column, select, update

from core.decoding import decode
from core.domain.discount import Discount
from core.domain.ids import ShopId, uuid7
from core.domain.menu import ChangesUntil, DrawerUse, Menu
from core.domain.money import Tax
from core.domain.numbers import AHEAD
from core.domain.order import ONLINE_SERIES, order_number
from core.domain.rights import START, Roles
from core.domain.sale.rounding import CashRounding
from core.domain.sale.taxes import TaxTable
from core.domain.service import ShopService
from core.domain.tax_table import Terms, default_tax
from core.domain.tenders import TENDERS, ShopTender
from core.instants import now, to_us
from core.store.sql import dialects
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import number_series, orders, shops

SECRET_BYTES: Final = 32


class Shop(msgspec.Struct, frozen=True):
    id: ShopId
    name: str
    currency: str
    tax_included: bool
    taxes: TaxTable
    time_zone: str
    country: str
    """ISO 3166-1 alpha-2; empty when it is unknown."""
    menu_version: int
    epoch: str
    """Within one epoch, a version identifies a content."""
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[ShopTender, ...] = TENDERS
    roundings: tuple[CashRounding, ...] = ()
    """How amounts in coins are rounded now, and how they were before, the newest first."""
    changes_until: ChangesUntil = ChangesUntil.NEVER
    services: tuple[ShopService, ...] = ()
    """What is charged for service now, and what was before, the newest first."""
    drawers: DrawerUse = DrawerUse.DEVICE

    @property
    def terms(self) -> Terms:
        return Terms(self.currency, self.tax_included, self.taxes, self.time_zone)

    @property
    def tax(self) -> Tax:
        """Today's, for clients that know one rate only."""
        return default_tax(self.terms, now())


_SHOP: Final = select(
    shops.c.id,
    shops.c.name,
    shops.c.currency,
    shops.c.tax_included,
    shops.c.taxes,
    shops.c.time_zone,
    shops.c.country,
    shops.c.menu_version,
    shops.c.epoch,
    shops.c.discounts,
    shops.c.tenders,
    shops.c.roundings,
    shops.c.changes_until,
    shops.c.services,
    shops.c.drawers,
)
_GET: Final = Prepared(_SHOP.where(shops.c.id == bindparam("shop_id")))
_FIRST: Final = Prepared(_SHOP.order_by(shops.c.created_at, shops.c.id).limit(1))
_IDS: Final = Prepared(select(shops.c.id))
_CREATED_AT: Final = Prepared(select(shops.c.created_at).where(shops.c.id == bindparam("shop")))
_SECRET: Final = Prepared(select(shops.c.secret).where(shops.c.id == bindparam("shop_id")))
_INSERT: Final = Prepared.insert(shops)
_INSERT_SERIES: Final = Prepared.insert(number_series)
_one: Final[ColumnClause[int]] = literal_column("1")
_this_series: Final = (number_series.c.shop_id == bindparam("shop"), number_series.c.series == bindparam("name"))
_NEXT_NUMBER: Final = Prepared(
    update(number_series).where(*_this_series).values(last=number_series.c.last + _one).returning(number_series.c.last)
)
_count: Final[BindParameter[int]] = bindparam("count", type_=BigInteger)
_AT_LEAST: Final = Prepared(
    update(number_series)
    .where(*_this_series)
    .values(last=case((number_series.c.last < _count, _count), else_=number_series.c.last))
)
_SET_ASIDE: Final = Prepared(
    update(number_series).where(number_series.c.shop_id == bindparam("shop")).values(last=number_series.c.last + _count)
)
_CHANGE: Final = Prepared(
    update(shops)
    .where(shops.c.id == bindparam("shop"))
    .values(
        name=bindparam("to_name"),
        currency=bindparam("to_currency"),
        tax_included=bindparam("to_included"),
        taxes=bindparam("to_taxes"),
        discounts=bindparam("to_discounts"),
        tenders=bindparam("to_tenders"),
        roundings=bindparam("to_roundings"),
        changes_until=bindparam("to_changes_until"),
        services=bindparam("to_services"),
        drawers=bindparam("to_drawers"),
        time_zone=bindparam("to_zone"),
        country=bindparam("to_country"),
        menu_version=shops.c.menu_version + _one,
    )
)
_ANY_ORDER: Final = Prepared(select(orders.c.id).where(orders.c.shop_id == bindparam("shop")).limit(1))
_ROLES: Final = Prepared(select(shops.c.roles).where(shops.c.id == bindparam("shop")))
_KEEP_ROLES: Final = Prepared(update(shops).where(shops.c.id == bindparam("shop")).values(roles=bindparam("to_roles")))
_LAST_NUMBER: Final = Prepared(select(number_series.c.last).where(*_this_series))


def insert(transaction: Transaction, shop_id: ShopId, menu: Menu, time_zone: str) -> None:
    """A new shop, with the name, taxes and country of `menu`, and the number series of its online orders.

    The menu itself is inserted by `core.store.menus.insert`.
    """
    transaction.run(
        _INSERT,
        id=shop_id,
        name=menu.shop_name,
        currency=menu.currency,
        tax_included=int(menu.tax.included),
        taxes=_json(menu.terms.taxes),
        discounts=_json(menu.discounts),
        tenders=_json(menu.tenders or TENDERS),
        roundings=_json(menu.roundings),
        changes_until=menu.changes_until,
        services=_json(menu.services),
        drawers=menu.drawers,
        time_zone=time_zone,
        country=menu.country,
        menu_version=menu.version,
        epoch=uuid7(),
        timeline=transaction.timeline,
        seq=0,
        created_at=to_us(now()),
        secret=secrets.token_bytes(SECRET_BYTES),
        roles="",
    )
    transaction.run(_INSERT_SERIES, shop_id=shop_id, series=ONLINE_SERIES, last=0)


def get(transaction: Transaction, shop_id: ShopId) -> Shop | None:
    return _shop(transaction.first(_GET, shop_id=shop_id))


def change(transaction: Transaction, to: Shop) -> Shop:
    """Make the shop of this id what `to` says, and return it. The menu, which tells screens, has another version."""
    transaction.run(
        _CHANGE,
        shop=to.id,
        to_name=to.name,
        to_currency=to.currency,
        to_included=int(to.tax_included),
        to_taxes=_json(to.taxes),
        to_discounts=_json(to.discounts),
        to_tenders=_json(to.tenders),
        to_roundings=_json(to.roundings),
        to_changes_until=to.changes_until,
        to_services=_json(to.services),
        to_drawers=to.drawers,
        to_zone=to.time_zone,
        to_country=to.country,
    )
    return msgspec.structs.replace(to, menu_version=to.menu_version + 1)


def roles(transaction: Transaction, shop_id: ShopId) -> Roles:
    """The rights of the shop's roles."""
    row = transaction.first(_ROLES, shop=shop_id)
    return _roles(row[0]) if row and row[0] else START


def keep_roles(transaction: Transaction, shop_id: ShopId, to: Roles) -> None:
    transaction.run(_KEEP_ROLES, shop=shop_id, to_roles=_json(to))


def has_orders(transaction: Transaction, shop_id: ShopId) -> bool:
    return transaction.first(_ANY_ORDER, shop=shop_id) is not None


def country(transaction: Transaction, shop_id: ShopId) -> str:
    """The shop's country (ISO 3166-1 alpha-2), where phone numbers are typed; empty when it is unknown."""
    shop = get(transaction, shop_id)
    return shop.country if shop is not None else ""


def secret(transaction: Transaction, shop_id: ShopId) -> bytes:
    """The secret from which the key that windows seal to, and the proofs of issued numbers, are derived. It is made
    with the shop and never changes: a restored backup has it, whatever keys the server has by then."""
    row = transaction.first(_SECRET, shop_id=shop_id)
    if row is None or not row[0]:
        raise LookupError(f"there is no secret of a shop {shop_id}")
    return bytes(row[0])


def default(transaction: Transaction) -> Shop | None:
    """The oldest shop, used when none is named. None in a database that has not been set up."""
    return _shop(transaction.first(_FIRST))


def is_none_yet(transaction: Transaction) -> bool:
    """Whether the database has no shop; until the transaction ends nobody else can add one."""
    for each in dialects.of(transaction.connection.dialect.name).lock_shops:
        transaction.command(each)
    return default(transaction) is None


def ids(transaction: Transaction) -> list[ShopId]:
    """All shops."""
    return [row[0] for row in transaction.all(_IDS)]


def created_at(transaction: Transaction, shop_id: ShopId) -> int:
    """When it was set up, µs. Raises `LookupError` when there is no such shop."""
    row = transaction.first(_CREATED_AT, shop=shop_id)
    if row is None:
        raise LookupError(f"there is no shop {shop_id}")
    return int(row[0])


def lock(transaction: Transaction, shop_ids: Collection[ShopId]) -> None:
    """Lock these shops for writing until the transaction ends, always in the same order, so that two writers cannot
    deadlock."""
    if shop_ids:
        values = {f"id{n}": shop_id for n, shop_id in enumerate(shop_ids)}
        transaction.all(_lock_of(len(values)), **values)


@cache
def _lock_of(count: int) -> Prepared:
    # Not FOR UPDATE: rows that only refer to a shop are written meanwhile.
    wanted = select(shops.c.id).where(shops.c.id.in_([bindparam(f"id{n}") for n in range(count)]))
    return Prepared(wanted.order_by(shops.c.id).with_for_update(key_share=True))


def next_number(transaction: Transaction, shop_id: ShopId, series: str) -> str:
    """The next number of a series, without gaps: a rollback returns it."""
    row = transaction.first(_NEXT_NUMBER, shop=shop_id, name=series)
    if row is None:
        raise LookupError(f"shop {shop_id} has no number series {series}")
    return order_number(series, row[0])


def claim_number(transaction: Transaction, shop_id: ShopId, series: str, count: int) -> None:
    """A till has issued `count` by itself: the series continues after it."""
    if not transaction.run(_AT_LEAST, shop=shop_id, name=series, count=count):
        raise LookupError(f"shop {shop_id} has no number series {series}")


def set_aside(transaction: Transaction, shop_id: ShopId) -> None:
    """Skip numbers in all series of the shop: numbers that are unknown here may have been issued."""
    transaction.run(_SET_ASIDE, shop=shop_id, count=AHEAD)


def last_number(transaction: Transaction, shop_id: ShopId, series: str) -> int:
    """The highest number that a series has issued; 0 for none."""
    row = transaction.first(_LAST_NUMBER, shop=shop_id, name=series)
    return row[0] if row is not None else 0


def _shop(row: tuple[Any, ...] | None) -> Shop | None:
    if row is None:
        return None
    shop_id, name, currency, included, taxes, time_zone, country, menu_version, epoch, discounts, *others = row
    return Shop(
        *(shop_id, name, currency, bool(included), _tax_table(taxes), time_zone, country, menu_version, epoch),
        _discounts(discounts),
        _tenders(others[0]) or TENDERS,
        _roundings(others[1]),
        ChangesUntil(others[2]),
        _services(others[3]),
        DrawerUse(others[4]),
    )


@lru_cache(64)  # read with every order
def _tax_table(text: str) -> TaxTable:
    return decode(text, TaxTable)


@lru_cache(64)
def _discounts(text: str) -> tuple[Discount, ...]:
    return decode(text, tuple[Discount, ...])


@lru_cache(64)
def _roles(text: str) -> Roles:
    return decode(text, Roles)


@lru_cache(64)
def _roundings(text: str) -> tuple[CashRounding, ...]:
    return decode(text, tuple[CashRounding, ...])


@lru_cache(64)
def _services(text: str) -> tuple[ShopService, ...]:
    return decode(text, tuple[ShopService, ...])


@lru_cache(64)
def _tenders(text: str) -> tuple[ShopTender, ...]:
    return decode(text, tuple[ShopTender, ...])


def _json(value: TaxTable | tuple[msgspec.Struct, ...]) -> str:
    return msgspec.json.encode(value).decode()
