"""How long after the cashier's click does the customer see it? Real windows, real backend; told by push, and not."""

import json
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import servers
from benchmarks.measure import Claim, Result, Spread, probed
from core.admin.demo import shop
from core.admin.demo.samples import sample_orders
from core.admin.setup import DEMO_PASSWORD, demo_menu
from core.client.http.api import HttpApi
from core.domain.commands import PlaceOrder
from core.protocol import routes
from core.protocol.requests import SignIn

_STEPS: Final = 3


def run(quick: bool) -> Result:
    clicks, seconds = (45, 32.0) if quick else (240, 95.0)
    with tempfile.TemporaryDirectory(prefix="orderbell-benchmark-") as name:
        folder = Path(name)
        shop.make(folder, demo_menu())
        with servers.orderbell(folder) as port:
            url = f"http://127.0.0.1:{port}"
            _place(url, -(-clicks // _STEPS))
            about = (url, shop.CUSTOMER.phone, str(folder), str(clicks), str(seconds))
            with servers.on_core(-1):
                taken = json.loads(probed("benchmarks.click_probe", *about))
    pushed, polled = sorted(taken["pushed"]), taken["polled"]
    mean_ms = sum(polled) / len(polled)
    p50, p99 = Spread.of(pushed).median, pushed[min(len(pushed) - 1, round(len(pushed) * 0.99))]
    return Result(
        name="click",
        title="Click on the POS → painted on the customer's window, milliseconds",
        columns=("the customer's window", "p50", "p99", "mean"),
        rows=(
            ("is told by push", f"{p50:,.1f}", f"{p99:,.1f}", f"{sum(pushed) / len(pushed):,.1f}"),
            ("looks every 30 s", f"{Spread.of(polled).median:,.0f}", f"{max(polled):,.0f}", f"{mean_ms:,.0f}"),
        ),
        claims=(
            Claim("by push, p50, ms", p50, "most", 50),
            Claim("by push, p99, ms", p99, "most", 150),
            Claim("mean by polling over p50 by push", mean_ms / p50, "least", 200),
        ),
        notes=(
            f"{clicks} clicks over {seconds:.0f} s on the till's own buttons; its work is in every figure.",
            "The till and both customer's windows share one process and one thread.",
        ),
    )


def _place(url: str, count: int) -> None:
    """Orders of one customer, for the cashier to move."""
    api = HttpApi(url)
    try:
        api.sign_in(SignIn(login=shop.CUSTOMER.phone, password=DEMO_PASSWORD))
        for lines in sample_orders(demo_menu(), count):
            api.call(routes.PLACE(body=PlaceOrder(lines=lines)))
    finally:
        api.sign_out()
        api.close()
