"""The security log: sign-ins, failures, and changes of rights."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core.wire_enum import WireEnum

ENTRIES_MOST: Final = 500


class SecurityEvent(WireEnum):
    """The kind of an entry."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_UP = "signed_up"
    SIGN_UP_REFUSED = "sign_up_refused"
    """The phone number or e-mail address is taken."""
    TOKEN_COPIED = "token_copied"  # noqa: S105
    """A refresh token was used a second time; its session was ended."""
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_RENAMED = "account_renamed"
    ACCOUNT_REMOVED = "account_removed"
    ROLE_CHANGED = "role_changed"
    RIGHTS_CHANGED = "rights_changed"
    """What a role may do."""
    APPROVED = "approved"
    """A manager allowed somebody one operation."""
    ENROLLED = "enrolled"
    """A manager may allow things at a POS without the server."""
    APPROVAL_FAILED = "approval_failed"
    PIN_CHANGED = "pin_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    UNLOCKED = "unlocked"
    DEVICE_INVITED = "device_invited"
    DEVICE_PAIRED = "device_paired"
    PAIRING_FAILED = "pairing_failed"
    DEVICE_REVOKED = "device_revoked"
    DEVICE_REMOVED = "device_removed"
    SHOP_CHANGED = "shop_changed"
    """Its name, currency, tax, time zone or country."""
    CUSTOMERS_SEARCHED = "customers_searched"
    EXPORTED = "exported"
    COMMAND_RUN = "command_run"
    """An operator's command: a backup, a check, a diagnosis."""
    KEYS_CHANGED = "keys_changed"
    """The server signs with another key than in the last entry; also by `orderbell keys` while none ran."""
    AUTHORITY_CHANGED = "authority_changed"
    """The server has another certificate authority: `orderbell tls init`, or files that were replaced."""
    KIT_MADE = "kit_made"
    """There is a newer recovery kit: whoever has it and its code has the server's keys."""
    RESTORED = "restored"
    LEFT_OUT = "left_out"
    """More entries of a kind in one hour than are written; the rest of the hour's are only counted."""


FAILURES: Final = (
    SecurityEvent.APPROVAL_FAILED,
    SecurityEvent.SIGN_IN_FAILED,
    SecurityEvent.SIGN_UP_REFUSED,
    SecurityEvent.PAIRING_FAILED,
    SecurityEvent.TOKEN_COPIED,
)
"""Kinds caused by somebody who may not be who they claim to be."""


class ExportNote(msgspec.Struct, frozen=True, kw_only=True):
    """An export to a file, for the security log."""

    what: Literal["orders", "waiting changes"]
    rows: Annotated[int, Meta(ge=0)]


class SecurityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Unknown fields are empty."""

    id: str
    at: datetime
    event: SecurityEvent
    by_id: str
    """Who did it; for a failure, the account that was tried."""
    by_name: str
    """The name of staff and devices. Customers have their ids alone."""
    by_role: str
    device: str
    address: str
    about: str
    """The object of the event: an account, a device, a file."""


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
