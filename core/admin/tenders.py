"""`orderbell tenders`: shows and changes by what the shop is paid."""

import argparse
from collections.abc import Sequence
from typing import Final

import msgspec

from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed
from core.domain.errors import DomainError
from core.domain.menu import Menu
from core.domain.tenders import TENDERS, ShopTender, Tender, tender_named
from core.protocol import routes
from core.protocol.requests import ChangeShop

_EXAMPLES: Final = """examples:
  orderbell tenders list
  orderbell tenders add "Meal card" --reference            its slip's number is asked for
  orderbell tenders add "Bank app" --online-only           a POS does not take it without the server
  orderbell tenders add "Second currency" --coins --drawer gives change, is rounded, and is counted in the drawer
  orderbell tenders set card --online-only
  orderbell tenders withdraw voucher
  orderbell tenders order "Meal card" card cash            the order of a POS's keys; others follow

Every screen has it at once. What was paid by a tender that is withdrawn stays, in reports and receipts too. A tender's
name, and what it means for the drawer, do not change: sums of long ago go by them. The security log says who changed
what."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell tenders", __doc__, _EXAMPLES)
    parser.command("list", "in the order of a POS's keys", asked(_list), only=WHERE, shop=True)
    add = parser.command("add", "take another tender", asked(_add), only=WHERE, shop=True)
    add.add_argument("name", help="as it stands on keys, receipts and reports")
    add.add_argument("--coins", action="store_true", help="coins and notes: it gives change, and is rounded")
    add.add_argument("--drawer", action="store_true", help="it lies in the drawer, and is counted there")
    change = parser.command("set", "handle one in another way", asked(_set), only=WHERE, shop=True)
    change.add_argument("name")
    for each in (add, change):
        number = each.add_mutually_exclusive_group()
        number.add_argument("--reference", action="store_true", default=None, help="ask for its slip's number")
        number.add_argument("--no-reference", dest="reference", action="store_false", help="do not ask for it")
        without = each.add_mutually_exclusive_group()
        without.add_argument("--offline", action="store_true", default=None, help="take it without the server, too")
        without.add_argument("--online-only", dest="offline", action="store_false", help="only with the server")
    withdraw = parser.command("withdraw", "do not offer one any more", asked(_withdraw), only=WHERE, shop=True)
    withdraw.add_argument("name")
    again = parser.command("offer", "offer a withdrawn one again", asked(_offer), only=WHERE, shop=True)
    again.add_argument("name")
    order = parser.command("order", "the order of a POS's keys", asked(_order), only=WHERE, shop=True)
    order.add_argument("names", metavar="NAME", nargs="+")
    return parser.run(argv)


def _list(api: Backend, options: argparse.Namespace) -> None:
    _show(api.call(routes.MENU()), options)


def _add(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    tender = _named(options.name)
    if any(each.id.casefold() == tender.casefold() for each in _of(menu)):
        raise Failed(f"There is a tender {tender.readable} already. Offer it again: orderbell tenders offer.")
    new = ShopTender(
        id=tender,
        opens_drawer=options.drawer,
        rounds=options.coins,
        needs_reference=bool(options.reference),
        offline=options.offline is not False,
    )
    _change(api, menu, (*_of(menu), new), options)


def _set(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    former = _find(menu, options.name)
    wanted = msgspec.structs.replace(
        former,
        needs_reference=former.needs_reference if options.reference is None else options.reference,
        offline=former.offline if options.offline is None else options.offline,
    )
    if options.reference is None and options.offline is None:
        raise Failed("Say what is to be another: --reference, --no-reference, --offline or --online-only.", status=2)
    _replace(api, menu, wanted, options)


def _withdraw(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    _replace(api, menu, msgspec.structs.replace(_find(menu, options.name), withdrawn=True), options)


def _offer(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    _replace(api, menu, msgspec.structs.replace(_find(menu, options.name), withdrawn=False), options)


def _order(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    first = [_find(menu, name) for name in options.names]
    others = [each for each in _of(menu) if each not in first]
    _change(api, menu, (*dict.fromkeys(first), *others), options)


def _replace(api: Backend, menu: Menu, wanted: ShopTender, options: argparse.Namespace) -> None:
    _change(api, menu, tuple(wanted if each.id == wanted.id else each for each in _of(menu)), options)


def _change(api: Backend, menu: Menu, tenders: tuple[ShopTender, ...], options: argparse.Namespace) -> None:
    _show(api.call(routes.CHANGE_SHOP(body=ChangeShop(tenders=tenders, version=menu.version))), options)


def _of(menu: Menu) -> tuple[ShopTender, ...]:
    return menu.tenders or TENDERS


def _find(menu: Menu, name: str) -> ShopTender:
    wanted = _named(name)
    found = next((each for each in _of(menu) if each.id.casefold() == wanted.casefold()), None)
    if found is None:
        known = ", ".join(each.id.readable for each in _of(menu))
        raise Failed(f"There is no tender {name!r}. There are: {known}.")
    return found


def _named(name: str) -> Tender:
    try:
        return tender_named(name)
    except DomainError as error:
        raise Failed(error.message, status=2) from None


def _show(menu: Menu, options: argparse.Namespace) -> None:
    if options.json:
        console.as_json(_of(menu))
        return
    rows = [
        (
            each.id.readable,
            "withdrawn" if each.withdrawn else "offered",
            "yes" if each.opens_drawer else "",
            "yes" if each.rounds else "",
            "asked for" if each.needs_reference else "",
            "yes" if each.offline else "no",
        )
        for each in _of(menu)
    ]
    console.table(("tender", "", "in the drawer", "coins", "reference", "offline"), rows)
