"""Checks of a database: its pages, its references, and the invariants that the code relies on."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ColumnElement

from core.domain.drawers import DrawerAct
from core.domain.numbers import LAST
from core.domain.order import PaymentState, RequestState, Tender
from core.domain.sale.ledger import MONEY, EntryKind
from core.domain.status import OPEN
from core.protocol.health import Finding
from core.store import day_sums
from core.store.backups import charges, kept, requests
from core.store.sql.statements import Transaction
from core.store.tables import (
    amendments,
    change_requests,
    customers,
    drawer_entries,
    events,
    held_baskets,
    ledger,
    menu_items,
    number_series,
    order_lines,
    order_words,
    orders,
    pictures,
    shops,
    status_history,
    z_reports,
)

Advance = Callable[[int, int], None]
"""A progress callback: `done` of `total`."""

_o, _h, _b, _e, _l, _s, _c, _n, _w, _k, _d, _z, _a, _r = (
    table.c
    for table in (
        *(orders, status_history, ledger, events, order_lines),
        *(
            shops,
            customers,
            number_series,
            order_words,
            held_baskets,
            drawer_entries,
            z_reports,
            amendments,
            change_requests,
        ),
    )
)
_credits = select(_b.order_id, _b.version).where(_b.kind == str(EntryKind.CREDIT)).distinct().subquery("credits")
"""Refunds. What else gave money back was an amendment."""
_BESIDE: Final = [str(kind) for kind in (EntryKind.TIP, EntryKind.ROUNDING)]
"""Entries of money that is held, and pays for no goods."""
_SHOWN: Final = 5
"""The number of offending rows that a finding names."""


class Rule(msgspec.Struct, frozen=True):
    """An invariant of every database. `offenders` selects a name for each row that violates it."""

    name: str
    says: str
    offenders: Select[Any]


def _history_steps() -> Select[Any]:
    """Each entry of a history beside the one before it."""
    before = func.lag(_h.target).over(partition_by=_h.order_id, order_by=_h.version)
    place = func.row_number().over(partition_by=_h.order_id, order_by=_h.version)
    return select(_h.order_id, _h.version, _h.source, before.label("before"), place.label("place"))


def _broken_histories() -> Select[Any]:
    steps = _history_steps().subquery()
    first, later = steps.c.place == 1, steps.c.place > 1
    wrong_start = and_(first, or_(steps.c.version != 1, steps.c.source.is_not(None)))
    wrong_step = and_(later, or_(steps.c.source.is_(None), steps.c.source != steps.c.before))
    return select(steps.c.order_id).where(or_(wrong_start, wrong_step)).distinct()


def _missing_pictures() -> Select[Any]:
    kept = select(pictures.c.id).where(
        pictures.c.shop_id == menu_items.c.shop_id, pictures.c.id == menu_items.c.picture
    )
    return select(menu_items.c.id).where(menu_items.c.picture != "", not_(kept.exists()))


def _odd_baskets() -> Select[Any]:
    has_lines = _k.content.like('%"lines":[{%')
    wrong = or_(and_(_k.is_gone == 0, not_(has_lines)), and_(_k.is_gone != 0, has_lines))
    return select(_k.id).where(wrong)


def _last_changes() -> Any:
    place = func.row_number().over(partition_by=_h.order_id, order_by=_h.version.desc())
    ranked = select(_h.order_id, _h.version, _h.target, place.label("place")).subquery()
    return select(ranked).where(ranked.c.place == 1).subquery()


def _status_is_not_the_last_change() -> Select[Any]:
    last = _last_changes()
    wrong = or_(last.c.target.is_(None), last.c.target != _o.status, last.c.version > _o.version)
    return select(_o.number).select_from(orders.outerjoin(last, last.c.order_id == _o.id)).where(wrong)


def _broken_payments() -> Select[Any]:
    """Orders whose payment is not what their ledger comes to. Without entries, an order is unpaid."""
    says_tender = and_(_b.corrects == 0, _b.kind.in_([str(EntryKind.PAYMENT), str(EntryKind.PLAN)]))
    last = func.row_number().over(partition_by=_b.order_id, order_by=case((says_tender, _b.number), else_=-1).desc())
    booked = select(_b.order_id, _b.version, _b.kind, _b.amount_minor, _b.tender, last.label("place")).subquery().c
    held = func.sum(case((booked.kind.in_([str(kind) for kind in MONEY]), booked.amount_minor), else_=0))
    beside = func.sum(case((booked.kind.in_(_BESIDE), booked.amount_minor), else_=0))
    credit = func.sum(case((booked.kind == str(EntryKind.CREDIT), booked.amount_minor), else_=0))
    ledgers = (
        select(
            booked.order_id,
            (held - beside).label("settled"),
            credit.label("credit"),
            func.max(booked.version).label("version"),
            func.max(case((booked.place == 1, booked.tender), else_="")).label("tender"),
        )
        .group_by(booked.order_id)
        .subquery()
    )
    at = ledgers.c
    owes = and_(at.settled >= 0, at.settled < _o.total_minor + at.credit)
    unpaid = or_(and_(at.credit == 0, at.settled == 0), owes)
    paid = and_(at.settled == _o.total_minor + at.credit, or_(at.credit == 0, at.credit > -_o.total_minor))
    refunded = and_(at.settled == 0, at.credit == -_o.total_minor)
    agrees = case(
        (at.order_id.is_(None), _o.payment == str(PaymentState.UNPAID)),
        (or_(at.tender != _o.tender, at.version > _o.version, at.credit != -_o.refunded_minor), false()),
        (_o.payment == str(PaymentState.UNPAID), unpaid),
        (_o.payment == str(PaymentState.PAID), paid),
        else_=and_(_o.payment == str(PaymentState.REFUNDED), refunded),
    )
    return select(_o.number).select_from(orders.outerjoin(ledgers, at.order_id == _o.id)).where(~agrees)


def _broken_parts() -> Select[Any]:
    """Orders whose ledger says more of their payments than their row and that are not marked so, or the reverse."""

    def kept(kind: EntryKind) -> ColumnElement[int]:
        return func.sum(case((_b.kind != str(kind), 0), (_b.corrects == 0, 1), else_=-1))

    payments, tips, roundings = kept(EntryKind.PAYMENT), kept(EntryKind.TIP), kept(EntryKind.ROUNDING)
    of_others = and_(_b.kind == str(EntryKind.CHANGE), _b.tender != str(Tender.CASH))
    change = func.sum(case((~of_others, 0), (_b.corrects == 0, 1), else_=-1))
    has_reference = and_(_b.kind == str(EntryKind.PAYMENT), _b.reference != "")
    references = func.sum(case((~has_reference, 0), (_b.corrects == 0, 1), else_=-1))
    of_refunds = _credits.c.order_id.is_not(None)
    given_back = func.sum(case((and_(_b.kind == str(EntryKind.REFUND), ~of_refunds), 1), else_=0))
    handed_over = _b.kind.in_([str(EntryKind.PAYMENT), str(EntryKind.CHANGE)])
    paid = func.sum(case((handed_over, _b.amount_minor), else_=0))
    counted = (
        select(
            _b.order_id,
            paid.label("paid"),
            *(payments.label("payments"), tips.label("tips"), references.label("references")),
            given_back.label("given_back"),
            (roundings + change).label("others"),
        )
        .select_from(
            ledger.outerjoin(_credits, and_(_credits.c.order_id == _b.order_id, _credits.c.version == _b.version))
        )
        .group_by(_b.order_id)
        .subquery()
        .c
    )
    of_unpaid = and_(_o.payment == str(PaymentState.UNPAID), counted.payments > 0)
    beside = or_(counted.tips > 0, counted.references > 0, counted.given_back > 0, counted.others > 0)
    of_less = and_(_o.payment == str(PaymentState.REFUNDED), counted.paid != _o.total_minor)
    says_more = case((or_(counted.payments > 1, beside, of_unpaid, of_less), 1), else_=0)
    joined = orders.outerjoin(counted.order_id.table, counted.order_id == _o.id)
    return select(_o.number).select_from(joined).where(_o.in_parts != says_more)


def _broken_corrections() -> Select[Any]:
    """Orders of which a payment was taken back in part, or more than once."""
    of_payment = case((_b.corrects > 0, _b.corrects), else_=_b.payment)
    taken_back = func.max(_b.corrects)
    left = func.sum(_b.amount_minor)
    return (
        select(_b.order_id)
        .where(of_payment > 0)
        .group_by(_b.order_id, of_payment, _b.kind)
        .having(taken_back > 0, left != 0)
        .distinct()
    )


def _wrong_amounts() -> Select[Any]:
    off = func.sum(_l.discount_minor + _l.order_discount_minor).label("off")
    shares = func.sum(_l.service_minor).label("shares")
    lines = select(_l.order_id, func.sum(_l.total_minor).label("lines"), off, shares).group_by(_l.order_id).subquery()
    left = _o.subtotal_minor - _o.discount_minor + _o.service_minor
    agrees = and_(
        lines.c.lines == _o.subtotal_minor,
        lines.c.off == _o.discount_minor,
        lines.c.shares == _o.service_minor,
        _o.total_minor.in_([left, left + _o.tax_minor]),  # the tax is in it, or on top
    )
    joined = orders.outerjoin(lines, lines.c.order_id == _o.id)
    return select(_o.number).select_from(joined).where(or_(lines.c.lines.is_(None), ~agrees))


def _broken_amendments() -> Select[Any]:
    """Orders of which a former version is missing, or whose ledger charges another difference than they show."""
    nxt = func.lead(_a.total_minor).over(partition_by=_a.order_id, order_by=_a.version)
    versions = select(_a.order_id, _a.version, _a.total_minor, nxt.label("following")).subquery().c
    charged = (
        select(_b.order_id, _b.version, func.sum(_b.amount_minor).label("more"))
        .where(_b.kind == str(EntryKind.CHARGE))
        .group_by(_b.order_id, _b.version)
        .subquery()
        .c
    )
    same_step = and_(charged.order_id == versions.order_id, charged.version == versions.version)
    steps = versions.order_id.table.join(orders, _o.id == versions.order_id)
    steps = steps.outerjoin(charged.order_id.table, same_step)
    difference = func.coalesce(versions.following, _o.total_minor) - versions.total_minor
    wrong = select(_o.number).select_from(steps).where(charged.more.is_not(None), charged.more != difference)
    counted = select(_a.order_id, func.count().label("all"), func.max(_a.version).label("last"))
    counted_by = counted.group_by(_a.order_id).subquery().c
    joined = orders.outerjoin(counted_by.order_id.table, counted_by.order_id == _o.id)
    of_other = or_(func.coalesce(counted_by.all, 0) != _o.amendments, counted_by.last > _o.version)
    missing = select(_o.number).select_from(joined).where(of_other)
    return select(union_all(wrong, missing).subquery())


def _broken_requests() -> Select[Any]:
    """Orders of which a request is missing, or whose accepted request has changed nothing."""
    last = select(_r.order_id, func.max(_r.version).label("last")).group_by(_r.order_id).subquery().c
    of_none = case((last.last.is_(None), _o.change_request != ""), else_=_o.change_request == "")
    joined = orders.outerjoin(last.order_id.table, last.order_id == _o.id)
    missing = select(_o.number).select_from(joined).where(or_(of_none, last.last > _o.version))
    step = and_(_a.order_id == _r.order_id, _a.version == _r.version)
    granted = change_requests.join(orders, _o.id == _r.order_id).outerjoin(amendments, step)
    without = select(_o.number).select_from(granted)
    without = without.where(_r.state == str(RequestState.ACCEPTED), _a.version.is_(None))
    return select(union_all(missing, without).subquery())


def _broken_refunds() -> Select[Any]:
    """Orders whose lines do not come to what was refunded of them, or not to their ledger. An order that an earlier
    release refunded, which is whole, does not say so line by line."""
    lines = (
        select(
            _l.order_id,
            func.sum(_l.refunded_quantity).label("quantity"),
            func.sum(_l.refunded_minor).label("minor"),
            func.sum(_l.refunded_tax_minor).label("tax"),
            func.max(case((_l.refunded_quantity > _l.quantity, 1), else_=0)).label("too_many"),
        )
        .group_by(_l.order_id)
        .subquery()
        .c
    )
    credited = (
        select(_b.order_id, func.sum(_b.quantity).label("quantity"), func.sum(_b.tax_minor).label("tax"))
        .where(_b.kind == str(EntryKind.CREDIT))
        .group_by(_b.order_id)
        .subquery()
        .c
    )
    by_lines = and_(
        lines.minor == _o.refunded_minor,
        lines.quantity == func.coalesce(credited.quantity, 0),
        lines.tax == -func.coalesce(credited.tax, 0),
        lines.too_many == 0,
    )
    whole = and_(_o.payment == str(PaymentState.REFUNDED), lines.minor == 0, _o.refunded_minor == _o.total_minor)
    joined = orders.join(lines.order_id.table, lines.order_id == _o.id)
    joined = joined.outerjoin(credited.order_id.table, credited.order_id == _o.id)
    return select(_o.number).select_from(joined).where(~or_(by_lines, whole))


def _impossible_rounding() -> Select[Any]:
    """Orders of which a refund took money, or, given back whole, left some by a tender without a tip."""
    kept = [
        func.sum(case((_b.kind == str(kind), _b.amount_minor), else_=0)) for kind in (EntryKind.TIP, EntryKind.ROUNDING)
    ]
    took = func.max(case((_b.kind == str(EntryKind.REFUND), _b.amount_minor), else_=0))
    by_tender = (
        select(_b.order_id, kept[0].label("tips"), kept[1].label("rounding"), took.label("took"))
        .group_by(_b.order_id, _b.tender)
        .subquery()
        .c
    )
    of_refunded = and_(_o.payment == str(PaymentState.REFUNDED), by_tender.tips == 0, by_tender.rounding != 0)
    joined = orders.join(by_tender.order_id.table, by_tender.order_id == _o.id)
    return select(_o.number).select_from(joined).where(or_(by_tender.took > 0, of_refunded)).distinct()


def _gaps() -> Select[Any]:
    """Shops whose events are not one unbroken chain up to the counter. Old events may be trimmed, the newest never
    is."""
    chain = (
        select(_e.shop_id, func.min(_e.seq).label("first"), func.max(_e.seq).label("last"), func.count().label("all"))
        .group_by(_e.shop_id)
        .subquery()
    )
    last = func.coalesce(chain.c.last, 0)
    wrong = or_(last != _s.seq, chain.c.all != chain.c.last - chain.c.first + 1)
    return select(_s.id).select_from(shops.outerjoin(chain, chain.c.shop_id == _s.id)).where(wrong)


def _wrong_counts() -> Select[Any]:
    counted = select(_o.customer_id, func.count().label("orders")).group_by(_o.customer_id).subquery()
    joined = customers.outerjoin(counted, counted.c.customer_id == _c.id)
    return select(_c.id).select_from(joined).where(_c.order_count != func.coalesce(counted.c.orders, 0))


def _numbers_to_come_again() -> Select[Any]:
    """Series whose next number an order already has."""
    count: ColumnElement[int] = cast(func.substr(_o.number, func.length(_n.series) + 2), BigInteger)
    in_series = and_(_o.shop_id == _n.shop_id, func.substr(_o.number, 1, func.length(_n.series) + 1) == _n.series + "-")
    # Longer numbers are not counted on: an earlier release accepted any number from a till (docs/adr/0044).
    counted = func.length(_o.number) <= func.length(_n.series) + 1 + len(str(LAST))
    highest = select(func.max(count)).where(in_series, counted).correlate(number_series).scalar_subquery()
    return select(_n.series).where(_n.last < func.coalesce(highest, 0))


def _not_found_by_number() -> Select[Any]:
    """Orders without the word of their count. Counts of other lengths are few, and written by the same code."""
    end = func.substr(_o.number, func.length(_o.number) - 5)
    is_counted = and_(func.substr(_o.number, func.length(_o.number) - 6, 1) == "-", end >= "000000", end <= "999999")
    word = select(_w.word).where(_w.shop_id == _o.shop_id, _w.word == "n" + end, _w.placed_at == _o.placed_at)
    return select(_o.number).where(is_counted, ~word.exists())


def _words_of_nothing() -> Select[Any]:
    """Words of numbers that no order has: a deleted order must not be found by them."""
    order = select(_o.id).where(_o.shop_id == _w.shop_id, _o.placed_at == _w.placed_at)
    return select(_w.word).where(_w.word >= "n", _w.word < "o", ~order.exists())


def orphans() -> Select[Any]:
    """Orders that name a customer who does not exist."""
    found = orders.outerjoin(customers, customers.c.id == _o.customer_id)
    return select(_o.number).select_from(found).where(_o.customer_id.is_not(None), _c.id.is_(None))


def _closed_without_z() -> Select[Any]:
    """Tills with a drawer session that was closed and has no Z."""
    z = and_(_z.drawer_session_id == _d.drawer_session_id, _z.shop_id == _d.shop_id, _z.supplement == 0)
    found = drawer_entries.outerjoin(z_reports, z)
    return select(_d.device).select_from(found).where(_d.act == str(DrawerAct.CLOSED), _z.place.is_(None))


def _gaps_in_journals() -> Select[Any]:
    """Tills of which entries of the drawer's journal, or reports, are missing."""
    journals = (
        select(table.c.device)
        .group_by(table.c.shop_id, table.c.device)
        .having(or_(func.min(table.c.place) != 1, func.max(table.c.place) != func.count()))
        for table in (drawer_entries, z_reports)
    )
    return select(union_all(*journals).subquery())


RULES: Final[tuple[Rule, ...]] = (
    Rule("owners", "every order's customer exists", orphans()),
    Rule("events", "each shop's events are one chain without gaps, up to its counter", _gaps()),
    Rule(
        "history",
        "each order's history begins with its placing and each step starts where the last ended",
        _broken_histories(),
    ),
    Rule("status", "each order stands where its history ends", _status_is_not_the_last_change()),
    Rule("payments", "each order's payment is what its ledger comes to", _broken_payments()),
    Rule("parts", "the payments of each order are told where its row does not say all of them", _broken_parts()),
    Rule("corrections", "each payment that was taken back was taken back whole, and once", _broken_corrections()),
    Rule(
        "open",
        "an order is marked open exactly while its status is",
        select(_o.number).where(_o.is_open != _o.status.in_([str(status) for status in OPEN]).cast(Integer)),
    ),
    Rule(
        "amounts",
        "each order's lines and discounts add up to its subtotal, and with the tax to its total",
        _wrong_amounts(),
    ),
    Rule(
        "lines",
        "each line's total is its price times its quantity",
        select(_l.order_id).where(_l.total_minor != _l.unit_price_minor * _l.quantity).distinct(),
    ),
    Rule(
        "amendments",
        "every version of each order that was amended is kept, and its ledger charges what they differ by",
        _broken_amendments(),
    ),
    Rule(
        "change requests",
        "what customers asked to change is kept, and what was accepted of it was changed",
        _broken_requests(),
    ),
    Rule("refunds", "what was refunded of each order is what its lines and its ledger say", _broken_refunds()),
    Rule("rounding", "no refund takes money, and of rounding none stays without a tip", _impossible_rounding()),
    Rule("pictures", "each picture that an item has is kept", _missing_pictures()),
    Rule("baskets", "each held basket has lines, and of those that are gone nothing is kept", _odd_baskets()),
    Rule("closed drawers", "each drawer session that was closed has its Z", _closed_without_z()),
    Rule("journals", "no entry of a drawer's journal is missing, and none of its reports", _gaps_in_journals()),
    Rule("counts", "each customer's count is the number of their orders", _wrong_counts()),
    Rule("words", "each order is found by the end of its number", _not_found_by_number()),
    Rule("forgotten", "no words are kept of orders that are gone", _words_of_nothing()),
    Rule("numbers", "no series will give a number that an order has", _numbers_to_come_again()),
)


_SETTINGS: Final = "shops"
READ: Final[tuple[tuple[str, str, Callable[[Transaction], Iterator[str]]], ...]] = (
    (
        "requests",
        "what each order says of its customer's wish is what its history says, and what was accepted is what was asked",
        requests.differing,
    ),
    (
        "charges",
        "each service charge is its rate of what discounts leave, and the ledger's parts of amounts are the order's",
        charges.differing,
    ),
    ("picture bytes", "each picture is a plain one, and its name is the hash of it", kept.wrong_pictures),
    (_SETTINGS, "each setting of a shop is one that can be set", kept.unusable_settings),
    ("day sums", "what is kept of each business day is what its rows come to", day_sums.differing),
)
"""Invariants that rows have to be read for: name, words, and what names each offender."""


def soundness(connection: Connection, *, quick: bool = False) -> list[Finding]:
    """Checks of the database file: for SQLite every page, index and reference; database servers check themselves.

    `quick` compares no index with its table, which takes most of the time.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SELECT 1")
        return []
    pages = _pragma_rows(connection, "PRAGMA quick_check" if quick else "PRAGMA integrity_check")
    wrong = [] if pages == [("ok",)] else [str(row[0]) for row in pages]
    broken = [" → ".join(map(str, row[::2][:2])) for row in _pragma_rows(connection, "PRAGMA foreign_key_check")]
    return [
        _finding("integrity", "every page and index of the file is whole", wrong),
        _finding("references", "every reference leads somewhere", broken),
    ]


def _pragma_rows(connection: Connection, pragma: str) -> list[tuple[Any, ...]]:
    """The rows of a pragma, or the error as a row when the file cannot be read."""
    found: list[tuple[Any, ...]] = []
    try:
        found += [tuple(row) for row in connection.exec_driver_sql(pragma)]
    except DBAPIError as error:
        found.append((str(error.orig),))
    return found


def invariants(connection: Connection, advance: Advance | None = None) -> list[Finding]:
    """Checks of the invariants between rows, one finding a rule. The database must have the newest schema."""
    found = []
    for rule in RULES:
        found.append(_finding(rule.name, rule.says, [str(row[0]) for row in connection.execute(rule.offenders)]))
        if advance is not None:
            advance(len(found), len(RULES) + len(READ))
    for name, says, offenders in READ:
        found.append(_finding(name, says, list(offenders(Transaction(connection)))))
        if name == _SETTINGS and found[-1].count:
            break  # what follows goes by them
        if advance is not None:
            advance(len(found), len(RULES) + len(READ))
    return found


def _finding(rule: str, says: str, offenders: list[str]) -> Finding:
    return Finding(rule=rule, says=says, count=len(offenders), examples=tuple(offenders[:_SHOWN]))
