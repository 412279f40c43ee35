"""A network that loses, delays, doubles, cuts and freezes."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tests.drill.scenario import Scenario, Trouble
from tests.support.fault_proxy import Fault

if TYPE_CHECKING:
    from tests.drill.shop import Drill

_LOSSES: Final = (
    Fault.REFUSE,
    Fault.CUT_BEFORE,
    Fault.CUT_AFTER,
    Fault.CUT_WITHIN,
    Fault.DELAY,
    Fault.DUPLICATE,
    Fault.HALF_OPEN,
)


class Network(Scenario):
    name = "network"
    always = True

    def __init__(self, drill: "Drill") -> None:
        super().__init__(drill)
        self._weather = random.Random(drill.seed)  # asked by the proxy's thread, as often as there are requests
        self._faults: dict[Fault, float] = {}
        drill.choosing.append(self._choose)

    @override
    def troubles(self) -> Sequence[Trouble]:
        return (self._change, 6), (lambda: self.drill.proxy.cut(), 3), (self._freeze, 2)

    @override
    def peace(self) -> None:
        self._faults = {}
        self.drill.proxy.cut()

    def _choose(self, _line: str) -> Fault:
        dice = self._weather.random()
        for fault, share in self._faults.items():
            dice -= share
            if dice < 0:
                return fault
        return Fault.NONE

    def _change(self) -> None:
        kinds = self.random.sample(_LOSSES, self.random.randint(0, 3))
        self._faults = {fault: self.random.uniform(0.02, 0.3) for fault in kinds}

    def _freeze(self) -> None:
        self.drill.proxy.freeze(frozen=True)
        self.drill.pause(self.random.uniform(0.1, 0.8))
        self.drill.proxy.freeze(frozen=False)
