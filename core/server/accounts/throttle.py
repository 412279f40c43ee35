"""Throttling of guesses: a number of failed attempts in half an hour, for each account and for each address.

An attempt is counted before it is checked, so that a thousand at once are no way around, and a successful one is
uncounted. Unknown logins are counted like known ones. The counts are in the database: they survive a restart, and all
processes share them.

A login has one count for the whole network, and another at each place that has proven itself: a paired device, or a
client at which this customer has signed in before (a "device cookie", see docs/adr/0014). So locking somebody out from
afar affects neither the tills and screens of the shop nor the customer's own client. A paired device's attempts over
all names are limited as well, and so are those of all paired tills of one address, and of all customers' screens.
"""

import hashlib
import logging
from typing import Final

import msgspec

from core.domain.ids import DeviceId, ShopId
from core.domain.people import Customer
from core.instants import now, to_us
from core.server.http import origin, problems
from core.server.services import Services
from core.store import failed_attempts, people
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)

WINDOW_S: Final = 30 * 60
PER_ACCOUNT: Final = 10
PER_DEVICE: Final = 30
"""Over all names, at one paired till. At a change of shift several people mistype."""
PER_ADDRESS: Final = 100
"""A shop's guests share one."""
PER_SCREENS: Final = 300
"""At all customers' screens of one address together. Each is a place of its own, with the limit of an address."""
_WINDOW_US: Final = WINDOW_S * 1_000_000
_SIGN_UP: Final = "sign-up"
"""The origin of sign-ups at a place, apart from its failed attempts."""
_HERE: Final = "here"
"""The origin of clients on the server's own machine."""
_SCREENS: Final = "screens"
"""The origin of all customers' screens of an address."""
_PAIRED: Final = "paired"
"""The origin of all paired tills of an address: others' attempts there do not lock them out."""


class Count(msgspec.Struct, frozen=True):
    """A counter, and its limit."""

    scope: str
    origin: str
    most: int


class Claim(msgspec.Struct, frozen=True):
    """An attempt that was counted."""

    counts: tuple[Count, ...]
    at_us: int


def staff_scope(shop_id: ShopId | str, name: str) -> str:
    return _scope("staff", shop_id, people.staff_key(name))


def customer_scope(login: str) -> str:
    """The scope of a customer's login, which is a phone number as it is kept, or an e-mail address. The two are
    separate, or a lock would reveal that both are one customer's."""
    return _scope("customer", login.strip().lower())


def customer_scopes(customer: Customer) -> tuple[str, ...]:
    """The scopes of all of a customer's logins."""
    return tuple(customer_scope(login) for login in (customer.phone, customer.email) if login)


def device_scope(shop_id: ShopId | str, device_id: DeviceId) -> str:
    return _scope("device", shop_id, device_id)


def staff_counts(
    shop_id: ShopId | str, name: str, address: str, proven: DeviceId | None, *, is_here: bool
) -> tuple[Count, ...]:
    """The counters of a staff sign-in. `proven` is the till that has sent its secret; without one it matters whether it
    is the server's own machine."""
    scope = staff_scope(shop_id, name)
    if proven is not None:
        device = Count(device_scope(shop_id, proven), "", PER_DEVICE)
        return Count(scope, f"at {proven}", PER_ACCOUNT), device, by_address(address, _PAIRED)
    return Count(scope, _HERE if is_here else "", PER_ACCOUNT), by_address(address)


def customer_counts(login: str, address: str, *, screen: str, client: str) -> tuple[Count, ...]:
    """The counters of a customer's sign-in. `screen` and `client` have proven themselves; empty for none."""
    scope = customer_scope(login)
    if client and not screen:
        return (Count(scope, f"after {client}", PER_ACCOUNT),)
    return Count(scope, f"at {screen}" if screen else "", PER_ACCOUNT), *by_places(address, screen)


def by_places(address: str, screen: str) -> tuple[Count, ...]:
    """The place's own counter, and for a screen that of all screens of its address."""
    if not screen:
        return (by_address(address),)
    return by_place(address, screen), msgspec.structs.replace(by_address(address, _SCREENS), most=PER_SCREENS)


def by_place(address: str, screen: str) -> Count:
    """The place's counter. A screen that has proven itself is a place of its own, apart from its address."""
    return Count(_scope("screen", screen), "", PER_ADDRESS) if screen else by_address(address)


def by_address(address: str, of: str = "") -> Count:
    """The counter of an address, for what belongs to no account."""
    return Count(address_scope(address), of, PER_ADDRESS)


def address_scope(address: str) -> str:
    """The scope of an address; an IPv6 network of 64 bits counts as one (RFC 6177)."""
    return _scope("address", origin.network(address))


async def claim_sign_up(services: Services, address: str, screen: str) -> None:
    """Count a sign-up at its place; it is not uncounted. Raises `Refusal` 429 at the limit."""
    count = msgspec.structs.replace(by_place(address, screen), origin=_SIGN_UP, most=services.settings.sign_ups_max)
    try:
        await claim(services, count)
    except problems.Refusal as refused:
        wait_s = float(dict(refused.headers)[b"retry-after"])
        detail = f"There were enough sign-ups from here. Try again in {max(1, -(-int(wait_s) // 60))} min."
        raise problems.too_many(detail, wait_s) from None


async def claim(services: Services, *counts: Count) -> Claim:
    """Count an attempt on all of `counts`. Raises `Refusal` 429 when one of them is used up; then none is counted."""
    at_us = to_us(now())
    wait_us = await services.database.read(lambda transaction: _wait_us(transaction, counts, at_us))
    if not wait_us:
        try:
            await services.database.write(lambda transaction: _count(transaction, counts, at_us))
        except _UsedUp as used_up:
            wait_us = used_up.wait_us
    if wait_us:
        services.security.too_many += 1
        log.warning("too many failed attempts", extra={"wait_s": wait_us // 1_000_000})
        raise problems.too_many_attempts(-(-wait_us // 1_000_000))
    return Claim(counts, at_us)


def take_back(transaction: Transaction, claimed: Claim) -> None:
    """Uncount a successful attempt."""
    for count in claimed.counts:
        tried = failed_attempts.take(transaction, count.scope, count.origin, claimed.at_us)
        if tried and claimed.at_us in tried:
            tried.remove(claimed.at_us)
            failed_attempts.keep(transaction, count.scope, count.origin, tried)


def locked_until_us(transaction: Transaction, *scopes: str) -> int | None:
    """Until when (µs) one of an account's `scopes` is locked, at one place at least; None when none is."""
    at_us = to_us(now())
    found = [tried for scope in scopes for tried in failed_attempts.read_all(transaction, scope)]
    waits = [_until(_lately(tried, at_us), PER_ACCOUNT) for tried in found]
    return max((until for until in waits if until is not None), default=None)


class _UsedUp(Exception):
    def __init__(self, wait_us: int) -> None:
        super().__init__(wait_us)
        self.wait_us = wait_us


def _wait_us(transaction: Transaction, counts: tuple[Count, ...], at_us: int) -> int:
    until = [
        _until(_lately(failed_attempts.read(transaction, each.scope, each.origin), at_us), each.most) for each in counts
    ]
    return max((each - at_us for each in until if each is not None), default=0)


def _count(transaction: Transaction, counts: tuple[Count, ...], at_us: int) -> None:
    for count in counts:
        kept = failed_attempts.take(transaction, count.scope, count.origin, at_us)
        if kept is None:
            failed_attempts.insert(transaction, count.scope, count.origin, at_us)
            continue
        tried = _lately(kept, at_us)
        until = _until(tried, count.most)
        if until is not None:
            raise _UsedUp(until - at_us)
        failed_attempts.keep(transaction, count.scope, count.origin, [*tried, at_us])


def _lately(tried: list[int], at_us: int) -> list[int]:
    """The attempts within the window. Instants far in the future are of a wrong clock, and ignored."""
    return sorted(each for each in tried if abs(at_us - each) < _WINDOW_US)


def _until(tried: list[int], most: int) -> int | None:
    return tried[-most] + _WINDOW_US if len(tried) >= most else None


def _scope(*parts: str) -> str:
    """A scope as a hash: the name that was typed may be a password."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=20).hexdigest()
