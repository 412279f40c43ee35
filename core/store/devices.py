"""The devices of a shop: tills, status displays and other screens; their secrets, presence and pairing codes."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, bindparam, delete, func, null, or_, select, update

from core.domain.ids import DeviceId, ShopId
from core.domain.people import DeviceKind
from core.instants import now, to_us
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import devices, events, number_series, pairing_codes

_d = devices.c
_p = pairing_codes.c
_this: Final = (_d.shop_id == bindparam("shop"), _d.id == bindparam("device"))
_INSERT: Final = Prepared.insert(devices)
_INSERT_SERIES: Final = Prepared.insert(number_series)
_SERIES: Final = Prepared(
    select(number_series.c.last).where(
        number_series.c.shop_id == bindparam("shop"), number_series.c.series == bindparam("name")
    )
)
_ALL: Final = select(
    _d.id,
    _d.kind,
    _d.secret_hash,
    _d.paired_at,
    _d.revoked_at,
    _d.contact_at,
    _d.position,
    _d.app_version,
    _d.window_id,
    _d.removed_at,
)
_GET: Final = Prepared(_ALL.where(*_this))
_OF_SHOP: Final = Prepared(_ALL.where(_d.shop_id == bindparam("shop"), _d.removed_at.is_(None)).order_by(_d.id))
_IN_USE: Final = Prepared(_ALL.add_columns(_d.shop_id).where(_d.revoked_at.is_(None)).order_by(_d.shop_id, _d.id))
_PAIR: Final = Prepared(
    update(devices)
    .where(*_this)
    .values(
        kind=bindparam("new_kind"),
        secret_hash=bindparam("secret_hash"),
        paired_at=bindparam("paired_at"),
        revoked_at=null(),
        removed_at=null(),
    )
)
_REVOKE: Final = Prepared(
    update(devices).where(*_this, _d.revoked_at.is_(None)).values(revoked_at=bindparam("revoked_at"))
)
_REMOVE: Final = Prepared(update(devices).where(*_this).values(removed_at=bindparam("removed_at")))
_WINDOW: Final = Prepared(update(devices).where(*_this).values(window_id=bindparam("window")))
_CONTACT: Final = Prepared(
    update(devices)
    .where(*_this, or_(_d.contact_at.is_(None), _d.contact_at < bindparam("at")))
    .values(
        contact_at=bindparam("at"),
        position=func.coalesce(bindparam("seq", type_=BigInteger), _d.position),  # another process may serve its socket
        app_version=bindparam("version"),
    )
)
_NEXT_EVENT_AT: Final = Prepared(
    select(events.c.at)
    .where(events.c.shop_id == bindparam("shop"), events.c.seq > bindparam("seq"))
    .order_by(events.c.seq)
    .limit(1)
)
_INSERT_CODE: Final = Prepared.insert(pairing_codes)
_CODE: Final = Prepared(
    select(_p.shop_id, _p.device_id, _p.kind, _p.expires_at).where(_p.code_hash == bindparam("code_hash"))
)
_FORGET_CODES: Final = Prepared(
    delete(pairing_codes).where(
        or_((_p.shop_id == bindparam("shop")) & (_p.device_id == bindparam("device")), _p.expires_at <= bindparam("at"))
    )
)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    id: DeviceId
    kind: DeviceKind
    secret_hash: str | None
    """None for a terminal that was made with the shop and never paired."""
    paired_us: int | None = None
    revoked_us: int | None = None
    contact_us: int | None = None
    position: int | None = None
    """The `seq` up to which it had received events."""
    app_version: str = ""
    removed_us: int | None = None
    """Revoked, and not listed any more. Its name is free for a device of any kind."""
    window_id: str = ""
    """The window that last counted a till's series; empty when none has since it was paired."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life of a device, and the state it reported."""

    shop_id: ShopId
    device_id: DeviceId
    at_us: int
    position: int | None
    app_version: str


class Code(msgspec.Struct, frozen=True):
    """A pairing code's purpose."""

    shop_id: ShopId
    device_id: DeviceId
    kind: DeviceKind | None
    """None: of whatever kind the machine is that pairs."""
    expires_us: int


def insert(
    transaction: Transaction,
    shop_id: ShopId,
    device_id: DeviceId,
    kind: DeviceKind = DeviceKind.POS,
    secret_hash: str | None = None,
    paired_us: int | None = None,
) -> None:
    """A new device and, for a till, its number series."""
    transaction.run(
        _INSERT,
        shop_id=shop_id,
        id=device_id,
        kind=kind,
        secret_hash=secret_hash,
        created_at=to_us(now()),
        paired_at=paired_us,
        revoked_at=None,
        contact_at=None,
        position=None,
        app_version="",
        window_id="",
        removed_at=None,
    )
    if kind is DeviceKind.POS:
        transaction.run(_INSERT_SERIES, shop_id=shop_id, series=device_id, last=0)


def get(transaction: Transaction, shop_id: ShopId, device_id: DeviceId) -> Device | None:
    row = transaction.first(_GET, shop=shop_id, device=device_id)
    return _device(row) if row else None


def of_shop(transaction: Transaction, shop_id: ShopId) -> list[Device]:
    """All devices of a shop, by name."""
    return [_device(row) for row in transaction.all(_OF_SHOP, shop=shop_id)]


def in_use(transaction: Transaction) -> list[tuple[ShopId, Device]]:
    """The devices of all shops that are not revoked, by shop and name."""
    return [(ShopId(row[-1]), _device(row[:-1])) for row in transaction.all(_IN_USE)]


def pair(transaction: Transaction, device: Device, shop_id: ShopId, secret_hash: str, at_us: int) -> None:
    """Give the known `device` a new secret, and its kind; it is no longer revoked or removed."""
    transaction.run(
        _PAIR, shop=shop_id, device=device.id, new_kind=device.kind, secret_hash=secret_hash, paired_at=at_us
    )
    if device.kind is DeviceKind.POS and not transaction.first(_SERIES, shop=shop_id, name=device.id):
        transaction.run(_INSERT_SERIES, shop_id=shop_id, series=device.id, last=0)


def counted_by(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, window_id: str) -> None:
    """Record the window that counts the till's series from now on; empty: the next one that signs in."""
    transaction.run(_WINDOW, shop=shop_id, device=device_id, window=window_id)


def revoke(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, at_us: int) -> None:
    """Refuse sign-ins as it, or at it, until it is paired anew."""
    transaction.run(_REVOKE, shop=shop_id, device=device_id, revoked_at=at_us)


def remove(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, at_us: int) -> None:
    """List it no more. It has to be revoked as well."""
    transaction.run(_REMOVE, shop=shop_id, device=device_id, removed_at=at_us)


def record_presence(transaction: Transaction, contacts: Iterable[Presence]) -> None:
    """Store what is newer than the stored presence. Sorted by key, so that processes do not deadlock."""
    transaction.run_many(
        _CONTACT,
        [
            {
                "shop": each.shop_id,
                "device": each.device_id,
                "at": each.at_us,
                "seq": each.position,
                "version": each.app_version,
            }
            for each in sorted(contacts, key=lambda contact: (contact.shop_id, contact.device_id))
        ],
    )


def next_event_us(transaction: Transaction, shop_id: ShopId, position: int) -> int | None:
    """The instant of the first event after `position`; None when there is none."""
    row = transaction.first(_NEXT_EVENT_AT, shop=shop_id, seq=position)
    return row[0] if row else None


def insert_code(transaction: Transaction, code_hash: bytes, code: Code, at_us: int) -> None:
    """A new pairing code. Older ones of the same device, and all expired ones, are deleted."""
    forget_codes(transaction, code.shop_id, code.device_id, at_us)
    transaction.run(
        _INSERT_CODE,
        code_hash=code_hash,
        shop_id=code.shop_id,
        device_id=code.device_id,
        kind=code.kind or "",
        expires_at=code.expires_us,
    )


def code(transaction: Transaction, code_hash: bytes) -> Code | None:
    row = transaction.first(_CODE, code_hash=code_hash)
    if row is None:
        return None
    shop_id, device_id, kind, expires_us = row
    return Code(ShopId(shop_id), DeviceId(device_id), DeviceKind(kind) if kind else None, expires_us)


def forget_codes(transaction: Transaction, shop_id: ShopId, device_id: DeviceId, at_us: int) -> int:
    """Delete the device's pairing code, and all expired ones; returns their number."""
    return transaction.run(_FORGET_CODES, shop=shop_id, device=device_id, at=at_us)


def _device(row: tuple[Any, ...]) -> Device:
    device_id, kind, secret_hash, paired_us, revoked_us, contact_us, position, app_version, window_id, removed_us = row
    return Device(
        id=DeviceId(device_id),
        kind=DeviceKind(kind),
        secret_hash=secret_hash,
        paired_us=paired_us,
        revoked_us=revoked_us,
        contact_us=contact_us,
        position=position,
        app_version=app_version,
        window_id=window_id,
        removed_us=removed_us,
    )
