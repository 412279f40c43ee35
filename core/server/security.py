"""What the security log is told (docs/adr/0045), and how many failures there were since the process began.

Whatever changes what somebody may do is written in the transaction that changes it. What strangers do is bounded: so
many failures and sign-ins of customers an hour are written down, and beyond that only counted, so that nobody fills the
disk, or pushes out what matters.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from core.domain.ids import CustomerId
from core.domain.people import Principal, Role
from core.protocol.security import FAILURES, SecurityEvent
from core.store import security_log
from core.store.database import Database, Duty
from core.store.security_log import Actor
from core.store.statements import Transaction

MOST_AN_HOUR: Final = 500
"""Failures that are written down, and sign-ins of customers, each."""
_HOUR_S: Final = 3_600
_NAMED_MOST: Final = 5


def actor(principal: Principal, address: str) -> Actor:
    """Whoever bears a token, and where they are. A customer is named by their id alone."""
    return Actor(
        shop_id=principal.shop_id,
        id=principal.subject,
        name="" if principal.role is Role.CUSTOMER else principal.name,
        role=principal.role,
        device=principal.device_id or "",
        address=address,
    )


def operator() -> Actor:
    """Whoever changed something of the server's own, which says nothing of who it was."""
    return Actor(shop_id=security_log.NO_SHOP, role="operator")


class SecurityLog:
    """The log as one process writes it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.failures: Counter[SecurityEvent] = Counter()
        """Since the process began, and those that were not written down."""
        self.too_many = 0
        """Tries that were refused unseen, as there were too many before them."""
        self._database = database
        self._clock = clock
        self._hour = 0
        self._written: Counter[str] = Counter()
        self._stated: Mapping[SecurityEvent, str] = {}

    def record(self, transaction: Transaction, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """Write it with what it is about, or not at all."""
        if by.role != Role.CUSTOMER or self._admits("customers", transaction, by):
            security_log.insert(transaction, by, event, about)

    async def note(self, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """The same for what changes nothing, in a transaction of its own."""
        await self._database.write(lambda transaction: self.record(transaction, by, event, about))

    async def searched(self, principal: Principal, address: str, found: Sequence[CustomerId]) -> None:
        """Note which customers somebody was shown."""
        told = ", ".join(found) if len(found) <= _NAMED_MOST else f"{len(found)} customers"
        await self.note(actor(principal, address), SecurityEvent.CUSTOMERS_SEARCHED, told or "nobody")

    async def failed(self, by: Actor, event: SecurityEvent, about: str = "") -> None:
        """Count a failure, and write it down unless there were too many."""
        if event not in FAILURES:
            raise ValueError(f"{event} is no failure")
        self.failures[event] += 1

        def work(transaction: Transaction) -> None:
            if self._admits("failures", transaction, by):
                security_log.insert(transaction, by, event, about)

        await self._database.write(work)

    async def state(self, facts: Mapping[SecurityEvent, str]) -> None:
        """What lies in the server's files by now: each of `facts` that the log has last told otherwise is written down,
        also what was changed by hand, or while no server ran."""
        if facts == self._stated:
            return
        if await self._database.takes_on(Duty.HOUSEKEEPING):  # of several processes one writes it down

            def work(transaction: Transaction) -> None:
                for event, about in facts.items():
                    if security_log.last_about(transaction, event) != about:
                        security_log.insert(transaction, operator(), event, about)

            await self._database.write(work)
        self._stated = facts

    def _admits(self, what: str, transaction: Transaction, by: Actor) -> bool:
        hour = int(self._clock() // _HOUR_S)
        if hour != self._hour:
            self._hour = hour
            self._written = Counter()
        self._written[what] += 1
        transaction.undoing.append(partial(self._written.subtract, (what,)))
        if self._written[what] == MOST_AN_HOUR + 1:
            security_log.insert(transaction, Actor(shop_id=by.shop_id), SecurityEvent.LEFT_OUT, what)
        return self._written[what] <= MOST_AN_HOUR
