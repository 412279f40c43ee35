"""Short drills, the same every time: `make drill SEEDS=200` is the long one."""

import subprocess
import time
from pathlib import Path

import pytest

from core import own_process
from tests.drill.scenario import Scenario, chosen
from tests.drill.scenarios import SCENARIOS
from tests.drill.scenarios.failover import Failover
from tests.drill.scenarios.full_disks import FullDisks
from tests.drill.scenarios.people import People
from tests.drill.scenarios.sleep import Sleep
from tests.drill.shop import Drill
from tests.support.databases import Kind
from tests.support.full_disk import needs_mount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def _each_once(scenario: type[Scenario], directory: Path, seed: int) -> None:
    """Each trouble of the scenario, alone. The seed's are short ones."""
    drill = Drill(directory, seed, [scenario])
    found = drill.run(None)
    assert not drill.stuck
    assert found.clean, found.notes
    assert found.acknowledged > 10


@pytest.mark.parametrize("seed", [24])
def test_nothing_is_lost_doubled_reordered_or_comes_apart(tmp_path: Path, seed: int, database: Kind) -> None:
    drill = Drill(tmp_path / "drill", seed, [each for each in chosen(SCENARIOS, seed, database) if each.always])
    found = drill.run(5.0)
    assert not drill.stuck
    assert found.clean, found.notes
    assert found.acknowledged > 50


@pytest.mark.sqlite_only("it happens in the clients")
@pytest.mark.usefixtures("database")
def test_nothing_becomes_somebody_elses_when_people_change_while_calls_hang(tmp_path: Path) -> None:
    _each_once(People, tmp_path / "drill", 11)


@pytest.mark.sqlite_only("it happens in the clients")
@pytest.mark.usefixtures("database")
def test_nothing_is_lost_or_told_as_new_when_machines_sleep(tmp_path: Path) -> None:
    _each_once(Sleep, tmp_path / "drill", 20)


@needs_mount
@pytest.mark.sqlite_only("PostgreSQL's files are not the drill's")
@pytest.mark.usefixtures("database")
def test_nothing_is_lost_when_disks_are_full(tmp_path: Path) -> None:
    _each_once(FullDisks, tmp_path / "drill", 3)


@pytest.mark.postgresql_only("it is of two servers")
@pytest.mark.usefixtures("database")
def test_a_lost_database_server_is_noticed_and_what_it_had_told_is_sent_again(tmp_path: Path) -> None:
    _each_once(Failover, tmp_path / "drill", 243)


@needs_mount
@pytest.mark.sqlite_only("it is the same with any database")
@pytest.mark.usefixtures("database")
def test_a_run_that_is_told_to_end_leaves_no_disk_mounted(tmp_path: Path) -> None:
    jobs = "2"

    def mounted() -> bool:
        return str(tmp_path) in Path("/proc/mounts").read_text(encoding="ascii")

    command = [*own_process.python("-m", "tests.drill"), "--scenario", "full-disks", "--seeds", "3", "--jobs", jobs]
    results = ["--results", str(tmp_path / "results.jsonl"), "--keep", str(tmp_path), "--seconds", "60"]
    process = subprocess.Popen([*command, *results], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 60
        while len(list(tmp_path.glob("seed-*/client-0.log"))) < int(jobs):  # each is at work
            assert time.monotonic() < deadline_s
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        assert mounted()
        process.terminate()
        assert process.wait(60) == 130
        assert not mounted()
    finally:
        process.kill()
        process.wait()
