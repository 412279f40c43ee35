"""Which orders a status display shows, by the looks of their statuses and the shop's settings."""

import msgspec
import pytest

from core.domain.status import LOOKS, Fulfilment, OrderStatus, look
from core.store.tickets import Rules

S = OrderStatus


@pytest.mark.parametrize("waiting", [True, False])
def test_what_waits_is_shown_where_the_shop_wants_it(waiting: bool) -> None:
    rules = Rules(waiting=waiting)
    shown = {status for status in S if rules.shows(status, Fulfilment.PICKUP)}
    headings = {S.CONFIRMED, S.PREPARING, S.READY} if waiting else {S.PREPARING, S.READY}
    assert shown == {status for status in S if look(status).display in headings}
    assert not [status for status in S if rules.shows(status, Fulfilment.DELIVERY)]


def test_the_look_of_a_status_says_whether_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOOKS, S.PREPARING, msgspec.structs.replace(look(S.PREPARING), display=S.CONFIRMED))
    assert Rules(waiting=True).shows(S.PREPARING, Fulfilment.DINE_IN)
    assert not Rules(waiting=False).shows(S.PREPARING, Fulfilment.DINE_IN)
