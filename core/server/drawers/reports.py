"""Making the reports of a drawer session: X, Z and supplements. Each is the sum of its session's entries."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from core.domain.drawers import MOVES, DrawerSession, cash_of
from core.domain.ids import OpId, ShopId
from core.domain.people import DeviceKind
from core.domain.sale.business_day import CUT
from core.domain.sale.turnover import Figures, figures
from core.instants import from_us, now, to_us, zone
from core.protocol.devices import DeviceReport
from core.protocol.drawers import AllowedOnce, Moved, Unheard, ZReport
from core.server.drawers.chain import Note, keyed_hash
from core.server.health.presence import SILENT_AFTER
from core.store import drawers, events, operations, shops, z_reports
from core.store.shops import Shop
from core.store.sql.statements import Transaction
from core.store.z_reports import Kept

_NAMES: Final = tuple(field.name for field in msgspec.structs.fields(Figures))
_encode: Final = msgspec.json.Encoder().encode


def x_report(transaction: Transaction, shop_id: ShopId, session: DrawerSession) -> ZReport:
    """The figures of a session as they are now. Changes nothing."""
    return _of(transaction, _shop(transaction, shop_id), session, _figures(transaction, shop_id, session), now())


def z_report(
    transaction: Transaction,
    shop_id: ShopId,
    session: DrawerSession,
    key: bytes,
    not_arrived: tuple[OpId, ...],
    devices: Iterable[DeviceReport],
) -> Note:
    """Make the Z of a session that was just closed. Returns what is to be noted of it."""
    at = now()
    found = _of(transaction, _shop(transaction, shop_id), session, _figures(transaction, shop_id, session), at)
    found = msgspec.structs.replace(found, not_arrived=not_arrived, unheard=tuple(_silent(devices, session.device, at)))
    before = z_reports.last(transaction, shop_id, session.device)
    return _chain(transaction, shop_id, found, before, key, number=before.number + 1 if before else 1)


def supplement(transaction: Transaction, shop_id: ShopId, session_id: str, key: bytes) -> Note | None:
    """Make a supplement to the Z of a session to which something was added since; None when nothing was, or the session
    has no Z."""
    kept = z_reports.of_session(transaction, shop_id, session_id)
    session = drawers.get(transaction, shop_id, session_id) if kept else None
    if session is None:
        return None
    told = Figures()
    for each in kept:
        told = told.more(figures_of(each.report))
    added = _figures(transaction, shop_id, session).less(told)
    if added == Figures():
        return None
    found = _of(transaction, _shop(transaction, shop_id), session, added, now())
    told_of = {each for report in kept for each in report.report.approvals}
    later = tuple(each for each in found.approvals if each not in told_of)
    found = msgspec.structs.replace(
        found, voids=0, voided_minor=0, moved={}, approvals=later, supplement=kept[-1].supplement + 1
    )
    before = z_reports.last(transaction, shop_id, session.device)
    return _chain(transaction, shop_id, found, before, key, number=kept[0].number)


def figures_of(report: ZReport) -> Figures:
    """The sales and payments of a report."""
    return Figures(**{name: getattr(report, name) for name in _NAMES})


def not_arrived(transaction: Transaction, subject: str, named: Iterable[OpId]) -> tuple[OpId, ...]:
    """The operations that the server has not done."""
    return tuple(op_id for op_id in named if operations.find(transaction, subject, op_id) is None)


def business_date(at: datetime, time_zone: str) -> str:
    """The business day that an instant counts to, by the clock of the shop."""
    local = at.astimezone(zone(time_zone))
    return str(local.date() - timedelta(days=local.time() < CUT))


def _chain(
    transaction: Transaction, shop_id: ShopId, report: ZReport, before: Kept | None, key: bytes, *, number: int
) -> Note:
    grand = before.report if before is not None else None
    report = msgspec.structs.replace(
        report,
        number=number,
        place=before.place + 1 if before else 1,
        grand_sales_minor=report.sales_minor + (grand.grand_sales_minor if grand else 0),
        grand_refunds_minor=report.refunds_minor + (grand.grand_refunds_minor if grand else 0),
        previous_hash=before.hash if before else "",
    )
    content = _encode(report)
    kept = Kept(
        report.device, report.place, number, report.supplement, report.session, content, keyed_hash(key, content)
    )
    z_reports.append(transaction, shop_id, kept, to_us(report.made_at))
    epoch = events.head(transaction, shop_id).epoch
    return Note(shop=shop_id, device=kept.device, place=kept.place, hash=kept.hash, epoch=epoch)


def _of(transaction: Transaction, shop: Shop, session: DrawerSession, found: Figures, at: datetime) -> ZReport:
    closed = session.closed
    voids, voided_minor = drawers.voids(transaction, shop.id, session, to_us(closed.at if closed else at))
    open_orders, open_minor = drawers.open_orders(transaction, shop.id)
    last = z_reports.last(transaction, shop.id, session.device)
    grand = last.report if last else None
    numbers: dict[str, Any] = {name: getattr(found, name) for name in _NAMES}
    return ZReport(
        shop=shop.name,
        device=session.device,
        currency=shop.currency,
        session=session.id,
        owner=session.owner,
        opened_at=session.opened.done_at,
        opened_by=session.opened.by,
        closed_at=closed.done_at if closed else None,
        closed_by=closed.by if closed else "",
        made_at=at,
        business_date=business_date(closed.done_at if closed else at, shop.time_zone),
        turnover_minor=found.turnover_minor,
        net_minor=found.net_minor,
        voids=voids,
        voided_minor=voided_minor,
        open_orders=open_orders,
        open_minor=open_minor,
        moved=_moved(session),
        approvals=tuple(
            AllowedOnce(about=str(about), at=from_us(done_us), by=by, approver=approver, reason=reason)
            for about, done_us, by, approver, reason in drawers.allowed(
                transaction, shop.id, session, to_us(closed.at if closed else at)
            )
        ),
        cash=cash_of(
            session,
            drawers.cash_minor(transaction, shop.id, session.id),
            drawers.left_before_minor(transaction, shop.id, session),
        ),
        grand_sales_minor=grand.grand_sales_minor if grand else 0,
        grand_refunds_minor=grand.grand_refunds_minor if grand else 0,
        **numbers,
    )


def _moved(session: DrawerSession) -> dict[str, Moved]:
    counts = Counter(entry.act for entry in session.entries if entry.act in MOVES)
    return {
        str(act): Moved(counts[act], sum(entry.amount_minor for entry in session.entries if entry.act is act))
        for act in MOVES
        if counts[act]
    }


def _figures(transaction: Transaction, shop_id: ShopId, session: DrawerSession) -> Figures:
    return figures(drawers.booked(transaction, shop_id, session.id))


def _silent(devices: Iterable[DeviceReport], own: str, at: datetime) -> Iterable[Unheard]:
    for device in devices:
        in_use = device.kind is DeviceKind.POS and device.revoked_at is None and device.paired_at is not None
        heard = device.last_contact_at
        if in_use and device.name != own and (heard is None or heard < at - SILENT_AFTER):
            yield Unheard(device.name, heard)


def _shop(transaction: Transaction, shop_id: ShopId) -> Shop:
    shop = shops.get(transaction, shop_id)
    if shop is None:
        raise LookupError(f"there is no shop {shop_id}")
    return shop
