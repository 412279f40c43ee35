"""The backend's health and its backups, for admins."""

from datetime import datetime

import msgspec

from core.wire_enum import WireEnum


class BackupKind(WireEnum):
    """Why a backup was made. Only scheduled ones are pruned."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BEFORE_UPGRADE = "before_upgrade"
    BEFORE_RESTORE = "before_restore"


class BackupMade(msgspec.Struct, frozen=True, kw_only=True):
    """A backup in the server's directory of backups."""

    name: str
    made_at: datetime
    kind: BackupKind
    schema: str
    bytes: int


class BackupList(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `problem` is why the last scheduled one failed; empty when it did not."""

    backups: tuple[BackupMade, ...]
    problem: str = ""


class Result(WireEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check, and what to do when it failed."""

    name: str
    result: Result
    says: str
    do: str = ""


class Fact(msgspec.Struct, frozen=True):
    name: str
    value: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The backend's checks and facts, without personal data."""

    checks: tuple[Check, ...]
    facts: tuple[Fact, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one rule about the database: `count` rows violate it; 0 is well."""

    rule: str
    says: str
    count: int
    examples: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...]
