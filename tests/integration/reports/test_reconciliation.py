"""Days of money over many orders: orders, ledger, drawers, Zs, taxes, sales reports and the day journal agree to the
cent. `python -m tests.reconcile --seeds 20` is the long form."""

from pathlib import Path

import pytest

from core.server.drawers import reports
from tests.reconcile import made_file, reconcile

pytestmark = pytest.mark.timeout(120)


def test_all_books_agree_to_the_cent(tmp_path: Path) -> None:
    assert reconcile(tmp_path / "server", made_file(tmp_path, 7, 400), 7) == []


def test_what_is_left_out_of_one_of_them_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "supplement", lambda *_about: None)
    assert reconcile(tmp_path / "server", made_file(tmp_path, 7, 120), 7) != []
