"""`orderbell serve`: the backend, and its set-up the first time."""

import argparse
import json
import logging
import socket
import sys
from collections.abc import Callable, Sequence

import uvicorn
from typing_extensions import override

from core import logs, settings
from core.admin import setup
from core.protocol.feed import MESSAGE_LIMIT
from core.server.app import create_app
from core.server.keys import KeyFileError, Keys
from core.server.push.protocol import PING_S, PONG_WITHIN_S, PushProtocol
from core.server.settings import SECTION, ServerSettings
from core.store.database import CannotOpen, Database


class Server(uvicorn.Server):
    """uvicorn that says when it listens, and where."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def make_server(
    database: Database, keys: Keys, configured: ServerSettings, on_listening: Callable[[str], None]
) -> Server:
    """A server ready to `run()`. `on_listening` is told its URL once it answers."""
    config = uvicorn.Config(
        create_app(database, keys, configured),
        host=configured.host,
        port=configured.port,
        http="httptools",
        ws=PushProtocol,
        ws_max_size=MESSAGE_LIMIT,
        ws_per_message_deflate=False,  # doubles the time and triples the memory of a socket
        ws_ping_interval=PING_S,
        ws_ping_timeout=PONG_WITHIN_S,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=configured.stop_within_s,
    )
    return Server(config, on_listening)


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
    for chatty in ("alembic", "uvicorn"):  # what they would say, we say ourselves
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        configured.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys, made_keys = setup.open_keys(configured.keys_path)
        database = Database(configured.database)
    except (KeyFileError, CannotOpen, OSError) as error:
        print(f"orderbell serve: {error}", file=sys.stderr)
        return 1
    made = setup.set_up(database, demo=options.demo)
    if made_keys:
        print(f"Made the server's keys: {configured.keys_path}")
    if made:
        print(f"Made the database: {database.engine.url}\n{made}", flush=True)

    def announce(url: str) -> None:
        print(json.dumps({"url": url}) if options.announce_json else f"Listening on {url}", flush=True)

    server = make_server(database, keys, configured, announce)
    try:
        server.run()
    except KeyboardInterrupt:  # uvicorn has stopped in good order, and only then passes Ctrl+C on
        return 0
    except SystemExit:  # it could not listen, and has said why
        return 1
    finally:
        database.close()
    return 0 if server.started else 1
