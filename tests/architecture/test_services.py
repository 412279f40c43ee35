"""The service files name commands and settings that there are."""

import configparser
import importlib
import plistlib
import re
import shlex
from pathlib import Path

import msgspec
import pytest

from core.admin.cli import COMMANDS, GROUPS
from core.admin.command import Parser
from core.server.settings import ServerSettings

SERVICES = Path(__file__).parents[2] / "docs" / "services"
FLAGS = {"--" + field.name.replace("_", "-") for field in msgspec.structs.fields(ServerSettings)} | {"--config"}
PROGRAM = "/opt/orderbell/bin/orderbell"


class Unit(configparser.RawConfigParser):
    """A file of systemd or of a desktop: a key may stand there twice, and its case counts."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False)
        self.optionxform = str  # type: ignore[assignment,method-assign]
        self.read_string((SERVICES / name).read_text(encoding="utf-8"))


def check(command: list[str]) -> None:
    assert command[0] == PROGRAM
    assert command[1] in COMMANDS
    assert {each for each in command if each.startswith("--")} <= FLAGS


def test_systemd() -> None:
    unit = Unit("orderbell.service")
    check(shlex.split(unit["Service"]["ExecStart"]))
    assert int(unit["Service"]["TimeoutStopSec"]) > ServerSettings().stop_within_s
    assert unit["Service"]["KillSignal"] == "SIGTERM"


def test_launchd() -> None:
    found = plistlib.loads((SERVICES / "orderbell.plist").read_bytes())
    check(found["ProgramArguments"])
    assert found["ExitTimeOut"] > ServerSettings().stop_within_s


@pytest.mark.parametrize("screen", ["board", "pos"])
def test_desktop(screen: str) -> None:
    command = shlex.split(Unit(f"orderbell-{screen}.desktop")["Desktop Entry"]["Exec"])
    check(command)
    assert command[1:] == [screen]


@pytest.mark.parametrize("path", sorted(SERVICES.iterdir()), ids=lambda path: path.name)
def test_the_page_speaks_of_every_file(path: Path) -> None:
    page = (SERVICES / "README.md").read_text(encoding="utf-8")
    assert path.name == "README.md" or f"({path.name})" in page


@pytest.mark.parametrize("path", ["README.md", "docs/admin.md", "docs/services/README.md"])
def test_every_command_that_a_page_shows_is_one(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words, flags and settings; wrong ones would end it with status 2."""
    monkeypatch.setattr(Parser, "run", Parser.parse_args)
    page = (SERVICES.parents[1] / path).read_text(encoding="utf-8")
    typed = re.compile(rf"orderbell ((?:{'|'.join(COMMANDS)})(?: .*)?)$")
    lines = [
        line
        for kind, block in re.findall(r"^ *```([a-z]*)\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
        if kind in {"sh", "bat"} or line.startswith("$ ")
    ]
    shown = [shlex.split(found[1], comments=True) for found in map(typed.search, lines) if found]
    assert len(shown) > 3
    for name, *words in shown:
        if name not in GROUPS["Run it"] or name == "serve":
            importlib.import_module(COMMANDS[name].target.partition(":")[0]).main(words)
