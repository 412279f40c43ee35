"""When each device was last heard of, and how far behind it is: remembered as it happens, kept every few seconds."""

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
from core.server.jobs.background import repeating
from core.store import devices, events
from core.store.devices import Device, Presence
from core.store.engine.database import Database
from core.store.engine.statements import Transaction
from core.store.engine.writer import Unavailable

KEEP_S: Final = 15.0
SILENT_AFTER: Final = timedelta(minutes=2)
"""Boards and tills look at least every 30 s, by themselves."""
_VERSION: Final = re.compile(rb"\bOrderbell/([\w.+-]{1,40})")
Heard = dict[tuple[ShopId, DeviceId], Presence]
"""What was heard of each device since this process began."""
Followers = Callable[[], Iterable[tuple[Principal, int]]]
"""Who is being told as it happens, and up to which event they were."""


class _Heard:
    __slots__ = ("agent", "at", "position")

    def __init__(self) -> None:
        self.at = 0.0
        self.position: int | None = None
        self.agent = b""


class Contacts:
    """Told by every request of a device, so it does next to nothing then. It belongs to the event loop's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard: dict[tuple[ShopId, DeviceId], _Heard] = {}
        self._kept_at = 0.0
        self._followers: Followers = tuple

    def met(self, bearer: Principal, agent: bytes) -> None:
        """A request of whoever is at a device; `agent` is its `User-Agent`."""
        heard = self._of(bearer)
        if heard is not None:
            heard.at = time.time()
            heard.agent = agent

    def stands(self, bearer: Principal, position: int) -> None:
        """It has shown, or was told, everything up to `position`."""
        heard = self._of(bearer)
        if heard is not None:
            heard.position = position

    @asynccontextmanager
    async def running(self, followers: Followers) -> AsyncIterator[None]:
        """Keep what is heard, until the end of the block and once more then."""
        self._followers = followers
        try:
            async with repeating(self._keep_on):
                yield
        finally:
            with suppress(Unavailable):  # the writer has said so
                await self._keep()

    def heard(self) -> Heard:
        """What was heard so far. To be taken into the transaction that needs it, which may be another thread's."""
        self._ask_followers()
        return {(contact.shop_id, contact.device_id): contact for contact in self._contacts(0.0)}

    def _of(self, bearer: Principal) -> _Heard | None:
        if bearer.device_id is None:
            return None
        key = (bearer.shop_id, bearer.device_id)
        heard = self._heard.get(key)
        if heard is None:
            heard = self._heard[key] = _Heard()
        return heard

    async def _keep_on(self) -> None:
        await asyncio.sleep(KEEP_S)
        await self._keep()

    async def _keep(self) -> None:
        self._ask_followers()
        kept_at = time.time()
        contacts = self._contacts(self._kept_at)
        if contacts:
            await self._database.write(lambda transaction: devices.record_presence(transaction, contacts))
        self._kept_at = kept_at

    def _ask_followers(self) -> None:
        at = time.time()
        # A device may have two sockets for a while, one of them half-open: the one that is further speaks for it.
        for bearer, position in sorted(self._followers(), key=itemgetter(1)):
            heard = self._of(bearer)
            if heard is not None:
                heard.at, heard.position = at, position

    def _contacts(self, since: float) -> list[Presence]:
        return [
            Presence(
                shop_id=shop_id,
                device_id=device_id,
                at_us=int(heard.at * 1e6),
                position=heard.position,
                app_version=_version(heard.agent),
            )
            for (shop_id, device_id), heard in self._heard.items()
            if heard.at >= since and heard.at
        ]


def reports(transaction: Transaction, shop_id: ShopId, heard: Heard) -> tuple[DeviceReport, ...]:
    """What is known of the shop's devices, by name: the newest of what is kept and what was heard since."""
    head = events.head(transaction, shop_id).seq
    return tuple(
        _report(transaction, shop_id, _newest(shop_id, device, heard), head)
        for device in devices.of_shop(transaction, shop_id)
    )


def in_use(transaction: Transaction, heard: Heard) -> list[tuple[ShopId, Device]]:
    """Of all shops the devices that were not revoked, with the newest that is known of each."""
    return [(shop_id, _newest(shop_id, device, heard)) for shop_id, device in devices.in_use(transaction)]


def _newest(shop_id: ShopId, device: Device, heard: Heard) -> Device:
    contact = heard.get((shop_id, device.id))
    if contact is None or contact.at_us <= (device.contact_us or 0):
        return device
    return msgspec.structs.replace(
        device,
        contact_us=contact.at_us,
        position=contact.position if contact.position is not None else device.position,
        app_version=contact.app_version or device.app_version,
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
