"""A screen of its own, and the two hands at it: real presses that the X server delivers, each of them counted."""

import os
import select
import subprocess
from types import TracebackType
from typing import Final, Self

from core.admin.demo.processes import ProcessFailed, Window, until

_SEE_S: Final = 20.0
_START_S: Final = 20
_TURNS: Final = 60
"""So many turns of a wheel, or presses of Tab, and it is not there."""
_WHEEL_DOWN: Final = "5"


class Screen:
    """An X server that nobody sees, for the length of a `with`; programs that start meanwhile are shown on it."""

    def __init__(self, width: int, height: int) -> None:
        self._size = f"{width}x{height}x24"
        self._before = {name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM")}

    def __enter__(self) -> Self:
        reads, writes = os.pipe()
        command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", self._size, "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=(writes,), stderr=subprocess.DEVNULL)
        os.close(writes)
        with os.fdopen(reads) as told:
            ready, _, _ = select.select([told], [], [], _START_S)
            number = told.readline().strip() if ready else ""
        if not number:
            self._stop()
            raise ProcessFailed("Xvfb did not start")
        os.environ.update(DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._stop()

    def _stop(self) -> None:
        self._server.terminate()
        self._server.wait()


class _Hand:
    def __init__(self, window: Window) -> None:
        self.window = window
        self.presses = 0
        self._front = ""

    def _do(self, *words: str) -> None:
        """On the front window, which gets the keyboard first: there is no window manager that would see to it."""
        front = _xdotool("search", "--onlyvisible", "--maxdepth", "1", "--name", "").split()[-1]
        if front != self._front:
            self._front = front
            _xdotool("windowfocus", "--sync", front)
        if words:
            _xdotool(*words)

    def sees(self, name: str, containing: str = "", part: str = "") -> list[int] | None:
        """Where it is, if it can be pressed there now."""
        try:
            place: list[int] = self.window.command("where", name=name, containing=containing, part=part)
        except ProcessFailed:
            return None
        return place

    def begin(self) -> None:
        """Turn to the window."""
        self._do()

    def wait(self, name: str, containing: str = "", part: str = "") -> list[int]:
        """Look until it can be pressed: where it is. Raises `ProcessFailed` when it does not come."""
        place: list[int] = self.window.act("where", _SEE_S, name=name, containing=containing, part=part)
        return place


def _xdotool(*words: str) -> str:
    return subprocess.run(["xdotool", *words], check=True, capture_output=True, text=True).stdout


class Mouse(_Hand):
    """Clicks, and turns of the wheel, which are counted apart."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.turns = 0

    def click(self, name: str, containing: str = "", part: str = "") -> None:
        self._press(self.wait(name, containing, part))

    def find(self, name: str, scrolled: str, containing: str = "", part: str = "") -> None:
        """Click what may be further down in `scrolled`, turning the wheel over it."""
        for _turn in range(_TURNS):
            place = self.sees(name, containing, part)
            if place is not None:
                return self._press(place)
            self.turns += 1
            over = self.wait(scrolled)
            self._do("mousemove", *map(str, over), "click", _WHEEL_DOWN)
        raise ProcessFailed(f"{name} {containing} is nowhere in {scrolled}")

    def _press(self, place: list[int]) -> None:
        self.presses += 1
        self._do("mousemove", *map(str, place), "click", "1")


class Keyboard(_Hand):
    """Keys by the names that X11 has for them; a typed letter is a press."""

    def press(self, key: str, times: int = 1) -> None:
        self.presses += times
        self._do("key", "--repeat", str(times), key)

    def type(self, text: str) -> None:
        self.presses += len(text)
        self._do("type", "--delay", "1", text)

    @property
    def focus(self) -> str:
        """The name of what has the keyboard."""
        return str(self.window.command("focus"))

    def wait_focus(self, *names: str) -> str:
        """Look until one of these has the keyboard: which."""

        def look() -> str:
            self.begin()
            found = self.focus
            if found not in names:
                raise ProcessFailed(f"{found!r} has the keyboard, and not {' or '.join(names)}")
            return found

        return until(look, _SEE_S)

    def reach(self, *names: str, key: str = "Tab") -> None:
        """Press `key` until one of `names` has the keyboard."""
        for _turn in range(_TURNS):
            if self.focus in names:
                return
            self.press(key)
        raise ProcessFailed(f"{key} does not lead to {' or '.join(names)}; {self.focus} has the keyboard")
