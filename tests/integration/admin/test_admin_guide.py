"""The admin's guide is typed in, and what is printed is what it shows; but for names, numbers, moments and secrets."""

import io
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from core.admin import asking, cli

pytestmark = pytest.mark.sqlite_only("it is one machine's day, on a file")

GUIDE: Final = Path(__file__).parents[3] / "docs" / "admin.md"
MENU: Final = """type,name,price
category,Meals,
item,Green bowl,10.50
item,Mushroom burger,10.50
"""
_COMMAND: Final = re.compile(r"\$ (?:([A-Z_]+)=(\S+) )?orderbell (.+)")
_OWN: Final = (
    (re.compile(r"[\w-]+\.backup\.db"), "BACKUP"),
    (re.compile(r"(?<![\w.])/[\w./-]+"), "PATH"),
    (re.compile(r"\b[A-Z0-9]{4}(-[A-Z0-9]{2,4})+\b"), "CODE"),
    (re.compile(r"\b(?:[0-9A-F]{2}:)+[0-9A-F]{2}\b"), "FINGERPRINT"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"^(names|issued by|in pairing codes) .*"), r"\1"),
    (re.compile(r"\d+"), "0"),
    (re.compile(r"─+"), "─"),
    (re.compile(r"\s+"), " "),
)
"""What is another machine's, another day's or another shop's."""


class Sample:
    """A command of the guide, and what the guide says that it prints."""

    def __init__(self, variable: str, value: str, words: str) -> None:
        self.variable, self.value = variable, value
        self.words = shlex.split(words)
        self.said: list[str] = []


def samples(text: str = "") -> list[Sample]:
    """Those of a text; of the whole guide where there is none."""
    found: list[Sample] = []
    text = text or GUIDE.read_text(encoding="utf-8")
    for block in re.findall(r"^```\n(\$ .*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if command := _COMMAND.fullmatch(line):
                found.append(Sample(command[1] or "", command[2] or "", command[3]))
            elif line:
                found[-1].said.append(masked(line))
    return found


def masked(line: str) -> str:
    for pattern, instead in _OWN:
        line = pattern.sub(instead, line)
    return line.strip()


class Machine:
    """An empty one, and somebody who types what the guide says."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.settings = directory / "orderbell.toml"
        self.data = directory / "data"
        self._patch = monkeypatch
        self._captured = captured
        monkeypatch.chdir(directory)
        monkeypatch.setenv("ORDERBELL_CONFIG", str(self.settings))
        monkeypatch.setenv("XDG_DATA_HOME", str(directory))  # whose windows the doctor looks at
        monkeypatch.setattr("sys.stdin", io.StringIO())

    def types(self, *words: str) -> list[str]:
        cli.main(words)
        told = self._captured.readouterr()
        return [masked(line) for line in (told.err + told.out).splitlines() if line]

    def follows(self, sample: Sample) -> None:
        if sample.variable:
            self._patch.setenv(sample.variable, sample.value)
        words = sample.words
        if words[:2] == ["backup", "restore"]:
            words = [*words[:-1], next(self.data.joinpath("backups").glob("*.backup.db")).name]
        told = self.types(*words)
        if sample.variable:
            self._patch.delenv(sample.variable)
        if "…" in sample.said:
            shown = sample.said.index("…")
            told, sample.said = told[:shown], sample.said[:shown]
        assert sorted(told) == sorted(sample.said), f"orderbell {' '.join(sample.words)}"


def typist(*answers: str) -> Callable[[str], str]:
    """Somebody at the terminal, who types these, and what is then to be read there."""
    left = iter(answers)

    def ask(question: str) -> str:
        answer = next(left)
        print(f"{question}{answer}")
        return answer

    return ask


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    return Machine(tmp_path, monkeypatch, capsys)


@pytest.mark.skipif(os.name == "nt", reason="the paths it shows are POSIX's")
def test_the_guide_prints_what_it_shows(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In its order. `serve` does not end, and reports need a day's sales: both have their own tests (those of its day
    with money: `reports/test_a_day_of_the_guide.py`); the doctor's shop is one that is served."""
    Path("menu.csv").write_text(MENU, encoding="utf-8")
    followed = []
    for sample in samples():
        name = " ".join(sample.words[:2])
        followed.append(name)
        match name:
            case "init --data-dir":
                ask = typist("Corner Kitchen", "eur", "Europe/Berlin", "", "7", "", "menu.csv", "Ada", "", "")
                with monkeypatch.context() as terminal:
                    terminal.setattr(asking, "is_interactive", lambda: True)
                    terminal.setattr("builtins.input", ask)
                    terminal.setattr("getpass.getpass", ask)
                    told = machine.types("init", "--data-dir", str(machine.data), "--host", "0.0.0.0")
                assert sorted(told) == sorted(sample.said)
            case "config check":
                right = machine.settings.read_text(encoding="utf-8")
                wrong = right.replace("# port = 8765", "prot = 8765").replace(
                    "# refresh_days = 30", "refresh_days = 400"
                )
                machine.settings.write_text(f"{wrong}\n[pso]\n", encoding="utf-8")
                machine.follows(sample)
                machine.settings.write_text(right, encoding="utf-8")
            case "menu export":
                machine.follows(sample)
                menu = Path("menu.csv").read_text(encoding="utf-8-sig")
                Path("menu.csv").write_text(menu.replace("10.50", "11.00"), encoding="utf-8")
            case "menu import" if "--dry-run" not in sample.words:
                Path("menu.csv").write_text(menu.replace("10.50", "eleven", 1), encoding="utf-8")
                machine.follows(sample)
            case "keys kit":
                cli.main(["keys", "kit", str(machine.settings.with_name("stick.kit"))])
                told = capsys.readouterr().out.splitlines()
                code = told[-1].removeprefix("Its code is ").partition(".")[0]
                assert [masked(line) for line in told] == sample.said
            case "keys recover":
                monkeypatch.setattr("sys.stdin", io.StringIO(code))
                another = str(machine.settings.with_name("another"))
                kit = str(machine.settings.with_name("stick.kit"))
                told = machine.types("keys", "recover", kit, "--code-file", "-", "--data-dir", another)
                told = [line.replace("keys of A ", "keys of Corner Kitchen ") for line in told]
                assert ["Code of the kit:", *told] == sample.said
            case _ if name == "serve" or sample.words[0] == "report":
                continue
            case "doctor":
                told = machine.types("doctor")
                assert not [line for line in told if line.startswith("ok ") and line not in sample.said]
            case _:
                machine.follows(sample)
    assert len(followed) >= 18
