"""A till that pays orders at a card terminal, as a process that may be killed anywhere:
`python -m tests.support.card_till SERVER FILE TERMINAL ORDER…`. It says on its own line what it is about to do."""

import sys
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from core.client.terminals.driver import TerminalReply
from core.client.terminals.line import LineTerminal
from core.domain.commands import NewPayment
from core.domain.ids import OpId, OrderId
from core.domain.order import PaymentState, Tender
from core.protocol import routes
from tests.support.synced import Screen

CARD = NewPayment(tender=Tender.CARD)


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


class Told(LineTerminal):
    """Says what it does."""

    @override
    def start(self, key: OpId, amount_minor: int, currency: str) -> TerminalReply:
        say("starting")
        said = super().start(key, amount_minor, currency)
        say("answered")
        return said


def main(argv: Sequence[str]) -> int:
    server, path, address, *orders = argv
    host, _, port = address.rpartition(":")
    terminal = Told(host, int(port), wait_s=0.4, ask_s=0.4)
    with Screen(server, Path(path)) as screen:
        screen.staff()
        cards = screen.api.cards
        for order_id in map(OrderId, orders):
            while True:
                for attempt in cards.open:
                    while not cards.ask(terminal, attempt.key).ended:
                        pass
                screen.until_sent()
                order = screen.api.call(routes.DETAILS(order_id)).order
                if order.payment is PaymentState.PAID:
                    break
                cards.pay(terminal, order_id, CARD)
        screen.until_sent()
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
