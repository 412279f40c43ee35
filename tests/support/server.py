"""The real backend for tests: in a thread of this process, or as the command in a process of its own."""

import json
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from core.admin.serving import make_server
from core.server.app import Orderbell
from core.server.auth.keys import Keys
from core.server.auth.keys import make as make_keys
from core.server.auth.tls import Presented
from core.server.services import Services
from core.server.settings import ServerSettings
from core.store.engine.database import Database
from tests.support import databases, processes

START_WITHIN_S: Final = 30
_ROOM: Final = ("--open-orders-max", "100000")
"""Limits that are high enough for tests, in which few customers place many orders."""


class ServerThread:
    """The backend in a thread, on a free loopback port, over `directory`/orderbell.db, for the duration of a `with`.

    The database may exist (`tests.support.shop.lay_out`), or is created without shops. `tests.support.databases`
    decides its kind.
    """

    def __init__(self, directory: Path, settings: ServerSettings | None = None, keys: Keys | None = None) -> None:
        self.settings = settings or ServerSettings(port=0, data_dir=str(directory), open_orders_max=100_000)
        self.keys = keys or make_keys()
        self.url = ""
        self.database = Database(self.settings.database_url or databases.url(directory / "orderbell.db"))
        self._listening = threading.Event()
        self.presented = Presented(*self.settings.tls_files) if self.settings.tls_files else None
        self._server = make_server(self.database, self.keys, self.settings, self._on_listening, self.presented)
        self._thread = threading.Thread(target=self._run, name="test-server")

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._listening.wait(START_WITHIN_S) or not self.url:
            self.stop()
            raise RuntimeError("the test server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def services(self) -> Services:
        """The services of its app."""
        app = self._server.config.app
        assert isinstance(app, Orderbell)
        return app.services

    def stop(self) -> None:
        """Stop as by a signal: finish accepted work, then end."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self.database.close()

    def _on_listening(self, url: str) -> None:
        self.url = url
        self._listening.set()

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._listening.set()


class ServerProcess:
    """`orderbell serve` in a process, over `directory`, for the duration of a `with`."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self._arguments = ["serve", "--port", "0", "--data-dir", str(directory), "--announce-json", *_ROOM, *flags]
        if databases.kind() != "sqlite":
            self._arguments += ["--database-url", databases.url(directory / "orderbell.db")]
        self._log = directory / "server.log"
        self.url = ""
        self.said: list[str] = []
        """The output before it listened."""
        self.process: processes.Started | None = None

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self.process = processes.start("core.admin", self._arguments, self._log)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.url = json.loads(line)["url"]
                return self
            self.said.append(line.rstrip("\n"))
        self.kill()
        raise RuntimeError(f"orderbell serve did not start: {self.log()[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def log(self) -> str:
        """The contents of its log."""
        return self._log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Stop it by a signal, and wait for it. Returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        return self._ended()

    def kill(self) -> int:
        """Kill it. Returns its exit status."""
        assert self.process is not None
        self.process.kill()
        return self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        status = self.process.wait(START_WITHIN_S)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return status
