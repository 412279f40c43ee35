"""For whoever looks after the server: whether to send it requests, and how it does."""

import logging
from typing import Final

from prometheus_client.core import Metric

from core.protocol.replies import Readiness
from core.server import examples, metrics, openapi, problems
from core.server.endpoint import AnyEndpoint, Call, Encoded, Endpoint, Nothing, Who
from core.server.services import Services
from core.store import events, migrate

log = logging.getLogger(__name__)


async def ready(call: Call[Nothing, Nothing]) -> Readiness:
    """A backup that was not made is no reason to close the shop, so it is a warning."""
    services = call.services
    reasons = [] if services.database.writer.is_alive else ["It takes no writes."]
    try:
        held = await services.database.read(migrate.held)
    except Exception:
        log.exception("the database does not answer")
        reasons.append("The database does not answer.")
    else:
        if held != migrate.head():
            reasons.append(f"The database has the schema {held}, and this server is made for {migrate.head()}.")
    if reasons:
        log.warning("not ready: %s", " ".join(reasons))
        raise problems.not_ready(reasons)
    warnings = ("The last backup was not made.",) if services.backups.problem else ()
    return Readiness(status="ready", version=openapi.VERSION, warnings=warnings)


async def figures(call: Call[Nothing, Nothing]) -> Encoded[str]:
    found = [*_store(call.services), *_backups(call.services)]
    try:
        heads = await call.services.database.read(events.heads)
    except Exception:
        log.exception("the database does not answer")
        found.append(metrics.single("orderbell_database_up", "Whether the database answers.", 0))
    else:
        found.append(metrics.single("orderbell_database_up", "Whether the database answers.", 1))
        found.append(metrics.gauge("orderbell_events_head", "The newest event of each shop.", "shop", heads))
    body = call.services.metrics.exposition(*found)
    return Encoded(body, call.status, content_type=metrics.CONTENT_TYPE.encode())


def _store(services: Services) -> tuple[Metric, ...]:
    writer = services.database.writer
    return (
        metrics.single("orderbell_writer_waiting", "Writes that wait for their turn.", writer.waiting),
        metrics.histogram("orderbell_commit_group", "Writes in one commit.", writer.groups),
        metrics.histogram("orderbell_commit_seconds", "How long a commit took.", writer.commit_s),
        metrics.counter("orderbell_commit_failures", "Commits that failed.", writer.failed),
    )


def _backups(services: Services) -> tuple[Metric, ...]:
    """Nothing about a last one where there is none yet: a time of 0 would be 1970."""
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
    Endpoint(
        method="GET",
        path="/readyz",
        who=Who.PUBLIC,
        summary="Whether to send it requests: its database answers, has the right schema, and is written to",
        handler=ready,
        body=Nothing,
        query=Nothing,
        reply=Readiness,
        example_reply=examples.READINESS,
        refusals=(503,),
    ),
    Endpoint(
        method="GET",
        path="/metrics",
        who=Who.OPERATOR,
        summary="Figures for Prometheus, of the whole backend",
        handler=figures,
        body=Nothing,
        query=Nothing,
        reply=str,
        content_type="text/plain",
    ),
)
