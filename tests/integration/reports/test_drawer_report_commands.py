"""`orderbell report x`, `z` and `verify`: reports of drawers as tables and for scripts, and whether all are whole."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.server.auth import keys
from core.server.settings import ServerSettings
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.drawers.till import Till
from tests.support import shop
from tests.support.server import ServerThread

pytestmark = pytest.mark.sqlite_only("one process owns a file; a server has no owner")


def _served(directory: Path) -> ServerThread:
    """With the keys that commands read."""
    settings = ServerSettings(port=0, data_dir=str(directory))
    return ServerThread(directory, settings, keys=keys.read(settings.keys_path))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Of a shop with two Zs, the first with a supplement, and an open session."""
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)
    with _served(tmp_path) as server:
        till = Till(calls.staff(server, shop.KIM))
        for _ in range(2):
            till.open(5_000)
            sold = till.sell(2)
            till.move("paid_out", 1_000, "flowers")
            till.count(5_000 - 1_000 + sold["total_minor"] - 20)
            till.close(reason="a coin under the mat")
        first = till.session
        till.open(4_000)
        till.sell(drawer=first)
        till.sell(tender="card")
    return tmp_path


def test_zs_as_a_table_and_one_of_them_whole(directory: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    where = ("--data-dir", str(directory))
    assert main(["report", "z", *where]) == 0
    head, _rule, *rows = capfdbinary.readouterr().out.decode().splitlines()
    assert head.split()[:4] == ["POS", "Z", "supplement", "day"]
    assert [row.split()[:2] for row in rows] == [["POS1", "2"], ["POS1", "2"], ["POS1", "1"]]
    assert main(["report", "z", "POS1", "--number", "2", *where]) == 0
    shown = capfdbinary.readouterr().out.decode()
    for words in ("Z 2 · supplement 1", "a coin under the mat", "difference", "hash before", "turnover, ever"):
        assert words in shown
    assert main(["report", "z", "--json", *where]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert [each["report"]["supplement"] for each in found] == [1, 0, 0]
    assert main(["report", "z", "--number", "9", *where]) == 1
    assert b"There is no Z 9." in capfdbinary.readouterr().err


def test_x_of_open_drawers(directory: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    where = ("--data-dir", str(directory))
    assert main(["report", "x", *where]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert "POS1 · X" in shown
    assert "paid by card" in shown
    assert main(["report", "x", "--json", *where]) == 0
    (found,) = json.loads(capfdbinary.readouterr().out)
    assert (found["report"]["sales"], found["report"]["number"]) == (1, 0)
    assert main(["report", "x", "POS7", *where]) == 0
    assert capfdbinary.readouterr().out == b"No drawer is open.\n"


def test_verify_and_the_doctor_find_what_was_changed(
    directory: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    where = ("--data-dir", str(directory))
    assert main(["report", "verify", *where]) == 0
    assert capfdbinary.readouterr().out == b"3 reports are as they were made, and none is missing.\n"

    def change(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("DROP TRIGGER z_reports_no_delete")
        transaction.connection.exec_driver_sql("DELETE FROM z_reports WHERE place = 3")

    with _served(directory) as server:
        server.database.write_blocking(change)
        ((shop_id,),) = server.database.read_blocking(
            lambda transaction: transaction.connection.exec_driver_sql("SELECT shop_id FROM z_reports LIMIT 1").all()
        )
        signed = server.services.access.sign_local("orderbell", shop_id)
        command = calls.Caller(server.url, {"access_token": signed})
        checks = {each["name"]: each for each in command.get("/api/admin/doctor/").json()["checks"]}
    assert checks["z reports"]["result"] == "fail"
    assert "was removed" in checks["z reports"]["says"]
    assert main(["report", "verify", *where]) == 1
    told = capfdbinary.readouterr()
    assert b"it was removed" in told.out
    assert b"Reports were changed or are missing." in told.err
    assert main(["report", "verify", "--json", *where]) == 1
    assert json.loads(capfdbinary.readouterr().out)["faults"]


def test_x_says_when_by_the_shops_clock(directory: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    where = ("--data-dir", str(directory))
    assert main(["report", "x", "--json", *where]) == 0
    (found,) = json.loads(capfdbinary.readouterr().out)
    with _served(directory) as server:
        menu = calls.Caller(server.url).get("/api/menu/").json()
    opened = datetime.fromisoformat(found["report"]["opened_at"]).astimezone(ZoneInfo(menu["time_zone"]))
    assert main(["report", "x", *where]) == 0
    shown = capfdbinary.readouterr().out.decode()
    assert f"{opened:%Y-%m-%d %H:%M}, " in shown
    assert "UTC" not in shown
