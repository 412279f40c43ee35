"""`orderbell serve`: runs the backend until it is stopped. Without a database it first makes a demo shop."""

import argparse
import gc
import ipaddress
import json
import os
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final
from urllib.parse import urlsplit

from core import logs, settings
from core.admin import addresses, console, setup, terminal
from core.admin.command import Parser, server_settings
from core.admin.failed import Failed
from core.admin.serving import Serving, advertised, make_server, owned, quieten, url_of
from core.reasons import reason
from core.server.auth import authority
from core.server.auth.authority import AuthorityError
from core.server.auth.tls import Presented
from core.server.backups import open_database
from core.server.settings import ServerSettings
from core.store.engine.database import shown

_EXAMPLES: Final = """examples:
  orderbell serve                            for screens on this machine
  orderbell serve --host 0.0.0.0             for screens in the network, too; first: orderbell tls init
  orderbell serve --tls-certificate fullchain.pem --tls-key privkey.pem
  orderbell serve --config /etc/orderbell.toml --log-format json

Ctrl+C, SIGTERM or Ctrl+Break stops it: what it has accepted is finished, screens are told and come back by themselves.
A second Ctrl+C does not wait."""
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def main(argv: Sequence[str]) -> int:
    """Serve until stopped. Returns 0, or 1 after a failure. Raises `Failed` when it could not start."""
    parser = Parser("orderbell serve", __doc__, _EXAMPLES)
    parser.add_argument("--demo", action="store_true", help="at first set-up, make customers and PINs known to all")
    parser.add_argument(
        "--announce-json", action="store_true", help='print {"url": …} as a line of its own once it listens'
    )
    settings.add_flags(parser, ServerSettings)
    parser.set_defaults(run=_run)
    return parser.run(argv)


def _run(options: argparse.Namespace) -> int:
    configured = server_settings(options)
    logs.setup(configured.log_format, debug=configured.debug)
    quieten()
    for number in (signal.SIGTERM, getattr(signal, "SIGBREAK", signal.SIGTERM)):
        signal.signal(number, signal.default_int_handler)  # ends like Ctrl+C, so that everything is released
    with ExitStack() as held:
        try:
            return _serve(configured, options, held)
        except KeyboardInterrupt:  # uvicorn has stopped in good order, and only then passes it on
            if not options.announce_json:
                terminal.lines(["Stopped. What was begun is done."])
            return 0


def _serve(configured: ServerSettings, options: argparse.Namespace, held: ExitStack) -> int:
    configured.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    held.enter_context(owned(configured))
    _check_address(configured.host, configured.port)
    keys, made_keys = setup.open_keys(configured.keys_path)
    presented = Presented(*configured.tls_files) if configured.tls_files else None
    held.enter_context(logs.kept(configured.log_path))
    database = held.enter_context(closing(open_database(configured)))
    made = setup.set_up(database, demo=options.demo)
    if made_keys:
        terminal.lines([f"Made the server's keys: {configured.keys_path}"])
    if made:
        terminal.lines([f"Made the database: {shown(database.engine.url)}", *f"{made}".split("\n")])

    def announce(url: str) -> None:
        held.enter_context(advertised(configured, _serving(configured, url)))
        if options.announce_json:
            terminal.lines([json.dumps({"url": url})])
        else:
            terminal.lines((f"Listening on {url}", *_for_screens(configured, url)))

    server = make_server(database, keys, configured, announce, presented)
    # Objects from start-up live as long as the process. Collecting them again and again would delay all screens by
    # 80 ms, after every few thousand sockets or orders; later objects are still collected.
    gc.collect()
    gc.freeze()
    try:
        server.run()
    except SystemExit:  # it could not listen, and has logged why
        return 1
    return 0 if server.started else 1


def _check_address(host: str, port: int) -> None:
    """Check that the address is free, before anything is made or upgraded. Raises `Failed`."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                if os.name == "posix":  # as asyncio does; on Windows it would let two listen
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except OSError as error:
        raise Failed(f"It cannot listen on {host}, port {port}: {reason(error)} See: --host, --port") from None


def _serving(configured: ServerSettings, url: str) -> Serving:
    """The address for commands on this machine: an external certificate may not be for loopback."""
    if configured.tls_certificate:
        named = next((name for name in _names(configured) if "*" not in name), "")
        parts = urlsplit(url)
        return Serving(url_of(named or parts.hostname or "", parts.port or 0, tls=True))
    return Serving(url, str(configured.ca_path or ""))


def _for_screens(configured: ServerSettings, url: str) -> list[str]:
    """The addresses to type into screens on other machines, if they can reach it; and a warning where it is not
    safe."""
    parts = urlsplit(url)
    if configured.host not in _EVERYWHERE:
        reached = [] if _is_loopback(parts.hostname or "") else [parts.hostname or ""]
    else:
        reached = [*addresses.addresses(), *addresses.names()]
    if not reached:
        return []
    if configured.tls_files is None:
        console.warn(
            "This server does not encrypt, and PINs could be read on the way: screens on other machines refuse it. "
            "First: orderbell tls init"
        )
        return [f"Screens that allow plain HTTP reach it at {url_of(reached[0], parts.port or 0, tls=False)}"]
    certified = _names(configured)
    fitting = [name for name in reached if name in certified] or [name for name in certified if not _is_loopback(name)]
    if not fitting:
        console.warn(
            f"The certificate names nothing that other machines reach. orderbell tls renew --name {reached[0]}"
        )
    return [f"Screens reach it at {url_of(name, parts.port or 0, tls=True)}" for name in fitting[:2]]


def _names(configured: ServerSettings) -> tuple[str, ...]:
    try:
        return authority.read(configured.tls_files[0]).names if configured.tls_files else ()
    except AuthorityError:
        return ()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
