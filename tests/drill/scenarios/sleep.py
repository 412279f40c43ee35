"""Machines that sleep: processes that stand still for a while, and clients whose wall clocks are a night further."""

from collections.abc import Sequence

from typing_extensions import override

from tests.drill.scenario import Scenario, Trouble
from tests.support.killer import standing_still


class Sleep(Scenario):
    name = "sleep"

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._stand_still, 3), (self._sleep, 3), (self._server_stands_still, 2)

    def _stand_still(self) -> None:
        client = self.random.choice(self.drill.clients)
        with client.standing_still():
            self.drill.pause(self.random.uniform(0.5, 3.0))

    def _server_stands_still(self) -> None:
        assert self.drill.server is not None
        assert self.drill.server.process is not None
        with standing_still(self.drill.server.process.pid):
            self.drill.pause(self.random.uniform(0.5, 3.0))

    def _sleep(self) -> None:
        """A night that its monotonic clock does not know of."""
        self.random.choice(self.drill.clients).tell("sleep")
