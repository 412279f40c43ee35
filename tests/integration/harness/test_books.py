"""The sums by which drills and the reconciliation are judged find what is wrong: a cent, an entry, a report."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.store.sql.statements import Transaction
from tests.integration.calls import staff
from tests.integration.drawers.till import Till
from tests.support import books, databases, shop
from tests.support.server import ServerThread

Ask = Callable[..., Any]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerThread]:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as running:
        yield running


def _day(server: ServerThread) -> None:
    """A session with a Z and a supplement, and one that is open."""
    till = Till(staff(server, shop.KIM))
    till.open()
    first = till.sell(3, discount={"rate": 33_333, "reason": "Staff"})
    till.move("paid_out", 250)
    unpaid = till.take(till.sell(payment="unpaid"), amount_minor=100, tender="card", tip_minor=50)
    till.count(10_000)
    till.close(deposit_minor=1_000, reason="so")
    till.refund(first, amount_minor=77, drawer=till.session)
    till.open(9_000)
    till.take(unpaid, tender="cash")
    till.sell(tender="card")


def _lose_cash(at: Ask) -> None:
    at("UPDATE ledger SET amount_minor = amount_minor - 1 WHERE kind = 'payment' AND tender = 'cash' AND number = 1")


def _double_an_entry(at: Ask) -> None:
    at(
        "INSERT INTO drawer_entries (shop_id, device, place, drawer_session_id, act, amount_minor, denominations, "
        "reason, at, client_at, by_id, by_name, by_role, op_id) "
        "SELECT shop_id, device, place + 90, drawer_session_id, act, amount_minor, "
        "denominations, reason, at, client_at, by_id, by_name, by_role, 'another' FROM drawer_entries "
        "WHERE act = 'paid_out'"
    )


def _move_to_another_drawer(at: Ask) -> None:
    other = "(SELECT max(drawer) FROM ledger AS other WHERE other.drawer <> ledger.drawer)"
    at(f"UPDATE ledger SET drawer = {other} WHERE kind = 'refund'")


def _lose_a_supplement(at: Ask) -> None:
    at("DELETE FROM z_reports WHERE supplement = 1")


def _lose_tax(at: Ask) -> None:
    at("UPDATE orders SET tax_minor = tax_minor + 1")


@pytest.mark.parametrize(
    "wrong",
    [_lose_cash, _double_an_entry, _move_to_another_drawer, _lose_a_supplement, _lose_tax],
    ids=lambda each: each.__name__,
)
def test_whatever_is_wrong_is_found(server: ServerThread, wrong: Callable[[Ask], None]) -> None:
    _day(server)
    key, notes = server.services.report_key, server.services.report_notes

    def work(transaction: Transaction) -> tuple[list[str], list[str]]:
        connection = transaction.connection
        before = books.differences(connection, key, notes)
        for table in ("ledger", "drawer_entries", "z_reports"):
            for verb in ("update", "delete"):
                on = f" ON {table}" if databases.kind() == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}{on}")
        wrong(lambda sql: connection.exec_driver_sql(databases.placed(sql)))
        return before, books.differences(connection)

    before, after = server.database.write_blocking(work)
    assert before == []
    assert after != []
