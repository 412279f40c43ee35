"""For the operator: the backups of the whole database, whether it is sound, and how the backend is."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from core.decoding import convert
from core.protocol import routes
from core.protocol.health import (
    BackupKind,
    BackupList,
    BackupMade,
    Check,
    Diagnosis,
    Finding,
    Findings,
    Result,
)
from core.protocol.route import Nothing
from core.protocol.security import SecurityEvent
from core.server.auth.security import actor
from core.server.doctor.diagnosis import examine
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.http import problems
from core.store.backups import check as check_store
from core.store.backups.backup import Backup, BackupError
from core.store.engine.writer import Unavailable
from core.store.sql.statements import Transaction


async def backups(call: Call[Nothing, Nothing]) -> BackupList:
    kept = call.services.backups
    return BackupList(backups=tuple(_reply(each) for each in kept.all()), problem=kept.problem)


async def back_up(call: Call[Nothing, Nothing]) -> BackupMade:
    try:
        made = await call.services.backups.make_manual()
    except BackupError as error:
        raise problems.no_backup(str(error)) from None
    await _record(call, f"backup {made.name}")
    return _reply(made)


async def check(call: Call[Nothing, Nothing]) -> Findings:
    def work(transaction: Transaction) -> Findings:
        connection = transaction.connection
        return Findings(findings=(*check_store.soundness(connection), *check_store.invariants(connection)))

    await _record(call, "check")
    return await call.services.database.search(work)


async def doctor(call: Call[Nothing, Nothing]) -> Diagnosis:
    with suppress(Unavailable):  # a database that cannot be written is part of the diagnosis
        await _record(call, "doctor")
    return await examine(call.services, call.principal.shop_id)


async def _record(call: Call[Nothing, Nothing], command: str) -> None:
    by = actor(call.principal, call.address)
    await call.services.security.note(by, SecurityEvent.COMMAND_RUN, command)


def _reply(backup: Backup) -> BackupMade:
    """The reply for a backup, without its manifest, which names every shop of the chain."""
    return convert(backup, BackupMade, from_attributes=True)


_EXAMPLE: Final = BackupMade(
    name="corner-kitchen-20260504T030000000000Z-0003.backup.db",
    made_at=datetime(2026, 5, 4, 3, tzinfo=UTC),
    kind=BackupKind.SCHEDULED,
    schema="0003",
    bytes=1_486_848,
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.BACKUPS, backups, example_reply=BackupList(backups=(_EXAMPLE,))),
    Endpoint(routes.BACK_UP, back_up, example_reply=_EXAMPLE),
    Endpoint(
        routes.CHECK,
        check,
        example_reply=Findings(findings=(Finding(rule="integrity", says="every page is whole", count=0),)),
    ),
    Endpoint(
        routes.DOCTOR,
        doctor,
        example_reply=Diagnosis(checks=(Check(name="database", result=Result.OK, says="It answers."),)),
    ),
)
