"""`orderbell devices`: pairs POS, status displays and customer kiosks, lists their state, revokes and removes one."""

import argparse
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from core.admin import console
from core.admin.backend import Asking, Backend, asked
from core.admin.command import WHERE, Parser
from core.admin.failed import Failed
from core.decoding import convert
from core.domain.people import DeviceKind
from core.protocol import routes
from core.protocol.accounts import Unlock
from core.protocol.devices import DeviceList, DeviceReport, InviteDevice, parts

_EXAMPLES: Final = """examples:
  orderbell devices pair POS2                     for whatever machine it is typed into
  orderbell devices pair POS2 --kind pos          for a POS alone; its order numbers are POS2-000001, POS2-000002, …
  orderbell devices pair DISPLAY1 --kind display  for a status display alone
  orderbell devices pair KIOSK1 --kind kiosk      for a customer kiosk alone
  orderbell devices list                          when each was last heard of, and how far behind it is
  orderbell devices unlock POS2                   after too many wrong PINs there, of whomever
  orderbell devices revoke POS2                   at once; for one that was lost or stolen
  orderbell devices remove POS2                   revoke it, and list it no more

A code works once and for ten minutes. A machine that is of another kind than its code refuses it, and does not use it
up. Pairing a name again hands it to another machine: the one before is signed out, and the numbers go on a thousand
further, so that none is given twice. That holds for a name that was removed, too."""
_KINDS: Final = {kind.word: kind for kind in DeviceKind} | {
    "terminal": DeviceKind.POS,
    "till": DeviceKind.POS,
    "board": DeviceKind.STATUS_DISPLAY,
    "status-display": DeviceKind.STATUS_DISPLAY,
    "customer": DeviceKind.KIOSK,
    "customer-kiosk": DeviceKind.KIOSK,
}
"""By `--kind`. The names after the first three are those of earlier releases, and of the commands that open windows."""
_WINDOWS: Final = {DeviceKind.POS: "pos", DeviceKind.STATUS_DISPLAY: "board", DeviceKind.KIOSK: "customer"}
"""The command that opens the window of a device of this kind."""


def main(argv: Sequence[str]) -> int:
    """Returns 0. Raises `Failed` when the backend refuses."""
    parser = Parser("orderbell devices", __doc__, _EXAMPLES)

    def command(name: str, summary: str, run: Asking) -> Parser:
        return parser.command(name, summary, asked(run), only=WHERE, shop=True)

    pair = command("pair", "a code to type into a POS, a status display or a customer kiosk", _pair)
    pair.add_argument("name", help="what it is called: POS2")
    words = ", ".join(kind.word for kind in DeviceKind)
    told = f"the only kind of machine that may use the code: {words} (default: the machine's own)"
    pair.add_argument("--kind", metavar="KIND", type=_kind, help=told)
    command("list", "all devices, when they were last heard of and how far behind they are", _list)
    unlock = command("unlock", "forget what was tried wrongly at a POS, over all names", _unlock)
    unlock.add_argument("name")
    for name, summary, run in (
        ("revoke", "end what a device may do, at once", _revoke),
        ("remove", "revoke a device, and list it no more", _remove),
    ):
        ending = command(name, summary, run)
        ending.add_argument("name")
        ending.add_argument("--yes", action="store_true", help="do not ask")
    return parser.run(argv)


def _pair(api: Backend, options: argparse.Namespace) -> None:
    wanted = {"name": options.name.upper(), "kind": options.kind}
    try:
        body = convert(wanted, InviteDevice)
    except msgspec.ValidationError:
        raise Failed(
            "A device's name has up to 20 letters and digits, and begins with a letter: POS2", status=2
        ) from None
    invitation = api.call(routes.INVITE_DEVICE(body=body))
    if options.json:
        console.as_json(invitation)
        return
    kind = invitation.kind
    what = kind.a_label.partition(" ")[2] if kind is not None else "machine"
    console.show(f"Type this into the {what} that is to be {invitation.name}:\n")
    console.show(f"  {invitation.code}\n", "bold")
    for each in (kind,) if kind is not None else DeviceKind:
        console.show(f"At {each.a_label}: orderbell {_WINDOWS[each]} --pair")
    console.show(f"It works once, until {invitation.expires_at.astimezone():%H:%M} by this machine's clock.")
    _, fingerprint = parts(invitation.code)
    if fingerprint:
        console.show("Type all of it: its end proves to the device that this is your server.")


def _list(api: Backend, options: argparse.Namespace) -> None:
    found = _devices(api)
    if options.json:
        console.as_json(found)
        return
    rows = [
        (
            each.name,
            each.kind.label,
            _state(each, api.zone),
            _moment(each.last_contact_at, api.zone),
            _lag(each),
            each.app_version,
        )
        for each in found.devices
    ]
    columns = ("name", "kind", "", "last heard of", "behind", "version")
    console.table(columns, rows, empty="There is no device yet: orderbell devices pair POS1")


def _revoke(api: Backend, options: argparse.Namespace) -> None:
    name = _known(api, options.name).name
    console.confirm(f"Sign out whoever works at {name}, and let nobody in there any more?", yes=options.yes)
    api.call(routes.REVOKE_DEVICE(name))
    if options.json:
        console.as_json(_known(api, name))
    else:
        console.show(f"{name} is revoked. What it has not sent stays in its own file.")


def _remove(api: Backend, options: argparse.Namespace) -> None:
    known = _known(api, options.name)
    console.confirm(f"Sign out whoever works at {known.name}, and list it no more?", yes=options.yes)
    api.call(routes.REMOVE_DEVICE(known.name))
    if options.json:
        console.as_json(known)
    else:
        console.show(f"{known.name} is removed. What it has not sent stays in its own file.")


def _unlock(api: Backend, options: argparse.Namespace) -> None:
    known = _known(api, options.name)
    api.call(routes.UNLOCK(body=Unlock(device=known.name)))
    if options.json:
        console.as_json(known)
    else:
        console.show(f"Wrong tries at {known.name} are forgotten. Who is locked by name is unlocked by name.")


def _kind(text: str) -> DeviceKind:
    """The kind of `--kind`. Raises `ArgumentTypeError`."""
    known = _KINDS.get(text.strip().lower())
    if known is None:
        words = ", ".join(kind.word for kind in DeviceKind)
        raise argparse.ArgumentTypeError(f"{text!r} is no kind of device; there are: {words}")
    return known


def _known(api: Backend, name: str) -> DeviceReport:
    for each in _devices(api).devices:
        if each.name == name.upper():
            return each
    raise Failed(f"There is no device {name.upper()}. `orderbell devices list` has them.")


def _devices(api: Backend) -> DeviceList:
    return api.call(routes.DEVICES_OF_ADMIN())


def _state(device: DeviceReport, where: tzinfo | None) -> str:
    if device.revoked_at is not None:
        return f"revoked {_moment(device.revoked_at, where)}"
    if device.paired_at is not None:
        return f"paired {_moment(device.paired_at, where)}"
    return "not paired: made with the shop"


def _lag(device: DeviceReport) -> str:
    if device.lag_events is None or device.revoked_at is not None:
        return ""
    if not device.lag_events:
        return "nothing"
    events = f"{device.lag_events} event{'s' * (device.lag_events > 1)}"
    return f"{events}, {device.lag_s:.0f} s" if device.lag_s is not None else events


def _moment(at: datetime | None, where: tzinfo | None) -> str:
    return f"{at.astimezone(where):%Y-%m-%d %H:%M:%S}" if at is not None else "never"
