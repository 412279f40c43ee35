"""What a counter's day asks most, over HTTP: pages of history, and changes of status that survive a power cut.

The same shop, the same requests and the same load for Orderbell, for the peer on Django REST Framework, and, as the
floor, for a bare hello of the server that Orderbell runs on.
"""

import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import databases, dataset, load, servers, traffic
from benchmarks.measure import Claim, Result, Spread, in_turns, ratios

CONNECTIONS: Final = 16


class Contender(msgspec.Struct):
    """A server under load, what its connections play, and every run it has been through."""

    port: int
    scripts: traffic.Scripts
    runs: list[load.Figures]

    def play(self, seconds: float) -> float:
        figures = load.run(self.port, self.scripts, seconds)
        self.runs.append(figures)
        return figures.per_second


def run(quick: bool) -> Result:
    count, seconds, rounds = (10_000, 0.5, 2) if quick else (100_000, 2.0, 7)
    shop = traffic.Shop.of(count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orderbell-benchmark-")))
        reads, writes, files = _start(stack, folder, shop, count)
        stack.enter_context(servers.on_core(-1))
        for contender in (*reads.values(), *writes.values()):
            contender.play(seconds / 4)
            contender.runs.clear()
        history = in_turns(_turns(reads, seconds), rounds)
        before = {name: _written(path) for name, path in files.items()}
        updates = in_turns(_turns(writes, seconds), rounds)
        for name, path in files.items():
            _check_written(name, before[name], _written(path), writes[name])
    rows = [*_rows("history page", history, reads), *_rows("status update", updates, writes)]
    return Result(
        name="http",
        title=f"Over HTTP: {CONNECTIONS} connections, {count:,} orders, synchronous=FULL; medians of {rounds} rounds",
        columns=("request", "per second (least-most)", "p50 ms", "p99 ms", "x peer"),
        rows=tuple(rows),
        claims=_claims(history, updates),
        notes=() if servers.peer_available() else ("The peer was left out: gunicorn needs a POSIX system.",),
    )


def _start(
    stack: ExitStack, folder: Path, shop: traffic.Shop, count: int
) -> tuple[dict[str, Contender], dict[str, Contender], dict[str, Path]]:
    """Every server, filled and listening: who answers reads, who answers updates, and where these are written."""
    ours = databases.copy(databases.orderbell(count), folder / "orderbell.db")
    port = stack.enter_context(servers.orderbell(folder))
    reads = {"Orderbell": Contender(port, traffic.pages(traffic.customer_tokens(port, shop), CONNECTIONS), [])}
    writes = {"Orderbell": Contender(port, traffic.moves(traffic.staff_token(port), shop, CONNECTIONS), [])}
    files = {"Orderbell": ours}
    if servers.peer_available():
        files["DRF"] = databases.copy(servers.peer_database(count), folder / "drf.db")
        port = stack.enter_context(servers.peer(files["DRF"], folder))
        tokens = [servers.peer_token(customer.id, "customer") for customer in shop.customers]
        reads["DRF"] = Contender(port, traffic.pages(tokens, CONNECTIONS), [])
        writes["DRF"] = Contender(
            port, traffic.moves(servers.peer_token(dataset.CASHIER_ID, "cashier"), shop, CONNECTIONS), []
        )
    port = stack.enter_context(servers.hello(folder))
    reads["hello"] = Contender(port, [itertools.repeat(load.request("GET", "/")) for _ in range(CONNECTIONS)], [])
    return reads, writes, files


def _turns(contenders: dict[str, Contender], seconds: float) -> dict[str, Callable[[], float]]:
    return {name: lambda contender=contender: contender.play(seconds) for name, contender in contenders.items()}  # type: ignore[misc]


def _written(path: Path) -> dict[str, int]:
    """How many rows of each kind a change of status leaves behind there are."""
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        wanted = tables & {"status_history", "events", "operations"} or {
            "counter_statuschange",
            "counter_event",
            "counter_operation",
        }
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in sorted(wanted)}
    connection.close()
    return counts


def _check_written(name: str, before: dict[str, int], after: dict[str, int], contender: Contender) -> None:
    """Every answer stands for one change, one event and one stored reply, or the speed is nobody's."""
    answers = sum(figures.answers for figures in contender.runs)
    for table, count in after.items():
        if count - before[table] != answers:
            raise load.UnexpectedAnswer(f"{name}: {answers} updates answered, {count - before[table]} rows in {table}")


def _rows(what: str, measured: dict[str, list[float]], contenders: dict[str, Contender]) -> Iterator[tuple[str, ...]]:
    for name, per_second in measured.items():
        runs = contenders[name].runs
        yield (
            f"{what}, {name}",
            Spread.of(per_second).shown(0),
            f"{Spread.of([run.p50_ms for run in runs]).median:.2f}",
            f"{Spread.of([run.p99_ms for run in runs]).median:.2f}",
            ratios(per_second, measured["DRF"]).shown() if "DRF" in measured else "-",
        )


def _claims(history: dict[str, list[float]], updates: dict[str, list[float]]) -> tuple[Claim, ...]:
    if "DRF" not in history:
        return ()
    return (
        Claim("history pages, Orderbell over DRF", ratios(history["Orderbell"], history["DRF"]).median, "least", 8),
        Claim("status updates, Orderbell over DRF", ratios(updates["Orderbell"], updates["DRF"]).median, "least", 10),
    )
