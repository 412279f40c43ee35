"""Writing the security log (docs/adr/0045), and counts of failures since the process began.

A change of rights is logged in its own transaction. Entries caused by strangers are limited for each kind and each
address or customer, and beyond that only counted: so nobody can fill the disk or crowd out others' entries. Events of a
staff member's account are always written: `core.server.accounts.throttle` limits them.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from core.domain.ids import CustomerId
from core.domain.people import Principal, Role
from core.domain.status import STAFF
from core.protocol.security import FAILURES, SecurityEvent
from core.server.http import origin
from core.store import security_log
from core.store.engine.database import Database, Duty
from core.store.security_log import Actor
from core.store.sql.statements import Transaction

MOST_AN_HOUR: Final = 500
"""Entries of one kind, of all strangers or all customers together, beyond the first few of each."""
EACH_AN_HOUR: Final = 50
"""Entries of one kind of one address or customer."""
FIRST_FEW: Final = 5
"""Entries of one kind of one address or customer that are always written."""
SOURCES_MOST: Final = 1_000
"""Addresses and customers that have their first few in one hour."""
_HOUR_S: Final = 3_600
_OTHERS: Final = "others"
"""All sources beyond those, together."""
_NAMED_MOST: Final = 5


def actor(principal: Principal, address: str) -> Actor:
    """The bearer of a token and their address. A customer is recorded by id alone."""
    return Actor(
        shop_id=principal.shop_id,
        id=principal.subject,
        name="" if principal.role is Role.CUSTOMER else principal.name,
        role=principal.role,
        device=principal.device_id or "",
        address=address,
    )


def operator() -> Actor:
    """The operator, who is not identified further."""
    return Actor(shop_id=security_log.NO_SHOP, role="operator")


class SecurityLog:
    """One process's writer of the log."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.failures: Counter[SecurityEvent] = Counter()
        """Failures since the process began, including those that were not written."""
        self.too_many = 0
        """Attempts that were refused unchecked, as there were too many before them."""
        self._database = database
        self._clock = clock
        self._hour = 0
        self._seen: Counter[tuple[SecurityEvent, str, str]] = Counter()
        """The number of this hour's entries of each kind, shop and source."""
        self._written: Counter[SecurityEvent] = Counter()
        self._left_out: set[tuple[tuple[SecurityEvent, str, str], int]] = set()
        """The sources whose limit was logged, and in which hour."""
        self._stated: Mapping[SecurityEvent, str] = {}

    def record(self, transaction: Transaction, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """Write an entry in the given transaction."""
        source = origin.network(by.address) if event is SecurityEvent.SIGNED_UP else by.id
        if by.role != Role.CUSTOMER or self._admits(transaction, by, event, source):
            security_log.insert(transaction, by, event, about)

    async def note(self, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """Write an entry in a transaction of its own."""
        await self._database.write(lambda transaction: self.record(transaction, by, event, about))

    async def searched(self, principal: Principal, address: str, found: Sequence[CustomerId]) -> None:
        """Record which customers a member of staff was shown."""
        told = ", ".join(found) if len(found) <= _NAMED_MOST else f"{len(found)} customers"
        await self.note(actor(principal, address), SecurityEvent.CUSTOMERS_SEARCHED, told or "nobody")

    async def failed(self, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """Count a failure, and write it unless there were too many."""
        if event not in FAILURES:
            raise ValueError(f"{event} is no failure")
        self.failures[event] += 1

        def work(transaction: Transaction) -> None:
            is_staffs = bool(by.id) and by.role in STAFF
            if is_staffs or self._admits(transaction, by, event, origin.network(by.address)):
                security_log.insert(transaction, by, event, about)

        await self._database.write(work)

    async def state(self, facts: Mapping[SecurityEvent, str]) -> None:
        """Record each of `facts`, the state of the server's files, that differs from its last entry: this includes
        changes by hand, or while no server ran."""
        if facts == self._stated:
            return
        if await self._database.takes_on(Duty.HOUSEKEEPING):  # of several processes one writes it down

            def work(transaction: Transaction) -> None:
                for event, about in facts.items():
                    if security_log.last_about(transaction, event) != about:
                        security_log.insert(transaction, operator(), event, about)

            await self._database.write(work)
        self._stated = facts

    def _admits(self, transaction: Transaction, by: Actor, event: SecurityEvent, source: str) -> bool:
        """Whether another entry of `source`, an address or a customer, is within this hour's limits."""
        hour = int(self._clock() // _HOUR_S)
        if hour != self._hour:
            self._hour = hour
            self._seen, self._written = Counter(), Counter()
        this = (event, by.shop_id, source)
        if this not in self._seen and len(self._seen) >= SOURCES_MOST:
            this = (event, by.shop_id, _OTHERS)
        self._seen[this] += 1
        transaction.undoing.append(partial(self._seen.subtract, (this,)))
        few = 0 if this[2] == _OTHERS else FIRST_FEW
        if self._seen[this] <= few or (self._seen[this] <= EACH_AN_HOUR and self._written[event] < MOST_AN_HOUR):
            self._written[event] += 1
            transaction.undoing.append(partial(self._written.subtract, (event,)))
            return True
        if (this, hour) not in self._left_out:
            self._left_out = {each for each in self._left_out if each[1] == hour} | {(this, hour)}
            address = "" if this[2] == _OTHERS else by.address
            security_log.insert(transaction, Actor(shop_id=by.shop_id, address=address), SecurityEvent.LEFT_OUT, event)
        return False
