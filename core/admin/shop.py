"""`orderbell shop`: shows and changes the shop's name, currency, tax, time zone and country."""

import argparse
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Final, TypeVar
from zoneinfo import available_timezones

import msgspec

from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed
from core.domain.discount import Discount
from core.domain.errors import DomainError
from core.domain.menu import ChangesUntil, DrawerUse, Menu
from core.domain.money import Tax as OneRate
from core.domain.money import as_decimal, check_currency, parse_minor
from core.domain.phones import is_country
from core.domain.sale.rounding import MAX_INCREMENT, PERCENT, Rounding
from core.domain.sale.taxes import ANY, Tax, TaxEntry
from core.domain.service import ShopService
from core.domain.status import Fulfilment
from core.domain.tax_table import DEFAULT_CODE, FULFILMENTS, STANDARD, percent
from core.protocol import routes
from core.protocol.requests import ChangeShop

F = TypeVar("F")
NAME_MOST: Final = 80
_EXAMPLES: Final = """examples:
  orderbell shop show
  orderbell shop set --name "Corner Kitchen" --tax-rate 7
  orderbell shop set --time-zone America/Santiago --country CL
  orderbell shop set --cash-rounding 0.05                            cash only; cards pay exactly
  orderbell shop set --changes-until preparing                       customers may ask to change their orders
  orderbell shop set --service-charge 12.5 --service-for dine_in     after discounts; none: it ends
  orderbell shop set --drawers person                                each cashier counts their own
  orderbell shop taxes
  orderbell shop tax drinks VAT=19                                   another rate for a category of items
  orderbell shop tax standard VAT=7 --fulfilment dine_in --from 2027-01-01
  orderbell shop discounts
  orderbell shop discount "Staff meal" 50%
  orderbell shop discount "Happy hour" 2.00
  orderbell shop tax books GST=5 QST=9.975
  orderbell shop tax drinks --remove --fulfilment delivery

Every screen has it at once. Days, filters, exports and receipts go by the shop's time zone, wherever a screen stands.
The currency can be changed until there are orders. What a POS has sold without a server stays taxed as it was shown
there. The security log says who changed what.

An item is taxed by its category (orderbell menu export: the column tax), how the order is handed over, and the day. An
entry for one fulfilment goes before one for any, a later day before an earlier one."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The shop, for scripts."""

    name: str
    currency: str
    tax_rate_bp: int
    tax_included: bool
    time_zone: str
    country: str
    items: int
    changes_until: ChangesUntil
    taxes: tuple[TaxEntry, ...] = ()
    service: ShopService = ShopService()
    drawers: DrawerUse = DrawerUse.DEVICE


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell shop", __doc__, _EXAMPLES)
    parser.command("show", "name, currency, taxes, time zone and country", asked(_show), only=WHERE, shop=True)
    change = parser.command("set", "change some of them", asked(_set), only=WHERE, shop=True)
    change.add_argument("--name", type=_flag(name), help="as it stands on receipts")
    change.add_argument("--currency", metavar="CODE", type=_flag(check_currency), help="ISO 4217; only without orders")
    change.add_argument("--tax-rate", metavar="PERCENT", type=_flag(basis_points), help="sales tax, as 8.25")
    taxed = change.add_mutually_exclusive_group()
    taxed.add_argument("--tax-included", dest="included", action="store_true", default=None, help="prices contain it")
    taxed.add_argument("--tax-added", dest="included", action="store_false", help="it is added to prices")
    change.add_argument("--time-zone", metavar="ZONE", type=_flag(time_zone), help="IANA, as Europe/Berlin")
    change.add_argument("--cash-rounding", metavar="COIN", help="the smallest coin, as 0.05; none: cash is exact")
    change.add_argument("--cash-rounding-mode", type=Rounding, choices=list(Rounding), help="default: half_up")
    change.add_argument(
        "--changes-until",
        type=ChangesUntil,
        choices=list(ChangesUntil),
        help="until an order is that, its customer may ask for a change",
    )
    change.add_argument("--service-charge", metavar="PERCENT", help="of orders after discounts, as 12.5; none: it ends")
    change.add_argument("--service-for", nargs="+", choices=list(map(str, Fulfilment)), help="default: dine_in")
    change.add_argument(
        "--drawers", type=DrawerUse, choices=list(DrawerUse), help="one for each, from the next opening"
    )
    change.add_argument("--country", metavar="CODE", type=_flag(country), help="ISO 3166, as DE")
    parser.command("taxes", "the tax table", asked(_taxes), only=WHERE, shop=True)
    parser.command("discounts", "what staff take off at one press", asked(_discounts), only=WHERE, shop=True)
    off = parser.command("discount", "offer a discount at one press", asked(_discount), only=WHERE, shop=True)
    off.add_argument("name", type=_flag(name), help="as it stands on receipts")
    off.add_argument("off", nargs="?", default="", help="50%% or, in the shop's currency, 5.00")
    off.add_argument("--remove", action="store_true", help="do not offer it any more")
    tax = parser.command("tax", "change one entry of the tax table", asked(_tax), only=WHERE, shop=True)
    tax.add_argument("category", help=f"{STANDARD}: of every item that names no other")
    tax.add_argument("rates", metavar="RATE", nargs="*", type=_flag(rate), help="as 8.875, or VAT=19; several add up")
    tax.add_argument("--fulfilment", default=ANY, choices=FULFILMENTS, help="only for it (default: for any)")
    tax.add_argument("--from", dest="since", type=date.fromisoformat, default=date.min, help="a day, as 2027-01-01")
    tax.add_argument("--combined", action="store_true", help="round the sum of several taxes, not each")
    tax.add_argument("--remove", action="store_true", help="remove the entry")
    return parser.run(argv)


def described(tax: OneRate) -> str:
    """A tax in words."""
    if not tax.rate_bp:
        return "none"
    return f"{Decimal(tax.rate_bp) / 100} % {'in' if tax.included else 'on top of'} the prices"


def _summary(menu: Menu) -> str:
    standard = described(menu.tax)
    others = len(menu.terms.taxes.entries) - 1
    return f"{standard}; {others} more in the table: orderbell shop taxes" if others else standard


def _cash(menu: Menu) -> str:
    if not menu.roundings:
        return "exact"
    coin = as_decimal(menu.cash_increment_minor, menu.currency)
    return f"rounded to {coin} ({menu.cash_rounding.replace('_', ' ')})"


def name(text: str) -> str:
    """A shop's or a person's name. Raises `ValueError`, as those below."""
    found = " ".join(text.split())
    if not found or len(found) > NAME_MOST:
        raise ValueError(f"a name has 1 to {NAME_MOST} letters")
    return found


def time_zone(text: str) -> str:
    known = available_timezones()
    if text in known:
        return text
    close = get_close_matches(text, known, 1, 0.5)
    raise ValueError(f"{text!r} is no time zone (IANA)" + (f"; did you mean {close[0]}?" if close else ""))


def country(text: str) -> str:
    code = text.strip().upper()
    if not is_country(code):
        raise ValueError(f"There is no country {text!r}. Give its ISO 3166 code, such as US or DE")
    return code


def basis_points(text: str) -> int:
    try:
        rate_bp = Decimal(text.strip().rstrip("%").replace(",", ".")) * 100
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a percentage, such as 8.25") from None
    if not rate_bp.is_finite() or rate_bp != int(rate_bp) or not 0 <= rate_bp <= 10_000:
        raise ValueError("a tax is 0 to 100 percent, with two decimals at most")
    return int(rate_bp)


def rate(text: str) -> Tax:
    """A named rate: `VAT=19`, `8.875`. Raises `ValueError`."""
    code, named, number = text.rpartition("=")
    try:
        value = Decimal(number.strip().rstrip("%").replace(",", ".")) * 1_000
    except InvalidOperation:
        raise ValueError(f"{number!r} is not a percentage, such as 8.875") from None
    if not value.is_finite() or value != int(value) or not 0 <= value <= PERCENT:
        raise ValueError("a rate is 0 to 100 percent, with three decimals at most")
    return Tax(code.strip() if named else DEFAULT_CODE, int(value))


def _flag(check: Callable[[str], F]) -> Callable[[str], F]:
    def checked(text: str) -> F:
        try:
            return check(text)
        except (ValueError, DomainError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _show(api: Backend, options: argparse.Namespace) -> None:
    _show_shop(api.call(routes.MENU()), options)


def _set(api: Backend, options: argparse.Namespace) -> None:
    wanted = ChangeShop(
        name=options.name,
        currency=options.currency,
        tax_rate_bp=options.tax_rate,
        tax_included=options.included,
        time_zone=options.time_zone,
        country=options.country,
        cash_increment_minor=_coin(api, options),
        cash_rounding=options.cash_rounding_mode,
        changes_until=options.changes_until,
        service=_service(api, options),
        drawers=options.drawers,
    )
    if wanted == ChangeShop():
        raise Failed(
            "Say what is to be another: --name, --currency, --tax-rate, --time-zone, --country, --cash-rounding, "
            "--service-charge, --changes-until or --drawers.",
            status=2,
        )
    _show_shop(api.call(routes.CHANGE_SHOP(body=wanted)), options)


_DRAWERS: Final = {
    DrawerUse.DEVICE: "one for each POS, whoever is signed in there",
    DrawerUse.PERSON: "one for each person, also where they share a POS",
}
_CHANGES: Final = {
    ChangesUntil.NEVER: "customers cannot ask for a change of their orders here",
    ChangesUntil.CONFIRMED: "customers may ask for a change until their order is confirmed",
    ChangesUntil.PREPARING: "customers may ask for a change until their order is in preparation",
}


def _service(api: Backend, options: argparse.Namespace) -> ShopService | None:
    """The new service charge; None leaves it as it is. Raises `Failed`."""
    if options.service_charge is None and options.service_for is None:
        return None
    now = api.call(routes.MENU()).service
    try:
        wanted = "0" if options.service_charge == "none" else options.service_charge
        charged = now.rate if wanted is None else rate(wanted).rate
    except ValueError as error:
        raise Failed(f"--service-charge: {error}", status=2) from None
    fulfilments = now.fulfilments if options.service_for is None else tuple(map(Fulfilment, options.service_for))
    return ShopService(charged, fulfilments)


def _coin(api: Backend, options: argparse.Namespace) -> int | None:
    """The smallest coin, in minor units; 1 for none. Raises `Failed`."""
    if options.cash_rounding in (None, "none"):
        return None if options.cash_rounding is None else 1
    try:
        coin = parse_minor(options.cash_rounding, options.currency or api.call(routes.MENU()).currency)
    except DomainError as error:
        raise Failed(f"--cash-rounding: {error.message}", status=2) from None
    if not 1 <= coin <= MAX_INCREMENT:
        raise Failed("--cash-rounding: the smallest coin is above nothing, and a coin or a note.", status=2)
    return coin


def _taxes(api: Backend, options: argparse.Namespace) -> None:
    _show_taxes(api.call(routes.MENU()), options)


def _tax(api: Backend, options: argparse.Namespace) -> None:
    if bool(options.rates) == options.remove:
        raise Failed("Say a rate, such as VAT=19, or --remove.", status=2)
    menu = api.call(routes.MENU())
    wanted = TaxEntry(options.category, tuple(options.rates), options.fulfilment, options.since, options.combined)
    others = tuple(each for each in menu.terms.taxes.entries if _place(each) != _place(wanted))
    if options.remove and len(others) == len(menu.terms.taxes.entries):
        raise Failed("The tax table has no such entry. Its entries: orderbell shop taxes.")
    entries = others if options.remove else tuple(sorted((*others, wanted), key=_place))
    changed = api.call(routes.CHANGE_SHOP(body=ChangeShop(taxes=entries, version=menu.version)))
    _show_taxes(changed, options)


def _discounts(api: Backend, options: argparse.Namespace) -> None:
    _show_discounts(api.call(routes.MENU()), options)


def _discount(api: Backend, options: argparse.Namespace) -> None:
    menu = api.call(routes.MENU())
    others = tuple(each for each in menu.discounts if each.reason != options.name)
    if bool(options.off) == options.remove:
        raise Failed("Say how much, as 50% or 5.00, or --remove.", status=2)
    if options.remove and len(others) == len(menu.discounts):
        raise Failed(f"There is no discount {options.name!r}. There are: orderbell shop discounts.")
    discounts = others if options.remove else (*others, _off(options.name, options.off, menu.currency))
    changed = api.call(routes.CHANGE_SHOP(body=ChangeShop(discounts=discounts, version=menu.version)))
    _show_discounts(changed, options)


def _off(named: str, text: str, currency: str) -> Discount:
    """A discount as it is typed. Raises `Failed`."""
    try:
        if text.endswith("%"):
            return Discount(reason=named, rate=rate(text).rate)
        return Discount(reason=named, amount_minor=parse_minor(text, currency))
    except (ValueError, DomainError) as error:
        raise Failed(str(error), status=2) from None


def _show_discounts(menu: Menu, options: argparse.Namespace) -> None:
    if options.json:
        console.as_json(menu.discounts)
        return
    rows = [(each.reason, each.figure(menu.currency)) for each in menu.discounts]
    console.table(("discount", "off"), rows, empty="No discount is offered. A POS takes any off, with a reason.")


def _place(entry: TaxEntry) -> tuple[bool, str, str, date]:
    return entry.category != STANDARD, entry.category, entry.fulfilment, entry.since


def _show_taxes(menu: Menu, options: argparse.Namespace) -> None:
    entries = menu.terms.taxes.entries
    if options.json:
        console.as_json(entries)
        return
    rows = [
        (
            each.category,
            "any" if each.fulfilment == ANY else each.fulfilment,
            "" if each.since == date.min else each.since.isoformat(),
            " + ".join(f"{tax.code} {percent(tax.rate)} %" for tax in each.taxes),
        )
        for each in entries
    ]
    console.table(("category", "fulfilment", "from", "rate"), rows)
    console.show(f"Prices {'contain the tax' if menu.tax.included else 'are without the tax, which is added'}.")


def _show_shop(menu: Menu, options: argparse.Namespace) -> None:
    if options.json:
        shown = Shown(
            name=menu.shop_name,
            currency=menu.currency,
            tax_rate_bp=menu.tax.rate_bp,
            tax_included=menu.tax.included,
            time_zone=menu.time_zone,
            country=menu.country,
            items=len(menu.items()),
            changes_until=menu.changes_until,
            taxes=menu.terms.taxes.entries,
            service=menu.service,
            drawers=menu.drawers,
        )
        console.as_json(shown)
        return
    rows = (
        ("name", menu.shop_name),
        ("currency", menu.currency),
        ("tax", _summary(menu)),
        ("cash", _cash(menu)),
        ("changes", _CHANGES.get(menu.changes_until, menu.changes_until.readable)),
        ("service", menu.service.described()),
        ("drawers", _DRAWERS.get(menu.drawers, menu.drawers.readable)),
        ("time zone", menu.time_zone),
        ("country", menu.country or "unknown: phone numbers need their country code"),
        ("menu", f"{len(menu.items())} items"),
    )
    for label, value in rows:
        console.show(f"{label:10}{value}")
