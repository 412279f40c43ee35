"""Checks of stored bytes and JSON: pictures whose name is not their hash, settings of shops that cannot be decoded."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import select

from core.decoding import decode
from core.domain.discount import Discount, check_discount
from core.domain.errors import DomainError
from core.domain.menu import ChangesUntil, DrawerUse
from core.domain.money import check_currency
from core.domain.people import Role
from core.domain.phones import is_country
from core.domain.pictures import check_picture, picture_id
from core.domain.rights import Roles, check_role
from core.domain.sale.errors import Refused
from core.domain.sale.rounding import CashRounding
from core.domain.sale.taxes import TaxTable
from core.domain.service import ShopService
from core.domain.tenders import TENDERS, ShopTender, check_tenders
from core.instants import zone
from core.store.sql.statements import Transaction
from core.store.tables import pictures, shops


def wrong_pictures(transaction: Transaction) -> Iterator[str]:
    """The ids of pictures that are not the hash of their bytes, or of bytes that are no picture."""
    run = transaction.connection.execute
    for shop_id, name in run(select(pictures.c.shop_id, pictures.c.id)).all():  # one picture in memory at a time
        this = pictures.c.shop_id == shop_id, pictures.c.id == name
        content = run(select(pictures.c.content).where(*this)).scalar_one()
        try:
            check_picture(bytes(content))
        except DomainError:
            yield name
        else:
            if picture_id(bytes(content)) != name:
                yield name


def _country(value: str) -> None:
    if value and not is_country(value):
        raise ValueError(value)


def _time_zone(value: str) -> None:
    if zone(value) is None:
        raise ValueError(value)


def _discounts(text: str) -> None:
    for each in decode(text, tuple[Discount, ...]):
        check_discount(each, "discounts")


def _roles(text: str) -> None:
    for each in decode(text, Roles) if text else ():
        if each.role is not Role.ADMIN:
            check_role(each.role, each.rights)


_CHECKS: Final[dict[str, Callable[[str], Any]]] = {
    "currency": check_currency,
    "time_zone": _time_zone,
    "country": _country,
    "taxes": lambda text: decode(text, TaxTable).check(),
    "discounts": _discounts,
    "tenders": lambda text: check_tenders(decode(text, tuple[ShopTender, ...]), TENDERS),
    "roundings": lambda text: decode(text, tuple[CashRounding, ...]),
    "services": lambda text: decode(text, tuple[ShopService, ...]),
    "changes_until": ChangesUntil,
    "drawers": DrawerUse,
    "roles": _roles,
}
"""By columns of `shops`. Each raises for what the shop could not have been given."""


def unusable_settings(transaction: Transaction) -> Iterator[str]:
    """The settings of shops that cannot be what somebody has set."""
    columns = [shops.c[name] for name in _CHECKS]
    for shop_id, *values in transaction.connection.execute(select(shops.c.id, *columns)):
        for (name, check), value in zip(_CHECKS.items(), values, strict=True):
            try:
                check(value)
            except (DomainError, Refused, ValueError, msgspec.MsgspecError):
                yield f"{shop_id}: {name}"
