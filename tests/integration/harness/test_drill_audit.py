"""What the drill's audit calls out of order, on files and databases that real clients have made."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from core.domain.commands import ChangePayment, TakeOrder
from core.domain.order import PaymentState
from core.protocol import routes
from tests.drill.audit import audit
from tests.integration.conftest import Place
from tests.support import databases, shop
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.steps import FIRST
from tests.support.synced import LINES, WITHIN_S, Screen


def _reordered(place: Place, file: Path) -> int:
    return audit(databases.url(place.directory / "orderbell.db"), {file: ()}).reordered


def test_whoever_comes_meanwhile_overtakes_nobody_and_only_ones_own_may_be_out_of_order(
    place: Place, tmp_path: Path
) -> None:
    """Kim's change hangs when she leaves. Alex takes the money for the same order; hers follows when she is back."""
    file, met = tmp_path / "till.db", threading.Event()

    def choose(line: str) -> Fault:
        if met.is_set() or "/status/" not in line:
            return Fault.NONE
        met.set()
        return Fault.HOLD

    with FaultProxy(place.server.url) as proxy, Screen(proxy.url, file) as screen:
        screen.staff(shop.KIM)
        made = screen.api.call(routes.TAKE(body=TakeOrder(lines=LINES, payment=PaymentState.UNPAID)))
        screen.until_sent()
        proxy.choose = choose
        screen.move(screen.api.call(routes.DETAILS(made.id)).order, FIRST)
        assert met.wait(WITHIN_S)
        screen.sign_out()
        screen.staff(shop.ALEX)
        version = screen.api.call(routes.DETAILS(made.id)).order.version
        request = ChangePayment(payment=PaymentState.PAID, version=version)
        screen.api.call(routes.CHANGE_PAYMENT(made.id, body=request))
        screen.until_sent()
        proxy.release()
        screen.sign_out()
        screen.staff(shop.KIM)
        screen.until_sent()
    status, payment, now = place.rows("SELECT status, payment, version FROM orders WHERE id = ?", made.id)[0]
    assert (status, payment, now) == (FIRST, "paid", version + 2)
    assert _reordered(place, file) == 0
    with closing(sqlite3.connect(file)) as db, db:  # the same, had one person done all of it
        db.execute("UPDATE operations SET subject = ?", (place.world.kim,))
    assert _reordered(place, file) == 1
