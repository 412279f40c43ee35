"""Does the customer feel the refresh? The GUI thread's longest block while 500 orders are read again in silence."""

import json
from typing import Final

from benchmarks import databases, dataset, servers
from benchmarks.measure import Claim, Result, Spread, probed
from benchmarks.refresh_probe import CHANGED, ORDERS

SHOP: Final = 20_000
"""So large that the regular, who owns a twentieth of it, has more than the orders that are loaded."""


def run(quick: bool) -> Result:
    rounds = 3 if quick else 15
    regular = dataset.customers(SHOP)[0]
    with databases.folder(SHOP) as folder, servers.orderbell(folder) as port, servers.on_core(-1):
        url = f"http://127.0.0.1:{port}"
        blocks = json.loads(probed("benchmarks.refresh_probe", url, regular.phone, str(rounds)))
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
