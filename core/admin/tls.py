"""`orderbell tls`: the shop's own certificate authority, and the server's certificates."""

import argparse
import socket
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from core import settings
from core.admin import addresses, config, console
from core.admin.command import Parser, server_settings, settings_file
from core.admin.failed import Failed
from core.admin.keys import warn_outdated
from core.admin.serving import url_of
from core.files import write_whole
from core.protocol.trust import short_fingerprint
from core.server.auth import authority
from core.server.auth.authority import Certificate
from core.server.settings import SECTION, ServerSettings
from core.settings import document

WARN_DAYS: Final = 14
_EXAMPLES: Final = """examples:
  orderbell tls init                          for every name and address this machine has now
  orderbell tls init --name pos.example --name 192.168.1.5
  orderbell tls show --json                   names, fingerprints and how many days are left
  orderbell tls renew                         a new certificate for the same names
  orderbell tls renew --name 192.168.1.9      and for these names instead

A running server renews its certificate by itself 30 days before it ends, and shows a renewed one within a minute.
Screens get the certificate authority (ca.pem) when they are paired, or by the setting ca_file, and trust no other."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The output of `tls show --json`."""

    server_file: str
    names: tuple[str, ...]
    not_after: datetime
    days_left: int
    fingerprint: str
    issuer: str
    ca_file: str = ""
    ca_fingerprint: str = ""
    ca_short: str = ""
    """The part of the fingerprint in a pairing code."""
    ca_not_after: datetime | None = None


def main(argv: Sequence[str]) -> int:
    """Returns 0, or 1 for `show` when the certificate has less than 14 days left. Raises `Failed`."""
    parser = Parser("orderbell tls", __doc__, _EXAMPLES)
    only = ("data_dir", "tls_certificate")
    init = parser.command("init", "make the certificate authority and a first certificate", _init, only=only)
    renew = parser.command("renew", "make a new certificate by the same certificate authority", _renew, only=only)
    for each in (init, renew):
        each.add_argument(
            "--name", action="append", default=[], metavar="HOST", help="a name or an address; may be repeated"
        )
    parser.command("show", "what the server shows, and until when", _show, only=only)
    return parser.run(argv)


def _init(options: argparse.Namespace) -> None:
    server = server_settings(options)
    names = options.name or [*addresses.names(), *addresses.addresses()]
    server.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority.make(server.tls_directory, socket.gethostname(), names)
    changed = _introduce(server, options)
    if not options.json:
        console.show(f"Made the shop's certificate authority and a certificate in {server.tls_directory}.")
        console.show("Keep ca-key.pem to yourself: whoever has it can pass for this server.")
        console.show("The server speaks TLS from its next start.")
        if changed is not None:
            console.show(f"Windows on this machine find it by what is in {changed} now.")
        console.show("")
    _show_certificates(server, as_json=options.json)
    if not options.json:
        warn_outdated(server, settings_file(options))


def _introduce(server: ServerSettings, options: argparse.Namespace) -> Path | None:
    """Set the TLS address for this machine's windows in the server's settings file, unless one is set there. Returns
    the file when it was changed."""
    path = settings.named_file(vars(options)) or settings.default_file()
    if not path.exists():
        return None
    of_file = settings.load(ServerSettings, SECTION, {"config": str(path)}, {}).values
    if of_file.directory != server.directory:
        return None
    known = config.address_of(of_file)
    plain = f"server_url = {document.literal(url_of(of_file.host, of_file.port, tls=False))}\n"
    before = path.read_text(encoding="utf-8")
    text, present = before, tomllib.loads(before)
    lines = "".join(f"{name} = {document.literal(value)}\n" for name, value in known.items())
    if not any("ca_file" in present.get(window, {}) for window in config.WINDOWS):
        text = text.replace(f"\n{plain}", f"\n{lines}")  # as `init` wrote it
        present = tomllib.loads(text)
    for window in config.WINDOWS:
        if not known.keys() & present.get(window, {}).keys():
            header = f"[{window}]\n"
            if window not in present:
                text += f"\n{header}{lines}"
            elif header in text:
                text = text.replace(header, header + lines, 1)
    if text == before:
        return None
    tomllib.loads(text)
    write_whole(path, text.encode(), private=True)
    return path


def _renew(options: argparse.Namespace) -> None:
    server = server_settings(options)
    authority.renew(server.tls_directory, options.name)
    _show_certificates(server, as_json=options.json)


def _show(options: argparse.Namespace) -> int:
    return 0 if _show_certificates(server_settings(options), as_json=options.json).days_left >= WARN_DAYS else 1


def _show_certificates(server: ServerSettings, *, as_json: bool) -> Shown:
    files = server.tls_files
    if files is None:
        raise Failed("This server speaks plain HTTP. Make a certificate with: orderbell tls init")
    shown = _shown(files[0], server.ca_path)
    if as_json:
        console.as_json(shown)
        return shown
    rows: list[tuple[str, str]] = [
        ("certificate", shown.server_file),
        ("names", ", ".join(shown.names)),
        ("valid until", f"{shown.not_after:%Y-%m-%d} ({shown.days_left} days)"),
        ("fingerprint", shown.fingerprint),
        ("issued by", shown.issuer),
    ]
    if shown.ca_not_after is not None:
        rows += [
            ("certificate authority", shown.ca_file),
            ("valid until", f"{shown.ca_not_after:%Y-%m-%d}"),
            ("fingerprint", shown.ca_fingerprint),
            ("in pairing codes", shown.ca_short),
        ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.show(f"{name:{width}}  {value}")
    return shown


def _shown(server_file: Path, ca_file: Path | None) -> Shown:
    own: Certificate = authority.read(server_file)
    shown = Shown(
        server_file=str(server_file),
        names=own.names,
        not_after=own.not_after,
        days_left=own.days_left(datetime.now(UTC)),
        fingerprint=own.fingerprint,
        issuer=own.issuer,
    )
    if ca_file is None:
        return shown
    ca = authority.read(ca_file)
    return msgspec.structs.replace(
        shown,
        ca_file=str(ca_file),
        ca_fingerprint=ca.fingerprint,
        ca_short=short_fingerprint(ca_file.read_text(encoding="ascii")),
        ca_not_after=ca.not_after,
    )
