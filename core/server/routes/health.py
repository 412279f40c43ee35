"""For operators and monitoring: readiness and metrics."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric

from core.domain.ids import ShopId
from core.instants import now, to_us
from core.logs import Repeats
from core.protocol import routes
from core.protocol.replies import Readiness
from core.protocol.route import Nothing
from core.protocol.security import FAILURES
from core.server.endpoints import examples, openapi
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.health import metrics, presence
from core.server.health.presence import SILENT_AFTER
from core.server.health.readiness import Slow
from core.server.http import problems
from core.server.services import Services
from core.store import events, migrate
from core.store.devices import Device
from core.store.engine.writer import Unavailable
from core.store.sql import dialects
from core.store.sql.statements import Transaction

log = logging.getLogger(__name__)

_repeats: Final = Repeats()
DEVICES_NAMED: Final = 500
"""With more devices there are figures by kind only: each name is a time series, kept for months."""


async def ready(call: Call[Nothing, Nothing]) -> Readiness:
    """A failed backup is a warning, not a reason to close the shop."""
    services = call.services
    reasons = [] if services.database.writer.is_alive else ["It takes no writes."]
    try:
        held = await services.database.read(migrate.held)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        reasons.append(_does_not_answer(error))
    else:
        if held != migrate.head():
            reasons.append(f"The database has the schema {held}, and this server is made for {migrate.head()}.")
    if not reasons and (hindrance := await services.readiness.why_not()) is not None:
        reasons.append(str(hindrance) if isinstance(hindrance, Slow) else problems.unusable(hindrance.trouble).text)
    if reasons:
        count = _repeats.due(tuple(reasons))
        if count is not None:
            log.warning("not ready: %s", " ".join(reasons), extra={"asked": count})
        raise problems.not_ready(reasons)
    warnings = ("The last backup was not made.",) if services.backups.problem else ()
    return Readiness(status="ready", version=openapi.VERSION, warnings=warnings)


def _does_not_answer(error: Exception) -> str:
    if not isinstance(error, Unavailable) or _repeats.due(error.trouble) is not None:
        facts = {"because": dialects.driver_message(error.__cause__)} if isinstance(error, Unavailable) else {}
        log.error("the database does not answer", exc_info=None if facts else error, extra=facts)
    return "The database does not answer."


async def figures(call: Call[Nothing, Nothing]) -> Encoded[str]:
    found = [*_store(call.services), *_backups(call.services), *_security(call.services)]
    seen = call.services.presence.seen()
    try:
        heads, devices = await call.services.database.read(
            lambda transaction: (_newest(transaction), presence.in_use(transaction, seen))
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, there are figures still
        _does_not_answer(error)
        found.append(metrics.single("orderbell_database_up", "Whether the database answers.", 0))
    else:
        found.append(metrics.single("orderbell_database_up", "Whether the database answers.", 1))
        found.append(metrics.gauge("orderbell_events_head", "The newest event of each shop.", "shop", heads))
        found += _devices(devices, heads)
    body = call.services.metrics.exposition(*found)
    return Encoded(body, call.status, content_type=metrics.CONTENT_TYPE.encode())


def _newest(transaction: Transaction) -> dict[ShopId, int]:
    return {shop_id: seq for shop_id, (_, seq) in events.heads(transaction).items()}


def _store(services: Services) -> tuple[Metric, ...]:
    writer = services.database.writer
    return (
        metrics.single("orderbell_writer_waiting", "Writes that wait for their turn.", writer.waiting),
        metrics.histogram("orderbell_commit_group", "Writes in one commit.", writer.groups),
        metrics.histogram("orderbell_commit_seconds", "How long a commit took.", writer.commit_s),
        metrics.counter("orderbell_commit_failures", "Commits that failed.", writer.failed),
    )


def _devices(devices: list[tuple[ShopId, Device]], heads: dict[ShopId, int]) -> Iterator[Metric]:
    """The numbers of devices by kind; figures by name only for a short list."""
    silent_us = to_us(now() - SILENT_AFTER)
    counted = Counter((device.kind.value, _state(device, silent_us)) for _, device in devices)
    yield metrics.labelled(
        "orderbell_devices", "Devices that are not revoked, and whether they are heard of.", ("kind", "state"), counted
    )
    if len(devices) > DEVICES_NAMED:
        return
    names = ("shop", "device")
    yield metrics.labelled(
        "orderbell_device_contact_timestamp_seconds",
        "When a device was last heard of.",
        names,
        {(shop, each.id): each.contact_us / 1e6 for shop, each in devices if each.contact_us is not None},
    )
    yield metrics.labelled(
        "orderbell_device_lag_events",
        "How many of its shop's events a device has not been told.",
        names,
        {(shop, each.id): max(0, heads[shop] - each.position) for shop, each in devices if each.position is not None},
    )


def _state(device: Device, silent_us: int) -> str:
    if device.contact_us is None:
        return "never"
    return "heard" if device.contact_us > silent_us else "silent"


def _security(services: Services) -> Iterator[Metric]:
    """Each kind exists from the beginning, so that a first failure is an increase."""
    failures = CounterMetricFamily(
        "orderbell_security_failures", "Sign-ins and the like that failed, since the process began.", labels=("event",)
    )
    for each in FAILURES:
        failures.add_metric((each,), services.security.failures[each])
    yield failures
    yield metrics.counter(
        "orderbell_too_many_tries",
        "Tries that were refused unseen after too many wrong ones.",
        services.security.too_many,
    )


def _backups(services: Services) -> tuple[Metric, ...]:
    """Nothing about the last backup where there is none: a time of 0 would be 1970."""
    failed = metrics.single(
        "orderbell_backup_failed", "Whether the last scheduled backup was not made.", bool(services.backups.problem)
    )
    last = services.backups.last
    if last is None:
        return (failed,)
    made_at = last.made_at.timestamp()
    return (
        failed,
        metrics.single("orderbell_backup_last_timestamp_seconds", "When the last backup was made.", made_at),
        metrics.single("orderbell_backup_last_bytes", "How large it is.", last.bytes),
    )


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.READY, ready, example_reply=examples.READINESS),
    Endpoint(routes.METRICS, figures),
)
