"""`orderbell report`: the shop's business day, as a table, for scripts, and for spreadsheets."""

import csv
import io
import json
from pathlib import Path

import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.server.settings import ServerSettings
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import new_key, order_body
from tests.support import shop
from tests.support.server import ServerThread


@pytest.mark.sqlite_only("one process owns a file; a server has no owner")
def test_a_days_figures(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Sold at 03:45 by the shop's clock, which is the day before's; a third of it given back ten minutes later."""
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def set_up(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("UPDATE shops SET time_zone = 'Asia/Kathmandu'")

    def at_night(transaction: Transaction) -> None:
        at = 1795298400_000_000  # 2026-11-21 22:00 UTC, 03:45 on the 22nd in Kathmandu
        transaction.connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
        transaction.connection.exec_driver_sql(f"UPDATE ledger SET at = {at}")
        transaction.connection.exec_driver_sql(f"UPDATE ledger SET at = {at + 600_000_000} WHERE kind <> 'payment'")

    with ServerThread(tmp_path) as server:
        server.database.write_blocking(set_up)
        kim = calls.staff(server, shop.KIM)
        order = kim.post("/api/pos/orders/", order_body(payment="paid"), key=new_key()).json()
        back = {"version": 1, "reason": "cold", "amount_minor": 1000}
        assert kim.post(f"/api/pos/orders/{order['id']}/refund/", back, key=new_key()).status_code == 200
        server.database.write_blocking(at_night)
    flags = ["--data-dir", str(tmp_path), "--from", "2026-11-21", "--to", "2026-11-21"]
    assert main(["report", "--compare", *flags]) == 0
    head, _rule, row, total = capfdbinary.readouterr().out.decode().splitlines()
    assert head.split() == [
        "day",
        "sales",
        "sold",
        "refunds",
        "given",
        "back",
        "tax",
        "tips",
        "discounts",
        "turnover",
        "a",
        "week",
        "before",
    ]
    assert row.split() == ["2026-11-21", "1", "30.20", "1", "10.00", "1.53", "0.00", "0.00", "20.20", "0.00"]
    assert total.split()[0] == "total"
    assert main(["report", "--json", "--by", "hour", *flags]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert [(each["name"], each["sales"], each["refunds"]) for each in report["rows"]] == [("03:00", 1, 1)]
    file = tmp_path / "items.csv"
    assert main(["report", str(file), "--by", "item", "--separator", "semicolon", *flags]) == 0
    capfdbinary.readouterr()
    rows = {each["item"]: each for each in csv.DictReader(io.StringIO(file.read_text("utf-8-sig")), delimiter=";")}
    assert set(rows) == {"Bowl", "Fries", "total"}
    assert (rows["Bowl"]["sales"], rows["Bowl"]["sold"], rows["total"]["sold"]) == ("2", "24,00", "27,90")
    assert rows["total"]["turnover"] == "18,67", "10.00 given back has 0.77 of tax in it"
    assert main(["report", "--data-dir", str(tmp_path), "--from", "2026-11-22", "--to", "2026-11-22"]) == 0
    assert capfdbinary.readouterr().out == b"Nothing was sold from 2026-11-22 to 2026-11-22.\n"
    assert main(["report", "rebuild", "--json", "--data-dir", str(tmp_path)]) == 0
    assert json.loads(capfdbinary.readouterr().out) == {"days": 0}
