"""Rights: who may do which act by their role, and what a command needs.

One table, `ACTS`. A role is a set of rights with limits, kept for each shop and changed by its admins. The server
judges each request by it; tills ask a manager before they send what it would refuse.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.domain.acts import Act, Need, Unit
from core.domain.amendment import difference_minor, takes_off
from core.domain.commands import (
    AmendOrder,
    ChangePayment,
    ChangeStatus,
    Command,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.discount import Discount
from core.domain.drawers import CloseDrawer, CountDrawer, DrawerAct, DrawerCommand, MoveCash, OpenDrawer
from core.domain.errors import DomainError
from core.domain.menu import Category
from core.domain.order import Order, PaymentState
from core.domain.payment import gave_back, given_back_minor, paid_minor
from core.domain.people import Role
from core.domain.sale.rounding import MAX_AMOUNT, PERCENT
from core.domain.status import CALLED_OFF, OrderStatus
from core.domain.tax_table import percent


class Row(msgspec.Struct, frozen=True):
    """One row of the table."""

    unit: Unit | None = None
    """What its limit counts; None: it has none."""
    roles: frozenset[Role] = frozenset()
    """Who may besides admins until an admin says otherwise: whoever could before there were rights, and managers."""
    at_till: bool = True
    """Whether a manager may authorise it once, at somebody else's till."""


_ANYBODY: Final = frozenset({Role.CASHIER, Role.MANAGER})
_MANAGERS: Final = frozenset({Role.MANAGER})
ACTS: Final[Mapping[Act, Row]] = {
    Act.DISCOUNT: Row(Unit.PERCENT, _ANYBODY),
    Act.COMP: Row(roles=_ANYBODY),
    Act.SERVICE: Row(roles=_ANYBODY),
    Act.REFUND: Row(Unit.MONEY, _ANYBODY),
    Act.VOID: Row(roles=_ANYBODY),
    Act.CORRECT: Row(roles=_ANYBODY),
    Act.RECORD_CARD: Row(roles=_ANYBODY),
    Act.CASH: Row(Unit.MONEY, _ANYBODY),
    Act.NO_SALE: Row(roles=_ANYBODY),
    Act.DRAWERS: Row(roles=_MANAGERS, at_till=False),
    Act.REPORTS: Row(roles=_MANAGERS, at_till=False),
    Act.PAST_ORDERS: Row(roles=_ANYBODY),
    Act.MENU: Row(roles=_MANAGERS, at_till=False),
    Act.PRICES: Row(roles=_MANAGERS, at_till=False),
    Act.SHOP: Row(at_till=False),
    Act.PEOPLE: Row(at_till=False),
    Act.DEVICES: Row(at_till=False),
    Act.ALLOW_OFFLINE: Row(roles=_MANAGERS, at_till=False),
}


class Right(msgspec.Struct, frozen=True, omit_defaults=True):
    """An act that a role may do, up to a limit in the unit of its row."""

    act: Act
    limit: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)] | None = None


Rights = tuple[Right, ...]


class StaffRole(msgspec.Struct, frozen=True):
    """A role of a shop's staff, and what it may do."""

    role: Role
    rights: Rights


Roles = tuple[StaffRole, ...]
ALL: Final[Rights] = tuple(Right(act) for act in ACTS if act is not Act.ALLOW_OFFLINE)
"""An admin's, always: nobody can lock a shop's last admin out. What an admin's PIN opens is kept at no POS."""
START: Final[Roles] = (
    *(
        StaffRole(role, tuple(Right(act) for act, row in ACTS.items() if role in row.roles))
        for role in (Role.CASHIER, Role.MANAGER)
    ),
    StaffRole(Role.ADMIN, ALL),
)


def rights_of(roles: Roles, role: Role) -> Rights:
    """The rights of a role, by the roles of its shop; by `START` where an older server sends none. A role of a newer
    release may do what a cashier may."""
    if role is Role.ADMIN:
        return ALL
    known = {each.role: each.rights for each in roles or START}
    return known.get(role) or known.get(role.acts_as, ()) if role.is_staff else ()


def may(rights: Rights, need: Need) -> bool:
    return any(each.act is need.act and (each.limit is None or need.size <= each.limit) for each in rights)


def lacking(rights: Rights, needs: Iterable[Need]) -> tuple[Need, ...]:
    """Which of the needs these rights do not cover."""
    return tuple(need for need in needs if not may(rights, need))


def covers(rights: Rights, others: Rights) -> bool:
    """Whether these rights are all of the others' and no less far."""
    return all(may(rights, Need(each.act, MAX_AMOUNT if each.limit is None else each.limit)) for each in others)


def check_role(role: Role, rights: Rights) -> None:
    """Raises `DomainError` for rights that no role can have."""
    if not role.is_staff:
        raise DomainError(f"A {role} has no rights to change.", "role")
    if role is Role.ADMIN:
        raise DomainError("An admin may do everything.", "role")
    for place, each in enumerate(rights):
        if each.act in {other.act for other in rights[:place]}:
            raise DomainError(f"There are two rights to {each.act}.", f"rights[{place}].act")
        unit = ACTS[each.act].unit if each.act in ACTS else None
        if each.limit is not None and unit is None:
            raise DomainError(f"The right to {each.act} has no limit.", f"rights[{place}].limit")
        if each.limit is not None and unit is Unit.PERCENT and each.limit > PERCENT:
            raise DomainError("A limit in percent is at most 100 %.", f"rights[{place}].limit")


def described(rights: Rights) -> str:
    """In one line, for logs: `discount up to 10 %, refund, void`. Amounts are in minor units."""
    return ", ".join(
        str(each.act)
        if each.limit is None
        else f"{each.act} up to {f'{percent(each.limit)} %' if ACTS[each.act].unit is Unit.PERCENT else each.limit}"
        for each in rights
    )


def with_rights(roles: Roles, role: Role, rights: Rights) -> Roles:
    """The roles with one of them changed, or one more. Raises `DomainError`."""
    check_role(role, rights)
    changed = StaffRole(role, rights)
    if all(each.role is not role for each in roles):
        return (*roles, changed)
    return tuple(changed if each.role is role else each for each in roles)


def needs_of(
    asked: Command | DrawerCommand,
    before: Order | None,
    after: Order | None,
    *,
    is_past: bool = False,
    was_begun: bool = False,
    moved_minor: int = 0,
) -> tuple[Need, ...]:
    """The rights that a command of the staff needs. `before` and `after`: the order that it makes or
    changes, none for a drawer. `is_past`: the order has ended, on an earlier day of business. `was_begun`: it has been
    further than it is now, and was recalled. `moved_minor`: see `core.domain.drawers.moved_minor`.

    Limits of money count what was done before: of an order all that is given back, of a drawer what somebody has moved
    in the session."""
    if isinstance(asked, _DRAWER):
        found = list(_needs_of_drawer(asked, moved_minor))
    else:
        found = list(_needs_of_order(asked, before, after, was_begun=was_begun))
    if is_past:
        found.append(Need(Act.PAST_ORDERS))
    return tuple(found)


_DRAWER: Final = (OpenDrawer, MoveCash, CountDrawer, CloseDrawer)


def _needs_of_drawer(asked: DrawerCommand, moved_minor: int) -> Iterable[Need]:
    if isinstance(asked, MoveCash):
        is_no_sale = asked.act is DrawerAct.NO_SALE
        yield Need(Act.NO_SALE) if is_no_sale else Need(Act.CASH, moved_minor + asked.amount_minor)


def _needs_of_order(asked: object, before: Order | None, after: Order | None, *, was_begun: bool) -> Iterable[Need]:
    match asked:
        case TakeOrder() if after is not None:
            yield from needs_of_discounts(after)
            yield from _needs_of_service(None, after)
        case ChangeStatus(to=to) if before is not None and to in CALLED_OFF and (was_begun or _is_begun(before)):
            yield Need(Act.VOID)
        case ChangePayment(payment=PaymentState.REFUNDED) | RefundOrder() if before is not None and after is not None:
            given = after.total_minor if after.payment is PaymentState.REFUNDED else after.refunded_minor
            yield Need(Act.REFUND, given + given_back_minor(before))
        case AmendOrder() if before is not None and after is not None:
            yield from _needs_of_amendment(before, after, was_begun=was_begun)
        case ChangePayment() if before is not None and before.payment is PaymentState.PAID:
            yield Need(Act.CORRECT)
        case UndoPayment() if before is not None and gave_back(before):  # all that was paid goes back, as a refund
            yield Need(Act.REFUND, paid_minor(before))
        case UndoPayment():
            yield Need(Act.CORRECT)
        case TakePayment(by_hand=True):
            yield Need(Act.RECORD_CARD)


def _needs_of_amendment(before: Order, after: Order, *, was_begun: bool) -> Iterable[Need]:
    """The needs of an amendment: its discounts, the lines it cancels, and the money it gives back."""
    had = {line.id: line.discount for line in before.lines}
    is_new = after.discount not in (None, before.discount) or any(
        line.discount not in (None, had.get(line.id)) for line in after.lines
    )
    was, discounts = needs_of_discounts(before), needs_of_discounts(after)
    # What is left of an order, or added to it, makes a discount that was allowed another one.
    if is_new or after.discount_minor > before.discount_minor or _goes_further(discounts, was):
        yield from discounts
    yield from _needs_of_service(before, after)
    if takes_off(before, after) and (was_begun or _is_begun(before)):
        yield Need(Act.VOID)
    if (back_minor := -difference_minor(before, after)) > 0:
        yield Need(Act.REFUND, back_minor + before.refunded_minor + given_back_minor(before))


def _needs_of_service(before: Order | None, after: Order) -> Iterable[Need]:
    """Another charge than the shop's has a reason."""
    if after.service is not None and after.service.reason and (before is None or after.service != before.service):
        yield Need(Act.SERVICE)


def _goes_further(needs: Iterable[Need], others: Iterable[Need]) -> bool:
    known = {each.act: each.size for each in others}
    return any(need.size > known.get(need.act, -1) for need in needs)


def _is_begun(order: Order) -> bool:
    return order.status is not OrderStatus.PENDING or order.payment is PaymentState.PAID or bool(order.payments)


def needs_of_discounts(order: Order) -> tuple[Need, ...]:
    """The needs of an order's discounts: of each line, its own and the order's together are judged, so that no
    chain of small ones is a large one."""
    most = Fraction(0)
    base = order.subtotal_minor - sum(line.discount_minor for line in order.lines)
    whole = _part(order.discount, base, sum(line.order_discount_minor for line in order.lines))
    for line in order.lines:
        own = _part(line.discount, line.total_minor, line.discount_minor)
        most = max(most, 1 - (1 - own) * (1 - whole))
    if most >= 1:
        return (Need(Act.COMP),)
    return (Need(Act.DISCOUNT, ceil(most * PERCENT)),) if most else ()


def _part(discount: Discount | None, base_minor: int, taken_minor: int) -> Fraction:
    """Which part of a price a discount takes off."""
    if discount is None:
        return Fraction(0)
    if discount.rate is not None:
        return Fraction(discount.rate, PERCENT)
    return min(Fraction(taken_minor, base_minor), Fraction(1)) if base_minor > 0 else Fraction(0)


def changes_prices(before: Iterable[Category], after: Iterable[Category]) -> bool:
    """Whether something that both menus have costs another price in them."""
    old, new = _prices(before), _prices(after)
    return any(old[key] != price for key, price in new.items() if key in old)


def _prices(categories: Iterable[Category]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for category in categories:
        for item in category.items:
            found[(item.id,)] = item.price_minor
            for group in item.groups:
                for modifier in group.modifiers:
                    found[(item.id, group.id, modifier.id)] = modifier.price_minor
    return found
