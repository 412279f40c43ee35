"""The calls of one session in a window with an outbox: changes of orders are accepted and predicted here, reads are the
server's answer or cached data.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec

from core.client.errors import ORDER_CHANGED, Conflict, NotFound, PriceChanged, Refused, Unreachable
from core.client.http.api import SessionApi
from core.client.operations import KINDS, Kind
from core.client.storage.cache import Cache, menu_after
from core.client.sync.baskets import SharedBaskets
from core.client.sync.drawer import NO_OWN_DRAWER, OwnDrawer
from core.client.sync.engine import Engine
from core.client.sync.outbox import Outbox
from core.client.sync.own_rights import OwnRights
from core.client.sync.search import KeptDetails, find, is_kept
from core.client.sync.synchronizer import Synchronizer
from core.client.sync.transport import Transport
from core.domain import order_rules
from core.domain.amendment import difference_minor
from core.domain.coins import NO_COINS, Coins
from core.domain.commands import AmendOrder, AskChange, Change, MoneyChange, NewOrder, PlaceOrder, TakeOrder
from core.domain.drawers import DrawerCommand, DrawerSession, cash_held_minor
from core.domain.errors import DomainError, IllegalMove
from core.domain.held_baskets import BasketCommand, HeldBasket
from core.domain.ids import CustomerId, ItemId, OpId, OrderId, ShopId, new_order_id
from core.domain.menu import Menu
from core.domain.order import Order
from core.domain.payment import check_tenders_of
from core.domain.people import Customer
from core.domain.pictures import picture_id
from core.domain.refund import rounding_between
from core.domain.status import status_info
from core.domain.tenders import TENDERS, in_drawer
from core.protocol import routes
from core.protocol.events import MenuChanged
from core.protocol.pictures import Picture
from core.protocol.replies import Availability, CustomerList, OrderDetails, OrderPage, StaffOrderPage, StatusReport
from core.protocol.requests import ChangeAvailability, OrderQuery
from core.protocol.route import AnyRoute, Offline, R, Request

P = TypeVar("P", bound=OrderPage)


class Calls:
    """Made for one session, and ended with it."""

    def __init__(
        self,
        api: SessionApi,
        cache: Cache,
        outbox: Outbox,
        transport: Transport,
        sync: Synchronizer,
        engine: Engine,
    ) -> None:
        self._api = api
        self._cache = cache
        self._outbox = outbox
        self._transport = transport
        self._publisher = sync.publisher
        self._engine = engine
        self.rights = OwnRights(api, cache)
        self._drawer = OwnDrawer(api, cache, outbox, sync.publisher, engine, self.rights)
        self._baskets = SharedBaskets(api, outbox, sync, engine)
        self._answers: dict[AnyRoute, Callable[[Any], Any]] = {
            routes.MENU: lambda _request: self._menu(),
            routes.PICTURE: self._picture,
            routes.HISTORY: self._cached,
            routes.ORDERS: self._orders,
            routes.ORDER: self._order,
            routes.DETAILS: self._details,
            routes.ORDER_STATUS: self._status,
            routes.CUSTOMERS: self._found_customers,
            routes.SET_AVAILABLE: self._set_available,
            routes.REPLACE_MENU: self._replace_menu,
            routes.DRAWERS: self._drawer.sessions,
            routes.DRAWER: self._drawer.details,
        }
        """The routes whose answer is more than the server's."""
        self._customers: dict[CustomerId, Customer] = {}
        """The known customers that were found in this session; in memory only."""

    def call(self, request: Request[R]) -> R:
        """The answer. Raises `ClientError`: `Unreachable` without a server, unless the route's `offline` is `OUTBOX` or
        `KEPT`; `Refused` and `Conflict` for what the server would refuse."""
        answer: Callable[[Request[R]], R] = self._answers.get(request.route, self._api.call)
        return self._accept(request) if request.route.offline is Offline.OUTBOX else answer(request)

    @property
    def drawer(self) -> DrawerSession | None:
        """As `OwnDrawer.session`."""
        return self._drawer.session

    # -- changes: accepted here, sent by the engine

    def _accept(self, request: Request[Any]) -> Any:
        kind, asked = KINDS[request.route], request.body
        if isinstance(asked, DrawerCommand):
            return self._drawer.accept(kind, request.op_id, asked)
        if isinstance(asked, BasketCommand):
            return self._take_in_hand(self._baskets.accept(kind, request, asked))
        if isinstance(asked, TakeOrder | MoneyChange | AmendOrder):
            asked = msgspec.structs.replace(asked, drawer=asked.drawer or self._drawer.open_session)
        if isinstance(asked, NewOrder):
            return self._accept_new(kind, request.op_id, asked)
        assert isinstance(asked, Change)
        return self._change(kind, request.op_id, OrderId(request.parameter), asked)

    def _change(self, kind: Kind, op_id: OpId, order_id: OrderId, asked: Change) -> Order:
        """Accept a change that the server will accept too, by prediction. One that changes nothing is not sent."""
        row = self.row(order_id)
        at = self._api.client.server_now()
        offer = None
        asked = msgspec.structs.replace(asked, moved_at_client=asked.moved_at_client or at)
        if isinstance(asked, AmendOrder | AskChange):
            menu = self._cache.menu or self._menu()
            offer = offer_of(menu)
        if isinstance(asked, AmendOrder):
            asked = msgspec.structs.replace(asked, menu_version=asked.menu_version or menu.version)
        with _refusing(row):
            coins = NO_COINS
            if isinstance(asked, MoneyChange) and (held := self._cache.menu) is not None:
                self._check_tenders(asked, held)
                coins = Coins.of(held.tenders, held.roundings)
                asked = coins.rounded(row, asked)
            after = order_rules.change(row, asked, self._api.person.role.acts_as, at, offer=offer, coins=coins)
        if after is row:
            return row
        if isinstance(asked, AmendOrder) and asked.rounding is None and difference_minor(row, after) < 0:
            asked = msgspec.structs.replace(asked, rounding=rounding_between(row, after))
        self._check_drawer(after, row)
        self.rights.check(asked, row, after, op_id=op_id, about=row.id)
        self._outbox.accept(kind, op_id, row.id, asked, row, at, made=after if offer is not None else None)
        shown = self._publisher.update_of(row.id).shown
        self._nudge(row.id)
        return shown or row

    def amended(self, order_id: OrderId, asked: AmendOrder) -> tuple[Order, Order]:
        """The order, and what this amendment makes of it by this window's prediction. Raises `ClientError`."""
        row, menu = self.row(order_id), self._cache.menu or self._menu()
        with _refusing(row):
            role, at = self._api.person.role.acts_as, self._api.client.server_now()
            return row, order_rules.change(row, asked, role, at, offer=offer_of(menu))

    def _check_drawer(self, after: Order, before: Order | None = None) -> None:
        """Raises `Refused` for an order's cash where each person has a drawer, and this one's is closed."""
        if not self._drawer.needs_opening:
            return
        then, now = (cash_held_minor(each, self._outbox.in_drawer) if each else 0 for each in (before, after))
        if then != now:
            raise Refused(NO_OWN_DRAWER)

    def _check_tenders(self, asked: NewOrder | Change, menu: Menu) -> None:
        """By the shop's tenders, as far as this window knows them. Raises `InvalidOrder`."""
        self._outbox.in_drawer = in_drawer(menu.tenders)
        check_tenders_of(asked, menu.tenders or TENDERS)

    def _accept_new(self, kind: Kind, op_id: OpId, asked: NewOrder) -> Order:
        """The predicted new order, at the prices of the cached menu, which are requested from the server. At the
        counter it has a number of this till's own series, with or without a server."""
        at = self._api.client.server_now()
        order_id = asked.id or new_order_id()
        menu = self._cache.menu or self._menu()
        # The server will accept it after all orders that it has, even if this machine's clock is behind.
        newest = self._cache.newest_placed_at
        offer = offer_of(menu)
        number = asked.number if isinstance(asked, TakeOrder) else ""
        with _refusing(None):
            self._check_tenders(asked, menu)
            made = order_rules.place(
                asked,
                offer,
                self._customer(asked),
                order_id=order_id,
                number=number,
                at=at if newest is None else max(at, newest),
            )
        self._check_drawer(made)
        self.rights.check(asked, None, made, op_id=op_id, about=order_id)
        asked = msgspec.structs.replace(asked, id=order_id, placed_at_client=asked.placed_at_client or at)
        series = ""
        if isinstance(asked, TakeOrder):
            asked = msgspec.structs.replace(asked, menu_version=asked.menu_version or menu.version)
            series = "" if number else self._api.session.device
        else:
            asked = msgspec.structs.replace(asked, expected_total_minor=made.total_minor)
        operation = self._outbox.accept(kind, op_id, order_id, asked, made, at, series=series)
        self._nudge(operation.order_id)
        if isinstance(asked, TakeOrder) and asked.basket:
            self._publisher.baskets_changed()
        return operation.seen

    def _take_in_hand(self, basket: HeldBasket) -> HeldBasket:
        """An order of it is predicted with the name and number of its customer."""
        if basket.customer_id is not None:
            known = Customer(id=basket.customer_id, name=basket.customer_name, phone=basket.customer_phone)
            self._customers.setdefault(known.id, known)
        return basket

    def _customer(self, asked: NewOrder) -> Customer | None:
        """The customer of a new order, as far as this window knows: at the counter, as they were last found."""
        if isinstance(asked, PlaceOrder):
            person = self._api.person
            return Customer(id=CustomerId(person.id), name=person.name, phone=person.phone)
        if asked.customer_id is None:
            return None
        return self._customers.get(asked.customer_id) or Customer(id=asked.customer_id, name="")

    def _nudge(self, order_id: OrderId) -> None:
        self._publisher.publish(order_id)
        self._engine.accepted()

    # -- the menu

    def _menu(self) -> Menu:
        """The server's menu. Without a server raises `Unreachable`; the cached menu was published to the listener."""
        return self._publisher.menu_read(self._api.call(routes.MENU()))

    def _set_available(self, request: Request[Availability]) -> Availability:
        reply, asked = self._api.call(request), request.body
        assert isinstance(asked, ChangeAvailability)
        happened = MenuChanged(version=reply.version, item_id=ItemId(request.parameter), available=asked.available)
        self._publisher.menu_changed(partial(menu_after, event=happened))
        return reply

    def _replace_menu(self, request: Request[Menu]) -> Menu:
        menu = self._api.call(request)
        self._publisher.menu_changed(lambda _held: menu)
        return menu

    # -- reads: the server's answer, or cached data

    def _picture(self, request: Request[Picture]) -> Picture:
        """A picture never changes: what was fetched once is not asked for again. Raises `Refused` for one that is not
        what it is called."""
        held = self._cache.picture(request.parameter)
        if held is not None:
            return Picture(held)
        picture = self._api.call(request)
        if picture_id(picture.content) != request.parameter:
            raise Refused("The picture is damaged.")
        self._cache.put_picture(request.parameter, picture.content)
        return picture

    def _found_customers(self, request: Request[CustomerList]) -> CustomerList:
        """The server's answer; a new order for one of them is predicted with their name and number."""
        reply = self._api.call(request)
        self._customers |= {each.id: each for each in reply.customers}
        return reply

    def _cached(self, request: Request[P]) -> P:
        """The server's page. Without a server raises `Unreachable`; cached orders were published to the listener."""
        page = self._api.call(request)
        self._cache.put(page.orders)
        return page

    def _orders(self, request: Request[StaffOrderPage]) -> StaffOrderPage:
        """The order board's list is the server's or `Unreachable`, as for a history; a search without a server finds
        cached orders, a `KeptPage`. Further pages come from the source of the first."""
        query, why = request.query, None
        assert isinstance(query, OrderQuery)
        if not is_kept(query.cursor):
            try:
                return self._cached(request)
            except Unreachable as error:
                if query.open or query.cursor or query.asks_the_ledger:
                    raise
                why = error
        shown = (update.shown for update in self._publisher.everything().updates)
        return find([order for order in shown if order is not None], query, why)

    def _order(self, request: Request[Order]) -> Order:
        try:
            return self._held(self._api.call(request))
        except Unreachable:
            return self.row(OrderId(request.parameter))

    def _details(self, request: Request[OrderDetails]) -> OrderDetails:
        """The server's, or `KeptDetails` when the server cannot be asked or does not know the order yet."""
        try:
            details = self._api.call(request)
            return msgspec.structs.replace(details, order=self._held(details.order))
        except (Unreachable, NotFound) as error:
            why = error if isinstance(error, Unreachable) else None
            return KeptDetails(order=self.row(OrderId(request.parameter)), history=(), why=why)

    def _status(self, request: Request[StatusReport]) -> StatusReport:
        """The server's, or `Unreachable`, as for a history. For an order that it does not know yet, the local one."""
        try:
            return self._api.call(request)
        except NotFound:
            row = self.row(OrderId(request.parameter))
            return StatusReport(
                order_id=row.id,
                number=row.number,
                status=row.status,
                version=row.version,
                updated_at=row.updated_at,
                status_info=status_info(row.status, row.fulfilment),
                history=(),
            )

    def row(self, order_id: OrderId) -> Order:
        """The order as shown. Raises `NotFound`, and `Refused` while an operation of it waits for a decision."""
        update = self._publisher.update_of(order_id)
        if any(operation.held for operation in update.operations):
            raise Refused("Decide about the change that is in conflict first.")
        row = update.shown
        return self._held(self._transport.order(order_id)) if row is None else row

    def _held(self, order: Order) -> Order:
        """Cache an order that is shown, so that it can be changed without a server."""
        self._cache.put([order])
        return order


def offer_of(menu: Menu) -> order_rules.Offer:
    """The offer of a shop with this menu."""
    coins = Coins.of(menu.tenders, menu.roundings)
    return order_rules.Offer(
        *(ShopId(""), menu.terms, menu.items(), menu.country, coins, menu.version, menu.changes_until),
        services=menu.services,
    )


@contextlib.contextmanager
def _refusing(row: Order | None) -> Iterator[None]:
    """Raise what the rules refuse as the server would."""
    try:
        yield
    except order_rules.PriceChanged as error:
        raise PriceChanged(error.message, order=error.order) from None
    except (order_rules.Stale, IllegalMove) as error:
        title = ORDER_CHANGED if isinstance(error, order_rules.Stale) else ""
        raise Conflict(error.message, order=row, title=title) from None
    except DomainError as error:
        raise Refused(error.message, field=error.field) from None
