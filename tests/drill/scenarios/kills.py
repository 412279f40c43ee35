"""kill -9, for clients and for the server, in the middle of whatever they do."""

from collections.abc import Sequence

from typing_extensions import override

from tests.drill.scenario import Scenario, Trouble


class Kills(Scenario):
    name = "kills"
    always = True

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._kill_client, 5), (self.drill.kill_server, 3)

    def _kill_client(self) -> None:
        self.drill.kill_client(self.random.randrange(len(self.drill.clients)))
