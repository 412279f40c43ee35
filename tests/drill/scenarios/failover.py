"""PostgreSQL's primary is lost with what its asynchronous standby was not told of, and the standby takes over."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tests.drill.scenario import Scenario, Trouble
from tests.support import databases, postgres
from tests.support.postgres import Pair

if TYPE_CHECKING:
    from tests.drill.shop import Drill

_BEHIND_S = 5.0
_QUIET_S = 2.0


class Failover(Scenario):
    name = "failover"
    runs_on: ClassVar[tuple[databases.Kind, ...]] = ("postgresql",)

    def __init__(self, drill: "Drill") -> None:
        super().__init__(drill)
        self._pair: Pair

    @classmethod
    @override
    def missing(cls) -> str:
        return "" if postgres.binaries() is not None else "There is no PostgreSQL on this machine."

    @override
    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        with contextlib.closing(Pair()) as self._pair, databases.standing_on("postgresql", self._pair):
            yield

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._while_busy, 2), (self._while_idle, 2), (self._with_the_backend, 1)

    def _while_busy(self) -> None:
        self._cut_off()
        self._pair.fail_over()
        self._repair()

    def _while_idle(self) -> None:
        """Nobody asks the backend anything from before until after."""
        self._cut_off()
        self.drill.proxy.freeze(frozen=True)
        self._pair.fail_over()
        self.drill.pause(self.random.uniform(0, _QUIET_S))
        self.drill.proxy.freeze(frozen=False)
        self._repair()

    def _with_the_backend(self) -> None:
        """As when both are on one machine: nobody is left who remembers."""
        self._cut_off()
        self.drill.kill_server(self._pair.fail_over)
        self._repair()

    def _cut_off(self) -> None:
        self._pair.standby.catch_up(self._pair.primary)
        self._pair.standby.follow(None)
        self.drill.pause(self.random.uniform(0, _BEHIND_S))

    def _repair(self) -> None:
        self.drill.restores += 1
        self._pair.repair()
