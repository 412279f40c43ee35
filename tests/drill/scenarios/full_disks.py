"""Disks that are full for a while: the clients', and the server's where its database is a file."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from typing_extensions import override

from tests.drill.scenario import Scenario, Trouble
from tests.support import databases
from tests.support.full_disk import SmallDisk, can_mount, small_disk

_SIZE = "96m"


class FullDisks(Scenario):
    """Real ones, small enough to be filled to the last byte. Somebody may be killed while theirs is full."""

    name = "full-disks"

    @classmethod
    @override
    def missing(cls) -> str:
        return "" if can_mount() else "Mounting a small disk needs root on Linux."

    @override
    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        drill = self.drill
        with small_disk(drill.directory / "client-disk", _SIZE) as self._clients, contextlib.ExitStack() as stack:
            drill.files = [self._clients.path / file.name for file in drill.files]
            self._server: SmallDisk | None = None
            if databases.kind() == "sqlite":
                self._server = stack.enter_context(small_disk(drill.directory / "server-disk", _SIZE))
                drill.data_dir = self._server.path / "server"
            yield

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._fill_clients, 4), *(((self._fill_server, 4),) if self._server is not None else ())

    @override
    def peace(self) -> None:
        self._clients.make_room()
        if self._server is not None:
            self._server.make_room()

    def _fill_clients(self) -> None:
        number = self.random.randrange(len(self.drill.clients))
        self._fill(self._clients, lambda room: self.drill.kill_client(number, room))

    def _fill_server(self) -> None:
        assert self._server is not None
        self._fill(self._server, self.drill.kill_server)

    def _fill(self, disk: SmallDisk, kill: Callable[[Callable[[], None]], None]) -> None:
        disk.fill()
        self.drill.pause(self.random.uniform(0.3, 2.5))
        if self.random.random() < 0.3:
            kill(disk.make_room)
        else:
            disk.make_room()
