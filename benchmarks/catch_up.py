"""A till that was away for thirty days: how long until it knows everything that happened, and nothing twice."""

import tempfile
import time
from pathlib import Path

from benchmarks.measure import Claim, Result
from core.client.device import identity
from core.client.http.api import HttpApi
from core.client.storage.cache import Cache
from core.client.storage.local_store import LocalStore
from core.client.sync.outbox import Outbox
from core.client.sync.publisher import Publisher
from core.client.sync.synchronizer import Synchronizer
from core.client.sync.transport import HttpTransport
from core.domain.commands import ChangeStatus, TakeOrder
from core.domain.ids import DeviceId, ShopId
from core.domain.order import NewLine
from core.domain.people import Principal, Role
from core.domain.status import OrderStatus
from core.protocol.requests import StaffSignIn
from core.server.orders import ordering
from core.store.engine.database import Database, file_url
from core.store.menus import Offers
from core.store.sql.statements import Transaction
from tests.support import shop
from tests.support.server import ServerProcess
from tests.support.shop import World

_A_DAY_LIKE = (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.COMPLETED)
_AT_ONCE = 250


def run(quick: bool) -> Result:
    """Sign in, leave, let `events` happen, come back. The server is a process of its own."""
    events = 10_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        world = shop.lay_out(directory / "server" / "orderbell.db")
        with ServerProcess(directory / "server") as server:
            _catch_up(server.url, directory / "till.db")
        _happen(directory / "server" / "orderbell.db", world, events)
        with ServerProcess(directory / "server") as server:
            took_s, missing = _catch_up(server.url, directory / "till.db")
            again_s, _none = _catch_up(server.url, directory / "till.db")
    return Result(
        name="catch-up",
        title=f"A till comes back after {events:,} events",
        columns=("", "value"),
        rows=(
            ("until everything is known, s", f"{took_s:.2f}"),
            ("µs an event", f"{took_s / events * 1e6:.0f}"),
            ("orders that differ from the server's", str(missing)),
            ("the next look, s", f"{again_s:.3f}"),
        ),
        claims=(
            Claim(f"{events:,} events are caught up with in 10 s", took_s, "most", 10),
            Claim("orders that differ from a fresh snapshot", missing, "most", 0),
        ),
    )


def _catch_up(url: str, path: Path) -> tuple[float, int]:
    """How long a pull takes, and how many orders are not as in a fresh snapshot then."""
    store, http = LocalStore(path), HttpApi(url)
    try:
        tokens = http.staff_sign_in(StaffSignIn(staff=shop.KIM.name, pin=shop.KIM.pin, device=shop.DEVICE))
        cache, transport = Cache(store), HttpTransport(http.session)
        owner = identity.owner(store, tokens)
        cache.claim(owner)
        outbox = Outbox(store, owner)
        sync = Synchronizer(store, cache, outbox, transport, Publisher(store, cache, outbox, lambda _changed: None))
        start = time.perf_counter()
        sync.pull(backlog=True)
        took_s = time.perf_counter() - start
        fresh = transport.snapshot().orders
        return took_s, sum(cache.get(order.id) != order for order in fresh)
    finally:
        http.close()
        store.close()


def _happen(path: Path, world: World, events: int) -> None:
    """Orders taken and moved to their end, by another till, through the server's own rules."""
    alex = Principal(
        subject=world.alex,
        role=Role.ADMIN,
        name="Alex",
        session_id="",
        shop_id=ShopId(world.shop),
        device_id=DeviceId(shop.DEVICE),
    )
    offers = Offers()

    def day(transaction: Transaction) -> None:
        for _ in range(_AT_ONCE):
            order = ordering.take(transaction, offers, alex, TakeOrder(lines=(NewLine(item_id=shop.FRIES),)))
            for status in _A_DAY_LIKE:
                moved = ChangeStatus(to=status, version=order.version)
                order = ordering.change(transaction, alex, order.id, moved)

    database = Database(file_url(path))
    try:
        for _ in range(events // (_AT_ONCE * (1 + len(_A_DAY_LIKE)))):
            database.write_blocking(day)
    finally:
        database.close()
