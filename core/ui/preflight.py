"""Checks before Qt is imported whether a window can start, so that a missing system library is a sentence instead of a
traceback.

Qt's wheels bring Qt and leave the system's libraries to the system. The requirements of each part were read from its
ELF headers (`readelf -d`, PySide6 6.12). Only the standard library is used (`core.printable` needs no more): this also
runs before anything is installed. `python -m core.ui.preflight --packages apt` lists the packages that a fresh machine
still needs for a window; `--install demo` and `--install test` install what those need, where permitted.
"""

import argparse
import ctypes
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from core import printable

EXIT_CODE: Final = 3
"""The exit status of a program that cannot show its window."""


class Library(NamedTuple):
    """A shared library by its soname, and its package for each packager."""

    soname: str
    apt: str
    dnf: str
    pacman: str


_INSTALL: Final = {"apt": "apt-get install", "dnf": "dnf install", "pacman": "pacman -S"}
_WIDGETS: Final = (
    Library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Library("libX11.so.6", "libx11-6", "libX11", "libx11"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Library("libfreetype.so.6", "libfreetype6", "freetype", "freetype2"),
    Library("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
)
_XCB: Final = (
    Library("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    Library("libxcb-sync.so.1", "libxcb-sync1", "libxcb", "libxcb"),
    Library("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util"),
    Library("libxcb-xfixes.so.0", "libxcb-xfixes0", "libxcb", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
)
_WAYLAND: Final = (
    Library("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland"),
    Library("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland"),
)
_SOUND: Final = (Library("libpulse.so.0", "libpulse0", "pulseaudio-libs", "libpulse"),)
"""Optional: needed by sounds only."""
SCREEN: Final = {"Xvfb": "xvfb", "xdotool": "xdotool"}
"""The programs with which tests press on a screen of their own, and their packages."""
_PLATFORMS: Final = {"xcb": _XCB, "wayland": _WAYLAND}


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether windows can be shown. Windows and macOS always have a desktop."""
    return not _is_linux() or bool(environment.get("WAYLAND_DISPLAY") or environment.get("DISPLAY"))


def missing_libraries(environment: Mapping[str, str] = os.environ) -> tuple[Library, ...]:
    """The system libraries that a window needs and that cannot be loaded; always none outside Linux.

    For the first platform of `QT_QPA_PLATFORM`; without it, for those of the displays. With both a Wayland and an X
    display one that works is enough, as for Qt.
    """
    if not _is_linux():
        return ()
    absent = [_absent(_PLATFORMS.get(platform, ())) for platform in _platforms(environment)]
    return _absent(_WIDGETS) + min(absent, key=len, default=())


def missing_programs() -> list[str]:
    """The programs of `SCREEN` that are not installed. All are of X11: Windows and macOS have none."""
    return [program for program in SCREEN if shutil.which(program) is None]


def silence_mended_by() -> str:
    """The command for root that installs what sounds need; empty where nothing is missing."""
    missing = _absent(_SOUND) if _is_linux() else ()
    return _commands(missing) if missing else ""


def require_qt() -> None:
    """End the program, with one readable sentence and status 3, unless a window can start here.

    On return PySide6.QtWidgets is imported.
    """
    problem = _unusable(os.environ) or _unshown(os.environ)
    if problem:
        sys.stderr.write(printable.lines(problem) + "\n")
        raise SystemExit(EXIT_CODE)


def main(argv: list[str] | None = None) -> int:
    """Print what is missing for windows and for tests of windows; a display is not needed."""
    parser = argparse.ArgumentParser(prog="python -m core.ui.preflight", description=main.__doc__)
    parser.add_argument(
        "--packages", choices=sorted(_INSTALL), help="only list the packages still needed for a window on an X display"
    )
    parser.add_argument(
        "--install",
        choices=("demo", "test"),
        help="install what is missing for it (SYSTEM=0: nothing), and say what still is",
    )
    options = parser.parse_args(argv)
    chosen = options.packages
    if chosen:
        sys.stdout.write(" ".join(_packages(missing_libraries({"QT_QPA_PLATFORM": "xcb"}), chosen)) + "\n")
        return 0
    if options.install:
        install(options.install, os.environ)
        problem = _lacking(os.environ)  # printed before anything is downloaded into .venv
    else:
        problem = _unusable(os.environ)
    if problem:
        sys.stderr.write(printable.lines(problem) + "\n")
    return EXIT_CODE if problem else 0


def needed(purpose: str) -> list[str]:
    """Debian's packages that `purpose` (`demo` or `test`) still needs here."""
    packages = set(_packages((*missing_libraries({"QT_QPA_PLATFORM": "xcb"}), *_absent(_SOUND)), "apt"))
    if importlib.util.find_spec("ensurepip") is None:
        packages.add("python3-venv")
    servers = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if purpose == "test" and not shutil.which("initdb") and not any(servers):
        packages.add("postgresql")  # the tests start a server of their own
    if purpose == "test":
        packages.update(SCREEN[program] for program in missing_programs())
    return sorted(packages)


def install(purpose: str, environment: Mapping[str, str]) -> None:
    """Install what `purpose` needs, after printing it: as root, or by `sudo` without a password. Otherwise, and with
    `SYSTEM=0`, nothing is done."""
    if not _is_linux() or environment.get("SYSTEM", "1") == "0" or not shutil.which("apt-get"):
        return
    packages = needed(purpose)
    prefix = _as_root() if packages else None
    if prefix is None:
        return
    sys.stdout.write(f"Installing system packages (SYSTEM=0 leaves them to you): {' '.join(packages)}\n")
    sys.stdout.flush()
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run([*apt, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 (our own words)
        if done.returncode:
            sys.stderr.write(f"apt-get {command[0]} failed; going on with what is here.\n")
            return


def _as_root() -> Sequence[str] | None:
    """The prefix that runs a command as root without a prompt; None where that is impossible."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        return None
    asked = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S607 (the PATH's)
    return None if asked.returncode else ("sudo", "-n")


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


def _platforms(environment: Mapping[str, str]) -> list[str]:
    """Qt's platform plugins, in Qt's order."""
    asked = environment.get("QT_QPA_PLATFORM", "")
    if asked:
        return [name.partition(":")[0].partition("-")[0] for name in asked.split(";")]
    displays = {"wayland": "WAYLAND_DISPLAY", "xcb": "DISPLAY"}
    return [platform for platform, variable in displays.items() if environment.get(variable)]


def _absent(libraries: Iterable[Library]) -> tuple[Library, ...]:
    return tuple(library for library in libraries if not _loads(library.soname))


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _packages(libraries: Iterable[Library], packager: str) -> list[str]:
    return sorted({str(getattr(library, packager)) for library in libraries})


def _lacking(environment: Mapping[str, str]) -> str:
    """The missing system libraries, and how to get them; or an empty text."""
    missing = missing_libraries(environment)
    if not missing:
        return ""
    sonames = ", ".join(library.soname for library in missing)
    return (
        f"Orderbell's windows need system libraries that are not installed here ({sonames}). "
        f"As root: {_commands(missing)}"
    )


def _commands(missing: Sequence[Library]) -> str:
    """The commands that install these, for each packager that exists."""
    packagers = [name for name in _INSTALL if shutil.which(_INSTALL[name].split()[0])] or list(_INSTALL)
    return " or ".join(f"`{_INSTALL[name]} {' '.join(_packages(missing, name))}`" for name in packagers)


def _unusable(environment: Mapping[str, str]) -> str:
    """Why Qt's widgets cannot be used here, or an empty text."""
    if lacking := _lacking(environment):
        return lacking
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ModuleNotFoundError as error:
        return f"Orderbell's windows need {error.name}, which this Python does not have. Run: make setup"
    except ImportError as error:
        return f"Orderbell's windows cannot start, because Qt cannot be loaded here: {error}"
    return ""


def _unshown(environment: Mapping[str, str]) -> str:
    """Why a window cannot be shown here, or an empty text."""
    if has_display(environment) or environment.get("QT_QPA_PLATFORM"):
        return ""
    return (
        "There is no display to show a window on (neither DISPLAY nor WAYLAND_DISPLAY is set). "
        "QT_QPA_PLATFORM=offscreen runs it unseen; `orderbell demo` takes the tour instead."
    )


if __name__ == "__main__":
    raise SystemExit(main())
