"""A short drill, the same every time: `make drill SEEDS=200` is the long one."""

from pathlib import Path

import pytest

from tests.drill.scenario import chosen
from tests.drill.scenarios import SCENARIOS
from tests.drill.shop import Drill
from tests.support.databases import Kind

pytestmark = pytest.mark.slow


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [24])
def test_nothing_is_lost_doubled_reordered_or_comes_apart(tmp_path: Path, seed: int, database: Kind) -> None:
    drill = Drill(tmp_path / "drill", seed, [each for each in chosen(SCENARIOS, seed, database) if each.always])
    found = drill.run(5.0)
    assert not drill.stuck
    assert found.clean, found.notes
    assert found.acknowledged > 50
