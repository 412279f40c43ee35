"""Does the customer feel the refresh? The GUI thread's longest block while 500 orders are read again in silence."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import databases, dataset, servers
from benchmarks.measure import Claim, Result, Spread
from benchmarks.refresh_probe import CHANGED, ORDERS

SHOP: Final = 20_000
"""So large that the regular, who owns a twentieth of it, has more than the orders that are loaded."""


def run(quick: bool) -> Result:
    rounds = 3 if quick else 15
    regular = dataset.customers(SHOP)[0]
    with tempfile.TemporaryDirectory(prefix="orderbell-benchmark-") as name:
        folder = Path(name)
        databases.copy(databases.orderbell(SHOP), folder / "orderbell.db")
        with servers.orderbell(folder) as port:
            command = [sys.executable, "-m", "benchmarks.refresh_probe", f"http://127.0.0.1:{port}"]
            with servers.on_core(-1):
                probe = subprocess.run(
                    [*command, regular.phone, str(rounds)],
                    cwd=databases.ROOT,
                    env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
                    capture_output=True,
                    timeout=300,
                    check=False,
                )
    if probe.returncode:
        raise RuntimeError(f"the window ended with {probe.returncode}: {probe.stderr.decode()}")
    blocks = json.loads(probe.stdout)
    assert blocks["orders"] >= ORDERS
    shown = {
        "idle": "nothing going on",
        "same": "refresh, nothing new",
        "changed": f"refresh, {CHANGED} orders changed",
    }
    spreads = {key: Spread.of(blocks[key]) for key in shown}
    return Result(
        name="refresh",
        title=f"Silent refresh of {blocks['orders']} orders: the GUI thread's longest block, milliseconds",
        columns=("customer's window", "longest block, medians of rounds"),
        rows=tuple((what, spreads[key].shown()) for key, what in shown.items()),
        claims=(
            Claim("longest block, nothing new, ms", spreads["same"].median, "most", 8),
            Claim(f"longest block, {CHANGED} orders changed, ms", spreads["changed"].median, "most", 8),
        ),
        notes=(f"{rounds} rounds; the block is what a 1 ms timer of that thread came too late.",),
    )
