"""For staff: the drawer of the till that they are signed in at, and its reports; for admins those of all tills."""

from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from core.domain.acts import Act
from core.domain.drawers import (
    CloseDrawer,
    CountDrawer,
    DrawerAct,
    DrawerCommand,
    DrawerEntry,
    DrawerSession,
    MoveCash,
    OpenDrawer,
    applied,
    cash_of,
    moved_minor,
    needs_of_session,
    opened,
)
from core.domain.errors import IllegalMove
from core.domain.ids import DeviceId, DrawerSessionId, OpId
from core.domain.people import Principal
from core.domain.rights import needs_of
from core.instants import now, to_us
from core.protocol import routes
from core.protocol.drawers import (
    DrawerDetails,
    DrawerList,
    DrawerQuery,
    ReportCheck,
    ReportList,
    SignedReport,
    ZReport,
)
from core.protocol.events import DrawerChanged
from core.protocol.route import Nothing
from core.server.auth import rights
from core.server.drawers import chain, reports
from core.server.drawers.chain import Note
from core.server.endpoints.endpoint import AnyEndpoint, Call, Encoded, Endpoint
from core.server.endpoints.idempotency import operate
from core.server.health import presence
from core.server.http import problems
from core.store import drawers, events, shops, z_reports
from core.store.sql.statements import Transaction

C = TypeVar("C", bound=DrawerCommand)


async def act(call: Call[C, Nothing]) -> Encoded[DrawerSession]:
    """An act at the POS's own drawer."""
    device = call.principal.device_id
    if device is None:
        raise problems.forbidden()
    notes: list[Note] = []

    def work(transaction: Transaction) -> DrawerSession:
        notes.clear()
        session, note = _done(transaction, call, device)
        notes.extend(note)
        return session

    reply = await operate(call, work)
    await call.services.note_reports(notes)
    return reply


def _done(transaction: Transaction, call: Call[C, Nothing], device: DeviceId) -> tuple[DrawerSession, list[Note]]:
    asked, at = call.body, now()
    owner = call.principal.subject if isinstance(asked, OpenDrawer) and asked.own else ""
    if isinstance(asked, OpenDrawer):
        held = drawers.newest(transaction, call.principal.shop_id, device, owner)
    else:
        held = drawers.get(transaction, call.principal.shop_id, asked.session)
        held = held if held is not None and held.device == device else None
    needs = needs_of(asked, None, None, moved_minor=moved_minor(held, call.principal.name))
    needs += () if isinstance(asked, OpenDrawer) else needs_of_session(held, call.principal.subject)
    by = rights.check(transaction, call.principal, needs, asked.session)
    try:
        if isinstance(asked, OpenDrawer):
            if held is None or held.id != asked.session:
                _check_new(transaction, by, asked)
            session = opened(held, asked, device, by.name, at, owner)
        else:
            session = applied(held, asked, by.name, at, by.approver.name if by.approver else "")
    except IllegalMove as error:
        raise problems.not_allowed_now("drawer", error.message) from None
    drawers.append(transaction, session, by, OpId(call.key))
    notes = []
    if isinstance(asked, CloseDrawer):
        missing = reports.not_arrived(transaction, by.subject, asked.unsent)
        seen = presence.reports(transaction, by.shop_id, call.services.presence.seen())
        notes = [reports.z_report(transaction, by.shop_id, session, call.services.report_key, missing, seen)]
        number = z_reports.of_session(transaction, by.shop_id, session.id)[0].number
        session = msgspec.structs.replace(session, z_number=number)
    events.append(transaction, by.shop_id, None, to_us(at), DrawerChanged(session=session))
    return session, notes


def _check_new(transaction: Transaction, by: Principal, asked: OpenDrawer) -> None:
    if drawers.get(transaction, by.shop_id, asked.session) is not None:
        raise problems.exists("a session with this id", "session")


async def sessions(call: Call[Nothing, DrawerQuery]) -> DrawerList:
    shop_id = call.principal.shop_id

    def found(transaction: Transaction) -> DrawerList:
        till = _till(transaction, call)
        shop = shops.get(transaction, shop_id)
        currency = shop.currency if shop else ""
        person = _alone(transaction, call.principal)
        listed = () if till is None else drawers.listed(transaction, shop_id, till, call.query.limit, person)
        return DrawerList(currency=currency, sessions=tuple(listed))

    return await call.services.database.search(found)


async def details(call: Call[Nothing, Nothing]) -> DrawerDetails:
    def found(transaction: Transaction) -> DrawerDetails:
        session = _session(transaction, call)
        if not _may_know(transaction, call.principal, session):
            return DrawerDetails(session=session)
        shop_id = call.principal.shop_id
        left = drawers.left_before_minor(transaction, shop_id, session)
        return DrawerDetails(
            session=session, cash=cash_of(session, drawers.cash_minor(transaction, shop_id, session.id), left)
        )

    return await call.services.database.search(found)


async def x(call: Call[Nothing, Nothing]) -> SignedReport:
    def found(transaction: Transaction) -> SignedReport:
        session = _session(transaction, call)
        if not _may_know(transaction, call.principal, session):
            raise problems.not_allowed_now(
                "blind", "Count the drawer first. Who may see other people's drawers sees X at any time."
            )
        return SignedReport(report=reports.x_report(transaction, call.principal.shop_id, session))

    return await call.services.database.search(found)


async def z(call: Call[Nothing, DrawerQuery]) -> ReportList:
    shop_id = call.principal.shop_id

    def found(transaction: Transaction) -> ReportList:
        till = _till(transaction, call)
        kept = () if till is None else z_reports.listed(transaction, shop_id, till, call.query.limit)
        person = _alone(transaction, call.principal)
        reports = tuple(each.signed for each in kept)
        if person is not None:
            reports = tuple(each for each in reports if each.report.owner in ("", person))
        return ReportList(reports=reports)

    return await call.services.database.search(found)


async def verify(call: Call[Nothing, Nothing]) -> ReportCheck:
    services, shop_id = call.services, call.principal.shop_id
    return await services.database.search(
        lambda transaction: chain.check(transaction, shop_id, services.report_key, services.report_notes)
    )


def _till(transaction: Transaction, call: Call[Nothing, DrawerQuery]) -> str | None:
    """The drawers that may be seen: a POS's, or all of the shop (empty); None for none."""
    if rights.may(transaction, call.principal, Act.DRAWERS):
        return call.query.device
    return call.principal.device_id


def _alone(transaction: Transaction, by: Principal) -> str | None:
    """The person whose own drawers, and the tills', are all that they may see; None: they may see others' as well."""
    return None if rights.may(transaction, by, Act.DRAWERS) else by.subject


def _session(transaction: Transaction, call: Call[Nothing, Nothing]) -> DrawerSession:
    by = call.principal
    session = drawers.get(transaction, by.shop_id, call.parameter)
    is_theirs = session is not None and session.device == by.device_id and session.owner in ("", by.subject)
    if session is None or not (is_theirs or rights.may(transaction, by, Act.DRAWERS)):
        raise problems.not_found("drawer session")
    return session


def _may_know(transaction: Transaction, by: Principal, session: DrawerSession) -> bool:
    """Whether somebody may be told what should be in the drawer: until it was counted, who may see others' drawers."""
    return session.is_counted or rights.may(transaction, by, Act.DRAWERS)


_AT: Final = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
_ID: Final = DrawerSessionId("01920000-0000-7000-8000-000000000009")
_SESSION: Final = DrawerSession(
    id=_ID,
    device=DeviceId("POS1"),
    entries=(DrawerEntry(act=DrawerAct.OPENED, amount_minor=10_000, at=_AT, by="Kim"),),
)
_MOVE: Final = MoveCash(session=_ID, act=DrawerAct.PAID_OUT, amount_minor=1_250, reason="Flowers")
_X: Final = SignedReport(
    report=ZReport(
        shop="Corner Kitchen",
        device=DeviceId("POS1"),
        currency="EUR",
        session=_ID,
        opened_at=_AT,
        opened_by="Kim",
        made_at=_AT,
        business_date="2026-05-04",
        cash=cash_of(_SESSION, 0),
    )
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.OPEN_DRAWER, act, OpenDrawer(session=_ID, float_minor=10_000), _SESSION),
    Endpoint(routes.MOVE_CASH, act, _MOVE, _SESSION),
    Endpoint(routes.COUNT_DRAWER, act, CountDrawer(session=_ID, counted_minor=10_000), _SESSION),
    Endpoint(routes.CLOSE_DRAWER, act, CloseDrawer(session=_ID), _SESSION),
    Endpoint(routes.DRAWERS, sessions, example_reply=DrawerList(currency="EUR", sessions=(_SESSION,))),
    Endpoint(routes.DRAWER, details, example_reply=DrawerDetails(session=_SESSION)),
    Endpoint(routes.X_REPORT, x, example_reply=_X),
    Endpoint(routes.Z_REPORTS, z, example_reply=ReportList(reports=(_X,))),
    Endpoint(routes.VERIFY_REPORTS, verify, example_reply=ReportCheck(reports=12)),
)
