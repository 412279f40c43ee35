"""What an admin is told about the backend's health and its backups."""

from datetime import datetime

import msgspec

from core.wire_enum import WireEnum


class BackupKind(WireEnum):
    """Why a backup was made. Only scheduled ones are forgotten in time."""

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
    """Newest first. `problem` says why the last scheduled one was not made; empty when it was."""

    backups: tuple[BackupMade, ...]
    problem: str = ""


class Result(WireEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: how it is, and what to do when it is not well."""

    name: str
    result: Result
    says: str
    do: str = ""


class Fact(msgspec.Struct, frozen=True):
    name: str
    value: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend found about itself, and what whoever helps from afar has to know. Nobody is named in it."""

    checks: tuple[Check, ...]
    facts: tuple[Fact, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule about the database found: `count` is how many break it, 0 is well."""

    rule: str
    says: str
    count: int
    examples: tuple[str, ...] = ()


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    findings: tuple[Finding, ...]
