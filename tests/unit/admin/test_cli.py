"""`orderbell` itself: the map of its commands, and what all of them have in common."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from msgspec import ValidationError
from sqlalchemy.exc import OperationalError

from core.admin import cli
from core.admin.cli import COMMANDS, GROUPS, main
from core.admin.refusals import refusal
from core.own_process import python
from core.settings import SettingsError
from core.store.backups.backup import BadBackup
from core.store.engine.owner import AlreadyServed

ROOT = Path(__file__).parents[3]
COLOUR = "\x1b["


def helped(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_map_has_every_command_once() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(COMMANDS)


def test_the_map_is_what_help_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    for group, names in GROUPS.items():
        assert f"{group}:" in told
        for name in names:
            assert re.search(rf"^  {name} +{re.escape(COMMANDS[name].summary)}$", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 100


def test_the_release_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"orderbell \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = helped(capsys, name)
    assert "examples:\n" in told
    assert re.search(rf"^  orderbell {name}\b", told, re.MULTILINE)
    assert COLOUR not in told


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_flag_is_wrong_use(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--no-such-flag"])
    assert ended.value.code == 2
    assert re.search(rf"orderbell[ -]{name}", capsys.readouterr().err)


def test_a_command_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serv"]) == 2
    assert "Did you mean 'serve'?" in capsys.readouterr().err
    assert main([]) == 2


def test_ctrl_c_ends_a_command_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.admin.config._path", interrupted)
    assert main(["config", "path"]) == cli.INTERRUPTED


def run(*arguments: str, read: int | None = None) -> tuple[int, bytes, bytes]:
    """A command in a pipe, of which only `read` bytes are read."""
    code = "import sys; from core.admin.cli import main; sys.exit(main())"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(
        python("-c", code, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in environment.items() if name not in {"FORCE_COLOR", "NO_COLOR"}},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = process.stdout.read() if read is None else process.stdout.read(read)
        process.stdout.close()
        complained = process.stderr.read()
        return process.wait(60), told, complained


@pytest.mark.parametrize("arguments", [("--help",), ("config", "show"), ("tls", "show", "--data-dir", "nowhere")])
def test_no_colour_goes_into_a_pipe(arguments: tuple[str, ...]) -> None:
    _status, told, complained = run(*arguments)
    assert told or complained
    assert COLOUR.encode() not in told + complained


def test_a_server_starts_without_what_it_may_never_need() -> None:
    late = {"alembic", "requests", "rich"}
    code = f"import sys; import core.admin.serve; print({late!r} & sys.modules.keys())"
    assert subprocess.run(python("-c", code), capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_reader_who_has_read_enough_is_no_error() -> None:
    status, told, complained = run("config", "template", read=10)
    assert (status, told[:8]) == (0, b"[server]")
    assert complained == b""


def test_a_pipe_is_utf_8_whatever_the_machine_thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    _status, told, _complained = run("config", "show", "sync")
    assert "─" in told.decode()


@pytest.mark.parametrize("name", ["config", "tls", "users", "devices", "keys", "menu", "shop", "backup", "db"])
def test_each_commands_command_has_an_example_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name])
    commands = re.search(r"say which: ([a-z, ]+)\.", capsys.readouterr().err)
    assert commands is not None
    for command in commands[1].split(", "):
        told = helped(capsys, name, command)
        examples = re.findall(rf"^  (orderbell {name} .*)", told, re.MULTILINE)
        assert examples
        assert all(each.startswith(f"orderbell {name} {command}") for each in examples)


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (SettingsError("wrong"), "wrong", 2),
        (AlreadyServed("Somebody is there."), "Somebody is there.", 1),
        (BadBackup("it is cut in half"), "it is cut in half.", 1),
        (PermissionError(13, "Permission denied", "/srv"), "/srv cannot be used: this user has no right to. Run it", 1),
        (OSError(28, "No space left on device"), "The system refuses: the disk is full. Make room", 1),
        (EOFError(), "There was no answer, and nothing was changed. Run", 1),
        (sqlite3.OperationalError("no such table: x"), "The database cannot be used: no such table: x.", 1),
        (OperationalError("SELECT", {}, Exception("refused\nand why")), "The database cannot be used: refused.", 1),
        (ValidationError("Expected `int` >= 1 - at `$.name`"), "name: it has to be a whole number of at least 1.", 2),
    ],
)
def test_what_the_layers_below_refuse_is_one_sentence(error: Exception, said: str, status: int) -> None:
    told = refusal(error)
    assert told is not None
    assert told.message.startswith(said)
    assert told.status == status


def test_a_mistake_of_ours_is_not_hidden() -> None:
    assert refusal(KeyError("x")) is None
