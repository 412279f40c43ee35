"""The secret that proves that a client runs on the server's own machine: in a file that only the server's user may
read.

A local connection proves nothing: a proxy on this machine connects for the whole world. The file is named by the port,
so that a window finds it from the server's address.
"""

import contextlib
import ipaddress
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.settings import data_dir

HEADER: Final = "Orderbell-Here"
_FOLDER: Final = "here"


def path(port: int) -> Path:
    """The path of the secret of the server that listens on `port`."""
    return data_dir() / _FOLDER / str(port)


def keep(port: int, secret: str) -> None:
    """Write `secret` for this user's windows and commands on this machine. Raises `OSError`."""
    file = path(port)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # what somebody else may have made there
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(secret)


def forget(port: int) -> None:
    with contextlib.suppress(OSError):
        path(port).unlink(missing_ok=True)


def leads_here(server_url: str) -> bool:
    """Whether this address is on this machine: loopback, or `localhost`."""
    host = urlsplit(server_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proof(server_url: str) -> str:
    """The secret of the server at this address; empty for another machine's, or another user's."""
    try:
        parts = urlsplit(server_url)
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
        return path(port).read_text(encoding="ascii") if leads_here(server_url) else ""
    except (OSError, ValueError):
        return ""
