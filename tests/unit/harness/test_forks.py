"""Tests are run by forked workers as by one process: each once, with its own files, and one that dies is told."""

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from core.own_process import python
from tests.support import forks

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not forks.CAN, reason="pytest-xdist runs the tests here")]

_CONFTEST = """
import pytest
from tests.support import forks

def pytest_cmdline_main(config):
    forks.take_over(config)

@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    yield folder
    with open(CALLS, "a") as calls:
        calls.write(f"ended {folder}\\n")
"""
_MODULE = """
import os, signal
import pytest

@pytest.mark.parametrize("n", range(12))
def test_passes(n, made, tmp_path):
    print("said", n)
    with open(CALLS, "a") as calls:
        calls.write(f"ran {__name__} {n} {os.getpid()} {tmp_path}\\n")
"""
_FAILS = """
def test_fails():
    print("what was said")
    assert 1 == 2
"""
_DIES = """
def test_dies():
    os.kill(os.getpid(), signal.SIGKILL)

def test_after_it():
    pass
"""


def _run(folder: Path, *flags: str) -> tuple["subprocess.CompletedProcess[str]", dict[str, str]]:
    """What the run said, and of each test of its report: passed, or the message of its failure."""
    report = folder / "report.xml"
    alone = ("-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", str(folder), "--basetemp", str(folder / "t"))
    command = python("-m", "pytest", "-n", "2", *alone, f"--junitxml={report}", *flags, str(folder / "tests"))
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    results = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        failure = next(iter(case), None)
        name = f"{str(case.get('classname')).rpartition('.')[2]}.{case.get('name')}"
        assert name not in results
        results[name] = "passed" if failure is None else str(failure.get("message"))
    return done, results


def _lay_out(folder: Path, **modules: str) -> Path:
    (folder / "tests").mkdir()
    calls = f"CALLS = {str(folder / 'calls')!r}\n"
    (folder / "tests" / "conftest.py").write_text(calls + _CONFTEST)
    for name, source in modules.items():
        (folder / "tests" / f"test_{name}.py").write_text(calls + source)
    return folder / "calls"


def test_every_test_is_run_once_and_what_fails_is_told(tmp_path: Path) -> None:
    calls = _lay_out(tmp_path, one=_MODULE + _DIES, two=_MODULE, three=_MODULE + _FAILS)
    done, results = _run(tmp_path)
    passing = {f"test_{module}.test_passes[{n}]" for module in ("one", "two", "three") for n in range(12)}
    assert {name for name, result in results.items() if result == "passed"} == passing | {"test_one.test_after_it"}
    assert "1 == 2" in results["test_three.test_fails"]
    assert "test_dies ended with -9" in results["test_one.test_dies"]
    assert "what was said" in done.stdout
    assert "said 3" not in done.stdout
    assert done.returncode == 1
    lines = calls.read_text().splitlines()
    ran = [line.split()[1:] for line in lines if line.startswith("ran")]
    assert len({(module, n) for module, n, _, _ in ran}) == len(ran) == len(passing)
    assert len({where for *_, where in ran}) == len(ran)
    assert len({pid for *_, pid, _ in ran}) in (2, 3)
    ended = [line for line in lines if line.startswith("ended")]
    assert len(set(ended)) == len(ended) >= 3


def test_a_run_ends_at_the_first_failure_when_told_to(tmp_path: Path) -> None:
    _lay_out(tmp_path, a=_FAILS, b=_MODULE, c=_MODULE)
    done, _ = _run(tmp_path, "-x")
    assert done.returncode == 1
    assert "stopping after 1 failures" in done.stdout
