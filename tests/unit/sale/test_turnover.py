"""The figures of drawer sessions: however an order's entries are divided among sessions, each one's figures hold the
identities, and together they are the order's."""

import random
from collections.abc import Iterator

from core.domain.sale.ledger import Entry, EntryKind, Ledger, Pay, PayBack, Tenders
from core.domain.sale.rounding import CashRounding
from core.domain.sale.turnover import Booked, Figures, Part, Sold, figures

SESSIONS = 3
TENDERS = Tenders(rounding=CashRounding(5))
Acts = list[tuple[tuple[Entry, ...], int]]
"""The entries of each act, and in which session it was done."""


def _acts(chance: random.Random, total: int) -> Acts:
    """What is done to an order: parts, tips, mistakes and refunds, each in some session."""
    ledger, found = Ledger.opened(total), Acts()
    for _ in range(chance.randint(0, 6)):
        before = len(ledger.entries)
        ledger = _next(chance, ledger)
        if len(ledger.entries) > before:
            found.append((ledger.entries[before:], chance.randrange(SESSIONS)))
    return found


def _next(chance: random.Random, ledger: Ledger) -> Ledger:
    tender = chance.choice(["cash", "card"])
    refunded = any(entry.kind is EntryKind.REFUND for entry in ledger.entries)
    if ledger.balance > 0 and not refunded:
        amount = ledger.balance if chance.random() < 0.5 else chance.randint(1, ledger.balance)
        return ledger.pay(Pay(tender=tender, amount=amount, tip=chance.choice([0, 0, 120])), TENDERS)
    if not refunded and chance.random() < 0.4:
        numbers = {entry.payment for entry in ledger.entries if entry.payment}
        gone = {entry.corrects for entry in ledger.entries}
        left = sorted(numbers - gone)
        return ledger.correct(chance.choice(left)) if left else ledger
    if not ledger.balance and ledger.charged:
        tender, held = max(ledger.held_by().items(), key=lambda each: each[1])
        most = min(held, ledger.charged)
        value = chance.randint(1, most) if most > 0 else 0
        if value:
            credit = Entry(EntryKind.CREDIT, -value, line="a", tax=-(value // 11))
            after = ledger.followed_by([credit])
            return after.paid_back(value, 0, (PayBack(tender),), TENDERS, empties=not after.charged, cross=True)
    return ledger


def _booked(acts: Acts, here: int | None) -> Iterator[Booked]:
    for version, (entries, session) in enumerate(acts):
        for each in entries:
            tender, group = each.tender, "STD:10000" if each.kind is EntryKind.CREDIT else ""
            is_here = here in (None, session)
            yield Booked(version, str(each.kind), each.amount, tender, each.corrects, each.tax, is_here, group)


def _hold(found: Figures) -> None:
    assert found.turnover_minor == found.sales_minor - found.refunds_minor == found.net_minor + found.tax_minor
    paid = sum(found.payments.values())
    assert paid == found.turnover_minor + found.tips_minor + found.rounding_minor - found.receivable_minor
    assert sum(found.taxes.values()) == found.tax_minor
    assert sum(found.gross.values()) == found.turnover_minor
    assert min(found.sales_minor, found.refunds_minor) >= 0


def test_however_it_is_divided_among_sessions_it_adds_up() -> None:
    chance = random.Random(20261129)
    for _ in range(2_000):
        orders = []
        for _ in range(chance.randint(1, 3)):
            total = chance.randint(1, 5_000)
            sold = Sold(total, total // 11, (Part("STD:10000", total, total // 11),), discount=chance.randint(0, 9))
            orders.append((sold, _acts(chance, total)))
        parts = [figures((sold, _booked(acts, session)) for sold, acts in orders) for session in range(SESSIONS)]
        whole = figures((sold, _booked(acts, None)) for sold, acts in orders)
        summed = Figures()
        for part in parts:
            _hold(part)
            summed = summed.more(part)
        _hold(whole)
        for name in ("turnover_minor", "net_minor", "tax_minor", "tips_minor", "rounding_minor", "receivable_minor"):
            assert getattr(summed, name) == getattr(whole, name), name
        assert {k: v for k, v in summed.payments.items() if v} == {k: v for k, v in whole.payments.items() if v}


def test_a_supplement_is_what_was_added_and_takes_no_sale_away() -> None:
    chance = random.Random(7)
    for _ in range(500):
        total = chance.randint(1, 5_000)
        sold, acts = Sold(total, total // 11), _acts(chance, total)
        told, so_far = Figures(), 0
        for upto in range(len(acts) + 1):
            now = figures([(sold, _booked(acts[:upto], None))])
            added = now.less(told)
            _hold(added)
            told = told.more(added)
            assert told.sales_minor >= so_far, "running totals never fall"
            so_far = told.sales_minor
            assert told.turnover_minor == now.turnover_minor


def test_half_paid_is_no_turnover_and_a_mistake_in_a_later_session_is_taken_back() -> None:
    half = Ledger.opened(1_000).pay(Pay(tender="card", amount=400), TENDERS)
    paid = half.pay(Pay(tender="card"), TENDERS)
    undone = paid.correct(1)
    acts = [(half.entries[1:], 0), (paid.entries[len(half.entries) :], 1), (undone.entries[len(paid.entries) :], 2)]
    first, second, third = (figures([(Sold(1_000, 90), _booked(acts, at))]) for at in range(3))
    assert (first.sales, first.turnover_minor, first.receivable_minor) == (0, 0, -400)
    assert (second.sales, second.turnover_minor, second.tax_minor, second.receivable_minor) == (1, 1_000, 90, 400)
    assert (third.refunds, third.refunds_minor, third.sales_minor, third.corrections) == (1, 1_000, 0, 1)
    assert third.receivable_minor == -600
