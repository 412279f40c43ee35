"""Exporting what the POS's History page has found."""

import csv
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.domain.status import OrderStatus
from core.protocol import routes
from core.protocol.route import Request
from core.protocol.security import ExportNote
from tests.support.contexts import answer_by
from tests.support.fake_backend import OFFLINE, FakeBackend
from tests.support.pos_window import Till, place

S = OrderStatus


def test_export_writes_everything_found(till: Till, backend: FakeBackend, tmp_path: Path, qtbot: QtBot) -> None:
    for number in range(70):
        place(backend, "Aisha" if number % 2 else "=cmd()", S.COMPLETED)
    till.arrive()
    page = till.history()
    page.seek("cmd")
    till.settle()
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.settle()
    assert "Exported" in till.notice()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 35
    assert {row["customer"] for row in rows} == {"'=cmd()"}
    assert backend.exports == [ExportNote(what="orders", rows=35)], "the security log says so"


@pytest.mark.parametrize(
    ("kind", "separator"),
    [(0, ","), (1, ";"), (2, "\t")],
)
def test_an_export_is_separated_as_its_dialog_says(
    till: Till, backend: FakeBackend, tmp_path: Path, kind: int, separator: str
) -> None:
    backend.menu = msgspec.structs.replace(backend.menu, time_zone="Asia/Kathmandu")
    order = place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    till.history()
    till.click("history_export")
    dialog = till.find(QFileDialog, "export_dialog")
    dialog.selectNameFilter(dialog.nameFilters()[kind])
    dialog.filterSelected.emit(dialog.nameFilters()[kind])
    path = tmp_path / "orders.csv"
    dialog.fileSelected.emit(str(path))
    dialog.reject()
    till.settle()
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file, delimiter=separator)
    at = order.placed_at.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert (row["customer"], row["time"]) == ("Aisha", f"{at:%H:%M:%S}"), "the shop's clock, not this machine's"


def test_nothing_is_exported_that_the_server_cannot_note(
    till: Till, backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = till.history()
    note = till.api.call

    def fail(request: Request[Any]) -> None:
        note(request)
        raise OFFLINE

    answer_by(monkeypatch, till.api, routes.NOTE_EXPORT, fail)
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.settle()
    assert backend.exports
    assert "did not answer this question in time" in till.notice(), "that it answers others is known"
    assert not path.exists()


def test_export_can_be_cancelled(till: Till, backend: FakeBackend, tmp_path: Path) -> None:
    for _ in range(3):
        place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    page = till.history()
    backend.gate.clear()
    path = tmp_path / "orders.csv"
    page.export_to(str(path))
    till.click("notice_action")
    backend.gate.set()
    till.settle()
    assert "Export cancelled" in till.notice()
    assert not path.exists()


def test_export_to_a_place_that_cannot_be_written_says_so(till: Till, backend: FakeBackend, tmp_path: Path) -> None:
    place(backend, "Aisha", S.COMPLETED)
    till.arrive()
    till.history().export_to(str(tmp_path / "nowhere" / "orders.csv"))
    till.settle()
    assert "could not be written" in till.notice()
    assert list(tmp_path.iterdir()) == []
