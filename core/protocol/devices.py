"""The devices of a shop: how one is paired, and what the server last knew of each.

An admin invites a device by name and is given a code to type into it (`Invitation`). The device sends the code's first
part (`routes.PAIR`) and is given a secret of its own (`Paired`); with that it signs in, or staff do at it. A code works
once and for ten minutes. What follows those eight letters, if anything does, is the short fingerprint of the shop's
certificate authority (`core.protocol.trust`): by it the device knows the server before it tells it anything.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.ids import DeviceId, ShopId
from core.domain.people import DeviceKind

CODE_LETTERS: Final = 8
"""Of `core.protocol.trust.ALPHABET`: 39 random bits."""
_GROUP: Final = 4

DeviceName = Annotated[
    DeviceId, Meta(pattern=r"^[A-Z][A-Z0-9]{0,19}\Z", description="A terminal's is the series of its order numbers.")
]
DeviceSecret = Annotated[str, Meta(max_length=128)]


def grouped(letters: str) -> str:
    """A code as it is shown: `K7QF2M9X` → `K7QF-2M9X`."""
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def parts(typed: str) -> tuple[str, str]:
    """What was typed: the code for `Pair`, and the short fingerprint, empty when there was none."""
    letters = "".join(filter(str.isalnum, typed)).upper()
    return letters[:CODE_LETTERS], letters[CODE_LETTERS:]


class InviteDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A new device, or one that is to be paired anew. A name stays of the kind that it first was."""

    name: DeviceName
    kind: DeviceKind = DeviceKind.TERMINAL


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is to be typed into the device, as it stands or without its dashes; it is not shown again."""

    name: DeviceId
    kind: DeviceKind
    code: str
    expires_at: datetime


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed into the device; only the first eight letters are looked at."""

    code: Annotated[str, Meta(min_length=1, max_length=80)]


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Who the device is from now on. `secret` is told this once: for `StaffSignIn.device_secret` or `DeviceSignIn`."""

    name: DeviceId
    kind: DeviceKind
    secret: str
    shop: ShopId
    shop_name: str
    series_last: int = 0
    """A terminal's highest number so far. What it gives next is above it, and above any that it knows itself."""


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the server last knew of a device."""

    name: DeviceId
    kind: DeviceKind
    paired_at: datetime | None = None
    """None for one that was made with the shop: nothing need be shown to work at it."""
    revoked_at: datetime | None = None
    last_contact_at: datetime | None = None
    app_version: str = ""
    lag_events: int | None = None
    """How many of the shop's events it has not been told, as far as is known; None when it has followed none."""
    lag_s: float | None = None
    """How long ago the first of those happened; 0 when there are none."""


class DeviceList(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of the shop, by name."""

    devices: tuple[DeviceReport, ...]
