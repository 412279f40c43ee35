"""`orderbell shop`: shows and changes the shop's name, currency, tax, time zone and country."""

import argparse
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Final
from zoneinfo import available_timezones

import msgspec

from core.admin import console
from core.admin.backend import Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed
from core.domain.errors import DomainError
from core.domain.menu import Menu
from core.domain.money import Tax, check_currency
from core.domain.phones import is_country
from core.protocol import routes
from core.protocol.requests import ChangeShop

NAME_MOST: Final = 80
_EXAMPLES: Final = """examples:
  orderbell shop show
  orderbell shop set --name "Corner Kitchen" --tax-rate 7
  orderbell shop set --time-zone America/Santiago --country CL

Every screen has it at once. Days, filters, exports and receipts go by the shop's time zone, wherever a screen stands.
The currency can be changed until there are orders. Change the tax while every POS is online and has sent all it took:
orders are taxed as the shop says when they arrive. The security log says who changed what."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The shop, for scripts."""

    name: str
    currency: str
    tax_rate_bp: int
    tax_included: bool
    time_zone: str
    country: str
    items: int


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell shop", __doc__, _EXAMPLES)
    parser.command("show", "name, currency, tax, time zone and country", asked(_show), only=WHERE, shop=True)
    change = parser.command("set", "change some of them", asked(_set), only=WHERE, shop=True)
    change.add_argument("--name", type=_flag(name), help="as it stands on receipts")
    change.add_argument("--currency", metavar="CODE", type=_flag(check_currency), help="ISO 4217; only without orders")
    change.add_argument("--tax-rate", metavar="PERCENT", type=_flag(basis_points), help="sales tax, as 8.25")
    taxed = change.add_mutually_exclusive_group()
    taxed.add_argument("--tax-included", dest="included", action="store_true", default=None, help="prices contain it")
    taxed.add_argument("--tax-added", dest="included", action="store_false", help="it is added to prices")
    change.add_argument("--time-zone", metavar="ZONE", type=_flag(time_zone), help="IANA, as Europe/Berlin")
    change.add_argument("--country", metavar="CODE", type=_flag(country), help="ISO 3166, as DE")
    return parser.run(argv)


def described(tax: Tax) -> str:
    """A tax in words."""
    if not tax.rate_bp:
        return "none"
    return f"{Decimal(tax.rate_bp) / 100} % {'in' if tax.included else 'on top of'} the prices"


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


def _flag(check: Callable[[str], str | int]) -> Callable[[str], str | int]:
    def checked(text: str) -> str | int:
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
    )
    if wanted == ChangeShop():
        raise Failed("Say what is to be another: --name, --currency, --tax-rate, --time-zone or --country.", status=2)
    _show_shop(api.call(routes.CHANGE_SHOP(body=wanted)), options)


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
        )
        console.as_json(shown)
        return
    rows = (
        ("name", menu.shop_name),
        ("currency", menu.currency),
        ("tax", described(menu.tax)),
        ("time zone", menu.time_zone),
        ("country", menu.country or "unknown: phone numbers need their country code"),
        ("menu", f"{len(menu.items())} items"),
    )
    for label, value in rows:
        console.show(f"{label:10}{value}")
