"""Real server processes, each alone on a core where the system lets us choose, and the other core left to the load."""

import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import databases, dataset
from core.own_process import python

PEER: Final = Path(__file__).parent / "peers" / "drf"
SECRET: Final = "only-a-benchmark-signs-with-this-secret"
PRAGMAS: Final = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
STARTS_WITHIN_S: Final = 30


class DidNotStart(Exception):
    """A server ended, or did not listen in time; the message has the end of its log."""


def cores() -> list[int]:
    """The cores this process may use, or none where they cannot be chosen."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


@contextmanager
def on_core(position: int) -> Iterator[None]:
    """Keep this process, and those it starts, on its first (0) or last (-1) core, if there is a choice of two."""
    allowed = cores()
    if len(allowed) < 2 or not hasattr(os, "sched_setaffinity"):
        yield
        return
    os.sched_setaffinity(0, {allowed[position]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[int]:
    """`command` until the end of the block, once something listens on `port`."""
    with log.open("wb") as output, on_core(0):
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | (environment or {}), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _await_listening(process, port, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DidNotStart(f"{process.args!r}: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def hello(folder: Path) -> Iterator[int]:
    """A bare answer from the same server program with the same loop and parser. Gives the port, as they all do."""
    port = free_port()
    command = python("-m", "uvicorn", "benchmarks.hello:app", "--port", str(port), "--no-access-log")
    with running([*command, "--log-level", "warning"], port, folder / "hello.log", folder=databases.ROOT):
        yield port


@contextmanager
def orderbell(folder: Path) -> Iterator[int]:
    """`orderbell serve` on the database `orderbell.db` in `folder`, with the settings it has for a shop."""
    port = free_port()
    command = python("-m", "core.admin", "serve", "--data-dir", str(folder), "--port", str(port))
    command += ["--open-orders-max", "1000000", "--sockets-max", "1000000"]
    with running(command, port, folder / "orderbell.log", folder=databases.ROOT):
        yield port


def peer_available() -> bool:
    """gunicorn needs a POSIX system."""
    return os.name == "posix"


def peer_database(count: int) -> Path:
    """The peer's database with the same shop in it. It is only ever to be read."""
    sources = [PEER / "counter" / "models.py", PEER / "counter" / "management" / "commands" / "fill.py"]
    path = databases.kept("drf", count, *sources)
    if not path.exists():
        print(f"building the peer's shop of {count:,} orders in {path.name} ...", file=sys.stderr, flush=True)
        building = path.with_suffix(".building")
        building.unlink(missing_ok=True)
        _manage(building, "migrate", "--run-syncdb", "--verbosity", "0")
        _manage(building, "fill", str(count))
        building.replace(path)
    return path


@contextmanager
def peer(database: Path, folder: Path) -> Iterator[int]:
    """Django REST Framework on gunicorn: one worker with one thread, as Orderbell is one process.

    The gthread worker keeps its connections; it was as fast as the sync one in reading and faster in writing, and
    neither more threads nor more workers on the one core were faster still.
    """
    port = free_port()
    command = [str(_peer_python()), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "1"]
    command += ["--no-control-socket", "--log-level", "warning", "counter.wsgi"]
    with running(command, port, folder / "drf.log", _peer_environment(database), PEER):
        yield port


def peer_token(subject: str, role: str) -> str:
    """A token that the peer accepts for an hour."""
    import jwt

    issued = int(time.time())
    claims = {
        "iss": "orderbell",
        "aud": "orderbell-api",
        "iat": issued,
        "exp": issued + 3600,
        "jti": f"{subject}-{role}",
    }
    claims |= {"sub": subject, "role": role, "name": dataset.CASHIER, "shop": dataset.SHOP_ID, "device": dataset.DEVICE}
    return jwt.encode(claims, SECRET, "HS256")


def _manage(database: Path, *arguments: str) -> None:
    command = [str(_peer_python()), "manage.py", *arguments]
    subprocess.run(command, cwd=PEER, env=os.environ | _peer_environment(database), check=True)


def _peer_environment(database: Path) -> dict[str, str]:
    return {
        "PEER_DATABASE": str(database),
        "PEER_SECRET": SECRET,
        "PEER_PRAGMAS": PRAGMAS,
        "PYTHONPATH": str(databases.ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _peer_python() -> Path:
    """The peer's own environment, made as its requirements pin it."""
    home = databases.KEPT / "drf-venv"
    python = home / "bin" / "python"
    requirements = PEER / "requirements.txt"
    ready = home / "requirements.txt"
    if not (ready.exists() and ready.read_bytes() == requirements.read_bytes()):
        print("setting up the peer's environment ...", file=sys.stderr, flush=True)
        venv.create(home, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
        subprocess.run([str(python), *install, str(requirements)], check=True)
        ready.write_bytes(requirements.read_bytes())
    return python
