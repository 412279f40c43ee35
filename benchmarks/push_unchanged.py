"""What it costs to ask whether anything has changed, when nothing has: `If-None-Match`, 304."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import databases, load, servers, traffic
from benchmarks.measure import Claim, Result, Spread, in_turns, ratios
from core.admin.setup import demo_menu
from core.domain.ids import ItemId
from core.domain.menu import Category
from core.store import menus, shops
from core.store.engine.database import Database, file_url
from core.store.sql.statements import Transaction

ORDERS: Final = 10_000
ITEMS: Final = 200
"""Of a dozen, which is what the benchmarks' shop sells, the whole costs 2 us more than nothing."""


def run(quick: bool) -> Result:
    asked, rounds = (100, 2) if quick else (500, 7)
    with ExitStack() as stack:
        folder = stack.enter_context(databases.folder(ORDERS))
        _extend_menu(folder / "orderbell.db")
        port = stack.enter_context(servers.orderbell(folder))
        stack.enter_context(servers.on_core(-1))
        shop = traffic.Shop.of(ORDERS)
        customer, cashier = traffic.customer_tokens(port, shop)[0], traffic.staff_token(port)
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rows, claims = [], []
        for what, path, token in (
            ("a page of history", "/api/online/orders/history/?limit=20", customer),
            ("the open orders, 50", "/api/pos/orders/?open=true&limit=50", cashier),
            ("one order, staff", f"/api/pos/orders/{shop.pending[0]}/", cashier),
            (f"the menu, {ITEMS} items", "/api/menu/", cashier),
        ):
            whole = load.request("GET", path, token)
            tag = _ask(connection, whole).partition(b"etag: ")[2].split(b"\r\n", 1)[0].decode()
            known = load.request("GET", path, token, If_None_Match=tag)
            figures = in_turns(
                {"whole": _timed(connection, whole, b"200", asked), "known": _timed(connection, known, b"304", asked)},
                rounds,
            )
            ratio = ratios(figures["whole"], figures["known"])
            rows.append((what, *(Spread.of(figures[name]).shown(0) for name in ("whole", "known")), ratio.shown()))
            claims.append(Claim(f"{what}: time of the whole over that of a 304", ratio.median, "least", 1))
    return Result(
        name="unchanged",
        title=f"Asking for what one has, {ORDERS:,} orders: microseconds a request; medians of {rounds} rounds",
        columns=("what", "whole, us", "304, us", "whole / 304"),
        rows=tuple(rows),
        claims=tuple(claims),
    )


def _extend_menu(path: Path) -> None:
    """Have the shop sell as much as a real one."""
    sold = [item for item in demo_menu().items().values() if item.available]
    items = tuple(msgspec.structs.replace(sold[n % len(sold)], id=ItemId(f"more-{n}")) for n in range(ITEMS))

    def work(transaction: Transaction) -> None:
        shop = shops.default(transaction)
        assert shop is not None
        category = Category(id="more", name="More", items=items)
        menus.replace(transaction, menus.read(transaction, shop), shop.id, (category,))

    database = Database(file_url(path))
    try:
        database.write_blocking(work)
    finally:
        database.close()


def _timed(connection: socket.socket, request: bytes, status: bytes, count: int) -> Callable[[], float]:
    def ask() -> float:
        began = time.perf_counter()
        for _ in range(count):
            answer = _ask(connection, request)
            if answer[9:12] != status:
                raise load.UnexpectedAnswer(answer[:300].decode(errors="replace"))
        return (time.perf_counter() - began) / count * 1e6

    return ask


def _ask(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    answer = connection.recv(262_144)
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += connection.recv(262_144)
    _, found, length = answer[:end].lower().partition(b"content-length:")
    size = end + 4 + (int(length.split(b"\r\n", 1)[0]) if found else 0)
    while len(answer) < size:
        answer += connection.recv(262_144)
    return answer
