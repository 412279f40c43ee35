"""How long does a till wait for its Z?"""

import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import Claim, Result, Spread
from core.domain import order_rules
from core.domain.commands import RefundOrder, TakeOrder
from core.domain.drawers import CloseDrawer, CountDrawer, DrawerSession, OpenDrawer, applied, opened
from core.domain.ids import DeviceId, DrawerSessionId, OpId, new_op_id, new_order_id, uuid7
from core.domain.order import NewLine, PaymentState, Tender
from core.domain.people import Principal, Role
from core.instants import now
from core.server.drawers import reports
from core.store import drawers, ledger, orders, shops
from core.store.engine.database import Database, file_url
from core.store.menus import Offers
from core.store.sql.statements import Transaction
from tests.support import postgres, shop

SIZE: Final = 5_000
CLAIMED_MS: Final = 300
_KEY: Final = bytes(32)


def run(quick: bool) -> Result:
    size, rounds = (500, 2) if quick else (SIZE, 5)
    rows, claims = [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {"SQLite": file_url(folder / "orderbell.db")}
        if postgres.binaries() is not None:
            server = postgres.Postgres()
            stack.callback(server.close)
            server.create("benchmark")
            urls["PostgreSQL"] = server.url("benchmark")
        for name, url in urls.items():
            world = shop.make(url)
            database = Database(url)
            stack.callback(database.close)
            by = Principal(
                subject=world.kim,
                role=Role.CASHIER,
                name="Kim",
                session_id="s",
                shop_id=world.shop,
                device_id=DeviceId(shop.DEVICE),
            )
            taken = []
            for _ in range(rounds):
                session = database.write_blocking(partial(_day, by=by, size=size), world.shop)
                began = time.perf_counter()
                database.write_blocking(
                    partial(
                        reports.z_report, shop_id=by.shop_id, session=session, key=_KEY, not_arrived=(), devices=()
                    ),
                    world.shop,
                )
                taken.append((time.perf_counter() - began) * 1000)
            spread = Spread.of(taken)
            rows.append((name, spread.shown()))
            claims.append(Claim(f"{name}: ms of a Z", spread.median, "most", CLAIMED_MS))
    return Result(
        name="z",
        title=f"Z: milliseconds over {size:,} orders of three lines, a tenth of them refunded in part",
        columns=("database", "ms (least-most)"),
        rows=tuple(rows),
        claims=tuple(claims),
    )


def _day(transaction: Transaction, by: Principal, size: int) -> DrawerSession:
    """A session of so many orders, counted and closed, without its Z."""
    assert by.device_id is not None
    session = _kept(transaction, by, _opened(transaction, by))
    found = shops.get(transaction, by.shop_id)
    assert found is not None
    sold = Offers().of(transaction, found)
    offer = order_rules.Offer(found.id, found.terms, sold.items)
    for number in range(size):
        lines = tuple(NewLine(item_id=shop.FRIES, quantity=1 + number % 3) for _ in range(3))
        tender = Tender.CASH if number % 3 else Tender.CARD
        asked = TakeOrder(lines=lines, payment=PaymentState.PAID, tender=tender, given_minor=100_000)
        order = order_rules.place(asked, offer, None, order_id=new_order_id(), number=f"Z-{uuid7()}", at=now())
        orders.insert(transaction, order, by, drawer=session.id)
        if number % 10 == 0:
            back = RefundOrder(version=1, reason="cold", amount_minor=100)
            after = order_rules.change(order, back, by.role, now())
            ledger.record(transaction, after, order, by, "cold", None, session.id)
    session = _kept(transaction, by, applied(session, CountDrawer(session=session.id, counted_minor=0), by.name, now()))
    return _kept(transaction, by, applied(session, CloseDrawer(session=session.id), by.name, now()))


def _z(transaction: Transaction, by: Principal, session: DrawerSession) -> None:
    reports.z_report(transaction, by.shop_id, session, _KEY, (), ())


def _opened(transaction: Transaction, by: Principal) -> DrawerSession:
    assert by.device_id is not None
    asked = OpenDrawer(session=DrawerSessionId(uuid7()), float_minor=0)
    return opened(drawers.newest(transaction, by.shop_id, by.device_id), asked, by.device_id, by.name, now())


def _kept(transaction: Transaction, by: Principal, session: DrawerSession) -> DrawerSession:
    drawers.append(transaction, session, by, OpId(new_op_id()))
    return session
