"""The fake backend's answers: a function for each route, from a request as the server decodes it to the reply."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from core import sealing
from core.client.errors import Conflict, MenuMoved, NoRight, NotFound, Refused, SignedOut
from core.domain.acts import Act, Need
from core.domain.amendment import changes_of
from core.domain.commands import TakeOrder
from core.domain.credentials import TooCommon, check_password
from core.domain.drawers import DrawerSession, cash_of
from core.domain.held_baskets import HeldBasket
from core.domain.ids import CustomerId, ItemId, OpId, OrderId, StaffId
from core.domain.menu import Menu, as_meant, check_menu
from core.domain.order import Channel, Order
from core.domain.people import Customer, Person, Role
from core.domain.pictures import check_picture, picture_id
from core.domain.rights import lacking, rights_of
from core.domain.status import status_info
from core.protocol import routes
from core.protocol.devices import DeviceList
from core.protocol.drawers import DrawerDetails, DrawerList, ReportList, SignedReport
from core.protocol.feed import EventPage, Snapshot
from core.protocol.pictures import KeptPicture, Picture
from core.protocol.replies import (
    Availability,
    CustomerList,
    OrderDetails,
    OrderPage,
    StaffOrderPage,
    StatusReport,
    Tokens,
)
from core.protocol.reports import SalesReport
from core.protocol.requests import OrderQuery, SignUp, StaffSignIn
from core.protocol.rights import ApproverList, Enrolment, GivenApproval, RoleList
from core.protocol.route import AnyRoute
from core.protocol.sealed import OpenedOperation, OpenedOperations, context, sign_out_context
from core.protocol.security import ExportNote
from tests.support.fake_backend import PUBLIC_KEY, SEALING_KEY, SHOP, FakeBackend, Session


class Asked(msgspec.Struct, frozen=True):
    """A decoded request and its session."""

    backend: FakeBackend
    session: Session | None
    token: str
    op_id: OpId
    subject: str
    """The value of the path's parameter; empty for none."""
    content: Any
    """The decoded body or query."""
    raw: bytes

    @property
    def me(self) -> Person:
        assert self.session is not None, "the route is for whoever is signed in"
        return self.session.person

    @property
    def device(self) -> str:
        return self.session.device if self.session is not None else ""

    @property
    def customer_id(self) -> CustomerId | None:
        """The customer whose orders and events may be seen; None for staff, who see all."""
        return CustomerId(self.me.id) if self.me.role is Role.CUSTOMER else None

    def order(self) -> Order:
        """The order named in the path. Raises `NotFound` for one that the caller may not see."""
        order = self.backend.orders.get(OrderId(self.subject))
        if order is None or not self.backend.sees(self.customer_id, order.customer_id):
            raise NotFound("There is no such order.")
        return order


def _tokens(asked: Asked, person: Person, device: str = "") -> Tokens:
    backend = asked.backend
    token = f"access-{len(backend.calls)}-{sum(backend.calls.values())}"
    backend.sessions[token] = Session(person, device)
    return Tokens(
        access_token=token,
        refresh_token=f"refresh-{token}",
        expires_in_s=600,
        person=person,
        shop=SHOP,
        shop_name=backend.menu.shop_name,
        device=device,
        series_last=backend.counters.get(device, 0) if device else None,
        sealing_key=PUBLIC_KEY,
    )


def _sign_up(asked: Asked) -> Tokens:
    wanted: SignUp = asked.content
    try:
        check_password(wanted.password, wanted.name, wanted.phone, wanted.email or "")
    except TooCommon as error:
        raise Refused(error.message, field=error.field) from None
    if wanted.phone in asked.backend.customers:
        raise Conflict("This phone number already has an account.", order=None)
    return _tokens(asked, _person(asked.backend.add_customer(wanted.name, wanted.phone, wanted.password)))


def _sign_in(asked: Asked) -> Tokens:
    customer, password = asked.backend.customers.get(asked.content.login, (None, ""))
    if customer is None or password != asked.content.password:
        raise SignedOut("The phone number, e-mail address or password is wrong.")
    return _tokens(asked, _person(customer))


def _person(customer: Customer) -> Person:
    return Person(id=customer.id, role=Role.CUSTOMER, name=customer.name, phone=customer.phone)


def _staff_sign_in(asked: Asked) -> Tokens:
    wanted: StaffSignIn = asked.content
    pin, role = asked.backend.staff.get(wanted.staff, ("", Role.CASHIER))
    if not pin or pin != wanted.pin:
        raise SignedOut("The name or the PIN is wrong.")
    return _tokens(asked, Person(id=f"staff-{wanted.staff}", role=role, name=wanted.staff), wanted.device)


def _refresh(asked: Asked) -> Tokens:
    session = asked.backend.sessions.pop(asked.content.refresh_token.removeprefix("refresh-"), None)
    if session is None:
        raise SignedOut("The session is over.")
    return _tokens(asked, session.person, session.device)


def _sign_out(asked: Asked) -> None:
    asked.backend.sessions.pop(asked.token, None)


def _menu(asked: Asked) -> Menu:
    return asked.backend.menu


def _set_available(asked: Asked) -> Availability:
    item_id = ItemId(asked.subject)
    if item_id not in asked.backend.menu.items():
        raise NotFound("There is no such item on the menu.")
    menu = asked.backend.sell(item_id, asked.content.available)
    return Availability(item_id=item_id, available=asked.content.available, version=menu.version)


def _keep_picture(asked: Asked) -> KeptPicture:
    check_picture(asked.content.content)
    name = picture_id(asked.content.content)
    asked.backend.pictures[name] = asked.content.content
    return KeptPicture(name)


def _picture(asked: Asked) -> Picture:
    if asked.subject not in asked.backend.pictures:
        raise NotFound("There is no such picture.")
    return Picture(asked.backend.pictures[asked.subject])


def _replace_menu(asked: Asked) -> Menu:
    if asked.content.version != asked.backend.menu.version:
        raise MenuMoved("Somebody else has changed it meanwhile.", asked.backend.menu)
    check_menu(asked.content.categories)
    backend = asked.backend
    return backend.change_menu(as_meant(asked.content.categories, backend.menu.categories))


def _place(asked: Asked) -> tuple[Order, str]:
    me = asked.me
    known = Customer(id=CustomerId(me.id), name=me.name, phone=me.phone)
    return _once(asked, lambda: asked.backend.add_order(asked.content, known))


def _take(asked: Asked) -> tuple[Order, str]:
    wanted: TakeOrder = asked.content
    known = next((c for c, _password in asked.backend.customers.values() if c.id == wanted.customer_id), None)
    if wanted.customer_id is not None and known is None:
        raise Refused("There is no such customer.", field="customer_id")
    return _once(asked, lambda: asked.backend.add_order(wanted, known, asked.device))


def _change(asked: Asked) -> tuple[Order, str]:
    me, order = asked.me, asked.order()
    return _once(asked, lambda: asked.backend.change(order, asked.content, me.role.acts_as, me.name, asked.device))


def _once(asked: Asked, effect: Callable[[], Order]) -> tuple[Order, str]:
    if asked.backend.needs_approval and getattr(asked.content, "approval", None) == "":
        raise NoRight(())
    order, outcome = asked.backend.once(asked.me.id, asked.op_id, (asked.subject, asked.raw), effect)
    return order, outcome.value


def _basket(asked: Asked) -> tuple[HeldBasket, str]:
    def done() -> HeldBasket:
        return asked.backend.with_basket(asked.subject, asked.content, asked.device, asked.me.name)

    basket, outcome = asked.backend.once(asked.me.id, asked.op_id, (asked.subject, asked.raw), done)
    return basket, outcome.value


def _history(asked: Asked) -> OrderPage:
    mine = [order for order in _newest_first(asked) if order.customer_id == asked.me.id]
    return _page(mine, asked.content.cursor, asked.content.limit)


def _orders(asked: Asked) -> StaffOrderPage:
    query: OrderQuery = asked.content
    found = query.finds(_newest_first(asked))
    page = _page(found[::-1] if query.open else found, query.cursor, query.limit)
    taken = [order for order in page.orders if query.cashiers and order.channel is Channel.COUNTER]
    cashiers = {order.id: asked.backend.history[order.id][0].by for order in taken}
    return StaffOrderPage(**msgspec.structs.asdict(page), cashiers=cashiers)


def _newest_first(asked: Asked) -> list[Order]:
    return sorted(asked.backend.orders.values(), key=lambda order: (order.placed_at, order.id), reverse=True)


def _page(orders: list[Order], cursor: str, limit: int) -> OrderPage:
    start = int(cursor or 0)
    page = orders[start : start + limit]
    end = start + len(page)
    return OrderPage(orders=tuple(page), total=len(orders), next_cursor=str(end) if end < len(orders) else None)


def _status(asked: Asked) -> StatusReport:
    order = asked.order()
    return StatusReport(
        order_id=order.id,
        number=order.number,
        status=order.status,
        version=order.version,
        updated_at=order.updated_at,
        status_info=status_info(order.status, order.fulfilment),
        history=tuple(asked.backend.history[order.id]),
        changed=changes_of(asked.backend.amendments.get(order.id, ()), order) if order.amendments else (),
    )


def _details(asked: Asked) -> OrderDetails:
    order = asked.order()
    return OrderDetails(
        order=order,
        history=tuple(asked.backend.history[order.id]),
        payments=tuple(asked.backend.payments[order.id]),
        amendments=tuple(asked.backend.amendments.get(order.id, ())),
        requests=tuple(asked.backend.requests.get(order.id, ())),
    )


def _customers(asked: Asked) -> CustomerList:
    known = [customer for customer, _password in asked.backend.customers.values()]
    sought = asked.content.q
    words, number = " ".join(sought.split()).casefold(), "".join(filter(str.isdecimal, sought))
    if any(map(str.isalpha, words)):
        found = [each for each in known if f"{each.name.casefold()} ".startswith(f"{words} ")]
    else:
        found = [each for each in known if number and number == "".join(filter(str.isdecimal, each.phone))]
    return CustomerList(customers=tuple(found))


def _note_export(asked: Asked) -> ExportNote:
    asked.backend.exports.append(asked.content)
    noted: ExportNote = asked.content
    return noted


def _devices(asked: Asked) -> DeviceList:
    return DeviceList(devices=tuple(asked.backend.devices))


def _events(asked: Asked) -> EventPage:
    return asked.backend.page(asked.content, asked.customer_id)


def _snapshot(asked: Asked) -> Snapshot:
    return asked.backend.snapshot(asked.customer_id, asked.device, who=asked.me.id)


def _sales(asked: Asked) -> SalesReport:
    if asked.me.role is not Role.ADMIN:
        raise Refused("Only an admin may do that.")
    return asked.backend.report(asked.content)


def _at_drawer(asked: Asked) -> tuple[DrawerSession, str]:
    backend = asked.backend
    session, outcome = backend.once(
        asked.me.id,
        asked.op_id,
        (asked.subject, asked.raw),
        lambda: backend.at_drawer(asked.content, asked.device, asked.me.name, asked.me.id),
    )
    return session, outcome.value


def _drawers(asked: Asked) -> DrawerList:
    backend = asked.backend
    found = list(backend.drawers.values())
    if asked.me.role is not Role.ADMIN:
        found = [each for each in found if each.device == asked.device and each.owner in ("", asked.me.id)]
    return DrawerList(currency=backend.menu.currency, sessions=tuple(found))


def _drawer(asked: Asked) -> DrawerDetails:
    session = next((each for each in asked.backend.drawers.values() if each.id == asked.subject), None)
    if session is None:
        raise NotFound("There is no such drawer session.")
    told = session.is_counted or asked.me.role is Role.ADMIN
    return DrawerDetails(session=session, cash=cash_of(session, 0) if told else None)


def _x(asked: Asked) -> SignedReport:
    return asked.backend.drawer_report(_drawer(asked).session, 0)


def _z(asked: Asked) -> ReportList:
    return ReportList(reports=tuple(asked.backend.z_reports))


def _change_role(asked: Asked) -> RoleList:
    if asked.me.role is not Role.ADMIN:
        raise Refused("Only an admin may do that.")
    asked.backend.allow(Role(asked.subject), *asked.content.rights)
    return RoleList(roles=asked.backend.roles)


def _approvers(asked: Asked) -> ApproverList:
    needs = [Need(act) for act in asked.content.act]
    may = {each.role for each in asked.backend.roles if each.role is not Role.ADMIN and not lacking(each.rights, needs)}
    names = (name for name, (_pin, role) in asked.backend.staff.items() if role in may and name != asked.me.name)
    return ApproverList(names=tuple(sorted(names)))


def _approve(asked: Asked) -> GivenApproval:
    pin, role = asked.backend.staff.get(asked.content.staff, ("", Role.CASHIER))
    if not pin or pin != asked.content.pin:
        raise Refused("The name or the PIN is wrong.", field="pin")
    if missing := lacking(rights_of(asked.backend.roles, role), asked.content.needs):
        raise NoRight(missing)
    asked.backend.approvals.append(asked.content)
    return GivenApproval(approval=f"{asked.content.operation} by {asked.content.staff}", by=asked.content.staff)


def _enrol(asked: Asked) -> Enrolment:
    _pin, role = asked.backend.staff[asked.content.staff]
    if Act.ALLOW_OFFLINE not in {each.act for each in rights_of(asked.backend.roles, role)}:
        raise NoRight((Need(Act.ALLOW_OFFLINE),))
    name = asked.content.staff
    return Enrolment(staff=StaffId(name), name=name, role=role, key=f"{asked.device:0>64}".encode().hex()[:64])


def _open_sealed(asked: Asked) -> OpenedOperations:
    opened = []
    for each in asked.content.operations:
        try:
            content = sealing.open_sealed(each.content, SEALING_KEY, context(asked.me.id, SHOP, each.op_id))
        except sealing.CannotOpen:
            content = None
        opened.append(OpenedOperation(each.op_id, content))
    return OpenedOperations(tuple(opened))


def _sealed_sign_out(asked: Asked) -> None:
    named = sealing.open_sealed(asked.content.content, SEALING_KEY, sign_out_context(SHOP)).decode()
    asked.backend.sessions.pop(named.removeprefix("refresh-"), None)


CALLS: Final[Mapping[str, tuple[AnyRoute, Callable[[Asked], object]]]] = {
    "sign_up": (routes.SIGN_UP, _sign_up),
    "sign_in": (routes.SIGN_IN, _sign_in),
    "staff_sign_in": (routes.STAFF_SIGN_IN, _staff_sign_in),
    "refresh": (routes.REFRESH, _refresh),
    "sign_out": (routes.SIGN_OUT, _sign_out),
    "sealed_sign_out": (routes.SEALED_SIGN_OUT, _sealed_sign_out),
    "menu": (routes.MENU, _menu),
    "history": (routes.HISTORY, _history),
    "place": (routes.PLACE, _place),
    "order": (routes.ORDER, Asked.order),
    "status": (routes.ORDER_STATUS, _status),
    "cancel": (routes.CANCEL, _change),
    "orders": (routes.ORDERS, _orders),
    "take": (routes.TAKE, _take),
    "details": (routes.DETAILS, _details),
    "change_status": (routes.CHANGE_STATUS, _change),
    "recall": (routes.RECALL, _change),
    "change_payment": (routes.CHANGE_PAYMENT, _change),
    "take_payment": (routes.TAKE_PAYMENT, _change),
    "undo_payment": (routes.UNDO_PAYMENT, _change),
    "refund": (routes.REFUND, _change),
    "amend": (routes.AMEND, _change),
    "ask_change": (routes.ASK_CHANGE, _change),
    "decline_change": (routes.DECLINE_CHANGE, _change),
    "sales": (routes.SALES, _sales),
    "open_drawer": (routes.OPEN_DRAWER, _at_drawer),
    "move_cash": (routes.MOVE_CASH, _at_drawer),
    "count_drawer": (routes.COUNT_DRAWER, _at_drawer),
    "close_drawer": (routes.CLOSE_DRAWER, _at_drawer),
    "drawers": (routes.DRAWERS, _drawers),
    "drawer": (routes.DRAWER, _drawer),
    "x_report": (routes.X_REPORT, _x),
    "z_reports": (routes.Z_REPORTS, _z),
    "roles": (routes.ROLES, lambda asked: RoleList(roles=asked.backend.roles)),
    "change_role": (routes.CHANGE_ROLE, _change_role),
    "approvers": (routes.APPROVERS, _approvers),
    "approve": (routes.APPROVE, _approve),
    "enrol": (routes.ENROL, _enrol),
    "customers": (routes.CUSTOMERS, _customers),
    "note_export": (routes.NOTE_EXPORT, _note_export),
    "set_available": (routes.SET_AVAILABLE, _set_available),
    "replace_menu": (routes.REPLACE_MENU, _replace_menu),
    "keep_picture": (routes.KEEP_PICTURE, _keep_picture),
    "picture": (routes.PICTURE, _picture),
    "devices": (routes.DEVICES, _devices),
    "events": (routes.EVENTS, _events),
    "hold_basket": (routes.HOLD_BASKET, _basket),
    "take_basket": (routes.TAKE_BASKET, _basket),
    "drop_basket": (routes.DROP_BASKET, _basket),
    "snapshot": (routes.SNAPSHOT, _snapshot),
    "open_sealed": (routes.OPEN_OPERATIONS, _open_sealed),
}
"""Routes, and the functions that answer them, by the names that `FakeBackend.calls` counts."""
