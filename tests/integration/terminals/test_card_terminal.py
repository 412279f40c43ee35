"""Payments at a card terminal that loses, delays and doubles answers, by a till that is killed: never charged twice,
never paid without the terminal's word, and none forgotten."""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from core.client.errors import Conflict
from core.client.terminals.driver import ByHand, Silence, TerminalReply, Word
from core.client.terminals.line import LineTerminal, terminal_at
from core.client.terminals.simulator import Received
from core.domain.ids import OpId, OrderId
from core.domain.order import PaymentState
from core.own_process import python
from core.protocol import routes
from tests.integration.calls import new_key
from tests.integration.conftest import Place
from tests.integration.orders.test_refunds import _sound
from tests.support import shop
from tests.support.card_till import CARD
from tests.support.synced import Screen

FRIES = {"lines": [{"item_id": shop.FRIES}], "payment": "unpaid"}


@contextmanager
def simulator(path: Path, **faults: float) -> Iterator[str]:
    """The address of a simulator process; its file is `path`."""
    flags = [f"--{name.replace('_', '-')}={often}" for name, often in faults.items()]
    process = subprocess.Popen(
        python("-m", "core.admin", "card-terminal", str(path), *flags), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def heard(path: Path) -> list[Received]:
    return (
        [msgspec.json.decode(line, type=Received) for line in path.read_bytes().splitlines()] if path.exists() else []
    )


def charged(path: Path) -> int:
    return sum(each.charged_minor for each in heard(path))


def check_keys(path: Path) -> None:
    said = heard(path)
    starts = Counter(each.key for each in said if each.do in ("start", "refund"))
    assert all(count == 1 for count in starts.values()), "one asks after silence, and never repeats"
    assert all(
        sum(each.charged_minor != 0 for each in said if each.key == key) <= 1 for key in {each.key for each in said}
    )


def order(place: Place, **more: Any) -> dict[str, Any]:
    reply = place.kim.post("/api/pos/orders/", {**FRIES, **more}, key=new_key())
    assert reply.ok, reply.text
    found: dict[str, Any] = reply.json()
    return found


def read(place: Place, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = place.kim.get(f"/api/pos/orders/{order_id}/").json()["order"]
    return found


@pytest.fixture
def screen(place: Place, tmp_path: Path) -> Iterator[Screen]:
    with Screen(place.server.url, tmp_path / "till.db") as made:
        made.staff()
        yield made


@pytest.mark.sqlite_only("the till's file and the terminal are the same with either database")
@pytest.mark.parametrize("seed", range(3))
def test_a_till_that_is_killed_anywhere_charges_once(place: Place, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    book, kills = tmp_path / "terminal", 0
    orders = [order(place)["id"] for _ in range(6)]
    faults = {"lose": 0.3, "unheard": 0.15, "late": 0.15, "double": 0.3, "decline": 0.1, "delay_s": 0.6}
    with simulator(book, seed=seed, **faults) as address:
        arguments = [place.server.url, str(tmp_path / "till.db"), address, *orders]
        while True:
            till = subprocess.Popen(
                python("-m", "tests.support.card_till", *arguments), stdout=subprocess.PIPE, text=True
            )
            assert till.stdout is not None
            doomed = kills < 6
            for line in till.stdout:
                if doomed and line.strip() in ("starting", "answered") and chance.random() < 0.6:
                    till.send_signal(signal.SIGKILL)  # between the start and the answer, or before it is booked
                    kills += 1
                    break
            rest = till.communicate()[0]
            if till.returncode == 0:
                assert "done" in rest or not doomed or line.strip() == "done"
                break
            assert till.returncode == -signal.SIGKILL
    assert kills >= 3
    check_keys(book)
    told = [read(place, each) for each in orders]
    assert all(each["payment"] == "paid" for each in told)
    assert charged(book) == sum(each["total_minor"] for each in told), "each order was charged once"
    assert len({each["payments"][0]["reference"] for each in told}) == len(orders), "by a slip of its own"
    assert "STALE" not in {each["payments"][0]["reference"] for each in told}
    assert not _sound(place)


def test_silence_is_unknown_and_never_paid(place: Place, screen: Screen, tmp_path: Path) -> None:
    wanted, other = order(place), order(place)
    book = tmp_path / "terminal"
    with simulator(book, lose=1.0) as address:
        host, port = address.split(":")
        terminal = LineTerminal(host, int(port), 0.3, 0.2)
        attempt = screen.api.cards.pay(terminal, OrderId(wanted["id"]), CARD)
    assert (attempt.is_unknown, attempt.ended) == (True, False)
    assert screen.api.cards.open == (attempt,)
    assert charged(book) == wanted["total_minor"], "the terminal has heard it"
    assert read(place, wanted["id"])["payment"] == "unpaid", "nobody has said so"
    with pytest.raises(Conflict, match="is not known"):
        screen.api.cards.pay(terminal, OrderId(other["id"]), CARD)
    assert screen.api.cards.ask(terminal, attempt.key).is_unknown, "nobody is there"
    with simulator(book) as address:
        host, port = address.split(":")
        known = screen.api.cards.ask(LineTerminal(host, int(port), 1, 1), attempt.key)
    assert (known.word, known.ended, len(screen.api.cards.open)) == (Word.DONE, True, 0)
    screen.until_sent()
    (payment,) = read(place, wanted["id"])["payments"]
    assert (payment["amount_minor"], payment["reference"]) == (wanted["total_minor"], known.reference)
    check_keys(book)


def test_what_was_not_heard_is_called_off_before_it_counts_as_not_paid(
    place: Place, screen: Screen, tmp_path: Path
) -> None:
    wanted, book = order(place), tmp_path / "terminal"
    with simulator(book, late=1.0, delay_s=0.5) as address:
        host, port = address.split(":")
        attempt = screen.api.cards.pay(LineTerminal(host, int(port), 0.3, 1.0), OrderId(wanted["id"]), CARD)
        assert (attempt.word, attempt.ended) == (Word.CANCELLED, True)
        screen.until(lambda: any(each.do == "start" for each in heard(book)))  # it arrives now
    assert charged(book) == 0
    assert read(place, wanted["id"])["payment"] == "unpaid"


def test_a_card_that_is_declined_pays_nothing(place: Place, screen: Screen, tmp_path: Path) -> None:
    wanted = order(place)
    with simulator(tmp_path / "terminal", decline=1.0) as address:
        host, port = address.split(":")
        attempt = screen.api.cards.pay(LineTerminal(host, int(port), 1, 1), OrderId(wanted["id"]), CARD)
    assert (attempt.word, attempt.ended, len(screen.api.cards.open)) == (Word.DECLINED, True, 0)
    assert read(place, wanted["id"])["payment"] == "unpaid"


def test_a_refund_goes_through_the_terminal_first(place: Place, screen: Screen, tmp_path: Path) -> None:
    wanted, book = order(place), tmp_path / "terminal"
    with simulator(book) as address:
        host, port = address.split(":")
        terminal = LineTerminal(host, int(port), 1, 1)
        screen.api.cards.pay(terminal, OrderId(wanted["id"]), CARD)
        screen.until_sent()
        back = screen.api.cards.give_back(terminal, OrderId(wanted["id"]), wanted["total_minor"], None, "cold")
        assert (back.word, back.ended) == (Word.DONE, True)
        screen.until_sent()
    assert read(place, wanted["id"])["payment"] == "refunded"
    assert charged(book) == 0
    check_keys(book)


def test_what_cannot_be_booked_is_not_forgotten_and_given_back(place: Place, screen: Screen, tmp_path: Path) -> None:
    """Somebody else has taken the payment while the guest was at the terminal."""
    wanted, book = order(place), tmp_path / "terminal"

    class Slow(LineTerminal):
        @override
        def start(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply:
            body = {"version": 1, "tender": "cash"}
            assert place.alex.post(f"/api/pos/orders/{wanted['id']}/payments/", body, key=new_key()).ok
            screen.until(lambda: _paid(screen, wanted["id"]))
            return super().start(key, amount_minor, currency)

    with simulator(book) as address:
        host, port = address.split(":")
        terminal = Slow(host, int(port), 1, 1)
        screen.api.call(routes.DETAILS(OrderId(wanted["id"])))
        attempt = screen.api.cards.pay(terminal, OrderId(wanted["id"]), CARD)
        assert (attempt.word, attempt.ended) == (Word.DONE, False)
        assert "paid already" in attempt.problem
        assert [each.key for each in screen.api.cards.open] == [attempt.key]
        screen.api.cards.reverse(terminal, attempt.key)
        assert not screen.api.cards.open
    assert charged(book) == 0
    assert [each["tender"] for each in read(place, wanted["id"])["payments"]] in ([], ["cash"])


def _paid(screen: Screen, order_id: str) -> bool:
    row = screen.store.get(OrderId(order_id))
    return row is not None and row.payment is PaymentState.PAID


def test_a_terminal_without_a_line_is_recorded_by_hand(place: Place, screen: Screen) -> None:
    wanted = order(place)
    attempt = screen.api.cards.pay(ByHand(), OrderId(wanted["id"]), CARD)
    assert attempt.is_unknown
    assert screen.api.cards.ask(ByHand(), attempt.key).is_unknown
    done = screen.api.cards.record(attempt.key, Word.DONE, " 4711 ")
    assert (done.ended, done.reference) == (True, "4711")
    assert screen.api.cards.record(attempt.key, Word.DECLINED).word is Word.DONE, "its first last word stays"
    screen.until_sent()
    assert read(place, wanted["id"])["payments"][0]["reference"] == "4711"


def test_a_terminal_is_named_by_the_settings() -> None:
    assert terminal_at("") is None
    assert isinstance(terminal_at("by-hand"), ByHand)
    assert isinstance(terminal_at("10.0.0.7:20007"), LineTerminal)
    for wrong in ("here", "10.0.0.7:", "10.0.0.7:99999"):
        with pytest.raises(ValueError, match="no card terminal"):
            terminal_at(wrong)
    with pytest.raises(Silence):
        LineTerminal("127.0.0.1", 1, 0.2, 0.2).ask(OpId("x"))
