"""The reports of drawers: append-only chains, one for each till."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import and_, bindparam, func, or_, select

from core.decoding import decode
from core.domain.drawers import DrawerAct
from core.domain.ids import ShopId
from core.protocol.drawers import SignedReport, ZReport
from core.store.sql.statements import Prepared, Transaction
from core.store.tables import drawer_entries, z_reports

_z, _d = z_reports.c, drawer_entries.c
_till: Final = (_z.shop_id == bindparam("shop_id"), _z.device == bindparam("till"))
_CHAINED: Final = (_z.device, _z.place, _z.number, _z.supplement, _z.drawer_session_id, _z.content, _z.hash)
_INSERT: Final = Prepared.insert(z_reports)
_LAST: Final = Prepared(select(*_CHAINED).where(*_till).order_by(_z.place.desc()).limit(1))
_NEWEST: Final = Prepared(select(*_CHAINED).where(*_till).order_by(_z.place.desc()).limit(bindparam("most")))
_OF_SESSION: Final = Prepared(
    select(*_CHAINED)
    .where(_z.drawer_session_id == bindparam("session"), _z.shop_id == bindparam("shop_id"))
    .order_by(_z.supplement)
)
_MADE: Final = Prepared(
    select(*_CHAINED)
    .where(_z.shop_id == bindparam("shop_id"), _z.at >= bindparam("from_us"), _z.at < bindparam("to_us"))
    .order_by(_z.at, _z.device, _z.place)
)
_ALL: Final = Prepared(select(*_CHAINED).where(_z.shop_id == bindparam("shop_id")).order_by(_z.device, _z.place))
_TILLS: Final = Prepared(select(_z.device).where(_z.shop_id == bindparam("shop_id")).distinct().order_by(_z.device))
_WITHOUT_Z: Final = Prepared(
    select(_d.device, _d.drawer_session_id)
    .select_from(
        drawer_entries.outerjoin(z_reports, and_(_z.drawer_session_id == _d.drawer_session_id, _z.supplement == 0))
    )
    .where(_d.shop_id == bindparam("shop_id"), _d.act == str(DrawerAct.CLOSED), _z.place.is_(None))
    .order_by(_d.device, _d.place)
)
_GAPS: Final = Prepared(
    select(_d.device)
    .where(_d.shop_id == bindparam("shop_id"))
    .group_by(_d.device)
    .having(or_(func.min(_d.place) != 1, func.max(_d.place) != func.count()))
)


class Kept(msgspec.Struct, frozen=True):
    """A stored report: its bytes, and what the row says of them."""

    device: str
    place: int
    number: int
    supplement: int
    session: str
    content: bytes
    hash: str

    @property
    def report(self) -> ZReport:
        return decode(self.content, ZReport)

    @property
    def signed(self) -> SignedReport:
        return SignedReport(report=self.report, hash=self.hash)


def last(transaction: Transaction, shop_id: ShopId, device: str) -> Kept | None:
    """The newest report of a till."""
    row = transaction.first(_LAST, shop_id=shop_id, till=device)
    return Kept(*row) if row else None


def of_session(transaction: Transaction, shop_id: ShopId, session_id: str) -> list[Kept]:
    """The Z of a session, and its supplements; empty while it is open."""
    return [Kept(*row) for row in transaction.all(_OF_SESSION, shop_id=shop_id, session=session_id)]


def listed(transaction: Transaction, shop_id: ShopId, device: str, most: int) -> list[Kept]:
    """The newest reports of a till, or of each (`device` empty), newest first."""
    tills = [device] if device else [row[0] for row in transaction.all(_TILLS, shop_id=shop_id)]
    return [Kept(*row) for till in tills for row in transaction.all(_NEWEST, shop_id=shop_id, till=till, most=most)]


def every(transaction: Transaction, shop_id: ShopId) -> Sequence[Kept]:
    """All of a shop, by till, oldest first."""
    return [Kept(*row) for row in transaction.all(_ALL, shop_id=shop_id)]


def made_between(transaction: Transaction, shop_id: ShopId, from_us: int, until_us: int) -> list[Kept]:
    """The reports of all POSs that were made in a period, oldest first."""
    return [Kept(*row) for row in transaction.all(_MADE, shop_id=shop_id, from_us=from_us, to_us=until_us)]


def closed_without_z(transaction: Transaction, shop_id: ShopId) -> list[str]:
    """The tills of sessions that were closed and have no Z: each has had one."""
    return [row[0] for row in transaction.all(_WITHOUT_Z, shop_id=shop_id)]


def broken_journals(transaction: Transaction, shop_id: ShopId) -> list[str]:
    """The tills of which entries of the drawer are missing."""
    return [row[0] for row in transaction.all(_GAPS, shop_id=shop_id)]


def append(transaction: Transaction, shop_id: ShopId, kept: Kept, at_us: int) -> None:
    transaction.run(
        _INSERT,
        shop_id=shop_id,
        device=kept.device,
        place=kept.place,
        number=kept.number,
        supplement=kept.supplement,
        drawer_session_id=kept.session,
        at=at_us,
        content=kept.content,
        hash=kept.hash,
    )
