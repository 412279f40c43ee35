"""`orderbell init`: sets up a shop on an empty machine. Run again after an interruption, it continues."""

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import available_timezones

import msgspec

from core import settings
from core.admin import asking, config, console, menu_file, setup, shop
from core.admin.command import Parser, settings_file
from core.admin.failed import Failed, SeveralLines
from core.admin.keys import KitMade, show_kit, write_kit
from core.admin.serving import owned, url_of
from core.client.settings import ServerAddress
from core.countries import likely_country
from core.domain.menu import Category, ChangesUntil, Menu
from core.domain.money import Tax, check_currency
from core.domain.people import Role
from core.files import write_whole
from core.reasons import reason
from core.server.backups import open_database
from core.server.settings import SECTION, ServerSettings
from core.server.setup import AlreadySetUp, NewShop, NewStaff, create_shop
from core.settings import document, here
from core.store import shops
from core.store.engine.database import Database, shown
from core.store.shops import Shop

_KEPT: Final = ("host", "port", "data_dir", "database_url", "key_file")
"""Flags that go into the settings file."""
_EXAMPLES: Final = """examples:
  orderbell init                             asks for what it needs
  orderbell init --shop-name "Corner Kitchen" --currency EUR --tax-rate 19 --menu menu.csv
  orderbell init --shop-name Test --currency USD --json --data-dir /srv/orderbell --config /etc/orderbell.toml

Without a terminal nothing is asked: --shop-name and --currency are needed, a PIN is made and printed once.
Nothing that is there is overwritten. Cut short, it can be run again."""


class Step(NamedTuple):
    """A command to type, and its purpose."""

    command: str
    why: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a set-up. `pin` is empty when a person typed it."""

    shop_id: str
    shop_name: str
    currency: str
    time_zone: str
    country: str
    tax_rate_bp: int
    tax_included: bool
    items: int
    admin: str
    pin: str
    terminal: str
    settings_file: str
    data_dir: str
    database: str
    next: tuple[str, ...]
    kit: KitMade | None = None
    """The recovery kit, when one was wanted."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed`: 1 when there is a shop already or it could not be made, 2 on invalid answers."""
    parser = Parser("orderbell init", __doc__, _EXAMPLES)
    parser.add_argument("--shop-name", metavar="NAME", help="as it stands on receipts")
    parser.add_argument("--currency", metavar="CODE", help="ISO 4217, as USD or EUR")
    parser.add_argument("--time-zone", metavar="ZONE", help="IANA, as Europe/Berlin (default: this machine's)")
    parser.add_argument(
        "--country",
        metavar="CODE",
        help="ISO 3166, as DE: whose phone numbers need no country code (default: the time zone's, or the currency's)",
    )
    parser.add_argument("--tax-rate", metavar="PERCENT", help="sales tax, as 8.25 (default: 0)")
    taxed = parser.add_mutually_exclusive_group()
    taxed.add_argument(
        "--tax-included", dest="tax", action="store_const", const="yes", help="prices contain it (default)"
    )
    taxed.add_argument("--tax-added", dest="tax", action="store_const", const="no", help="it is added to prices")
    parser.add_argument("--admin", metavar="NAME", help="who signs in first (default: Admin)")
    parser.add_argument(
        "--pin-file", metavar="FILE", help="a file with the admin's PIN; - reads it from standard input"
    )
    parser.add_argument("--menu", metavar="WHAT", help="empty, demo, or a CSV file (default: empty)")
    parser.add_argument("--kit", metavar="FILE", help="write a recovery kit there (orderbell keys kit)")
    parser.add_argument("--yes", action="store_true", help="ask nothing; take the defaults")
    parser.add_argument("--json", action="store_true", help="ask nothing; say what was made as JSON")
    settings.add_flags(parser, ServerSettings, only=_KEPT)
    parser.set_defaults(run=_init)
    return parser.run(argv)


def _init(options: argparse.Namespace) -> None:
    path = settings.named_file(vars(options)) or settings.default_file()
    server = _server(options, path)
    try:
        server.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with owned(server), closing(open_database(server)) as database:
            _make(server, database, path, options)
    except KeyboardInterrupt:
        console.warn("\nStopped. Run it again to go on.")
        raise


def _server(options: argparse.Namespace, path: Path) -> ServerSettings:
    """The settings from flags and file; a named file need not exist yet."""
    flags = vars(options) | {"config": str(path) if path.exists() else None}
    environment = {name: value for name, value in os.environ.items() if name != settings.FILE_VARIABLE}
    return settings.load(ServerSettings, SECTION, flags, environment).values


def _make(server: ServerSettings, database: Database, path: Path, options: argparse.Namespace) -> None:
    known = database.read_blocking(shops.default)
    if known is not None:
        raise Failed(_already(known, server, path))
    wanted, pin_was_made = _wanted(options)
    chosen = {name: _typed(server, name) for name in _KEPT if getattr(options, name) is not None}
    if not path.exists():
        written = {SECTION: chosen} | dict.fromkeys(config.WINDOWS, config.address_of(server))
        write_whole(path, document.toml(config.sections(), written).encode(), private=True)
        _show_text(options, f"Wrote the settings file {path}.")
    else:
        _show_text(options, f"Kept the settings file {path} as it is.")
        if chosen:
            said = ", ".join(f"{name} = {document.literal(value)}" for name, value in chosen.items())
            console.warn(f"The flags of this command are not in it. See that [{SECTION}] there has: {said}")
        if astray := config.astray(path, server):
            sections = ", ".join(f"[{window}]" for window in astray)
            address = config.address_of(server) or {"server_url": ServerAddress().server_url}
            lines = ", ".join(f"{name} = {document.literal(value)}" for name, value in address.items())
            console.warn(
                f"Windows on this machine look for another server by it. See that {sections} there have: {lines}"
            )
    setup.open_keys(server.keys_path)
    admin = wanted.staff[0]
    if pin_was_made:  # before it is made, so that it is not made and unknown
        _show_text(options, f"The PIN of {admin.name} is {admin.pin}. Write it down: it is kept only as a hash.")
    try:
        made = create_shop(database, wanted, only=True)
    except AlreadySetUp:
        raise Failed("Another process has just made a shop in this database. Nothing was added to it.") from None
    kit = _kit(server, wanted.menu.shop_name, options)
    menu = wanted.menu
    steps = _steps(server, admin.name, f" --config {path}" if options.config else "", has_kit=kit is not None)
    report = Made(
        shop_id=made.id,
        shop_name=menu.shop_name,
        currency=menu.currency,
        time_zone=wanted.time_zone,
        country=menu.country,
        tax_rate_bp=menu.tax.rate_bp,
        tax_included=menu.tax.included,
        items=len(menu.items()),
        admin=admin.name,
        pin=admin.pin if pin_was_made else "",
        terminal=setup.DEVICE,
        settings_file=str(path),
        data_dir=str(server.directory),
        database=shown(database.engine.url),
        next=tuple(step.command for step in steps),
        kit=kit,
    )
    if options.json:
        console.as_json(report)
    else:
        _show_made(report, steps)


def _steps(server: ServerSettings, admin: str, ending: str, *, has_kit: bool) -> list[Step]:
    """The commands to type next. On the server's machine too, a window needs pairing for an address of the network."""

    def step(command: str, why: str) -> Step:
        return Step(f"orderbell {command}{ending}", why)

    encrypts = server.tls_files is not None
    url = url_of(server.host, server.port, tls=encrypts)
    serve = step("serve", "run the backend")
    why = (
        "then another recovery kit: the present one lacks the certificate authority of tls init"
        if has_kit
        else ("then, on another disk: a recovery kit")
    )
    kit = [] if has_kit and encrypts else [step("keys kit FILE", why)]
    if here.leads_here(url):
        pos = step("pos", f"open the POS window; sign in as {admin}")
        return [serve, pos, *([] if encrypts else [step("tls init", "before screens on other machines")]), *kit]
    first = [] if encrypts else [step("tls init", f"first: no window talks to {url}, which is not encrypted")]
    pair = step(f"devices pair {setup.DEVICE}", "a code for the counter's window")
    return [*first, serve, pair, step("pos", f"open it, type the code, sign in as {admin}"), *kit]


def _kit(server: ServerSettings, shop_name: str, options: argparse.Namespace) -> KitMade | None:
    """A recovery kit, offered on a terminal. A failure to write it does not fail the setup."""
    file = options.kit
    if file is None and asking.is_interactive() and not (options.yes or options.json):
        console.show(
            "If this machine is lost, a backup brings back the orders, and a recovery kit the server's keys: with both,"
        )
        console.show(
            "nobody signs in and no screen is paired again. It is an encrypted file, to be kept on another disk."
        )
        file = input("File of the recovery kit (empty: later, with orderbell keys kit): ").strip()
    if not file:
        return None
    try:
        made = write_kit(server, settings_file(options), shop_name, Path(file))
    except Failed as error:
        console.warn(f"There is no recovery kit yet: {error}")
        return None
    if not options.json:
        show_kit(made)
    return made


def _wanted(options: argparse.Namespace) -> tuple[NewShop, bool]:
    """The requested shop, and whether the admin's PIN was generated."""
    ask = asking.is_interactive() and not (options.yes or options.json)

    def answer(question: str, name: str, default: str, check: Any) -> Any:
        flag = "--" + name.replace("_", "-")
        return asking.answer(question, getattr(options, name), default, check, flag=flag, ask=ask)

    shop_name = answer("Name of the shop", "shop_name", "", shop.name)
    currency = answer("Currency (ISO 4217, as USD or EUR)", "currency", "", check_currency)
    time_zone = answer("Time zone (IANA)", "time_zone", system_time_zone(), shop.time_zone)
    likely = likely_country(time_zone, currency)
    country = (
        answer("Country (ISO 3166, as US or DE)", "country", likely, shop.country) if ask or options.country else likely
    )
    rate_bp = answer("Sales tax in percent", "tax_rate", "0", shop.basis_points)
    included = not rate_bp or answer("Do prices contain the tax? yes or no", "tax", "yes", _yes)
    categories = answer("Menu: empty, demo, or a CSV file", "menu", "empty", lambda text: _menu(text, currency))
    admin = answer("Name of the first admin", "admin", "Admin", shop.name)
    if options.pin_file:
        given = asking.read(options.pin_file, "--pin-file")
        pin = asking.answer("", given, "", asking.pin, flag="--pin-file", ask=False)
    else:
        pin = asking.new_pin(admin) if ask else ""
    tax, until = Tax(rate_bp, included), ChangesUntil.PREPARING
    wanted = NewShop(
        menu=Menu(shop_name, currency, tax, categories, country=country, changes_until=until),
        staff=(NewStaff(admin, pin or setup.made_up_pin(), Role.ADMIN),),
        devices=(setup.DEVICE,),
        time_zone=time_zone,
    )
    return wanted, not pin


def system_time_zone() -> str:
    """This machine's IANA time zone, where the system reveals it (POSIX); else UTC."""
    named = os.environ.get("TZ", "").lstrip(":")
    local = Path("/etc/localtime")
    for name in (named, local.resolve().as_posix().partition("/zoneinfo/")[2] if local.is_symlink() else ""):
        if name in available_timezones():
            return name
    return "UTC"


def _yes(text: str) -> bool:
    word = text.strip().casefold()
    if word not in {"y", "yes", "n", "no"}:
        raise ValueError("say yes or no")
    return word.startswith("y")


def _menu(text: str, currency: str) -> tuple[Category, ...]:
    if text == "empty":
        return ()
    if text == "demo":
        return setup.demo_menu().categories
    try:
        parsed = menu_file.parse(Path(text).read_bytes(), currency)
    except OSError as error:
        raise ValueError(f"{text} cannot be read: {reason(error)}") from None
    if parsed.complaints:
        message = (f"{text}:{each.line}: {each.column} {each.message}" for each in parsed.complaints)
        raise SeveralLines("it is no menu yet", *message)
    return parsed.categories


def _typed(server: ServerSettings, name: str) -> Any:
    """A flag's value as it goes into the file. Paths are made absolute."""
    value = getattr(server, name)
    return str(Path(value).absolute()) if name in {"data_dir", "key_file"} else value


def _already(known: Shop, server: ServerSettings, path: Path) -> str:
    message = f"There is a shop already, {known.name!r} in {server.directory}. Nothing was changed."
    if not path.exists():
        message += " It has no settings file; begin one with: orderbell config template"
    return message + " For another shop, name another --data-dir."


def _show_text(options: argparse.Namespace, text: str) -> None:
    if not options.json:
        console.show(text)


def _show_made(made: Made, steps: Sequence[Step]) -> None:
    rows = (
        ("shop", made.shop_name),
        ("currency", made.currency),
        ("time zone", made.time_zone),
        ("country", made.country or "unknown: phone numbers need their country code"),
        ("tax", shop.described(Tax(made.tax_rate_bp, made.tax_included))),
        ("menu", f"{made.items} items"),
        ("admin", made.admin),
        ("POS", made.terminal),
        ("database", made.database),
    )
    console.show("Made the shop:")
    for name, value in rows:
        console.show(f"  {name:10}{value}")
    console.show("Next:")
    width = max(len(step.command) for step in steps)
    for step in steps:
        console.show(f"  {step.command:{width}}  {step.why}")
