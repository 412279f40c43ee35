"""`orderbell orders export`: whole rows by the shop's clock, with who took an order."""

import csv
import io
from pathlib import Path

import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.server.settings import ServerSettings
from core.store.sql.statements import Transaction
from tests.integration import calls
from tests.integration.calls import new_key, order_body
from tests.integration.conftest import Place
from tests.support import shop
from tests.support.server import ServerThread


def test_who_took_an_order_is_answered_where_it_is_asked(place: Place) -> None:
    online = place.ada.place()
    reply = place.kim.post("/api/pos/orders/", order_body(), key=new_key())
    assert reply.status_code == 201, reply.text
    page = place.kim.get("/api/pos/orders/", params={"cashiers": "true"}).json()
    assert {online["id"], reply.json()["id"]} <= {order["id"] for order in page["orders"]}
    assert page["cashiers"] == {reply.json()["id"]: "Kim"}, "a customer is no cashier"
    assert place.kim.get("/api/pos/orders/").json()["cashiers"] == {}
    assert "cashiers" not in place.ada.get("/api/online/orders/history/").json()


@pytest.mark.sqlite_only("one process owns a file; a server has no owner")
def test_an_export_says_all_of_an_order(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)

    def set_up(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("UPDATE shops SET time_zone = 'Asia/Kathmandu'")

    def late(transaction: Transaction) -> None:
        at = 1795284000_000_000  # 2026-11-21 18:00 UTC, 23:45 in Kathmandu
        transaction.connection.exec_driver_sql(f"UPDATE orders SET placed_at = {at}")

    with ServerThread(tmp_path) as server:
        server.database.write_blocking(set_up)
        kim = calls.staff(server, shop.KIM)
        body = order_body(note="in a bag")
        body["lines"][0]["note"] = "no beans"
        assert kim.post("/api/pos/orders/", body, key=new_key()).status_code == 201
        server.database.write_blocking(late)
        log = "SELECT count(*) FROM security_log WHERE event = 'exported'"
    file = tmp_path / "orders.csv"
    flags = ["--data-dir", str(tmp_path)]
    assert main(["orders", "export", str(file), "--separator", "semicolon", "--from", "2026-11-21", *flags]) == 0
    assert capfdbinary.readouterr().out == f"Wrote 1 order to {file}.\n".encode()
    (row,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")), delimiter=";")
    assert row["items"] == "2 Bowl + Chicken + Guacamole (no beans); 1 Fries"
    assert (row["cashier"], row["note"], row["total"]) == ("Kim", "in a bag", "30,20")
    assert (row["placed_at"], row["date"], row["time"]) == ("2026-11-21 23:45:00+05:45", "2026-11-21", "23:45:00")
    assert main(["orders", "export", "--separator", "tab", "--to", "2026-11-21", *flags]) == 0
    out = capfdbinary.readouterr().out.decode()
    assert [line["cashier"] for line in csv.DictReader(io.StringIO(out), delimiter="\t")] == ["Kim"]
    for outside in (["--from", "2026-11-22"], ["--to", "2026-11-20"]):
        assert main(["orders", "export", *outside, *flags]) == 0
        assert len(capfdbinary.readouterr().out.splitlines()) == 1, "the day is the shop's"
    with ServerThread(tmp_path) as server:
        noted = server.database.read_blocking(lambda t: t.connection.exec_driver_sql(log).scalar())
    assert noted == 4
