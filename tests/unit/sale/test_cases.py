"""Worked cases with their right values: calculation, rounding, ledger, refunds, splits, drawers and sessions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.money_vectors.__main__ import differences, failures, main
from tests.money_vectors.kinds import KINDS, run

FILE = Path(__file__).with_name("cases.json")
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_comes_out_to_the_unit(case: dict[str, Any]) -> None:
    assert list(differences(case["expected"], run(case["kind"], case["input"]))) == []


def test_there_are_cases_of_every_kind() -> None:
    assert {case["kind"] for case in CASES} == set(KINDS)


def test_the_command_says_how_many_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FILE)]) == 0
    assert capsys.readouterr().out == f"{len(CASES)} passed, 0 failed\n"


def test_the_command_prints_each_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {**CASES[0], "expected": {**CASES[0]["expected"], "total": 351}}
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"format": 1, "cases": [wrong, CASES[1]]}), encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        wrong["name"],
        "  total: expected 351, found 350",
        "1 passed, 1 failed",
    ]


def test_a_case_that_ends_in_an_error_has_failed() -> None:
    broken = {"name": "broken", "kind": "calc", "input": {}, "expected": {}}
    assert list(failures([broken])) == [("broken", ["KeyError: 'currency'"])]


@pytest.mark.parametrize("found", [True, 1.0, "1", None])
def test_a_value_of_another_type_differs(found: object) -> None:
    assert list(differences({"tax": 1}, {"tax": found})) == [f"tax: expected 1, found {found!r}"]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
