"""`orderbell roles`: shows and changes what each role of the staff may do."""

import argparse
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed, sentence
from core.domain.acts import Act, Unit
from core.domain.errors import DomainError
from core.domain.money import as_decimal, parse_minor
from core.domain.people import Role
from core.domain.rights import ACTS, Right, StaffRole, check_role
from core.domain.tax_table import percent
from core.protocol import routes
from core.protocol.rights import ChangeRole

_ACTS: Final = tuple(act.value for act in ACTS)
_ROLES: Final = (Role.CASHIER.value, Role.MANAGER.value)
_YES: Final = "yes"
_NO: Final = "–"
_EXAMPLES: Final = f"""examples:
  orderbell roles list                                       all acts, and who may do them
  orderbell roles show cashier
  orderbell roles set cashier --forbid refund comp           a manager gives money back
  orderbell roles set cashier --limit discount=10 cash=20.00 up to 10 %, and 20.00 in the shop's currency
  orderbell roles set cashier --allow refund discount        without a limit

Every POS has it at once. An admin may do everything, always. Acts:
{chr(10).join(f"  {act.value:<12} {act.label}" for act in ACTS)}

The security log says who changed what."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell roles", __doc__, _EXAMPLES)
    parser.command("list", "all acts, and which role may do them", asked(_list), only=WHERE, shop=True)
    show = parser.command("show", "what one role may do", asked(_show), only=WHERE, shop=True)
    show.add_argument("role", choices=(*_ROLES, Role.ADMIN.value))
    change = parser.command("set", "change what a role may do", asked(_set), only=WHERE, shop=True)
    change.add_argument("role", choices=_ROLES)
    change.add_argument("--allow", metavar="ACT", nargs="+", default=[], choices=_ACTS, help="without a limit")
    change.add_argument("--forbid", metavar="ACT", nargs="+", default=[], choices=_ACTS)
    change.add_argument("--limit", metavar="ACT=LIMIT", nargs="+", default=[], help="as discount=10 or refund=50.00")
    return parser.run(argv)


def _list(api: Backend, options: argparse.Namespace) -> None:
    found = api.call(routes.ROLES())
    if options.json:
        console.as_json(found)
        return
    currency = api.call(routes.MENU()).currency
    rows = [(act.value, act.label, *(_far(each, act, currency) for each in found.roles)) for act in ACTS]
    console.table(("act", "", *(each.role.value for each in found.roles)), rows)


def _show(api: Backend, options: argparse.Namespace) -> None:
    _show_role(api, options, _role(api, options))


def _show_role(api: Backend, options: argparse.Namespace, role: StaffRole) -> None:
    if options.json:
        console.as_json(role)
        return
    currency = api.call(routes.MENU()).currency
    rows = [(act.value, act.label, _far(role, act, currency)) for act in ACTS]
    console.table(("act", "", role.role.value), rows)


def _set(api: Backend, options: argparse.Namespace) -> None:
    role, currency = _role(api, options), api.call(routes.MENU()).currency
    rights = {each.act: each for each in role.rights}
    for name in options.forbid:
        rights.pop(Act(name), None)
    for name in options.allow:
        rights[Act(name)] = Right(Act(name))
    for text in options.limit:
        right = _limited(text, currency)
        rights[right.act] = right
    wanted = tuple(sorted(rights.values(), key=lambda each: list(Act).index(each.act)))
    try:
        check_role(role.role, wanted)
    except DomainError as error:
        raise Failed(sentence(error.message)) from None
    found = api.call(routes.CHANGE_ROLE(role.role.value, body=ChangeRole(rights=wanted)))
    _show_role(api, options, next(each for each in found.roles if each.role is role.role))


def _role(api: Backend, options: argparse.Namespace) -> StaffRole:
    wanted = Role(options.role)
    return next(each for each in api.call(routes.ROLES()).roles if each.role is wanted)


def _limited(text: str, currency: str) -> Right:
    """A right with its limit, as `discount=10`."""
    name, _, figure = text.partition("=")
    if name not in _ACTS or not figure:
        raise Failed(f"{text!r} is no limit. Say it as discount=10 or, in {currency}, refund=50.00.")
    act = Act(name)
    unit = ACTS[act].unit
    if unit is None:
        raise Failed(f"{name} has no limit. Use --allow or --forbid.")
    try:
        limit = int(Decimal(figure.removesuffix("%")) * 1000) if unit is Unit.PERCENT else parse_minor(figure, currency)
    except (InvalidOperation, OverflowError, ValueError, DomainError):
        raise Failed(f"{figure!r} is no limit of {name}. Say it as discount=10 or refund=50.00.") from None
    return Right(act, limit)


def _far(role: StaffRole, act: Act, currency: str) -> str:
    """The limit of a role's right to an act, as a table's cell."""
    right = next((each for each in role.rights if each.act is act), None)
    if right is None:
        return _NO
    if right.limit is None:
        return _YES
    return f"{percent(right.limit)} %" if ACTS[act].unit is Unit.PERCENT else as_decimal(right.limit, currency)
