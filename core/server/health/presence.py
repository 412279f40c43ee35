"""Device presence: when each device was last seen, and how far behind it is; in memory, stored every few seconds."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final

import msgspec

from core.domain.ids import DeviceId, ShopId
from core.domain.people import Principal
from core.instants import from_us, now, to_us
from core.protocol.devices import DeviceReport
from core.server.background import repeating
from core.store import devices, events
from core.store.devices import Device, Presence
from core.store.engine.database import Database
from core.store.engine.writer import Unavailable
from core.store.sql.statements import Transaction

KEEP_S: Final = 15.0
SILENT_AFTER: Final = timedelta(minutes=2)
"""Status displays and tills poll at least every 30 s."""
_VERSION: Final = re.compile(rb"\bOrderbell/([\w.+-]{1,40})")
Seen = dict[tuple[ShopId, DeviceId], Presence]
"""The presence of each device since this process began."""
Followers = Callable[[], Iterable[tuple[Principal, int]]]
"""Principals with an open push subscription, and the `seq` up to which each was sent events."""


class _Seen:
    __slots__ = ("agent", "at", "position")

    def __init__(self) -> None:
        self.at = 0.0
        self.position: int | None = None
        self.agent = b""


class PresenceTracker:
    """Records presence at every request of a device, so that is cheap. Only for the event loop's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[tuple[ShopId, DeviceId], _Seen] = {}
        self._kept_at = 0.0
        self._followers: Followers = tuple

    def record_request(self, bearer: Principal, agent: bytes) -> None:
        """Record a request from a device; `agent` is its `User-Agent`."""
        seen = self._of(bearer)
        if seen is not None:
            seen.at = time.time()
            seen.agent = agent

    def record_position(self, bearer: Principal, position: int) -> None:
        """Record that it has received everything up to `position`."""
        seen = self._of(bearer)
        if seen is not None:
            seen.position = position

    @asynccontextmanager
    async def running(self, followers: Followers) -> AsyncIterator[None]:
        """Store presence regularly until the end of the block, and once more then."""
        self._followers = followers
        try:
            async with repeating(self._store_regularly):
                yield
        finally:
            with suppress(Unavailable):  # the writer has logged it
                await self._store()

    def seen(self) -> Seen:
        """The presence known so far: a copy, for a transaction in another thread."""
        self._add_followers()
        return {(row.shop_id, row.device_id): row for row in self._rows(0.0)}

    def _of(self, bearer: Principal) -> _Seen | None:
        if bearer.device_id is None:
            return None
        key = (bearer.shop_id, bearer.device_id)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = _Seen()
        return seen

    async def _store_regularly(self) -> None:
        await asyncio.sleep(KEEP_S)
        await self._store()

    async def _store(self) -> None:
        self._add_followers()
        kept_at = time.time()
        rows = self._rows(self._kept_at)
        if rows:
            await self._database.write(lambda transaction: devices.record_presence(transaction, rows))
        self._kept_at = kept_at

    def _add_followers(self) -> None:
        at = time.time()
        # A device may have two sockets for a while, one of them half-open: the one that is further counts.
        for bearer, position in sorted(self._followers(), key=itemgetter(1)):
            seen = self._of(bearer)
            if seen is not None:
                seen.at, seen.position = at, position

    def _rows(self, since: float) -> list[Presence]:
        return [
            Presence(
                shop_id=shop_id,
                device_id=device_id,
                at_us=int(seen.at * 1e6),
                position=seen.position,
                app_version=_version(seen.agent),
            )
            for (shop_id, device_id), seen in self._seen.items()
            if seen.at >= since and seen.at
        ]


def reports(transaction: Transaction, shop_id: ShopId, seen: Seen) -> tuple[DeviceReport, ...]:
    """Presence reports of the shop's devices, by name: the newer of what is stored and `seen`."""
    head = events.head(transaction, shop_id).seq
    return tuple(
        _report(transaction, shop_id, _newest(shop_id, device, seen), head)
        for device in devices.of_shop(transaction, shop_id)
    )


def in_use(transaction: Transaction, seen: Seen) -> list[tuple[ShopId, Device]]:
    """Devices of all shops that are not revoked, with their newest presence."""
    return [(shop_id, _newest(shop_id, device, seen)) for shop_id, device in devices.in_use(transaction)]


def _newest(shop_id: ShopId, device: Device, seen: Seen) -> Device:
    row = seen.get((shop_id, device.id))
    if row is None or row.at_us <= (device.contact_us or 0):
        return device
    return msgspec.structs.replace(
        device,
        contact_us=row.at_us,
        position=row.position if row.position is not None else device.position,
        app_version=row.app_version or device.app_version,
    )


def _version(agent: bytes) -> str:
    found = _VERSION.search(agent)
    return found[1].decode("ascii", "replace") if found else ""


def _report(transaction: Transaction, shop_id: ShopId, device: Device, head: int) -> DeviceReport:
    position = device.position
    missed_us = devices.next_event_us(transaction, shop_id, position) if position is not None else None
    return DeviceReport(
        name=device.id,
        kind=device.kind,
        paired_at=_at(device.paired_us),
        revoked_at=_at(device.revoked_us),
        last_contact_at=_at(device.contact_us),
        app_version=device.app_version,
        lag_events=max(0, head - position) if position is not None else None,
        lag_s=_lag_s(position, missed_us),
    )


def _lag_s(position: int | None, missed_us: int | None) -> float | None:
    if position is None:
        return None
    return max(0.0, (to_us(now()) - missed_us) / 1e6) if missed_us is not None else 0.0


def _at(us: int | None) -> datetime | None:
    return from_us(us) if us is not None else None
