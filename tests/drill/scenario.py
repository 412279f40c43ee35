"""What a scenario is: one kind of trouble, added to the shop of a drill (`tests.drill.shop`).

To add one: a subclass in a module of `tests/drill/scenarios/`, and a line in the table there.
"""

import contextlib
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from tests.drill.client import Part
from tests.support import databases

if TYPE_CHECKING:
    from tests.drill.audit import Findings
    from tests.drill.shop import Drill

Trouble = tuple[Callable[[], None], int]
"""Something that may happen, and how often compared with everything else that may. It is done when it returns."""


class Scenario:
    """Everything here may be overridden, and does nothing by itself. All of it is called in the drill's own thread."""

    name: ClassVar[str]
    always: ClassVar[bool] = False
    """In every drill that is not told its scenarios. Others are in half of those, as the seed says."""
    runs_on: ClassVar[tuple[databases.Kind, ...]] = databases.KINDS
    """The databases that it can be tried on."""

    def __init__(self, drill: "Drill") -> None:
        self.drill = drill
        self.random = random.Random(f"{drill.seed} {self.name}")
        """Its own, so that what it draws changes nothing in the others."""

    @classmethod
    def missing(cls) -> str:
        """What this machine lacks for it, in a sentence; empty when nothing."""
        return ""

    def surroundings(self) -> contextlib.AbstractContextManager[object]:
        """What stands from before the shop is made until after everything has ended and before the audit. Here
        `drill.data_dir`, `drill.files`, `drill.database_url` and `drill.server_flags` may still be changed."""
        return contextlib.nullcontext()

    def part(self, part: Part) -> Part:
        """How a client is started that would be started as `part`."""
        return part

    def troubles(self) -> Sequence[Trouble]:
        return ()

    def peace(self) -> None:
        """The trouble is over: put right what is still wrong. Everybody is still at work."""

    def audit(self, found: "Findings") -> None:
        """Add to what was found. Everything has ended."""


def chosen(
    table: Sequence[type[Scenario]], seed: int, database: databases.Kind, names: Sequence[str] = ()
) -> list[type[Scenario]]:
    """Those of the drill of `seed`: the ones that are named, or else a mix by the seed. Raises `ValueError` for one
    that cannot be had here."""
    if not names:
        return [
            each
            for each in table
            if database in each.runs_on
            and (each.always or (random.Random(f"{seed} {each.name}").random() < 0.5 and not each.missing()))
        ]
    known = {each.name: each for each in table}
    found = [known[name] for name in dict.fromkeys(names)]
    for each in found:
        if database not in each.runs_on:
            raise ValueError(f"{each.name} does not run on {database}.")
        if each.missing():
            raise ValueError(f"{each.name}: {each.missing()}")
    return found
