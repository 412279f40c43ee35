"""`python -m benchmarks.shops`: so many simulated shops on one backend, and what a shop costs it.

Orders arrive at random at the pace of a real shop, each is moved to its end by the till, and every change is pushed to
the till, to the board and to the customer who placed it. Nothing waits for the last answer: when the backend cannot
keep up, waiting grows and is shown. The figures of `docs/scaling.md` come from here.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import psutil
from sqlalchemy import func, select

from benchmarks import servers
from benchmarks.databases import ROOT
from benchmarks.measure import Result
from benchmarks.push_displays import allow_files
from benchmarks.shop_day import Pace, SimulatedShop, Tally, Tokens
from core.admin.setup import DEVICE, DISPLAY, demo_menu, open_keys
from core.domain.ids import CustomerId, DeviceId, ShopId, uuid7
from core.domain.people import Customer, Principal, Role
from core.instants import now, to_us
from core.own_process import python
from core.server.auth.tokens import AccessTokens
from core.server.setup import NewShop, create_shop
from core.store import events, people, sessions, tables
from core.store.engine.database import Database, file_url
from core.store.sql.statements import Transaction

CUSTOMERS: Final = 20
"""Of each shop."""
_LIFE_S: Final = 24 * 3600
_FILES: Final = 60_000


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend processes came to."""

    cpu_s: float
    resident_mib: float
    database_bytes: int
    rows: int
    events: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shops", description=__doc__)
    parser.add_argument("--shops", type=int, default=10, help="how many shops (default: 10)")
    parser.add_argument("--seconds", type=float, default=60, help="how long orders arrive (default: 60)")
    parser.add_argument("--orders-per-hour", type=float, default=60, help="of each shop (default: 60)")
    parser.add_argument("--kitchen-s", type=float, default=20, help="from placed to handed over (default: 20 s)")
    parser.add_argument("--processes", type=int, default=1, help="backend processes; several need PostgreSQL")
    parser.add_argument("--database-url", default="", help="an empty database (default: a new SQLite file)")
    parser.add_argument("--seed", type=int, default=1, help="of the arrivals (default: 1)")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    options = parser.parse_args()
    pace = Pace(orders_per_hour=options.orders_per_hour, kitchen_s=options.kitchen_s)
    result = run(
        options.shops, options.seconds, pace, options.processes, options.database_url, random.Random(options.seed)
    )
    print(msgspec.json.encode(result).decode() if options.json else result.shown())
    return 0


def run(shops: int, seconds: float, pace: Pace, processes: int, database_url: str, chance: random.Random) -> Result:
    """Lay the shops out, play them, and say what was seen."""
    allow_files(_FILES)
    with tempfile.TemporaryDirectory(prefix="orderbell-shops-") as directory:
        folder = Path(directory)
        url = database_url or file_url(folder / "orderbell.db")
        tokens = lay_out(url, folder, shops)
        before = _size(url)
        with _serving(url, folder, processes) as backends, servers.on_core(-1):
            ports = [port for port, _ in backends]
            used = sum(_cpu(process) for _, process in backends)
            tally = Tally()
            began = time.monotonic()
            asyncio.run(_play(tokens, ports, pace, tally, began + seconds, chance))
            took = time.monotonic() - began
            cost = Cost(
                cpu_s=sum(_cpu(process) for _, process in backends) - used,
                resident_mib=sum(process.memory_info().rss for _, process in backends) / 2**20,
                database_bytes=_size(url) - before,
                **_counted(url),
            )
    return _result(tally, cost, shops, took, processes, url)


def lay_out(url: str, folder: Path, count: int) -> list[Tokens]:
    """So many shops with a till, a board and customers, all of them signed in."""
    keys, _ = open_keys(folder / "keys.json")
    signing = AccessTokens(keys, _LIFE_S)
    database = Database(url)
    menu = demo_menu()
    made = []
    try:
        for number in range(count):
            shop_id = create_shop(database, NewShop(menu=menu, devices=(DEVICE,))).id
            customers = [_customer(shop_id, number * CUSTOMERS + at) for at in range(CUSTOMERS)]
            cashier = _principal(shop_id, uuid7(), Role.CASHIER, DEVICE)
            board = _principal(shop_id, f"{shop_id}/{DISPLAY}", Role.DISPLAY, DISPLAY)

            def work(
                transaction: Transaction,
                home: ShopId = shop_id,
                known: list[tuple[Customer, Principal]] = customers,
                others: tuple[Principal, ...] = (cashier, board),
            ) -> None:
                for customer, _ in known:
                    people.insert_customer(transaction, customer, "", home)
                for principal in (*others, *(principal for _, principal in known)):
                    sessions.insert(transaction, principal, to_us(now()))

            database.write_blocking(work)
            head = database.read_blocking(partial(events.head, shop_id=shop_id))
            made.append(
                Tokens(
                    cashier=signing.sign(cashier),
                    board=signing.sign(board),
                    customers=tuple(signing.sign(principal) for _, principal in customers),
                    cursor=str(head),
                )
            )
    finally:
        database.close()
    return made


async def _play(
    tokens: list[Tokens], ports: list[int], pace: Pace, tally: Tally, until: float, chance: random.Random
) -> None:
    async with asyncio.TaskGroup() as group:
        for at, each in enumerate(tokens):
            shop = SimulatedShop(ports[at % len(ports)], each, pace, tally, random.Random(chance.random()))
            group.create_task(shop.run(until))


@contextmanager
def _serving(url: str, folder: Path, processes: int) -> Iterator[list[tuple[int, psutil.Process]]]:
    with ExitStack() as stack:
        found = []
        for number in range(processes):
            port = servers.free_port()
            command = python("-m", "core.admin", "serve", "--data-dir", str(folder), "--port", str(port))
            command += ["--open-orders-max", "1000000", "--sockets-max", "1000000"]
            command += ["--database-url", url]
            before = set(psutil.Process().children())
            stack.enter_context(servers.running(command, port, folder / f"serve-{number}.log", folder=ROOT))
            (process,) = set(psutil.Process().children()) - before
            found.append((port, process))
        yield found


def _customer(shop_id: ShopId, number: int) -> tuple[Customer, Principal]:
    customer = Customer(id=CustomerId(uuid7()), name=f"Customer {number}", phone=f"+1 555 {number:08}")
    return customer, _principal(shop_id, customer.id, Role.CUSTOMER, "")


def _principal(shop_id: ShopId, subject: str, role: Role, device: str) -> Principal:
    return Principal(
        subject=subject,
        role=role,
        name=role.value,
        session_id=uuid7(),
        shop_id=shop_id,
        device_id=DeviceId(device) if device else None,
    )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _size(url: str) -> int:
    """Bytes of the database: an SQLite file after its log was taken in, or what PostgreSQL says."""
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) * int(
                    connection.exec_driver_sql("PRAGMA page_size").scalar_one()
                )
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    finally:
        database.close()


def _counted(url: str) -> dict[str, int]:
    database = Database(url)
    grown = (
        tables.orders,
        tables.order_lines,
        *tables.HISTORIES,
        tables.events,
        tables.operations,
    )
    try:
        with database.engine.connect() as connection:
            counts = {
                table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
                for table in grown
            }
    finally:
        database.close()
    return {"rows": sum(counts.values()), "events": counts["events"]}


def _result(tally: Tally, cost: Cost, shops: int, took: float, processes: int, url: str) -> Result:
    orders = max(1, tally.orders)
    told = {"a change, until the customer's screen": tally.told}
    rows = [
        (kind, f"{len(values):,}", f"{_at(values, 50):.1f}", f"{_at(values, 99):.1f}", f"{max(values) * 1e3:.1f}")
        for kind, values in (tally.answers | told).items()
        if values
    ]
    per_order = (
        f"An order cost {1e3 * cost.cpu_s / orders:.2f} ms of processor time, {cost.rows / orders:.1f} rows, "
        f"{cost.events / orders:.1f} events, {cost.database_bytes / orders:,.0f} bytes of database and "
        f"{tally.received / orders:,.0f} bytes sent to screens."
    )
    whole = (
        f"{tally.orders:,} orders in {took:.0f} s ({tally.orders / took:.1f}/s), at most {tally.most_screens:,} "
        f"screens; the processes took {100 * cost.cpu_s / took:.0f} % of one core and {cost.resident_mib:.0f} MiB."
    )
    failed = (f"{len(tally.failed)} requests failed, the first: {tally.failed[0]}",) if tally.failed else ()
    return Result(
        name="shops",
        title=f"{shops:,} shops on {processes} process(es), {url.partition(':')[0]}: milliseconds",
        columns=("what", "how many", "p50", "p99", "worst"),
        rows=tuple(rows),
        notes=(whole, per_order, *failed),
    )


def _at(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return 1e3 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


if __name__ == "__main__":
    raise SystemExit(main())
