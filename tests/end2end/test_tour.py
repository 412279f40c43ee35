"""The whole shop as real processes: the tour holds, tells the truth, and says no to what it cannot use."""

import json
import subprocess
from pathlib import Path

import pytest

from core.admin.demo.orders_file import COLUMNS
from core.own_process import python
from tests.support import order_files
from tests.support.traps import Traps

pytestmark = pytest.mark.slow

ROWS = (
    ("1", "1", "Chips and Guacamole", "NULL", "$4.45"),
    ("1", "2", "Izze", "Clementine", "$6.78"),
    ("2", "1", "Steak Bowl", "Fresh Tomato Salsa, Rice, Cheese", "$8.99"),
    ("3", "3", "Steak Bowl", "Fresh Tomato Salsa, Rice, Guacamole", "$35.25"),
    ("3", "1", "Chips and Guacamole", "NULL", "$3.99"),
    *((str(number), "1", "Veggie Burrito", "Black Beans, Lettuce", "$8.49") for number in range(4, 16)),
)


def demo(*arguments: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = python("-m", "core.admin", "demo", *arguments)
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=110, check=False
    )


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.tsv"
    path.write_text("\n".join("\t".join(row) for row in (COLUMNS, *ROWS)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def folder_with_traps(tmp_path: Path) -> Traps:
    return Traps(tmp_path / "elsewhere")


def test_the_tour_replays_a_files_orders_and_every_step_holds(tmp_path: Path, folder_with_traps: Traps) -> None:
    """In a folder that has packages of our names, of a file that is as small as one can be: the tour places what it
    needs itself. `tests.support.order_files` writes others."""
    path, out = tmp_path / "orders.tsv", tmp_path / "out"
    expected = order_files.write(path, seed=0)
    done = demo("--tour", str(out), "--orders", str(path), folder=folder_with_traps.folder)
    assert folder_with_traps.sprung() == []
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["ok"]
    assert all(step["ok"] for step in report["steps"])
    assert (report["orders"], report["lines"], report["total_minor"]) == expected
    z = report["z"]
    assert (z["number"], z["sales"], z["refunds"], z["cash"]["difference_minor"]) == (1, 20, 1, -20)
    assert z["turnover_minor"] == sum(z["payments"].values()) - z["tips_minor"] + z["receivable_minor"]
    pictures = [step["picture"] for step in report["steps"] if step["picture"]]
    assert len(pictures) > 12
    assert all((out / picture).stat().st_size > 5_000 for picture in pictures)


def test_a_file_of_another_form_is_refused_with_its_line(tmp_path: Path, orders: Path) -> None:
    orders.write_text(orders.read_text(encoding="utf-8") + "9\tmany\tX\tNULL\t$1.00\n", encoding="utf-8")
    done = demo("--tour", str(tmp_path / "out"), "--orders", str(orders))
    assert done.returncode == 2
    assert f"line {len(ROWS) + 2}" in done.stderr
    assert "Traceback" not in done.stderr
