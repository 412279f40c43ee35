"""`orderbell sync`: one pass of the engine on a terminal, its summary and its exit status."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.admin import sync
from core.domain.status import OrderStatus
from core.own_process import python
from core.protocol import routes
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.steps import FIRST, SECOND
from tests.support.synced import Screen

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"


def _sync(capsys: pytest.CaptureFixture[str], file: Path, url: str, *flags: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = sync.main(["--local-file", str(file), "--server-url", url, "--json", *flags])
    said = capsys.readouterr().out
    return status, json.loads(said) if said else {}


@pytest.fixture
def file(place: Place, tmp_path: Path) -> Path:
    """A till's file with an order and a move that nobody has sent."""
    path = tmp_path / "pos.db"
    with Screen(place.server.url, path) as pos:
        pos.staff()
        pos.until_live()
        pos.api.call(routes.MENU())
    with Screen(NOWHERE, path) as pos:
        pos.api.resume()
        pos.move(pos.take(), FIRST)
    return path


def test_one_pass_sends_what_waits(place: Place, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, before = _sync(capsys, file, NOWHERE, "--status")
    assert (status, before["waiting"], before["person"]) == (sync.WAITING, 2, "Kim")
    assert [line["kind"] for line in before["operations"]] == ["take", "change_status"]
    status, nothing = _sync(capsys, file, NOWHERE)
    assert (status, nothing["reached"], nothing["waiting"]) == (sync.OUT_OF_REACH, False, 2)
    status, done = _sync(capsys, file, place.server.url)
    assert (status, done["sent"], done["waiting"]) == (sync.IN_SYNC, 2, 0)
    assert done["synced_at"]
    status, again = _sync(capsys, file, place.server.url)
    assert (status, again["sent"]) == (sync.IN_SYNC, 0)
    [(version,)] = place.rows("SELECT version FROM orders WHERE number = ?", before["operations"][0]["number"])
    assert version == 2


def test_a_conflict_is_told(place: Place, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _sync(capsys, file, place.server.url)
    with Screen(NOWHERE, file) as pos:
        pos.api.resume()
        order = max(pos.store, key=lambda order: order.number)
        pos.move(order, OrderStatus.CANCELLED, "the guest left")
    place.kim.move({"id": order.id, "version": order.version}, SECOND)
    status, summary = _sync(capsys, file, place.server.url)
    assert (status, summary["conflicts"]) == (sync.WAITING, 1)
    assert sync.main(["--local-file", str(file), "--server-url", NOWHERE, "--status"]) == sync.WAITING
    shown = capsys.readouterr().out
    assert order.number in shown
    assert "conflict" in shown


def test_a_file_that_a_window_holds_is_left_alone(place: Place, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(place.server.url, file):
        assert sync.main(["--local-file", str(file), "--server-url", place.server.url]) == sync.OUT_OF_REACH
    assert "in use" in capsys.readouterr().err


def test_nobody_signed_in_and_signing_in_there(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pos.db"
    assert sync.main(["--local-file", str(path)]) == sync.OUT_OF_REACH
    with Screen(place.server.url, path) as pos:
        pos.staff()
        pos.sign_out()
    assert sync.main(["--local-file", str(path), "--server-url", place.server.url]) == sync.OUT_OF_REACH
    assert "nobody is signed in" in capsys.readouterr().err
    read, write = os.pipe()
    os.write(write, f"{shop.KIM.pin}\n".encode())
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        status, summary = _sync(capsys, path, place.server.url, "--staff", "Kim")
    assert (status, summary["person"]) == (sync.IN_SYNC, "Kim")


def test_as_a_command_of_its_own(file: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ended = subprocess.run(
            python("-m", "core.admin", "sync", "--local-file", str(file), "--server-url", url),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == sync.OUT_OF_REACH
    assert "out of reach" in ended.stdout
    assert "Traceback" not in ended.stderr
