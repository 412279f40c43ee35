"""Writing small files atomically, and privately."""

import contextlib
import errno
import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes, *, private: bool = False, synced: bool = True) -> None:
    """Write `content` to `path` atomically, also across a power cut. Directories are made as needed.

    Without `synced` a power cut may leave the previous content or none, although this has returned. `private`: only
    the owner may read it, by its mode on POSIX and on Windows by the rights of its directory. An existing file keeps
    its owner where this process may give files away, so that an administrator's command does not take it from the
    server. Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(beside, flags, 0o600 if private else 0o644), "wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        _keep_owner(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    if synced:
        sync_directory(path.parent)


def write_for_person(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write `content` to the path that a person named, completely or not at all: an existing file then stays.

    A pipe or a device is written to. No directory is made, since a missing one is a typing mistake. Raises `OSError`.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    path = path.resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    write_whole(path, content, private=private)


def _keep_owner(before: Path, after: Path) -> None:
    if os.name == "nt" or not before.exists():
        return
    was, is_ = before.stat(), after.stat()
    if (was.st_uid, was.st_gid) != (is_.st_uid, is_.st_gid):
        with contextlib.suppress(PermissionError):  # only root may
            os.chown(after, was.st_uid, was.st_gid)


def sync_directory(directory: Path) -> None:
    """Sync a directory, so that a new name in it is durable. Windows has no such call, and needs none (NTFS journals
    names)."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
