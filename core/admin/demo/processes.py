"""The demo's processes: the backend and the windows, each ended by its starter."""

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, TypeVar

from core.own_process import python

T = TypeVar("T")

_START_S: Final = 60.0
_ANSWER_S: Final = 30.0
_STOP_S: Final = 15.0
_LOOK_AGAIN_S: Final = 0.02


class ProcessFailed(Exception):
    """A process did not start, answer, or obey; the message says which and why."""


class Process:
    """A child process whose standard output is read line by line and whose log goes to a file."""

    def __init__(self, name: str, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._log_path = log
        self._log: IO[str] = log.open("w", encoding="utf-8")
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._child = subprocess.Popen(  # noqa: S603 (our own interpreter and modules)
            python("-m", *command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, name=f"read-{name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def read_line(self, within_s: float) -> str:
        """The next line it prints. Raises `ProcessFailed` when it ends or prints nothing `within_s`."""
        try:
            line = self._lines.get(timeout=within_s)
        except queue.Empty:
            raise ProcessFailed(f"{self.name} did not answer within {within_s:.0f} s. {self.log_tail()}") from None
        if line is None:
            raise ProcessFailed(f"{self.name} ended with status {self._child.wait()}. {self.log_tail()}")
        return line

    def write_line(self, line: str) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()
        except OSError as error:
            raise ProcessFailed(f"{self.name} is gone. {self.log_tail()}") from error

    def wait(self) -> int:
        """Wait until it ends by itself; its exit status."""
        return self._child.wait()

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def log_tail(self) -> str:
        """The end of its log, for an error message."""
        self._log.flush()
        text = self._log_path.read_text(encoding="utf-8", errors="replace").strip()
        return f"Its log ends: {text[-600:]}" if text else "Its log is empty."

    def stop(self) -> None:
        """Ask it to end, and kill it after a while. Never raises."""
        with contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        if self.running:
            self._child.terminate()
        try:
            self._child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(_STOP_S)
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class Backend(Process):
    """`orderbell serve` on `port`, or on a free one; ready, with its address in `url`, once this returns.

    Raises `ProcessFailed` when it does not start listening.
    """

    def __init__(self, data_dir: Path, log: Path, port: int = 0) -> None:
        command = ["core.admin", "serve", "--demo", "--announce-json"]
        command += ["--port", str(port), "--data-dir", str(data_dir)]
        super().__init__("the backend", command, log)
        try:
            line = self.read_line(_START_S)
            while not line.startswith("{"):
                line = self.read_line(_START_S)
        except BaseException:
            self.stop()
            raise
        self.url: str = json.loads(line)["url"]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


class Window(Process):
    """A window driven by the names of its controls. Every method that names one waits until it can be used."""

    def __init__(self, name: str, module: str, url: str, log: Path, *flags: str) -> None:
        super().__init__(name, [module, "--remote", "--server-url", url, *flags], log)

    def command(self, do: str, **arguments: object) -> Any:
        """Do it now. Raises `ProcessFailed` when the window says that it cannot."""
        self.write_line(json.dumps({"do": do, **arguments}))
        answer = json.loads(self.read_line(_START_S))
        if not answer["ok"]:
            raise ProcessFailed(f"{self.name}: {answer['value']}")
        return answer["value"]

    def act(self, do: str, within_s: float = _ANSWER_S, **arguments: object) -> Any:
        """Do it as soon as the control is there and enabled, as a person would who waits for it."""
        return until(lambda: self._attempt(do, **arguments), within_s)[0]

    def click(self, name: str) -> None:
        self.act("click", name=name)

    def type(self, name: str, text: str) -> None:
        self.act("type", name=name, text=text)

    def key(self, key: str, name: str = "") -> None:
        """Press a key, named as Qt names it (`Return`, `F5`), on a control or on whatever has the focus."""
        self.act("key", key=key, name=name)

    def click_row(self, name: str, containing: str, part: str = "") -> None:
        self.act("click_row", name=name, containing=containing, part=part)

    def click_row_number(self, name: str, row: int) -> None:
        self.act("click_row", name=name, row=row)

    def choose(self, action: str) -> None:
        self.act("choose", action=action)

    def rows(self, name: str) -> list[str]:
        found: list[str] = self.act("state", name=name)["rows"]
        return found

    def text(self, name: str) -> str:
        return str(self.act("state", name=name)["text"])

    def wait_row(self, name: str, *words: str, only: bool = False, within_s: float = _ANSWER_S) -> str:
        """The first row of list `name` that has all `words`, waited for; if `only`, until there is no other."""

        def look() -> tuple[str]:
            rows = self.command("state", name=name)["rows"]
            match = next((row for row in rows if all(word in row for word in words)), None)
            if match is None or (only and len(rows) > 1):
                raise ProcessFailed(
                    f"{self.name}: {name} shows {rows[:5]}, {'not only' if only else 'nothing with'} {words}"
                )
            return (match,)

        return until(look, within_s)[0]

    def wait_text(self, name: str, words: str, within_s: float = _ANSWER_S) -> str:
        """The text of control `name`, once it contains `words`."""

        def look() -> tuple[str]:
            text = str(self.command("state", name=name)["text"])
            if words not in text:
                raise ProcessFailed(f"{self.name}: {name} says {text!r}, not {words!r}")
            return (text,)

        return until(look, within_s)[0]

    def either(self, control: str, view: str, *, rows: int) -> str:
        """`control` once it exists, or `view` once it has that many `rows`: whichever comes first."""

        def look() -> str:
            try:
                self.command("state", name=control)
            except ProcessFailed:
                if len(self.command("state", name=view)["rows"]) < rows:
                    raise
                return view
            return control

        return until(look, _ANSWER_S)

    def grab(self, path: Path) -> None:
        """A picture of the window as it is now."""
        self.command("grab", path=str(path))

    def _attempt(self, do: str, **arguments: object) -> tuple[Any]:
        return (self.command(do, **arguments),)


def until(attempt: Callable[[], T], within_s: float) -> T:
    """The result of `attempt()` as soon as it succeeds. Raises its last `ProcessFailed` after `within_s` seconds.

    The only polling here: a window in another process has no signal to wait for.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            return attempt()
        except ProcessFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
