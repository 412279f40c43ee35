"""A machine without Qt's system libraries is told which package to install, and is never shown a traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.own_process import python
from core.ui import preflight
from tests import conftest

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux leaves libraries to the system")


def _start(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: text for name, text in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run(
        python("-c", code),
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def broken_egl(tmp_path: Path) -> str:
    """A folder that makes the loader of a new process fail on libEGL, as it does where it is not installed."""
    (tmp_path / "libEGL.so.1").touch()
    return str(tmp_path)


@on_linux
def test_a_missing_library_ends_the_program_with_a_sentence(broken_egl: str) -> None:
    ended = _start(
        "from core.ui.preflight import require_qt; require_qt()",
        LD_LIBRARY_PATH=broken_egl,
        QT_QPA_PLATFORM="offscreen",
    )
    assert ended.returncode == preflight.EXIT_CODE
    assert "libEGL.so.1" in ended.stderr
    assert "libegl1" in ended.stderr or "libglvnd" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


@on_linux
def test_what_nobody_may_install_is_said_before_anything_is_downloaded(broken_egl: str) -> None:
    ended = _start(
        "from core.ui.preflight import main; raise SystemExit(main(['--install', 'test']))",
        LD_LIBRARY_PATH=broken_egl,
        QT_QPA_PLATFORM="offscreen",
        SYSTEM="0",
    )
    assert ended.returncode == preflight.EXIT_CODE
    assert "libEGL.so.1" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


@on_linux
def test_the_package_list_names_what_is_missing_and_imports_no_qt(broken_egl: str) -> None:
    ended = _start(
        "import sys; from core.ui.preflight import main; main(['--packages', 'apt']);"
        " assert 'PySide6' not in sys.modules",
        LD_LIBRARY_PATH=broken_egl,
    )
    assert ended.returncode == 0, ended.stderr
    assert "libegl1" in ended.stdout.split()


def test_qt_that_is_not_installed_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").touch()
    ended = _start(
        "from core.ui.preflight import require_qt; require_qt()",
        PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]),
        QT_QPA_PLATFORM="offscreen",
    )
    assert (ended.returncode, "make setup" in ended.stderr) == (preflight.EXIT_CODE, True), ended.stderr


@on_linux
def test_a_window_without_a_display_says_what_to_do() -> None:
    ended = _start("from core.ui.preflight import require_qt; require_qt()", QT_QPA_PLATFORM="")
    assert (ended.returncode, ended.stdout) == (preflight.EXIT_CODE, "")
    assert "no display" in ended.stderr


def test_offscreen_passes_and_leaves_qt_imported() -> None:
    ended = _start(
        "import sys; from core.ui.preflight import require_qt; require_qt(); assert 'PySide6.QtWidgets' in sys.modules",
        QT_QPA_PLATFORM="offscreen",
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("platform", "environment", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("win32", {}, True),
        ("darwin", {}, True),
    ],
)
def test_has_display(monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], shown: bool) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert preflight.has_display(environment) is shown


@pytest.mark.parametrize(
    ("environment", "packages"),
    [
        ({"QT_QPA_PLATFORM": "offscreen"}, []),
        ({"DISPLAY": ":0"}, ["libxcb-cursor0", "libxkbcommon-x11-0"]),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ["libwayland-client0"]),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ["libwayland-client0"]),
        ({"QT_QPA_PLATFORM": "wayland-egl;offscreen"}, []),
    ],
)
def test_only_the_platform_that_will_be_used_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], packages: list[str]
) -> None:
    lacking = {"libxcb-cursor.so.0", "libxkbcommon-x11.so.0", "libwayland-client.so.0"}
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(preflight, "_loads", lambda soname: soname not in lacking)
    assert sorted(library.apt for library in preflight.missing_libraries(environment)) == packages


class Machine:
    """Debian, of which this is asked and told: what a machine has, and the commands that were run on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, root: bool, sudo: bool = False) -> None:
        self.ran: list[list[str]] = []
        self._sudo = sudo
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(preflight, "missing_libraries", lambda _environment: preflight._WIDGETS[:2])
        monkeypatch.setattr(preflight, "_absent", tuple)
        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name != "initdb" else None)
        monkeypatch.setattr(subprocess, "run", self._run)
        monkeypatch.setattr(Path, "glob", lambda _path, _pattern: iter(()))

    def _run(self, command: list[str], **_options: object) -> "subprocess.CompletedProcess[str]":
        if command[:3] == ["sudo", "-n", "true"]:
            return subprocess.CompletedProcess(command, 0 if self._sudo else 1)
        self.ran.append(command)
        return subprocess.CompletedProcess(command, 0)


@on_linux
def test_root_has_what_is_missing_installed_and_is_told_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(monkeypatch, root=True)
    preflight.install("test", {})
    told = capsys.readouterr().out
    assert "SYSTEM=0" in told
    assert "libegl1 libgl1 libpulse0 postgresql" in told
    assert [command[-1] for command in machine.ran] == ["update", "postgresql"]
    assert not any("sudo" in command for command in machine.ran)


@on_linux
def test_somebody_who_may_become_root_has_too(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, root=False, sudo=True)
    preflight.install("demo", {})
    assert [command[:2] for command in machine.ran] == [["sudo", "-n"]] * 2
    assert "postgresql" not in machine.ran[-1]


@on_linux
@pytest.mark.parametrize(("root", "environment"), [(True, {"SYSTEM": "0"}), (False, {})])
def test_nothing_is_installed_unasked(root: bool, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, root=root)
    preflight.install("test", environment)
    assert machine.ran == []


@on_linux
def test_what_a_silent_machine_lacks_has_a_name(tmp_path: Path) -> None:
    (tmp_path / "libpulse.so.0").touch()
    told = _start(
        "from core.ui.preflight import silence_mended_by; print(silence_mended_by())", LD_LIBRARY_PATH=str(tmp_path)
    ).stdout
    assert "libpulse" in told
    assert "install" in told or "pacman" in told


def test_the_tests_install_a_screen_to_press_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", {"initdb": "/usr/bin/initdb", "Xvfb": "/usr/bin/Xvfb"}.get)
    assert "xdotool" in preflight.needed("test")
    assert not {"xvfb", "postgresql"} & set(preflight.needed("test"))
    assert not {"xvfb", "xdotool"} & set(preflight.needed("demo"))


def test_a_run_that_presses_on_no_screen_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "missing_programs", lambda: ["Xvfb", "xdotool"])
    told = list(conftest._left_out())
    assert "No order was pressed on a real screen: there is no Xvfb and no xdotool" in told[-1]
    assert told[-1].endswith("apt-get install xvfb xdotool")
    monkeypatch.setattr(preflight, "missing_programs", list)
    assert not [line for line in conftest._left_out() if "screen" in line]
