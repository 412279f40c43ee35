"""PostgreSQL's primary is lost with what its asynchronous standby was not told of, and the standby takes over."""

import contextlib
import time
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
_NOTICED_WITHIN_S = 30.0


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
        before = self._cut_off()
        self._pair.fail_over()
        self._noticed(before)

    def _while_idle(self) -> None:
        """Nobody asks the backend anything from before until after."""
        before = self._cut_off()
        self.drill.proxy.freeze(frozen=True)
        self._pair.fail_over()
        self.drill.pause(self.random.uniform(0, _QUIET_S))
        self._noticed(before)
        self.drill.proxy.freeze(frozen=False)

    def _with_the_backend(self) -> None:
        """As when both are on one machine: nobody is left who remembers."""
        before = self._cut_off()
        self.drill.kill_server(self._pair.fail_over)
        self._noticed(before)

    def _cut_off(self) -> set[str]:
        """Gives the shops' epochs until now."""
        self._pair.standby.catch_up(self._pair.primary)
        self._pair.standby.follow(None)
        self.drill.pause(self.random.uniform(0, _BEHIND_S))
        return self._epochs()

    def _noticed(self, before: set[str]) -> None:
        """Until the backend has found out, by itself; then there is a new standby."""
        self.drill.restores += 1
        until = time.monotonic() + _NOTICED_WITHIN_S
        while self._epochs() & before:
            if time.monotonic() > until:
                self.drill.stuck.append("the backend has not noticed that the database server is another one")
                break
            self.drill.pause(0.1)
        self._pair.repair()

    def _epochs(self) -> set[str]:
        with self._pair.primary.connect(databases.name(self.drill.database)) as connection:
            return {str(epoch) for (epoch,) in connection.execute("SELECT epoch FROM shops")}
