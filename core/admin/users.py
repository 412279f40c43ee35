"""`orderbell users`: staff and customers: add, list, rename, disable, remove, reset, roles, unlock."""

import argparse
import getpass
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from core.admin import asking, console
from core.admin.backend import Asking, Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed, sentence
from core.admin.setup import made_up_pin
from core.decoding import convert
from core.domain.errors import DomainError
from core.domain.people import Role
from core.domain.phones import spellings
from core.protocol import routes
from core.protocol.accounts import (
    ACCOUNTS_MOST,
    AddStaff,
    ChangeCustomer,
    ChangeStaff,
    CustomerAccount,
    CustomerAccountQuery,
    CustomerAccounts,
    StaffAccount,
    Unlock,
)
from core.protocol.devices import grouped
from core.protocol.trust import ALPHABET

ROLES: Final = tuple(role.value for role in Role if role.is_staff)
_PASSWORD_LETTERS: Final = 12
_EXAMPLES: Final = """examples:
  orderbell users add Kim                          a cashier, with a PIN that is made up and shown once
  orderbell users add Alex --role admin --ask      and one with a PIN that you type
  orderbell users list                             everybody who works or has worked here
  orderbell users disable Kim                      at once, wherever Kim is signed in
  orderbell users enable Kim                       back from a long leave
  orderbell users rename Kim "Kim B."              it signs them out; past orders keep the name of then
  orderbell users remove Kim                       disabled for good and listed no more; the name is free again
  orderbell users reset Kim                        another PIN
  orderbell users role Kim admin
  orderbell users unlock Kim                       after too many wrong PINs
  orderbell users unlock --address 192.0.2.7       after too much was tried from there

  orderbell users list --customers ada             whose name starts so, or whose number ends so
  orderbell users reset --customer "+1 555 0100"   another password, for one who forgot

A PIN or password is never an argument: arguments are kept in the shell's history and shown to other users of the
machine. With --ask it is typed, or read from standard input; without, it is made up and shown once."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An account after a change, for scripts. `secret` is there when it was generated."""

    account: StaffAccount | CustomerAccount
    secret: str = ""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell users", __doc__, _EXAMPLES)

    def command(name: str, summary: str, run: Asking) -> Parser:
        return parser.command(name, summary, asked(run), only=WHERE, shop=True)

    add = command("add", "somebody new", _add)
    add.add_argument("name")
    add.add_argument("--role", choices=ROLES, default=Role.CASHIER.value)
    add.add_argument("--ask", action="store_true", help="type the PIN instead of having one made up")
    listing = command("list", "everybody who works or has worked here", _list)
    listing.add_argument("--customers", metavar="Q", nargs="?", const="", help="customers instead, those that match")
    for name, summary, change in (
        ("disable", "they sign in no more, and are signed out at once", {"disabled": True}),
        ("enable", "they may sign in again", {"disabled": False}),
    ):
        changing = command(name, summary, _change)
        changing.set_defaults(change=change)
        _add_whom(changing)
    unlock = command("unlock", "forget somebody's wrong tries, or those from an address", _unlock)
    _add_whom(unlock).add_argument("--address", metavar="IP", help="an address that too much was tried from")
    reset = command("reset", "another PIN, or another password for a customer; it signs them out", _reset)
    reset.add_argument("--ask", action="store_true", help="type it instead of having one made up")
    _add_whom(reset)
    role = command("role", "make somebody a cashier, a manager or an admin; it signs them out", _role)
    role.add_argument("name")
    role.add_argument("role", choices=ROLES)
    rename = command("rename", "another name for one of the staff; it signs them out", _rename)
    rename.add_argument("name")
    rename.add_argument("new_name", metavar="NEW", help="the name to sign in with from now on")
    remove = command("remove", "disable one of the staff for good, and list them no more", _remove)
    remove.add_argument("name")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    return parser.run(argv)


def _add_whom(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("name", nargs="?", help="of a member of staff")
    whom.add_argument("--customer", metavar="PHONE", help="a customer's phone number")
    return whom


def _add(api: Backend, options: argparse.Namespace) -> None:
    pin, made_up = _pin(options)
    body = AddStaff(name=options.name, pin=pin, role=Role(options.role))
    account = api.call(routes.ADD_STAFF(body=body))
    _show_account(options, account, f"{account.name} may sign in as {_a(account.role)}.", pin if made_up else "")


def _list(api: Backend, options: argparse.Namespace) -> None:
    if options.customers is None:
        found = api.call(routes.STAFF())
        if options.json:
            console.as_json(found)
            return
        rows = [
            (each.name, each.role.value, _day(each.created_at, api.zone), _state(each, api.zone))
            for each in found.staff
        ]
        console.table(("name", "role", "since", ""), rows, empty="Nobody works here yet: orderbell users add NAME")
        return
    customers = _customers(api, options.customers)
    if options.json:
        console.as_json(customers)
        return
    people = [
        (each.name, each.phone, each.email, each.orders, _day(each.created_at, api.zone), _state(each, api.zone))
        for each in customers.customers
    ]
    console.table(("name", "phone", "e-mail", "orders", "since", ""), people, empty="No customer matches.")
    if customers.more:
        console.warn(f"There are more than {ACCOUNTS_MOST}: say what the name starts with, or the number ends with.")


def _change(api: Backend, options: argparse.Namespace) -> None:
    account = _changed(api, options, **options.change)
    _show_account(options, account, f"{account.name}: {_state(account, api.zone) or 'may sign in'}.")


def _unlock(api: Backend, options: argparse.Namespace) -> None:
    if options.address is None:
        options.change = {"unlock": True}
        _change(api, options)
        return
    api.call(routes.UNLOCK(body=Unlock(address=options.address)))
    if options.json:
        console.as_json(Unlock(address=options.address))
    else:
        console.show(f"Wrong tries from {options.address} are forgotten. Who is locked by name is unlocked by name.")


def _reset(api: Backend, options: argparse.Namespace) -> None:
    if options.customer is None:
        pin, made_up = _pin(options)
        account = _changed(api, options, pin=pin)
        _show_account(options, account, f"{account.name} has another PIN.", pin if made_up else "")
        return
    password = _typed("Password") if options.ask else _made_up_password()
    customer = _changed(api, options, password=password)
    _show_account(options, customer, f"{customer.name} has another password.", "" if options.ask else password)


def _role(api: Backend, options: argparse.Namespace) -> None:
    options.customer = None
    account = _changed(api, options, role=Role(options.role))
    _show_account(options, account, f"{account.name} is {_a(Role(options.role))} from the next sign-in on.")


def _rename(api: Backend, options: argparse.Namespace) -> None:
    options.customer = None
    account = _changed(api, options, name=options.new_name)
    _show_account(options, account, f"{options.name} is {account.name} from the next sign-in on.")


def _remove(api: Backend, options: argparse.Namespace) -> None:
    known = _staff_named(api, options.name)
    asked = f"Remove {known.name} for good? What their POS has not sent yet can be sent by nobody afterwards."
    console.confirm(asked, yes=options.yes)
    api.call(routes.REMOVE_STAFF(known.id))
    if options.json:
        console.as_json(known)
    else:
        console.show(f"{known.name} is removed. Past orders keep the name.")


def _changed(api: Backend, options: argparse.Namespace, **changes: object) -> StaffAccount | CustomerAccount:
    if options.customer is None:
        staff_id = _staff_named(api, options.name).id
        change = convert(changes, ChangeStaff)
        return api.call(routes.CHANGE_STAFF(staff_id, body=change))
    customer_id = _customer_of(api, options.customer).id
    changed = convert(changes, ChangeCustomer)
    return api.call(routes.CHANGE_CUSTOMER(customer_id, body=changed))


def _staff_named(api: Backend, name: str) -> StaffAccount:
    staff = api.call(routes.STAFF()).staff
    wanted = name.strip().casefold()
    for each in staff:
        if each.name.casefold() == wanted:
            return each
    names = ", ".join(each.name for each in staff)
    raise Failed(f"Nobody here is called {name!r}. There are: {sentence(names or 'none')}")


def _customer_of(api: Backend, phone: str) -> CustomerAccount:
    ways = spellings(phone, api.call(routes.MENU()).country)
    found = {each.phone: each for each in _customers(api, phone).customers} if ways else {}
    for way in ways:
        if way in found:
            return found[way]
    raise Failed(f"No customer of this shop has the number {phone!r}: orderbell users list --customers NAME")


def _customers(api: Backend, q: str) -> CustomerAccounts:
    return api.call(routes.CUSTOMER_ACCOUNTS(query=CustomerAccountQuery(q=q, limit=ACCOUNTS_MOST)))


def _pin(options: argparse.Namespace) -> tuple[str, bool]:
    """A PIN, and whether it was generated."""
    if options.ask:
        try:
            return asking.pin(_typed("PIN")), False
        except (ValueError, DomainError) as error:
            raise Failed(sentence(f"Nothing was changed: {error}")) from None
    return made_up_pin(), True


def _typed(what: str) -> str:
    """A secret: typed twice by a person, or piped in once by a script."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    typed = getpass.getpass(f"{what}: ")
    if getpass.getpass("Repeat it: ") != typed:
        raise Failed("That was not the same twice. Nothing was changed.")
    return typed


def _made_up_password() -> str:
    return grouped("".join(secrets.choice(ALPHABET) for _ in range(_PASSWORD_LETTERS)))


def _show_account(
    options: argparse.Namespace, account: StaffAccount | CustomerAccount, sentence: str, secret: str = ""
) -> None:
    if options.json:
        console.as_json(Shown(account=account, secret=secret))
        return
    console.show(sentence)
    if secret:
        what = "PIN" if isinstance(account, StaffAccount) else "Password"
        console.show(f"{what}: {secret}", "bold")
        console.show("It is kept only as a hash and is not shown again.")


def _state(account: StaffAccount | CustomerAccount, where: tzinfo | None) -> str:
    if account.disabled_at is not None:
        return f"disabled since {_day(account.disabled_at, where)}"
    if account.locked_until is not None:
        return f"locked until {account.locked_until.astimezone(where):%H:%M}"
    return ""


def _day(at: datetime, where: tzinfo | None) -> str:
    return f"{at.astimezone(where):%Y-%m-%d}"


def _a(role: Role) -> str:
    return "an admin" if role is Role.ADMIN else f"a {role}"
