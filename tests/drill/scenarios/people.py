"""People change at every window and till, while requests, answers and refreshes hang."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from typing_extensions import override

from tests.drill.client import Customer, Part, Staff
from tests.drill.scenario import Scenario, Trouble
from tests.support import shop
from tests.support.fault_proxy import Fault

if TYPE_CHECKING:
    from tests.drill.shop import Drill

_STAFF: Final = tuple(Staff(who.name, who.pin) for who in (shop.KIM, shop.ALEX))
_CUSTOMERS: Final = tuple(Customer(who.phone, who.password) for who in (shop.ADA, shop.GRACE))
_HANG_SHARE: Final = 0.3
_HANG_MOST_S: Final = 20.0
"""However slow the machine is."""


class People(Scenario):
    name = "people"

    def __init__(self, drill: "Drill") -> None:
        super().__init__(drill)
        self._hanging = False
        # A token this short-lived is refreshed before nearly every call.
        drill.server_flags += ["--access-token-s", "21"]
        drill.choosing.append(self._choose)

    @override
    def part(self, part: Part) -> Part:
        return msgspec.structs.replace(
            part,
            staff=_STAFF if part.staff else (),
            customers=_CUSTOMERS if part.customers else (),
            change_share=0.06,
            readers=3,
            timeout_s=(1.0, 30.0),  # longer than things hang
        )

    @override
    def troubles(self) -> Sequence[Trouble]:
        return ((self._hang, 8),)

    def _hang(self) -> None:
        """For so long that people change meanwhile, everywhere."""
        self._hanging = True
        before, until_s = self._changes(), time.monotonic() + _HANG_MOST_S
        self.drill.pause(self.random.uniform(2.5, 5.0))
        while time.monotonic() < until_s and any(map(int.__eq__, before, self._changes())):
            self.drill.pause(0.1)
        self._hanging = False
        self.drill.proxy.release()

    def _changes(self) -> list[int]:
        """How often people have changed at each client."""
        return [sum("came" in line for line in client.heard) for client in self.drill.clients]

    def _choose(self, line: str) -> Fault:
        """Asked in the proxy's thread."""
        if not self._hanging or "/sign-in/" in line or self.random.random() > _HANG_SHARE:
            return Fault.NONE
        return self.random.choice((Fault.HOLD, Fault.HOLD_ANSWER))
