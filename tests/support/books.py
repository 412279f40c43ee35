"""Whether a shop's books agree to the cent: orders, ledger, drawers, taxes and the reports of drawers.

The sums are made here from the rows, one by one, and not by the product's queries.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from copy import copy
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from core.domain.drawers import CashFigures, DrawerAct
from core.domain.sale.ledger import MONEY, EntryKind
from core.domain.sale.turnover import Booked, Figures, Sold, figures
from core.protocol.drawers import ZReport
from core.server.drawers import chain
from core.server.drawers.chain import Notes
from core.store.sql.statements import Transaction

_MONEY: Final = frozenset(map(str, MONEY))
_MOVES: Final = {
    str(act): sign
    for act, sign in (
        (DrawerAct.PAID_IN, 1),
        (DrawerAct.PAID_OUT, -1),
        (DrawerAct.DROP, -1),
        (DrawerAct.TIP_OUT, -1),
    )
}
_OLDER: Final = "put back to an older state"


class Order(NamedTuple):
    id: str
    number: str
    payment: str
    total: int
    tax: int
    refunded: int
    discount: int
    refunded_tax: int
    service: int
    service_left: int

    @property
    def left(self) -> int:
        """What was sold and not given back."""
        return self.total - self.refunded


class Entry(NamedTuple):
    order: str
    version: int
    kind: str
    amount: int
    tender: str
    corrects: int
    line: str
    tax: int
    drawer: str
    discount: int
    service: int


class Books:
    """All rows that speak of money."""

    def __init__(self, connection: Connection) -> None:
        ask = connection.exec_driver_sql
        rows = ask(
            "SELECT id, number, payment, total_minor, tax_minor, refunded_minor, discount_minor, CAST("
            "(SELECT sum(refunded_tax_minor) FROM order_lines WHERE order_id = orders.id) AS bigint), service_minor, "
            "service_minor + CAST(coalesce((SELECT sum(service_minor) FROM ledger WHERE order_id = orders.id "
            "AND kind = 'credit'), 0) AS bigint) FROM orders"
        )
        self.orders = {row[0]: Order(*row) for row in rows}
        rows = ask(
            "SELECT order_id, version, kind, amount_minor, tender, corrects, line_id, tax_minor, drawer, "
            "discount_minor, service_minor FROM ledger ORDER BY order_id, number"
        )
        self.ledger = {key: list(of) for key, of in groupby((Entry(*row) for row in rows), attrgetter("order"))}
        rows = ask(
            "SELECT shop_id, device, drawer_session_id, owner_id, act, amount_minor FROM drawer_entries "
            "ORDER BY shop_id, device, place"
        )
        self.journals: dict[tuple[str, str], dict[str, list[Any]]] = defaultdict(dict)
        """Acts and amounts, by shop and till, and by session, oldest first."""
        self.owners: dict[str, str] = {}
        """Whose the drawer of a session is."""
        for shop, device, session, owner, *done in rows:
            self.journals[shop, device].setdefault(session, []).append(tuple(done))
            self.owners[session] = owner
        self.reports: dict[str, list[ZReport]] = defaultdict(list)
        """By session: the Z, and its supplements."""
        for session, content in ask("SELECT drawer_session_id, content FROM z_reports ORDER BY shop_id, device, place"):
            self.reports[session].append(msgspec.json.decode(content, type=ZReport))

    def only(self, orders: Collection[str]) -> "Books":
        """Those of these orders alone."""
        found = copy(self)
        found.orders = {key: order for key, order in self.orders.items() if key in orders}
        found.ledger = {key: entries for key, entries in self.ledger.items() if key in orders}
        return found

    def is_receipt(self, order: Order) -> bool:
        """Whether it was paid whole, and still is but for what an amendment has charged since."""
        entries = self.ledger.get(order.id, [])
        charged = order.total - sum(each.amount for each in entries if each.kind == EntryKind.CHARGE)
        settled = payments = 0
        found = order.payment != "unpaid" and not entries
        for _version, together in groupby(entries, attrgetter("version")):
            corrected = False
            for each in together:
                if each.kind in (EntryKind.CHARGE, EntryKind.CREDIT):
                    charged += each.amount
                elif each.kind in _MONEY or each.kind in (EntryKind.TIP, EntryKind.ROUNDING):
                    settled += each.amount if each.kind in _MONEY else -each.amount
                if each.kind == EntryKind.PAYMENT:
                    payments += -1 if each.corrects else 1
                    corrected = corrected or bool(each.corrects)
                payments = payments or int(each.kind == EntryKind.CREDIT)
            if payments > 0 and charged <= settled:
                found = True
            elif payments <= 0 or corrected:
                found = False
        return found

    def turnover(self, order: Order) -> int:
        """What it is of the shop's turnover."""
        return order.left if self.is_receipt(order) else 0

    def tax_due(self, order: Order) -> int:
        return order.tax - order.refunded_tax if self.is_receipt(order) else 0

    def owed(self, order: Order) -> int:
        """What is to be paid of what is turnover already; below zero, what was paid ahead."""
        return (order.left if self.is_receipt(order) else 0) - self.settled(order)

    def settled(self, order: Order) -> int:
        """What is held for it and pays for goods."""
        return sum(
            -each.amount if each.kind in (EntryKind.TIP, EntryKind.ROUNDING) else each.amount
            for each in self.ledger.get(order.id, ())
            if each.kind in _MONEY or each.kind in (EntryKind.TIP, EntryKind.ROUNDING)
        )

    @property
    def sessions(self) -> Iterable[str]:
        named = {entry.drawer for entries in self.ledger.values() for entry in entries}
        return sorted(named.union(*self.journals.values()))

    def figures(self, session: str) -> dict[str, Any]:
        """What the entries of a session come to; those of none where it is empty."""
        orders = (
            (Sold(order.total, order.tax, (), order.discount, order.service), list(self._booked(order, session)))
            for order in self.orders.values()
            if any(entry.drawer == session for entry in self.ledger.get(order.id, ()))
        )
        return _comparable(figures(orders))

    def _booked(self, order: Order, session: str) -> Iterator[Booked]:
        for each in self.ledger[order.id]:
            # An earlier release refunded whole orders, without saying the tax of each line.
            is_whole = each.kind == EntryKind.CREDIT and not each.line and each.amount
            tax, here = -order.tax if is_whole else each.tax, each.drawer == session
            yield Booked(
                *(each.version, each.kind, each.amount, each.tender, each.corrects, tax, here),
                discount=each.discount,
                service=each.service,
            )

    def cash(self, session: str) -> int:
        return sum(
            entry.amount
            for entries in self.ledger.values()
            for entry in entries
            if entry.drawer == session and entry.tender == "cash" and entry.kind in _MONEY
        )


def differences(connection: Connection, key: bytes | None = None, notes: Notes | None = None) -> list[str]:
    """What does not agree, a sentence each. With the server's `key` and `notes` also what is wrong with the chains of
    the reports; one that was lost with an older state of the database is no fault."""
    books = Books(connection)
    found = [*_orders(books), *_drawers(books), *_sessions(books)]
    if key is not None and notes is not None:
        transaction = Transaction(connection)
        for (shop_id,) in connection.exec_driver_sql("SELECT id FROM shops").fetchall():
            faults = chain.check(transaction, shop_id, key, notes).faults
            found += [f"{each.device}, {each.place}: {each.says}" for each in faults if _OLDER not in each.says]
    return found


def _orders(books: Books) -> Iterator[str]:
    """What is held for each order pays for what is left of it, and nothing is held by a tender that has not paid."""
    for order in books.orders.values():
        entries = books.ledger.get(order.id, [])
        settled = books.settled(order)
        if settled != order.left and not (order.payment == "unpaid" and 0 <= settled <= order.total):
            yield f"{order.number}: {settled} of {order.left} is settled"
        by_tender = Counter[str]()
        for each in entries:
            by_tender[each.tender] += each.amount if each.kind in _MONEY else 0
        if min(by_tender.values(), default=0) < 0:
            yield f"{order.number}: more was given back than was paid by a tender: {dict(by_tender)}"


def _drawers(books: Books) -> Iterator[str]:
    """What should be in each drawer is what its journal and its cash come to; Zs have running numbers."""
    for (_shop, device), sessions in books.journals.items():
        left: dict[str, int] = {}
        """In the drawer of each."""
        numbers: dict[str, int] = {}
        for session, acts in sessions.items():
            opened, counts, closed = acts[0][1], [amount for act, amount in acts if act == "counted"], acts[-1]
            expected = opened + books.cash(session) + sum(_MOVES.get(act, 0) * amount for act, amount in acts[1:])
            reports = books.reports.get(session, [])
            if (closed[0] == "closed") != bool(reports):
                yield f"{device}: session {session} ended with {closed[0]} and has {len(reports)} reports"
            if closed[0] != "closed":
                continue
            owner, numbers[session] = books.owners[session], reports[0].number if reports else 0
            should_be = CashFigures(
                float_minor=opened,
                opening_difference_minor=opened - left.get(owner, opened),
                payments_minor=books.cash(session),
                expected_minor=expected,
                counted_minor=counts[-1],
                first_counted_minor=counts[0],
                difference_minor=counts[-1] - expected,
                deposit_minor=closed[1],
                left_minor=counts[-1] - closed[1],
            )
            left[owner] = counts[-1] - closed[1]
            told = reports[-1].cash if reports else None
            if told is None or msgspec.structs.replace(told, explanation="") != should_be:
                yield f"{device}: session {session} should have {should_be}, its newest report has {told}"
        if sorted(numbers.values()) != list(range(1, len(numbers) + 1)):
            yield f"{device}: its Zs are numbered {sorted(numbers.values())}"


def _sessions(books: Books) -> Iterator[str]:
    """Each Z with its supplements is what the ledger says of its session; all sessions together are the orders."""
    turnover = tax = 0
    for session in books.sessions:
        should_be = books.figures(session)
        turnover, tax = turnover + should_be["turnover"], tax + should_be["tax_minor"]
        reports = books.reports.get(session)
        for report in reports or ():
            yield from _identities(report)
        if reports:
            told = Figures()
            for report in reports:
                told = told.more(Figures(**{name: getattr(report, name) for name in Figures.__struct_fields__}))
            said = _comparable(told)
            yield from (
                f"session {session}: {name} is {should_be[name]}, its reports say {said[name]}"
                for name in should_be
                if should_be[name] != said[name]
            )
    if turnover != (wanted := sum(map(books.turnover, books.orders.values()))):
        yield f"all sessions have a turnover of {turnover}, the orders of {wanted}"
    if tax != (wanted := sum(map(books.tax_due, books.orders.values()))):
        yield f"all sessions have a tax of {tax}, the orders of {wanted}"


def _identities(report: ZReport) -> Iterator[str]:
    """Z1 to Z3."""
    turnover = report.sales_minor - report.refunds_minor
    sums = {
        "turnover": report.turnover_minor,
        "net and tax": report.net_minor + report.tax_minor,
        "of all rates": sum(report.gross.values()),
        "by money": sum(report.payments.values()) - report.tips_minor - report.rounding_minor + report.receivable_minor,
    }
    yield from (
        f"{report.device}, report {report.place}: {name} is {value}, sales less refunds {turnover}"
        for name, value in sums.items()
        if value != turnover
    )
    if sum(report.taxes.values()) != report.tax_minor:
        yield f"{report.device}, report {report.place}: its taxes are not {report.tax_minor}"


def _comparable(found: Figures) -> dict[str, Any]:
    """The figures without what a supplement says in another way: of a sale that is taken back, it says a refund."""
    left_out = ("sales", "sales_minor", "refunds", "refunds_minor", "taxes", "gross", "payments")
    numbers = {name: getattr(found, name) for name in Figures.__struct_fields__ if name not in left_out}
    payments = {tender: amount for tender, amount in found.payments.items() if amount}
    return {**numbers, "turnover": found.turnover_minor, "receipts": found.sales - found.refunds, "payments": payments}
