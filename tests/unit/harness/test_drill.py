"""The drill's own book-keeping: which scenarios a seed has, and what is kept of a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typing_extensions import override

from tests.drill.audit import Findings
from tests.drill.results import Result, Results, summary
from tests.drill.scenario import Scenario, chosen


class Always(Scenario):
    name = "always"
    always = True


class Sometimes(Scenario):
    name = "sometimes"


class OnSqlite(Scenario):
    name = "on_sqlite"
    runs_on = ("sqlite",)


class Missing(Scenario):
    name = "missing"

    @classmethod
    @override
    def missing(cls) -> str:
        return "There is no such thing here."


TABLE = (Always, Sometimes, OnSqlite, Missing)


def test_a_seed_has_the_same_scenarios_each_time_and_seeds_differ() -> None:
    mixes = [tuple(chosen(TABLE, seed, "sqlite")) for seed in range(40)]
    assert mixes == [tuple(chosen(TABLE, seed, "sqlite")) for seed in range(40)]
    assert {Sometimes in mix for mix in mixes} == {True, False}
    assert all(Always in mix and Missing not in mix for mix in mixes)
    without = [tuple(chosen((Always, Sometimes), seed, "sqlite")) for seed in range(40)]
    assert [Sometimes in mix for mix in without] == [Sometimes in mix for mix in mixes], "another changes nothing"


def test_what_cannot_be_had_is_left_out_or_refused_in_a_sentence() -> None:
    assert all(OnSqlite not in chosen(TABLE, seed, "postgresql") for seed in range(40))
    with pytest.raises(ValueError, match="does not run on postgresql"):
        chosen(TABLE, 1, "postgresql", ["on_sqlite"])
    with pytest.raises(ValueError, match="no such thing"):
        chosen(TABLE, 1, "sqlite", ["missing"])
    assert chosen(TABLE, 1, "sqlite", ["sometimes", "sometimes"]) == [Sometimes]


def result(seed: int, found: Findings) -> Result:
    return Result(
        seed=seed,
        commit="c0ffee",
        database="sqlite",
        scenarios=("always",),
        seconds=15.0,
        started_at=datetime(2026, 5, 4, tzinfo=UTC),
        took_s=20.0,
        found=found,
    )


def test_parts_of_a_run_are_summed_up(tmp_path: Path) -> None:
    kept = Results(tmp_path / "some" / "drill.jsonl")
    assert (kept.read(), summary(())) == ([], "no drills")
    for seed in range(3):
        kept.add(result(seed, Findings(accepted=5, acknowledged=4)))
    assert "3 seeds in 3 drills" in summary(kept.read())
    assert "12 acknowledged" in summary(kept.read())
    assert "all clean" in summary(kept.read())
    Results(tmp_path / "some" / "drill.jsonl").add(result(7, Findings(misattributed=1)))
    assert not kept.read()[-1].clean
    assert "1 misattributed" in summary(kept.read())
    assert "failed: 7" in summary(kept.read())
