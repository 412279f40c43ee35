"""The devices of a shop: pairing, and presence reports.

An admin invites a device by name and gets a code to type into it (`Invitation`). The device sends the code's first part
(`routes.PAIR`) and gets a secret of its own (`Paired`); with that it signs in, or staff do at it. A code works once and
for ten minutes. The letters after the first eight, if any, are the short fingerprint of the shop's certificate
authority (`core.protocol.trust`): by it the device verifies the server before it sends anything.
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
    DeviceId, Meta(pattern=r"^[A-Z][A-Z0-9]{0,19}\Z", description="A POS's is the series of its order numbers.")
]


def grouped(letters: str) -> str:
    """A code as it is shown: `K7QF2M9X` → `K7QF-2M9X`."""
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def parts(typed: str) -> tuple[str, str]:
    """The parts of a typed code: for `Pair`, and the short fingerprint, empty when there was none."""
    letters = "".join(filter(str.isalnum, typed)).upper()
    return letters[:CODE_LETTERS], letters[CODE_LETTERS:]


class InviteDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A new device, or one that is to be paired anew. A name keeps its kind.

    Without a `kind`, a new device becomes what the machine is that pairs.
    """

    name: DeviceName
    kind: DeviceKind | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is to be typed into the device, with or without its dashes; it is not shown again."""

    name: DeviceId
    kind: DeviceKind | None = None
    """The only kind of machine that it is for; None: any."""
    code: str
    expires_at: datetime


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The code typed into the device; only its first eight letters are used.

    A machine says what `kind` it is, so that a code for another kind is refused and not used up. Windows of the first
    release do not say it, and check the kind of the device that they have become.
    """

    code: Annotated[str, Meta(min_length=1, max_length=80)]
    kind: DeviceKind | None = None


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """The device's identity. `secret` is sent this once: for `StaffSignIn.device_secret` or `DeviceSignIn`."""

    name: DeviceId
    kind: DeviceKind
    secret: str
    shop: ShopId
    shop_name: str
    series_last: int = 0
    """A POS's highest number so far. It continues above it, and above any that it knows itself."""


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The presence of a device."""

    name: DeviceId
    kind: DeviceKind
    paired_at: datetime | None = None
    """None for one that was made with the shop: it needs no secret."""
    revoked_at: datetime | None = None
    last_contact_at: datetime | None = None
    app_version: str = ""
    lag_events: int | None = None
    """How many of the shop's events it has not received, as far as known; None when it has no feed."""
    lag_s: float | None = None
    """The age of the first of those; 0 when there are none."""


class DeviceList(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of the shop, by name."""

    devices: tuple[DeviceReport, ...]
