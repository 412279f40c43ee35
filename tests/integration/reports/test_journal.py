"""`orderbell report journal`: double entry by documents that never change, in columns that are written down."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.admin.cli import main
from core.admin.setup import open_keys
from core.server.auth import keys
from core.server.drawers.reports import business_date
from core.server.settings import ServerSettings
from tests.integration import calls
from tests.integration.conftest import Place
from tests.integration.drawers.till import Till
from tests.support import shop
from tests.support.server import ServerThread

EVIL = '=HYPERLINK("http://x.example","flowers")'


def _journal(place: Place, first: date, last: date) -> dict[str, Any]:
    reply = place.alex.get("/api/admin/reports/journal/", params={"first": str(first), "last": str(last)})
    assert reply.ok, reply.text
    found: dict[str, Any] = reply.json()
    return found


def _today() -> date:
    return date.fromisoformat(business_date(datetime.now(UTC), "UTC"))


def _sums(postings: list[dict[str, Any]]) -> Counter[str]:
    sums = Counter[str]()
    for each in postings:
        sums[each["account"]] += each["debit_minor"] - each["credit_minor"]
    return Counter({account: amount for account, amount in sums.items() if amount})


def test_a_drawer_is_in_it_once_it_is_closed_and_what_is_late_is_a_document_of_its_own(place: Place) -> None:
    today = _today()
    till = Till(place.kim)
    alone = _sums(_journal(place, today, today)["postings"])
    till.open(10_000)
    sold = till.sell(2, tender="cash", given_minor=10**6)
    till.move("paid_out", 500, "flowers")
    paid = till.take(till.sell(payment="unpaid"), tender="card", tip_minor=70)
    assert _journal(place, today, today)["unclosed"] == ["POS1"]
    assert _sums(_journal(place, today, today)["postings"]) == alone
    till.count(10_000 - 500 + sold["total_minor"] - 30)
    till.close(deposit_minor=1_000, reason="a coin under the mat")
    first = [each for each in _journal(place, today, today)["postings"] if each["document"] == "POS1 Z 1"]
    tax = sold["tax_minor"] + paid["tax_minor"]
    assert _sums(first) == {
        "tender:cash": 10_000 + sold["total_minor"] - 500 - 30 - 1_000,
        "tender:card": paid["total_minor"] + 70,
        "sales": tax - sold["total_minor"] - paid["total_minor"],
        "tax": -tax,
        "tips": -70,
        "float": -10_000,
        "paid out": 500,
        "over and short": 30,
        "safe": 1_000,
    }
    assert {each["text"] for each in first if each["account"] == "paid out"} == {"Kim: flowers"}
    till.refund(sold, amount_minor=100, drawer=till.session)
    after = _journal(place, today, today)["postings"]
    assert [each for each in after if each["document"] == "POS1 Z 1"] == first, "a document never changes"
    late = [each for each in after if each["document"] == "POS1 Z 1, supplement 1"]
    back = sum(each["debit_minor"] for each in late if each["account"] == "tax")
    # What was counted stays: so much less should have been there.
    assert _sums(late) == Counter({"sales": 100 - back, "tax": back, "over and short": -100})
    assert _journal(place, today + timedelta(days=1), today + timedelta(days=1))["postings"] == []
    assert _journal(place, today - timedelta(days=1), today)["postings"] == after


def test_what_is_booked_without_a_drawer_is_a_document_of_its_day(place: Place) -> None:
    today = _today()
    before = _sums([each for each in _journal(place, today, today)["postings"] if not each["document"]])
    sold = Till(place.kim).sell(tender="card")
    loose = [each for each in _journal(place, today, today)["postings"] if not each["document"]]
    grown = _sums(loose)
    grown.subtract(before)
    assert +grown == {"tender:card": sold["total_minor"]}
    assert grown["sales"] + grown["tax"] == -sold["total_minor"]
    assert sum(_sums(loose).values()) == 0


def test_days_that_are_none_and_people_who_may_not_are_refused(place: Place) -> None:
    for query in ({"first": "2026-13-01", "last": "2026-12-01"}, {"first": "2026-05-04", "last": "2026-05-03"}):
        assert place.alex.get("/api/admin/reports/journal/", params=query).status_code == 422
    long = {"first": "2020-01-01", "last": "2026-01-01"}
    assert place.alex.get("/api/admin/reports/journal/", params=long).status_code == 422
    assert place.kim.get("/api/admin/reports/journal/", params=long).status_code == 403


@pytest.mark.sqlite_only("one process owns a file; a server has no owner")
def test_the_command_writes_a_sheet_whose_days_balance_and_that_holds_no_formula(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path))
    open_keys(settings.keys_path)
    with ServerThread(tmp_path, settings, keys=keys.read(settings.keys_path)) as server:
        till = Till(calls.staff(server, shop.KIM))
        till.open(5_000)
        till.sell(2)
        till.move("paid_out", 1_000, EVIL)
        till.count(4_000)
        till.close(reason="so")
        till.open(4_000)
    where, today = ("--data-dir", str(tmp_path)), str(_today())
    assert main(["report", "journal", "--csv", "--to", today, *where]) == 0
    text = capfdbinary.readouterr().out.decode()
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["day", "document", "of day", "POS", "account", "tax", "debit", "credit", "currency", "text"]
    assert sum(Decimal(row[6]) for row in rows) == sum(Decimal(row[7]) for row in rows) > 0
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert any("HYPERLINK" in row[9] for row in rows)
    assert {row[5] for row in rows if row[4] == "tax"} == {"TAX 8.25 %"}
    assert main(["report", "journal", "--to", today, *where]) == 0
    assert "POS1: its drawer is open." in capfdbinary.readouterr().out.decode()
    assert main(["report", "journal", "--json", "--to", today, *where]) == 0
    assert json.loads(capfdbinary.readouterr().out)["unclosed"] == ["POS1"]
    assert main(["report", "journal", *where]) == 0
    assert b"Nothing was booked from" in capfdbinary.readouterr().out
    with pytest.raises(SystemExit):
        main(["report", "journal", "--help"])
    shown = capfdbinary.readouterr().out.decode()
    for words in ("over and short", "tender:…", "the business day of the closing"):
        assert words in shown
