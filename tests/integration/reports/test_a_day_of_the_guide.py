"""The commands of the guide's day with money print what it shows, but for figures, hashes and moments."""

import re
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from core.admin.cli import main
from core.admin.demo import money
from core.admin.demo.replay import advance
from core.admin.setup import open_keys
from core.client.http.api import HttpApi
from core.domain.order import Tender
from core.domain.status import OrderStatus
from core.instants import now
from core.protocol import routes
from core.protocol.requests import StaffSignIn
from core.server.auth import keys
from core.server.drawers.reports import business_date
from core.server.settings import ServerSettings
from tests.integration.admin.test_admin_guide import GUIDE, Sample, masked, samples
from tests.integration.calls import staff
from tests.integration.drawers.till import Till
from tests.support import shop
from tests.support.server import ServerThread

pytestmark = pytest.mark.sqlite_only("one process owns a file; a server has no owner")

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_BEFORE: Final = 4
"""How many orders are taken before the drawer is opened."""


def followed() -> list[Sample]:
    """The commands of the section."""
    section = GUIDE.read_text(encoding="utf-8").partition("\n## A day's money\n")[2].partition("\n## ")[0]
    return [each for each in samples(section) if each.words[0] == "report"]


@pytest.mark.slow
def test_its_commands_print_what_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = _day(tmp_path)
    for sample in followed():
        words = [_DAY.sub(today, each) for each in sample.words]
        assert main([*words, "--data-dir", str(tmp_path)]) == 0
        told = [masked(line) for line in capsys.readouterr().out.splitlines() if line]
        shown = set(sample.said) if sample.words[1] == "z" else set(told) | set(sample.said)  # of the Z, some lines
        assert sorted(each for each in told if each in shown) == sorted(sample.said), " ".join(words)


def _day(directory: Path) -> str:
    """Have that day in a shop, and return its date, which is today's."""
    shop.lay_out(directory / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(directory))
    open_keys(settings.keys_path)
    with (
        ServerThread(directory, settings, keys=keys.read(settings.keys_path)) as server,
        closing(HttpApi(server.url)) as cashier,
        closing(HttpApi(server.url)) as admin,
    ):
        for api, who in ((cashier, shop.KIM), (admin, shop.ALEX)):
            api.staff_sign_in(StaffSignIn(staff=who.name, pin=who.pin, device=shop.DEVICE))
        menu = cashier.call(routes.MENU())
        till = Till(staff(server, shop.ALEX))
        for n in range(_BEFORE):
            order = till.sell(tender=str((Tender.CARD, Tender.CASH)[n % 2]))
            advance(cashier, cashier.call(routes.DETAILS(order["id"])).order, OrderStatus.COMPLETED)
        till.open(10_000)
        for n in range(money.ORDERS):
            money._sell(cashier, menu, n)
        money._refund(admin)
        till.move("paid_out", 1_250, "Flowers")
        till.count(till.details()["cash"]["expected_minor"] - 20)
        till.close(deposit_minor=5_000)
    return business_date(now(), menu.time_zone)


def test_they_are_all_there() -> None:
    wanted = [["report", "z"], *[["report", "--by"]] * 2, ["report", "journal"], ["report", "verify"]]
    assert [each.words[:2] for each in followed()] == wanted
