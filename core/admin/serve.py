"""`orderbell serve`: the backend, and its set-up the first time."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from core import logs, settings
from core.admin import setup
from core.admin.serving import Serving, make_server, noted, quieten
from core.server.backups import open_database
from core.server.keys import KeyFileError
from core.server.settings import SECTION, ServerSettings
from core.server.tls import Presented, TlsError
from core.store.database import CannotOpen
from core.store.owner import AlreadyServed, Ownership


def main(argv: Sequence[str]) -> int:
    """Serve until stopped. Gives the exit status: 0, or 1 when it could not start."""
    parser = argparse.ArgumentParser(prog="orderbell serve", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="at first set-up, make customers and PINs known to all")
    parser.add_argument(
        "--announce-json", action="store_true", help='print {"url": …} as a line of its own once it listens'
    )
    settings.add_flags(parser, ServerSettings)
    options = parser.parse_args(argv)
    try:
        configured = settings.load(ServerSettings, SECTION, vars(options)).values
    except settings.SettingsError as error:
        parser.error(str(error))
    logs.setup(configured.log_format, debug=configured.debug)
    quieten()
    with ExitStack() as held:
        return _serve(configured, options, held)


def _serve(configured: ServerSettings, options: argparse.Namespace, held: ExitStack) -> int:
    try:
        configured.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        held.enter_context(Ownership(configured.database))
        keys, made_keys = setup.open_keys(configured.keys_path)
        presented = Presented(*configured.tls_files) if configured.tls_files else None
        database = open_database(configured)
    except (AlreadyServed, KeyFileError, TlsError, CannotOpen, OSError) as error:
        print(f"orderbell serve: {error}", file=sys.stderr)
        return 1
    made = setup.set_up(database, demo=options.demo)
    if made_keys:
        print(f"Made the server's keys: {configured.keys_path}")
    if made:
        print(f"Made the database: {database.engine.url}\n{made}", flush=True)

    def announce(url: str) -> None:
        held.enter_context(noted(configured, Serving(url, str(configured.ca_path or ""))))
        print(json.dumps({"url": url}) if options.announce_json else f"Listening on {url}", flush=True)

    server = make_server(database, keys, configured, announce, presented)
    try:
        server.run()
    except KeyboardInterrupt:  # uvicorn has stopped in good order, and only then passes Ctrl+C on
        return 0
    except SystemExit:  # it could not listen, and has said why
        return 1
    finally:
        database.close()
    return 0 if server.started else 1
