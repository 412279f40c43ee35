"""A tour's record: each step timed, photographed and kept, successful or not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.admin import terminal
from core.admin.demo.processes import ProcessFailed, Window
from core.client.errors import ClientError


class Step(msgspec.Struct, frozen=True):
    name: str
    ok: bool
    ms: int
    picture: str = ""
    detail: str = ""
    """Why it failed."""


class StepFailed(Exception):
    """A step failed, and with it those that depend on it."""


class Album:
    """The steps taken, and the folder of their pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[Step] = []

    @contextmanager
    def step(self, name: str, window: Window | None = None, picture: str = "") -> Iterator[None]:
        """Time the block, photograph `window` afterwards, and report the result. Raises `StepFailed`."""
        began = time.monotonic()
        detail = ""
        try:
            yield
        except (ProcessFailed, ClientError, OSError) as error:
            detail = str(error)
        ms = round((time.monotonic() - began) * 1000)
        file = ""
        if window is not None:
            file = f"{len(self.steps) + 1:02d}-{picture}.png"
            try:
                window.grab(self.folder / file)
            except ProcessFailed as error:
                file, detail = "", detail or str(error)
        self.steps.append(Step(name, not detail, ms, file, detail))
        terminal.lines([f"{'ok  ' if not detail else 'FAIL'} {ms:6d} ms  {name}"])
        if detail:
            terminal.lines([f"     {detail}"])
            raise StepFailed(detail)
