"""All scenarios, one a line."""

from typing import Final

from tests.drill.scenario import Scenario
from tests.drill.scenarios.backups import Backups
from tests.drill.scenarios.failover import Failover
from tests.drill.scenarios.full_disks import FullDisks
from tests.drill.scenarios.kills import Kills
from tests.drill.scenarios.network import Network
from tests.drill.scenarios.people import People
from tests.drill.scenarios.sleep import Sleep

SCENARIOS: Final[tuple[type[Scenario], ...]] = (
    Kills,
    Network,
    Backups,
    Failover,
    People,
    FullDisks,
    Sleep,
)
