"""A process of our own runs our own code, whatever lies in the folder in which it is started."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from core.own_process import python
from tests.support.traps import Traps

pytestmark = pytest.mark.slow


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path / "elsewhere")


def _script() -> list[str]:
    suffix = ".exe" if os.name == "nt" else ""
    return [str(Path(sysconfig.get_path("scripts")) / f"orderbell{suffix}")]


@pytest.mark.parametrize(
    "command",
    [
        python("-m", "core.admin"),
        python(
            "-c", "import core.admin.cli, resources, pos_app, customer_view; raise SystemExit(core.admin.cli.main())"
        ),
        _script(),
    ],
    ids=["module", "code", "script"],
)
@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("pos", "--help"), ("board", "--help")])
def test_nothing_in_the_current_folder_is_run(command: list[str], arguments: tuple[str, ...], traps: Traps) -> None:
    ended = subprocess.run([*command, *arguments], cwd=traps.folder, capture_output=True, text=True, check=False)
    assert traps.sprung() == []
    assert ended.returncode == 0, ended.stderr
    assert "orderbell" in ended.stdout


def test_the_traps_spring(traps: Traps) -> None:
    unsafe = [each for each in python("-m", "core.admin") if each != "-P"]
    assert subprocess.run(unsafe, cwd=traps.folder, capture_output=True, check=False).returncode == 99
    assert traps.sprung()[0] in ("core", "logging")
