"""The drawer of this till: what is done at it is accepted here and sent by the engine, and shown as the server will
make it."""

from typing import Final

import msgspec

from core.client.errors import Conflict, NotFound, Refused, Unreachable
from core.client.http.api import SessionApi
from core.client.operations import Kind, Operation, drawer_queue, no_order
from core.client.storage.cache import Cache
from core.client.sync.engine import Engine
from core.client.sync.outbox import Outbox
from core.client.sync.own_rights import OwnRights
from core.client.sync.publisher import Publisher
from core.domain.acts import Act
from core.domain.drawers import (
    UNSENT_MOST,
    CloseDrawer,
    DrawerCommand,
    DrawerSession,
    OpenDrawer,
    applied,
    cash_of,
    opened,
    used_by,
)
from core.domain.errors import DomainError, IllegalMove
from core.domain.ids import DeviceId, OpId
from core.domain.menu import DrawerUse
from core.protocol.approval import claimed
from core.protocol.drawers import DrawerDetails, DrawerList, DrawerQuery
from core.protocol.route import Request

NO_DRAWER: Final = "Sign in at a POS: a drawer is a POS's."
NO_OWN_DRAWER: Final = "Open your own drawer first: cash of orders goes to the drawer of whoever takes it."


class OwnDrawer:
    """Made for one session of a person, and ended with it."""

    def __init__(
        self, api: SessionApi, cache: Cache, outbox: Outbox, publisher: Publisher, engine: Engine, rights: OwnRights
    ) -> None:
        self._api = api
        self._cache = cache
        self._outbox = outbox
        self._publisher = publisher
        self._engine = engine
        self._rights = rights

    @property
    def session(self) -> DrawerSession | None:
        """The session with which the person works here, as the server will have it; None before the first."""
        me = self._api.person.id
        return used_by((self._of(me), self._of("")), me, per_person=self._is_per_person)

    @property
    def needs_opening(self) -> bool:
        """Whether cash of an order has no drawer to go to: each person has one, and theirs is closed."""
        return self._is_per_person and bool(self._device) and not self.open_session

    @property
    def _is_per_person(self) -> bool:
        menu = self._cache.menu
        return menu is not None and menu.drawers is DrawerUse.PERSON

    def _of(self, owner: str) -> DrawerSession | None:
        """The newest session of the drawer of the POS, or of this `owner`'s there, as the server will have it."""
        session, waiting = self._publisher.drawer(self._device, owner)
        for operation in waiting:
            if operation.held or operation.sealed:
                break
            asked = operation.asked
            assert isinstance(asked, DrawerCommand)
            try:
                session = self._after(session, asked, operation)
            except DomainError:  # the server has done it already
                continue
        return session

    @property
    def open_session(self) -> str:
        """The id of the session that is open here; empty for none."""
        session = self.session if self._device else None
        return session.id if session is not None and session.is_open else ""

    def accept(self, kind: Kind, op_id: OpId, asked: DrawerCommand) -> DrawerSession:
        """Accept what was done at the drawer. Raises `Refused` and `Conflict` for what the server would refuse."""
        if not self._device:
            raise Refused(NO_DRAWER)
        if isinstance(asked, OpenDrawer):
            owner = self._api.person.id if self._is_per_person else ""
        else:
            owner = self._owner_of(asked.session)
        if self._outbox.find(op_id) is not None and (known := self._of(owner)) is not None:
            return known
        queue = drawer_queue(self._device, owner)
        if any(operation.held for operation in self._outbox.of(queue)):
            raise Refused("Decide first about what the server has refused: see what waits to be sent.")
        at = self._api.client.server_now()
        asked = msgspec.structs.replace(asked, moved_at_client=asked.moved_at_client or at)
        if isinstance(asked, OpenDrawer):
            asked = msgspec.structs.replace(asked, own=bool(owner))
        if isinstance(asked, CloseDrawer):
            unsent = (each.op_id for each in self._outbox.open() if not each.kind.is_of_drawer)
            asked = msgspec.structs.replace(asked, unsent=tuple(unsent)[:UNSENT_MOST])
        held = self._of(owner)
        self._rights.check_drawer(asked, held, op_id)
        try:
            session = self._after(held, asked, None)
        except IllegalMove as error:
            raise Conflict(error.message, order=None) from None
        except DomainError as error:
            raise Refused(error.message, field=error.field) from None
        self._outbox.accept(kind, op_id, queue, asked, no_order(queue, self._device, at), at)
        self._publisher.publish(queue)
        self._publisher.drawers_changed(session)
        self._engine.accepted()
        return session

    def sessions(self, request: Request[DrawerList]) -> DrawerList:
        """The server's list, with this till's own session as it will be; without a server that one alone."""
        query, own = request.query, self.session if self._device else None
        assert isinstance(query, DrawerQuery)
        menu = self._cache.menu
        try:
            found = self._api.call(request)
        except Unreachable:
            if own is None or query.device not in ("", self._device):
                raise
            return DrawerList(currency=menu.currency if menu is not None else "", sessions=(own,))
        if own is None or not self._waiting(own):
            return found
        others = tuple(each for each in found.sessions if each.id != own.id)
        return msgspec.structs.replace(found, sessions=(own, *others))

    def details(self, request: Request[DrawerDetails]) -> DrawerDetails:
        """The server's; for a session of this till what it will be, while something of it waits."""
        own = self._of(self._owner_of(request.parameter)) if self._device else None
        if own is None or own.id != request.parameter:
            return self._api.call(request)
        if not self._waiting(own):
            try:
                return self._api.call(request)
            except (Unreachable, NotFound):
                pass
        if not own.is_counted and not self._rights.may(Act.DRAWERS):
            return DrawerDetails(session=own, predicted=True)
        return DrawerDetails(session=own, cash=cash_of(own, self._outbox.cash_minor(own.id)), predicted=True)

    @property
    def _device(self) -> DeviceId:
        return DeviceId(self._api.session.device)

    def _waiting(self, session: DrawerSession) -> tuple[Operation, ...]:
        return self._outbox.of(drawer_queue(self._device, session.owner))

    def _owner_of(self, session_id: str) -> str:
        """The id of the owner of a session, also of another person's that the server has sent; empty for the POS's."""
        known = map(self._of, (self._api.person.id, ""))
        own = next((each for each in known if each is not None and each.id == session_id), None)
        session = own or self._cache.drawer_of(session_id, self._device)
        return session.owner if session is not None else ""

    def _after(self, session: DrawerSession | None, asked: DrawerCommand, operation: Operation | None) -> DrawerSession:
        at = self._api.client.server_now() if operation is None else operation.created_at
        by = self._api.person.name
        if isinstance(asked, OpenDrawer):
            return opened(session, asked, self._device, by, at, self._api.person.id if asked.own else "")
        claim = claimed(getattr(asked, "approval", ""))
        return applied(session, asked, by, at, claim.name if claim is not None else "")
