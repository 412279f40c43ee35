"""The file that a window seals, and a keyring for its key."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from typing_extensions import override

from core.client.storage.local_store import LocalStore
from core.client.storage.seal import Seal


class Memory(KeyringBackend):
    """A keyring of one process."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False
        self.forgetful = False
        self.read_only = False

    @override
    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("Nobody unlocked it.")
        return self.held.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        if self.read_only:
            raise KeyringLocked("It takes nothing.")
        if not self.forgetful:
            self.held[service, username] = password


@contextmanager
def opened(path: Path, *, use: bool = True) -> Iterator[Seal]:
    """One run of the window."""
    with closing(LocalStore(path)) as store:
        yield Seal(store, keyring=use)


def written(path: Path) -> bytes:
    """All that is on the disk beside the window's file, and in it."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))
