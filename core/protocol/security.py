"""The security log: who came in or failed to, and who changed what others may do."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.wire_enum import WireEnum

ENTRIES_MOST: Final = 500


class SecurityEvent(WireEnum):
    """What happened."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_UP = "signed_up"
    SIGN_UP_REFUSED = "sign_up_refused"
    """Under a phone number or e-mail address that is taken."""
    TOKEN_COPIED = "token_copied"  # noqa: S105
    """A refresh token came a second time; its session was ended."""
    ACCOUNT_ADDED = "account_added"
    ROLE_CHANGED = "role_changed"
    PIN_CHANGED = "pin_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    UNLOCKED = "unlocked"
    DEVICE_INVITED = "device_invited"
    DEVICE_PAIRED = "device_paired"
    PAIRING_FAILED = "pairing_failed"
    DEVICE_REVOKED = "device_revoked"
    CUSTOMERS_SEARCHED = "customers_searched"
    EXPORTED = "exported"
    COMMAND_RUN = "command_run"
    """What only an operator does: a backup, a check, a look at everything."""
    KEYS_CHANGED = "keys_changed"
    """The server signs with another key than the log has last said; also what `orderbell keys` did while none ran."""
    AUTHORITY_CHANGED = "authority_changed"
    """The server is known by another certificate authority: `orderbell tls init`, or files that were replaced."""
    KIT_MADE = "kit_made"
    """There is a newer recovery kit: whoever has it and its code has the server's keys."""
    RESTORED = "restored"
    LEFT_OUT = "left_out"
    """More of a kind in one hour than is written down; the rest of the hour's are only counted."""


FAILURES: Final = (
    SecurityEvent.SIGN_IN_FAILED,
    SecurityEvent.SIGN_UP_REFUSED,
    SecurityEvent.PAIRING_FAILED,
    SecurityEvent.TOKEN_COPIED,
)
"""What somebody tried who may not have been who they said."""


class ExportNote(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote to a file, for the security log."""

    what: Literal["orders", "waiting changes"]
    rows: Annotated[int, Meta(ge=0)]


class SecurityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. What is not known is empty."""

    id: str
    at: datetime
    event: SecurityEvent
    by_id: str
    """Who did it; of a failure whose account was tried."""
    by_name: str
    """Of staff and devices. Customers are named by their ids alone."""
    by_role: str
    device: str
    address: str
    about: str
    """What or whom it was done to."""


class SecurityLogPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `more` when there are older ones."""

    entries: tuple[SecurityEntry, ...]
    more: bool = False


class SecurityLogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the shop, newest first; those older than the entry `before`."""

    failures: bool = False
    """Failures alone."""
    before: Annotated[str, Meta(max_length=40)] = ""
    limit: Annotated[int, Meta(ge=1, le=ENTRIES_MOST)] = 100
