"""`python -m tests.reconcile`: days of money over 1,000 orders, and whether all books agree to the cent.

The orders are those of a file (`--orders FILE.tsv`, of the form of `core.admin.demo.orders_file`), or made like them.
Half are sold in a shop whose prices contain the tax, half in one that adds it; the seed says in which currency, and how
cash is rounded. Then orders, ledger, drawers, Zs, taxes,
sales reports and the day journal have to come to the same.
"""

import argparse
import contextlib
import itertools
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from unittest import mock

import msgspec

from core.admin.demo import orders_file
from core.admin.demo.orders_file import OrdersFile
from core.domain.order import LineTax
from core.domain.sale.business_day import began
from core.domain.sale.rounding import CashRounding, Rounding
from core.domain.service import ShopService
from core.instants import to_us, zone
from core.protocol.journal import FLOAT, OVER_SHORT, RECEIVABLES, ROUNDING, SALES, TAX, TIPS, Posting, tender_account
from core.protocol.reports import By, SalesQuery
from core.server.drawers.journal import journal
from core.server.routes.reports import sales_report
from core.store import day_sums, z_reports
from core.store.backups import check
from core.store.day_sums import Day
from core.store.reports import Named
from core.store.sql.statements import Transaction
from tests.support import books, databases, order_files
from tests.support.books import Books
from tests.support.money_days import FIRST_DAY, NOW_IN, TILLS, ZONE, Clock, Days, Made, make_shop
from tests.support.server import ServerThread

DAYS: Final = 12
ORDERS: Final = 1_000
CURRENCIES: Final = ("EUR", "JPY", "KWD")
"""With 2, 0 and 3 decimals."""
COINS: Final = (
    CashRounding(),
    CashRounding(5),
    CashRounding(10, Rounding.HALF_DOWN),
    CashRounding(50, Rounding.DOWN),
    CashRounding(7, Rounding.UP),
)
"""How shops round cash."""
SERVICE: Final = ShopService(12_345)
_CASH: Final = tender_account("cash")


def reconcile(directory: Path, file: OrdersFile, seed: int) -> list[str]:
    """What does not agree after days with these orders, a sentence each. `directory` gets a database."""
    directory.mkdir(exist_ok=True)
    chance, clock = random.Random(seed), Clock()
    with contextlib.ExitStack() as stack:
        for module in NOW_IN:
            stack.enter_context(mock.patch(f"{module}.now", clock.now))
        server = stack.enter_context(ServerThread(directory))
        currency = CURRENCIES[seed % len(CURRENCIES)]
        coins = [chance.choice(COINS) for _ in range(2)]
        shops = [
            make_shop(server.database, file.menu, inclusive=inclusive, currency=currency, coins=each, service=SERVICE)
            for inclusive, each in zip((True, False), coins, strict=True)
        ]
        for at, made in enumerate(shops):
            clock.at = FIRST_DAY
            life, own = Days(server, made, clock, chance), file.orders[at::2]
            for day in range(DAYS):
                with _adding_up(server, made, clock):
                    life.day(own[day::DAYS])
            life.finish()
            with _adding_up(server, made, clock, DAYS // 2):
                pass  # or on a busy shop's every day something is written once more
        services = server.services

        def work(transaction: Transaction) -> list[str]:
            connection = transaction.connection
            found = books.differences(connection, services.report_key, services.report_notes)
            found += [f"db check, {each.rule}: {each.examples}" for each in check.invariants(connection) if each.count]
            whole = Books(connection)
            for made in shops:
                sql = databases.placed("SELECT id FROM orders WHERE shop_id = ?")
                own = whole.only({row[0] for row in connection.exec_driver_sql(sql, (made.id,))})
                found += [*_reports(transaction, made, own), *_journal(transaction, made, own)]
                found += _day_sums(transaction, made, clock, chance)
            return found

        return server.database.read_blocking(work)


@contextlib.contextmanager
def _adding_up(server: ServerThread, made: Made, clock: Clock, most: int = DAYS) -> Iterator[None]:
    """Days that are over are added up before the block and kept after it: what is done in it has the last word."""
    database = server.database
    days = database.read_blocking(lambda transaction: day_sums.missing(transaction, made.id, clock.at, most))
    claims = [database.write_blocking(partial(day_sums.claim, shop_id=made.id, day=day), made.id) for day in days]
    sums = [database.read_blocking(partial(day_sums.content, shop_id=made.id, day=day)) for day in days]
    yield
    for day, claim, content in zip(days, claims, sums, strict=True):
        work = partial(day_sums.keep, shop_id=made.id, day=day, claimed=claim, sums=content)
        database.write_blocking(work, made.id)


def _day_sums(transaction: Transaction, made: Made, clock: Clock, chance: random.Random) -> Iterator[str]:
    """Reports from what is kept of days are those from rows, for any days."""
    where, days = zone(ZONE), [FIRST_DAY.date() + timedelta(days=day) for day in range(DAYS)]
    missing = len(day_sums.missing(transaction, made.id, clock.at, DAYS))
    if not 0 < missing < DAYS - 1:
        yield f"days: {missing} are not kept"
    periods = [(days[0], days[-1]), *(sorted(chance.choices(days, k=2)) for _ in range(3))]
    for by, (first, last) in itertools.product(day_sums.ALL, periods):
        period = Day(to_us(began(first, where)), to_us(began(last + timedelta(days=1), where)))
        rows = day_sums.from_rows(transaction, made.id, by, where, period)
        if _that_count(day_sums.of_days(transaction, made.id, by, where, first, last)) != _that_count(rows):
            yield f"days from {first} to {last} by {by} are not their rows"


def _that_count(rows: list[Named]) -> list[Named]:
    return [each for each in rows if any(each[2:])]


def _reports(transaction: Transaction, made: Made, own: Books) -> Iterator[str]:
    """Whatever sales are added up by, they are the orders."""
    turnover = sum(map(own.turnover, own.orders.values()))
    tax = sum(map(own.tax_due, own.orders.values()))
    first, last = FIRST_DAY.date(), FIRST_DAY.date() + timedelta(days=DAYS)
    for by in (each for each in By if each.has_turnover):
        query = SalesQuery(first=str(first), last=str(last), by=by)
        total = sales_report(transaction, made.id, query, first, last).total
        is_net = by in (By.ITEM, By.CATEGORY)
        wanted = turnover - tax if is_net and not made.menu.tax.included else turnover
        if is_net:  # no item's
            wanted -= sum(order.service_left for order in own.orders.values() if own.is_receipt(order))
        if by is By.TENDER:  # money: what is still owed has none
            wanted -= sum(own.owed(order) for order in own.orders.values() if own.is_receipt(order))
        charged = sum(order.service_left for order in own.orders.values() if own.is_receipt(order))
        if not is_net and by is not By.TAX and total.service_minor != charged:
            yield f"service charges by {by}: {total.service_minor}, the orders {charged}"
        if total.turnover_minor != wanted:
            yield f"sales by {by}: {total.turnover_minor}, the orders {wanted}"
        if not is_net and total.tax_minor != tax:
            yield f"tax by {by}: {total.tax_minor}, the orders {tax}"


def _journal(transaction: Transaction, made: Made, own: Books) -> Iterator[str]:
    """Every document balances; every account is what the rows say; each drawer holds what its last Z has left in it."""
    first = FIRST_DAY.date()
    found = journal(transaction, made.id, first, first + timedelta(days=DAYS))
    if found.unclosed:
        yield f"drawers are open: {found.unclosed}"
    documents, accounts, groups = Counter[tuple[str, str]](), Counter[str](), Counter[tuple[str, str]]()
    cash: dict[str, int] = defaultdict(int)
    for each in found.postings:
        documents[each.day, each.document] += _signed(each)
        accounts[each.account] += _signed(each)
        groups[each.account, each.group] += _signed(each)
        if each.account == _CASH and each.device:
            cash[each.device] += _signed(each)
    yield from (f"journal: {each} is out by {off}" for each, off in documents.items() if off)
    for (account, group), wanted in _wanted(transaction, made, own).items():
        if groups[account, group] != wanted:
            yield f"journal: {account} {group} is {groups[account, group]}, the orders say {wanted}"
    for till in TILLS:
        kept = z_reports.last(transaction, made.id, till)
        left = kept.report.cash.left_minor if kept and kept.report.cash else None
        if cash[till] != left:
            yield f"journal: {till} holds {cash[till]}, its last report has left {left}"
    if not {_CASH, OVER_SHORT, FLOAT, "tender:card", "tender:voucher"} <= accounts.keys():
        yield f"journal: too little has happened: {sorted(accounts)}"


def _signed(posting: Posting) -> int:
    return posting.debit_minor - posting.credit_minor


def _wanted(transaction: Transaction, made: Made, own: Books) -> Counter[tuple[str, str]]:
    """What accounts should come to, by their taxes, from the rows."""
    wanted = Counter[tuple[str, str]]()
    for entries in own.ledger.values():
        for each in entries:
            if each.kind in ("payment", "change", "refund") and each.tender != "cash":
                wanted[tender_account(each.tender), ""] += each.amount
            elif each.kind in ("tip", "rounding"):
                wanted[TIPS if each.kind == "tip" else ROUNDING, ""] -= each.amount
    sql = "SELECT sum(amount_minor) FROM drawer_entries WHERE act = 'tip_out' AND shop_id = ?"
    ask = transaction.connection.exec_driver_sql
    wanted[TIPS, ""] += int(ask(databases.placed(sql), (made.id,)).scalar_one() or 0)
    wanted[RECEIVABLES, ""] += sum(map(own.owed, own.orders.values()))
    receipts = {order.id for order in own.orders.values() if own.is_receipt(order)}
    rows = ask(
        "SELECT order_id, total_minor - discount_minor - order_discount_minor + service_minor, refunded_minor, taxes "
        "FROM order_lines"
    )
    for order_id, amount, refunded, text in rows:
        if order_id in receipts:
            taxes = msgspec.json.decode(text, type=list[LineTax])
            tax = sum(each.amount_minor for each in taxes)
            owed = tax - sum(each.refunded_minor for each in taxes)
            gross = amount + (0 if made.menu.tax.included else tax) - refunded
            group = "+".join(f"{each.code}:{each.rate}" for each in taxes)
            wanted[SALES, group] -= gross - owed
            wanted[TAX, group] -= owed
    return wanted


def made_file(directory: Path, seed: int, orders: int = ORDERS) -> OrdersFile:
    """Orders of the shape of real ones."""
    order_files.write(directory / "orders.tsv", seed, orders)
    return orders_file.read(directory / "orders.tsv")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reconcile", description=__doc__)
    parser.add_argument("--orders", type=Path, metavar="FILE", help="real ones (default: made ones)")
    parser.add_argument("--seeds", type=int, default=1, help="how many times, each by another seed (default: 1)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--database", choices=databases.KINDS, default="sqlite")
    options = parser.parse_args()
    failed = 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory() as name, databases.standing_on(options.database):
            directory = Path(name)
            file = orders_file.read(options.orders) if options.orders else made_file(directory, seed)
            found = reconcile(directory / "server", file, seed)
        print(f"seed {seed}: {len(file.orders)} orders on {options.database}, {len(found)} differences")
        print("\n".join(found[:20]), end="\n" * bool(found))
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
