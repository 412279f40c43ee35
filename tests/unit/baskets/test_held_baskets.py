"""What may be done with a held basket, and that it ends the same in whatever order it arrives."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from core.domain import held_baskets
from core.domain.errors import CardNumber, DomainError, IllegalMove
from core.domain.held_baskets import HELD_MOST, Hand, HeldBasket, HoldBasket
from core.domain.ids import BasketId, DeviceId, ItemId
from core.domain.order import NewLine

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ID = BasketId("01920000-0000-7000-8000-00000000000c")
KIM, ANN = Hand("Kim", DeviceId("POS1"), AT), Hand("Ann", DeviceId("POS2"), AT + timedelta(minutes=1))
ASKED = HoldBasket(id=ID, label=" Table 7 ", lines=(NewLine(item_id=ItemId("fries"), note="no salt"),))


def hold(by: Hand = KIM) -> HeldBasket:
    return held_baskets.hold(None, ASKED, by, 0)


def test_what_is_held_is_what_was_asked_for() -> None:
    basket = hold()
    assert (basket.label, basket.lines, basket.held, basket.device) == ("Table 7", ASKED.lines, KIM, "POS1")


def test_one_till_takes_it_and_may_take_it_again() -> None:
    taken = held_baskets.take(hold(), ANN)
    assert taken.device == "POS2"
    assert held_baskets.take(taken, ANN) is taken
    for refused in (held_baskets.take, held_baskets.drop):
        with pytest.raises(IllegalMove, match="Ann has this basket open at POS2"):
            refused(taken, KIM)
        assert refused(taken, KIM, is_abandoned=True) != taken


def test_what_is_gone_tells_who_and_keeps_nothing() -> None:
    gone = held_baskets.drop(hold(), KIM)
    assert gone == HeldBasket(id=ID, held=KIM, gone=KIM)
    assert held_baskets.take(gone, KIM) is gone
    with pytest.raises(IllegalMove, match="Kim has ordered, held anew or deleted this basket at POS1"):
        held_baskets.take(gone, ANN)


def test_a_sale_counts_whoever_has_it() -> None:
    assert held_baskets.finish(held_baskets.take(hold(), ANN), ID, KIM).gone == KIM


@pytest.mark.parametrize("order", list(permutations(("hold", "finish", "again"))))
def test_it_ends_the_same_in_whatever_order_it_arrives(order: tuple[str, ...]) -> None:
    known: HeldBasket | None = None
    for step in order:
        known = held_baskets.hold(known, ASKED, KIM, 0) if step == "hold" else held_baskets.finish(known, ID, ANN)
    assert known is not None
    assert known.gone == ANN
    assert known.lines == ()


def test_its_id_is_held_once() -> None:
    with pytest.raises(IllegalMove, match="already is a basket"):
        held_baskets.hold(hold(), ASKED, KIM, 1)


def test_the_shop_holds_so_many() -> None:
    assert held_baskets.hold(None, ASKED, KIM, HELD_MOST - 1).gone is None
    with pytest.raises(DomainError, match="holds 200 baskets"):
        held_baskets.hold(None, ASKED, KIM, HELD_MOST)


def test_no_card_number_is_kept() -> None:
    line = NewLine(item_id=ItemId("fries"), note="4111111111111111")
    with pytest.raises(CardNumber) as refused:
        held_baskets.hold(None, msgspec.structs.replace(ASKED, lines=(line,)), KIM, 0)
    assert refused.value.field == "lines[0].note"
