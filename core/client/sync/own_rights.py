"""The rights of the person who is signed in, as last received. The server judges."""

from datetime import datetime

from core.client.errors import NoRight
from core.client.http.api import SessionApi
from core.client.operations import Operation
from core.client.storage.cache import Cache
from core.domain import order_rules
from core.domain.acts import Act, Need
from core.domain.commands import Change, Command, NewOrder
from core.domain.drawers import DrawerCommand, DrawerSession, OpenDrawer, moved_minor, needs_of_session
from core.domain.errors import DomainError
from core.domain.held_baskets import BasketCommand
from core.domain.ids import OpId
from core.domain.order import Order
from core.domain.people import Role
from core.domain.rights import Rights, lacking, may, needs_of, rights_of
from core.domain.sale.business_day import today_began
from core.instants import zone


class OwnRights:
    """Made for one session of a person, and ended with it."""

    def __init__(self, api: SessionApi, cache: Cache) -> None:
        self._api = api
        self._cache = cache

    @property
    def rights(self) -> Rights:
        return rights_of(self._cache.roles, self._api.person.role)

    def may(self, act: Act) -> bool:
        return may(self.rights, Need(act))

    def check(self, asked: Command, before: Order | None, after: Order | None, *, op_id: OpId, about: str) -> None:
        """Raises `NoRight` for what the server would refuse, unless somebody has allowed it. `before` and `after`: as
        in `needs_of`."""
        if getattr(asked, "approval", "") or not self._api.person.role.is_staff:
            return
        needs = needs_of(asked, before, after, is_past=before is not None and self._is_past(before))
        self._check(needs, op_id, about)

    def check_drawer(self, asked: DrawerCommand, session: DrawerSession | None, op_id: OpId) -> None:
        """The same of what is done at this till's drawer. `session`: as it is before."""
        if not getattr(asked, "approval", ""):
            self._check(self._needs_of_drawer(asked, session), op_id, asked.session)

    def _check(self, needs: tuple[Need, ...], op_id: OpId, about: str) -> None:
        if missing := lacking(self.rights, needs):
            raise NoRight(missing, op_id=op_id, about=about)

    def check_act(self, act: Act, *, op_id: OpId, about: str) -> None:
        """Raises `NoRight` for what the person's role may not do."""
        self._check((Need(act),), op_id, about)

    def _needs_of_drawer(self, asked: DrawerCommand, session: DrawerSession | None) -> tuple[Need, ...]:
        person = self._api.person
        of_another = () if isinstance(asked, OpenDrawer) else needs_of_session(session, person.id)
        return (*needs_of(asked, None, None, moved_minor=moved_minor(session, person.name)), *of_another)

    def missing(self, operation: Operation) -> NoRight:
        """The rights that an operation lacks, which the server has refused for it: those known to be missing, or else
        all that it needs."""
        asked = operation.asked
        if isinstance(asked, BasketCommand):
            return NoRight(())
        if isinstance(asked, DrawerCommand):
            session = self._cache.drawer_of(asked.session, self._api.session.device)
            return self._no_right(operation, self._needs_of_drawer(asked, session), asked.session)
        order = self._cache.get(operation.order_id) or operation.theirs or operation.seen
        if isinstance(asked, NewOrder):
            return self._no_right(operation, needs_of(asked, None, operation.seen), operation.order_id)
        after = operation.made or self._after(order, asked, operation.created_at)
        needs = needs_of(asked, order, after, is_past=self._is_past(order))
        return self._no_right(operation, needs, operation.order_id)

    def _no_right(self, operation: Operation, needs: tuple[Need, ...], about: str) -> NoRight:
        return NoRight(lacking(self.rights, needs) or needs, op_id=operation.op_id, about=about)

    @staticmethod
    def _after(order: Order, asked: Change, at: datetime) -> Order:
        try:
            return order_rules.change(order, asked, Role.CASHIER, at)
        except DomainError:
            return order

    def _is_past(self, order: Order) -> bool:
        menu = self._cache.menu
        where = zone(menu.time_zone) if menu is not None and menu.time_zone else None
        if order.status.is_open or where is None:
            return False
        return order.placed_at < today_began(self._api.client.server_now(), where)
