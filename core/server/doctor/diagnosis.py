"""The backend's self-diagnosis for admins. It contains no personal data."""

import platform
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from core.domain.ids import ShopId
from core.domain.people import DeviceKind
from core.instants import now, to_us
from core.protocol.devices import DeviceReport
from core.protocol.health import Check, Diagnosis, Fact, Result
from core.server.auth.tokens import LEEWAY_S
from core.server.doctor.probe import probe
from core.server.drawers import chain
from core.server.endpoints import openapi
from core.server.health import presence
from core.server.health.presence import SILENT_AFTER
from core.server.health.readiness import Slow
from core.server.http import origin, problems
from core.server.services import Services
from core.store import migrate, security_log
from core.store.backups import check
from core.store.engine.announcements import Other
from core.store.engine.owner import file_of, openers
from core.store.engine.writer import Unavailable
from core.store.sql.statements import Transaction
from core.store.tables import metadata

FIXED: Final = ((3, 44, 6), (3, 50, 7))
"""SQLite's older versions that have the fix of the WAL reset (3.51.3)."""
_LEAST_FREE, _LITTLE_FREE = 200_000_000, 2_000_000_000
_FORGOTTEN_AFTER: Final = timedelta(days=1)
_LATE_S: Final = 60.0
_APART_S: Final = 2.0
_MANY_FAILURES: Final = 50


async def examine(services: Services, shop_id: ShopId) -> Diagnosis:
    """Run all checks. Orders go on meanwhile; a large database takes its time."""
    database, settings = services.database, services.settings
    seen = services.presence.seen()
    reports = await database.read(lambda transaction: presence.reports(transaction, shop_id, seen))
    written = await _written(services, shop_id)

    def work(transaction: Transaction) -> Diagnosis:
        connection = transaction.connection
        checks = (
            _schema(connection),
            *_sound(connection),
            *written,
            *_sqlite(connection),
            *_disk({"data": settings.directory, "backups": settings.backup_path}),
            *_clocks(connection, database.others()),
            _backup(services),
            _failures(transaction, shop_id),
            _owners(connection),
            _reports(services, transaction, shop_id),
            *(_device(report, on_network=_is_on_network(settings.host)) for report in reports),
        )
        return Diagnosis(checks=checks, facts=_facts(connection))

    return await database.search(work)


async def _written(services: Services, shop_id: ShopId) -> tuple[Check, ...]:
    """The checks that write, as far as the database can be written."""
    hindrance = await services.readiness.why_not()
    if hindrance is None:
        taken = Check(name="writes", result=Result.OK, says="What is written to it is taken.")
        try:
            return taken, await services.database.write(_durability), await probe(services, shop_id)
        except Unavailable as error:
            hindrance = error
    told = problems.unusable(hindrance.trouble).problem
    says = str(hindrance) if isinstance(hindrance, Slow) else told.title
    return (Check(name="writes", result=Result.FAIL, says=f"No order is taken. {says}", do=told.detail),)


def _schema(connection: Connection) -> Check:
    held = connection.exec_driver_sql(f"SELECT version_num FROM {migrate.VERSION_TABLE}").scalar_one()  # noqa: S608
    return Check(name="database", result=Result.OK, says=f"It answers, with schema {held}.")


def _sound(connection: Connection) -> Iterator[Check]:
    if connection.dialect.name != "sqlite":
        yield Check(name="integrity", result=Result.SKIPPED, says="The database server sees to it.")
        return
    for found in check.soundness(connection, quick=True):
        if found.count:
            yield Check(
                name=found.rule,
                result=Result.FAIL,
                says=f"Not so: {found.says} ({found.count} times not, as in {', '.join(found.examples)}).",
                do="Stop the server, keep a copy of the database as it is, and restore the last good backup.",
            )
        else:
            yield Check(name=found.rule, result=Result.OK, says=f"{found.says[0].upper()}{found.says[1:]}.")


def _failures(transaction: Transaction, shop_id: ShopId) -> Check:
    """Failed sign-ins; a handful a day are typing mistakes."""
    count = security_log.failures_since(transaction, shop_id, to_us(now() - timedelta(days=1)))
    many = count >= _MANY_FAILURES
    return Check(
        name="sign-ins",
        result=Result.WARN if many else Result.OK,
        says=f"{count} sign-ins, pairings and the like failed in the last 24 hours.",
        do="See who and where: orderbell security-log --failures" if many else "",
    )


def _durability(transaction: Transaction) -> Check:
    """The setting in force for the writing connection."""
    connection = transaction.connection
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        kept, says = (mode, level) == ("wal", 2), f"journal_mode is {mode}, synchronous is {level} (2 is FULL)."
    else:
        commit = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        sync = connection.exec_driver_sql("SHOW fsync").scalar_one()
        kept, says = commit != "off" and sync == "on", f"synchronous_commit is {commit}, fsync is {sync}."
    return Check(
        name="durability",
        result=Result.OK if kept else Result.FAIL,
        says=says,
        do="" if kept else "A power cut would lose orders. Set them back: WAL and FULL, or on and on.",
    )


def _sqlite(connection: Connection, version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> Iterator[Check]:
    """SQLite's version. The fault of older ones needs a second program that writes to the file."""
    if connection.dialect.name != "sqlite":
        return
    says = f"SQLite is {'.'.join(map(str, version))}."
    if version >= (3, 51, 3) or any(version[:2] == line[:2] and version >= line for line in FIXED):
        yield Check(name="sqlite", result=Result.OK, says=says)
        return
    file = file_of(connection.engine.url)
    others = openers(file) if file is not None else ()
    if not others:
        says += " Below 3.51.3 two programs that write to one file may, rarely, damage it; this server is the only one."
        yield Check(name="sqlite", result=Result.OK, says=says)
        return
    says += (
        f" Below 3.51.3 two programs on one file may, rarely, damage it, and it is also open in: {', '.join(others)}."
    )
    yield Check(name="sqlite", result=Result.WARN, says=says, do="Close the file there while it is served.")


def _clocks(connection: Connection, others: Sequence[Other]) -> Iterator[Check]:
    """The clocks of the database server and of other backends, compared with this machine's."""
    if connection.dialect.name == "sqlite":
        return
    asked = time.time()
    theirs = float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
    yield _clock("clock of database", theirs - (asked + time.time()) / 2)
    for other in others:
        yield _clock(f"clock of {other.where}", other.ahead_s)


def _clock(name: str, ahead_s: float) -> Check:
    apart = abs(ahead_s)
    return Check(
        name=name,
        result=Result.OK if apart < _APART_S else Result.WARN if apart < LEEWAY_S else Result.FAIL,
        says=f"It is {apart:.1f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's.",
        do=""
        if apart < _APART_S
        else "Let all of them set their clocks by the network (NTP): servers whose clocks are "
        f"{LEEWAY_S} s apart refuse each other's sign-ins.",
    )


def _disk(directories: dict[str, Path]) -> Iterator[Check]:
    for name, directory in directories.items():
        there = next(each for each in (directory, *directory.parents) if each.exists())
        free = shutil.disk_usage(there).free
        result = Result.FAIL if free < _LEAST_FREE else Result.WARN if free < _LITTLE_FREE else Result.OK
        yield Check(
            name=f"disk of {name}",
            result=result,
            says=f"{free / 1e9:.1f} GB are free.",
            do="" if result is Result.OK else "Make room: when the disk is full no order is taken.",
        )


def _backup(services: Services) -> Check:
    every_h, last = services.settings.backup_every_h, next(iter(services.backups.all()), None)
    create = "orderbell backup create"
    if services.backups.problem:
        return Check(name="backup", result=Result.FAIL, says=services.backups.problem, do=f"Mend that; then: {create}")
    age_h = (now() - last.made_at).total_seconds() / 3600 if last else 0.0
    is_late = last is None or age_h > 2 * (every_h or 24)
    if is_late and services.backups.elsewhere:
        return Check(name="backup", result=Result.SKIPPED, says="Another backend of this database makes them.")
    if last is None:
        return Check(name="backup", result=Result.WARN, says="There is no backup yet.", do=create)
    says = f"The last one is {age_h:.1f} h old: {last.name}."
    if is_late:
        return Check(name="backup", result=Result.WARN, says=says, do=f"{create}, or backup_every_h in the settings")
    return Check(name="backup", result=Result.OK, says=says)


def _owners(connection: Connection) -> Check:
    orphans = connection.execute(select(func.count()).select_from(check.orphans().subquery())).scalar_one()
    return Check(
        name="owners",
        result=Result.FAIL if orphans else Result.OK,
        says=f"{orphans} orders name a customer who does not exist.",
        do="orderbell db check names them. Nobody sees them; tell whoever looks after the software." if orphans else "",
    )


def _reports(services: Services, transaction: Transaction, shop_id: ShopId) -> Check:
    """The chains of the drawers' reports."""
    found = chain.check(transaction, shop_id, services.report_key, services.report_notes)
    if not found.faults:
        says = f"{found.reports} reports of drawers are as they were made, and none is missing."
        return Check(name="z reports", result=Result.OK, says=says)
    first = found.faults[0]
    return Check(
        name="z reports",
        result=Result.FAIL,
        says=f"{len(found.faults)} faults in reports of drawers; {first.device}, place {first.place}: {first.says}",
        do="See all of them: orderbell report verify. Compare with the printed ones, and ask who has the database.",
    )


def _is_on_network(host: str) -> bool:
    found = origin.parsed(host)
    return host != "localhost" and not (found is not None and found.is_loopback)


def _device(report: DeviceReport, *, on_network: bool = False) -> Check:
    name = f"device {report.name}"
    if report.revoked_at is not None:
        return Check(name=name, result=Result.SKIPPED, says="It was revoked.")
    if on_network and report.kind is DeviceKind.POS and report.paired_at is None:
        says = "It was never paired: staff sign in at it on this machine only."
        return Check(name=name, result=Result.WARN, says=says, do=f"orderbell devices pair {report.name} --kind pos")
    if report.last_contact_at is None:
        return Check(name=name, result=Result.SKIPPED, says="It was never heard of.")
    silence = now() - report.last_contact_at
    says = f"Last heard of {_ago(silence)}, {report.lag_events or 0} events behind."
    if silence > _FORGOTTEN_AFTER:
        return Check(name=name, result=Result.SKIPPED, says=says)
    if silence > SILENT_AFTER:
        do = "If it is switched on: is it on the network? Its chip says what it knows."
        return Check(name=name, result=Result.WARN, says=says, do=do)
    if (report.lag_s or 0.0) > _LATE_S:
        return Check(
            name=name, result=Result.WARN, says=says, do="It asks, but does not catch up: look at its sync page."
        )
    return Check(name=name, result=Result.OK, says=says)


def _ago(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _facts(connection: Connection) -> tuple[Fact, ...]:
    """Versions and row counts."""
    counts = {
        f"rows {table.name}": str(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
    }
    told = {
        "orderbell": openapi.VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "database": connection.dialect.name,
        "database version": ".".join(map(str, connection.dialect.server_version_info or ())),
        **counts,
    }
    return tuple(Fact(name, value) for name, value in told.items())
