"""Drawer sessions: the append-only journal of each till, and the ledger's entries of a session."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Text, and_, bindparam, case, false, func, literal_column, or_, select
from sqlalchemy.sql.elements import ColumnElement

from core.decoding import decode
from core.domain.drawers import Denomination, DrawerAct, DrawerEntry, DrawerSession
from core.domain.ids import DeviceId, DrawerSessionId, OpId, OrderId, ShopId, line_id
from core.domain.order import LineTax, PaymentState
from core.domain.people import Principal
from core.domain.sale.ledger import MONEY, EntryKind
from core.domain.sale.turnover import Booked, Part, Sold
from core.domain.status import CALLED_OFF
from core.domain.tenders import in_drawer
from core.instants import advised_us, from_us, to_us
from core.store import shops
from core.store.sql.statements import Prepared, Row, Transaction
from core.store.tables import drawer_entries, ledger, order_lines, orders, status_history, z_reports

_d, _e, _o, _h, _l, _z = drawer_entries.c, ledger.c, orders.c, status_history.c, order_lines.c, z_reports.c
_till: Final = (_d.shop_id == bindparam("shop_id"), _d.device == bindparam("till"))
_INSERT: Final = Prepared.insert(drawer_entries)
_LAST_PLACE: Final = Prepared(select(func.max(_d.place)).where(*_till))
_LAST: Final = Prepared(
    select(_d.drawer_session_id, _d.act)
    .where(*_till, _d.owner_id == bindparam("owner"))
    .order_by(_d.place.desc())
    .limit(1)
)
_WHOSE: Final = Prepared(
    select(_d.device, _d.owner_id)
    .where(_d.drawer_session_id == bindparam("session"), _d.shop_id == bindparam("shop_id"))
    .limit(1)
)
_ENTRIES: Final = Prepared(
    select(
        *(
            _d.device,
            _d.act,
            _d.amount_minor,
            _d.denominations,
            _d.reason,
            _d.at,
            _d.client_at,
            _d.by_name,
            _d.approver_name,
        ),
        func.coalesce(_z.number, 0),
        _d.owner_id,
    )
    .select_from(
        drawer_entries.outerjoin(z_reports, and_(_z.drawer_session_id == _d.drawer_session_id, _z.supplement == 0))
    )
    .where(_d.drawer_session_id == bindparam("session"), _d.shop_id == bindparam("shop_id"))
    .order_by(_d.place)
)
_opened = select(_d.drawer_session_id).where(*_till, _d.act == str(DrawerAct.OPENED)).order_by(_d.place.desc())
_OPENED: Final = Prepared(_opened.limit(bindparam("most")))
_OPENED_BY: Final = Prepared(
    _opened.where(or_(_d.owner_id == "", _d.owner_id == bindparam("owner"))).limit(bindparam("most"))
)
_own = drawer_entries.alias("own")
_BEFORE: Final = Prepared(
    select(_d.drawer_session_id)
    .where(
        *_till,
        _d.owner_id == bindparam("owner"),
        _d.place
        < select(func.min(_own.c.place)).where(_own.c.drawer_session_id == bindparam("session")).scalar_subquery(),
    )
    .order_by(_d.place.desc())
    .limit(1)
)
_UNCLOSED: Final = Prepared(
    select(_d.device)
    .where(_d.shop_id == bindparam("shop_id"))
    .group_by(_d.device, _d.drawer_session_id)
    .having(func.max(case((_d.act == str(DrawerAct.CLOSED), 1), else_=0)) == 0)
    .order_by(_d.device)
)
_TILLS: Final = Prepared(select(_d.device).where(_d.shop_id == bindparam("shop_id")).distinct().order_by(_d.device))


_UNCLOSED_OWN: Final = Prepared(
    select(_d.drawer_session_id)
    .where(*_till, _d.owner_id != "")
    .group_by(_d.drawer_session_id)
    .having(func.max(case((_d.act == str(DrawerAct.CLOSED), 1), else_=0)) == 0)
    .order_by(func.min(_d.place))
)


def _orders_with(here: ColumnElement[bool]) -> tuple[Prepared, Prepared]:
    """The orders that have entries `here`: all entries of their ledgers, marked where they are, and all their lines."""
    having = select(_e.order_id).where(here).distinct().subquery("having_some")
    entries = (
        select(
            *(
                _e.order_id,
                _o.total_minor,
                _o.tax_minor,
                _o.subtotal_minor,
                _o.discount_minor,
                _o.service_minor,
                _e.line_id,
                _e.version,
                _e.kind,
                _e.amount_minor,
                _e.tender,
                _e.corrects,
                _e.discount_minor,
                _e.service_minor,
                _e.reference,
            ),
            # An earlier release refunded whole orders, without saying the tax of each line.
            case(
                (and_(_e.kind == str(EntryKind.CREDIT), _e.line_id == "", _e.amount_minor != 0), -_o.tax_minor),
                else_=_e.tax_minor,
            ),
            case((here, 1), else_=0),
        )
        .select_from(having.join(ledger, _e.order_id == having.c.order_id).join(orders, _o.id == _e.order_id))
        .where(_o.shop_id == bindparam("shop_id"))
        .order_by(_e.order_id, _e.number)
    )
    lines = (
        select(
            *(_l.order_id, _l.position, _l.taxes),
            _l.total_minor - _l.discount_minor - _l.order_discount_minor + _l.service_minor,
        )
        .select_from(having.join(order_lines, _l.order_id == having.c.order_id))
        .order_by(_l.order_id, _l.position)
    )
    return Prepared(entries), Prepared(lines)


_OF_SESSION: Final = _orders_with(and_(_e.drawer == bindparam("session"), _e.drawer != ""))
_WITHOUT: Final = _orders_with(and_(_e.drawer == "", _e.at >= bindparam("from_us"), _e.at < bindparam("to_us")))
_OPEN: Final = Prepared(
    select(func.count(), func.coalesce(func.sum(_o.total_minor), 0)).where(
        _o.shop_id == bindparam("shop_id"), _o.is_open == 1, _o.payment == str(PaymentState.UNPAID)
    )
)
_PAID_AHEAD: Final = Prepared(
    select(
        func.coalesce(
            func.sum(
                case(
                    (or_(*(_e.kind == str(kind) for kind in sorted(MONEY))), _e.amount_minor),
                    (or_(_e.kind == str(EntryKind.TIP), _e.kind == str(EntryKind.ROUNDING)), -_e.amount_minor),
                    else_=0,
                )
            ),
            0,
        )
    )
    .select_from(orders.join(ledger, _o.id == _e.order_id))
    .where(_o.shop_id == bindparam("shop_id"), _o.is_open == 1, _o.payment == str(PaymentState.UNPAID))
)
_owner: Final = bindparam("owner", type_=Text)
_by_owner: Final = or_(_owner == "", _h.by_id == _owner)
"""What is of no drawer is of the till's, or of whoever has one of their own."""
_VOIDS: Final = Prepared(
    select(func.count(), func.coalesce(func.sum(_o.total_minor), 0))
    .select_from(orders.join(status_history, and_(_h.order_id == _o.id, _h.target == _o.status)))
    .where(
        _o.shop_id == bindparam("shop_id"),
        _o.is_open == 0,
        _o.updated_at >= bindparam("from_us"),
        _o.payment == str(PaymentState.UNPAID),
        or_(*(_o.status == str(status) for status in sorted(CALLED_OFF))),
        _h.device == bindparam("till"),
        _by_owner,
        _h.at >= bindparam("from_us"),
        _h.at < bindparam("to_us"),
    )
)
_who = (_o.number, func.min(_e.at), _e.by_name, _e.approver_name, func.max(_e.reason))
_ALLOWED_MONEY: Final = Prepared(
    select(*_who)
    .select_from(ledger.join(orders, _o.id == _e.order_id))
    .where(
        # worded like the partial index, or it is not used
        and_(_e.drawer == bindparam("session"), literal_column("ledger.drawer <> ''")),
        _e.approver_name != "",
        _o.shop_id == bindparam("shop_id"),
    )
    .group_by(_o.number, _e.order_id, _e.version, _e.by_name, _e.approver_name)
)
_step = (_o.number, _h.at, _h.by_name, _h.approver_name, _h.reason)
_at_till = (
    _o.shop_id == bindparam("shop_id"),
    _h.approver_name != "",
    _h.device == bindparam("till"),
    _by_owner,
    _h.at >= bindparam("from_us"),
    _h.at < bindparam("to_us"),
)
_ALLOWED_STEPS: Final = (
    Prepared(  # discounts, as an order was taken
        select(*_step)
        .select_from(orders.join(status_history, and_(_h.order_id == _o.id, _h.version == 1)))
        .where(*_at_till, _o.placed_at >= bindparam("from_us"), _o.placed_at < bindparam("to_us"))
    ),
    Prepared(  # as it was called off
        select(*_step)
        .select_from(orders.join(status_history, and_(_h.order_id == _o.id, _h.target == _o.status)))
        .where(
            *_at_till,
            _o.updated_at >= bindparam("from_us"),
            or_(*(_o.status == str(status) for status in sorted(CALLED_OFF))),
        )
    ),
)
_CHARGE: Final = str(EntryKind.CHARGE)
_encode: Final = msgspec.json.Encoder().encode


def get(transaction: Transaction, shop_id: ShopId, session_id: str) -> DrawerSession | None:
    """A session of the shop; None for one that is unknown here (yet)."""
    rows: list[Row] = transaction.all(_ENTRIES, shop_id=shop_id, session=session_id)
    if not rows:
        return None
    return DrawerSession(
        id=DrawerSessionId(session_id),
        device=DeviceId(rows[0][0]),
        entries=tuple(_entry(row[1:9]) for row in rows),
        z_number=rows[0][9],
        owner=rows[0][10],
    )


def newest(transaction: Transaction, shop_id: ShopId, device: str, owner: str = "") -> DrawerSession | None:
    """The newest session of a till's drawer, or of its `owner`'s there; None before the first."""
    last = transaction.first(_LAST, shop_id=shop_id, till=device, owner=owner)
    return get(transaction, shop_id, last[0]) if last else None


def of_people(transaction: Transaction, shop_id: ShopId, device: str, person: str) -> tuple[DrawerSession, ...]:
    """People's own drawer sessions at a till: those that are open, and this person's newest."""
    rows = transaction.all(_UNCLOSED_OWN, shop_id=shop_id, till=device)
    found = [get(transaction, shop_id, session_id) for (session_id,) in rows]
    return tuple({each.id: each for each in (*found, newest(transaction, shop_id, device, person)) if each}.values())


def left_before_minor(transaction: Transaction, shop_id: ShopId, session: DrawerSession) -> int | None:
    """The cash that the session before left in the drawer; None for its first."""
    row = transaction.first(_BEFORE, shop_id=shop_id, till=session.device, owner=session.owner, session=session.id)
    before = get(transaction, shop_id, row[0]) if row else None
    if before is None or before.closing is None:
        return None
    return before.closing.counted - before.closing.deposit


def for_entry(transaction: Transaction, by: Principal, named: str) -> str:
    """The session that money moved by `by` belongs to: the one that their till named, if it is one of that till's, and
    nobody else's, or not known yet; else that which is open there, their own before the till's; empty for none."""
    if by.device_id is None:
        return ""
    if named:
        row = transaction.first(_WHOSE, shop_id=by.shop_id, session=named)
        if row is None or (row[0] == by.device_id and row[1] in ("", by.subject)):
            return named
    for owner in (by.subject, ""):
        last = transaction.first(_LAST, shop_id=by.shop_id, till=by.device_id, owner=owner)
        if last is not None and last[1] != str(DrawerAct.CLOSED):
            session_id: str = last[0]
            return session_id
    return ""


def append(transaction: Transaction, session: DrawerSession, by: Principal, op_id: OpId) -> None:
    """Store the newest entry of `session`, done by `by` at its till."""
    last = transaction.first(_LAST_PLACE, shop_id=by.shop_id, till=session.device)
    entry = session.entries[-1]
    transaction.run(
        _INSERT,
        shop_id=by.shop_id,
        device=session.device,
        place=(last[0] or 0) + 1 if last else 1,
        drawer_session_id=session.id,
        act=entry.act,
        amount_minor=entry.amount_minor,
        denominations=_encode(entry.denominations).decode(),
        reason=entry.reason,
        at=to_us(entry.at),
        client_at=advised_us(entry.client_at),
        **by.author_values,
        **by.approver_values,
        owner_id=session.owner,
        op_id=op_id,
    )


def unclosed(transaction: Transaction, shop_id: ShopId) -> list[str]:
    """The tills of sessions that are open, each once."""
    return list(dict.fromkeys(row[0] for row in transaction.all(_UNCLOSED, shop_id=shop_id)))


def listed(
    transaction: Transaction, shop_id: ShopId, device: str, most: int, person: str | None = None
) -> list[DrawerSession]:
    """The newest sessions of a till, or of each (`device` empty), newest first. `person`: without those of others."""
    tills = [device] if device else [row[0] for row in transaction.all(_TILLS, shop_id=shop_id)]
    found = []
    for till in tills:
        which = {"shop_id": shop_id, "till": till, "most": most}
        rows = transaction.all(_OPENED, **which)
        if person is not None:
            rows = transaction.all(_OPENED_BY, **which, owner=person)
        for (session_id,) in rows:
            session = get(transaction, shop_id, session_id)
            assert session is not None
            found.append(session)
    return found


def cash_minor(transaction: Transaction, shop_id: ShopId, session_id: str) -> int:
    """The cash that was taken for orders in a session, less change and what was given back."""
    shop = shops.get(transaction, shop_id)
    tenders = in_drawer(shop.tenders if shop is not None else ())
    row = transaction.first(_cash_by(tuple(map(str, tenders))), shop_id=shop_id, session=session_id)
    return int(row[0]) if row else 0


@cache
def _cash_by(tenders: tuple[str, ...]) -> Prepared:
    return Prepared(
        select(func.coalesce(func.sum(_e.amount_minor), 0))
        .select_from(ledger.join(orders, _o.id == _e.order_id))
        .where(
            _o.shop_id == bindparam("shop_id"),
            _e.drawer == bindparam("session"),
            _e.drawer != "",
            or_(*(_e.tender == each for each in tenders), false()),
            or_(*(_e.kind == str(kind) for kind in sorted(MONEY))),
        )
    )


def booked(transaction: Transaction, shop_id: ShopId, session_id: str) -> Iterator[tuple[Sold, list[Booked]]]:
    """The orders of which a session has entries, each with all entries of its ledger."""
    return _sold(transaction, _OF_SESSION, shop_id=shop_id, session=session_id)


def booked_without(
    transaction: Transaction, shop_id: ShopId, from_us: int, until_us: int
) -> Iterator[tuple[Sold, list[Booked]]]:
    """The same of what was booked in a period without a drawer."""
    return _sold(transaction, _WITHOUT, shop_id=shop_id, from_us=from_us, to_us=until_us)


def _sold(
    transaction: Transaction, queries: tuple[Prepared, Prepared], **which: Any
) -> Iterator[tuple[Sold, list[Booked]]]:
    entries_of, lines_of = queries
    priced = {order_id: list(lines) for order_id, lines in groupby(transaction.all(lines_of, **which), itemgetter(0))}
    rows = transaction.all(entries_of, **which)
    for (order_id, total, tax, subtotal, discount, service), group in groupby(rows, itemgetter(0, 1, 2, 3, 4, 5)):
        lines, entries = priced[order_id], list(group)
        groups = _groups(order_id, lines) if any(row[6] for row in entries) else {}
        parts = _parts(lines, included=total == subtotal - discount + service)
        yield Sold(total, tax, parts, discount, service), [_booked(row, groups) for row in entries]


def _booked(row: Row, groups: Mapping[str, str]) -> Booked:
    line, version, kind, amount, tender, corrects, discount, service, reference, tax, here = row[6:]
    group = reference if kind == _CHARGE else groups.get(line, "")
    return Booked(version, kind, amount, tender, corrects, tax, bool(here), group, discount, service)


def _groups(order_id: str, lines: list[Row]) -> dict[str, str]:
    """The taxes of each line, by its id."""
    return {line_id(OrderId(order_id), line[1]): _taxes(line[2])[0] for line in lines}


def _parts(lines: list[Row], *, included: bool) -> tuple[Part, ...]:
    parts = []
    for _order_id, _position, taxes, amount in lines:
        group, tax = _taxes(taxes)
        parts.append(Part(group, amount if included else amount + tax, tax))
    return tuple(parts)


@lru_cache(8192)  # the same item costs the same a thousand times
def _taxes(text: str) -> tuple[str, int]:
    """The group of a line's taxes, and what they come to."""
    found = decode(text, tuple[LineTax, ...])
    return "+".join(f"{tax.code}:{tax.rate}" for tax in found), sum(tax.amount_minor for tax in found)


def open_orders(transaction: Transaction, shop_id: ShopId) -> tuple[int, int]:
    """The number of the shop's open orders that are not paid, and the amount still to be paid for them."""
    row: Any = transaction.first(_OPEN, shop_id=shop_id)
    ahead: Any = transaction.first(_PAID_AHEAD, shop_id=shop_id)
    return int(row[0]), int(row[1]) - int(ahead[0])


def voids(transaction: Transaction, shop_id: ShopId, session: DrawerSession, until_us: int) -> tuple[int, int]:
    """The number and total of the orders that were called off at a session's POS before they were paid: while it was
    open, and in somebody's own session by them."""
    period = {"from_us": to_us(session.opened.at), "to_us": until_us}
    row: Any = transaction.first(_VOIDS, shop_id=shop_id, till=session.device, owner=session.owner, **period)
    return int(row[0]), int(row[1])


def allowed(transaction: Transaction, shop_id: ShopId, session: DrawerSession, until_us: int) -> list[Row]:
    """The approvals in a session: subject, time (µs), who did it, who allowed it, and the reason."""
    entries = ((each.act, to_us(each.at), each.by, each.approver, each.reason) for each in session.entries)
    period = {"till": session.device, "owner": session.owner, "from_us": to_us(session.opened.at), "to_us": until_us}
    found = [
        *transaction.all(_ALLOWED_MONEY, shop_id=shop_id, session=session.id),
        *(row for query in _ALLOWED_STEPS for row in transaction.all(query, shop_id=shop_id, **period)),
        *(entry for entry in entries if entry[3]),
    ]
    once = {(about, at, by, approver): (about, at, by, approver, reason) for about, at, by, approver, reason in found}
    return sorted(once.values(), key=lambda row: row[1])


def _entry(row: Row) -> DrawerEntry:
    act, amount_minor, denominations, reason, at, client_at, by, approver = row
    return DrawerEntry(
        act=DrawerAct(act),
        amount_minor=amount_minor,
        denominations=decode(denominations, tuple[Denomination, ...]),
        reason=reason,
        at=from_us(at),
        client_at=None if client_at is None else from_us(client_at),
        by=by,
        approver=approver,
    )
