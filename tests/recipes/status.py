"""Add a status to the lines of pick-up and dine-in: an order is *called* before it is handed over."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add a status"
MOST: Final = 8

STATUS: Final = "core/domain/status.py"
TESTS: Final = "tests/unit/orders/test_status.py"
_LOOK: Final = """
    _S.CALLED: StatusLook(
        label=N_("Called"),
        description=N_("Please come to the counter: your order was called."),
        colour="called",
        icon="status-called",
        sound="called",
        sentence=N_("Your order was called"),
        empty=N_("Nobody was called."),
    ),"""
_HAND_OVER: Final = (
    '    Transition(_S.READY, _S.COMPLETED, Move.ADVANCE, fulfilments=_COLLECTED, step=N_("Hand over")),\n'
)
_BACK: Final = "    Transition(_S.COMPLETED, _S.READY, Move.RECALL, fulfilments=_COLLECTED),\n"
_ICON: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" \
stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M3 19h18M5 15a7 7 0 0 1 14 0z"/></svg>
"""
_SAID: Final = {
    "es": {
        "Called": "Llamado",
        "Please come to the counter: your order was called.": "Se ha llamado su pedido: recójalo en el mostrador.",
        "Your order was called": "Se ha llamado su pedido",
        "Nobody was called.": "No se ha llamado a nadie.",
        "Call": "Llamar",
    },
    "ar": {
        "Called": "نودي عليه",
        "Please come to the counter: your order was called.": "نودي على طلبك: تفضل إلى المنضدة.",
        "Your order was called": "نودي على طلبك",
        "Nobody was called.": "لم يُنادَ على أحد.",
        "Call": "نداء",
    },
}


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    copy.insert(STATUS, '    READY = "ready"\n', '    CALLED = "called"\n')
    copy.insert(STATUS, "        display=_S.READY,\n    ),", _LOOK)
    call = _HAND_OVER.replace("COMPLETED", "CALLED").replace("Hand over", "Call")
    copy.replace(STATUS, _HAND_OVER, call + _HAND_OVER.replace("READY", "CALLED"))
    copy.replace(STATUS, _BACK, _BACK.replace("COMPLETED", "CALLED") + _BACK.replace("READY", "CALLED"))
    cancelled = "    Transition(_S.READY, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),"
    copy.insert(STATUS, cancelled, cancelled.replace("READY", "CALLED").join(("\n", "")))
    copy.write("resources/icons/status-called.svg", _ICON)
    for before, ink, soft in (
        ("#DAF3E3", "#0B6378", "#D8F0F6"),
        ("#15351F", "#7FD6E8", "#12313A"),
        ("#06260F", "#9CE4F2", "#06222A"),
    ):
        line = f'   "ready_soft": "{before}",\n'
        copy.insert("resources/tokens.json", line, f'   "called": "{ink}",\n   "called_soft": "{soft}",\n')
    ready_sound = '    "ready": ((0.0, 523.25, 0.3), (0.13, 659.26, 0.3), (0.26, 783.99, 0.6)),\n'
    copy.insert("resources/sounds/make.py", ready_sound, '    "called": ((0.0, 659.26, 0.3), (0.12, 783.99, 0.5)),\n')
    for line in ("PICKUP", "DINE_IN"):
        before = f"    Fulfilment.{line}: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, "
        copy.insert(TESTS, before, "S.CALLED, ")
    copy.replace("docs/glossary.md", "preparing, ready, out for delivery", "preparing, ready, called, out for delivery")
    copy.insert(
        "CHANGELOG.md",
        "### Added\n",
        "- **Called**: who collects an order is called before it is handed over.\n",
    )


def translate(copy: Copy) -> None:
    """What a translator does between two runs of `resources.locale.update`."""
    for language, said in _SAID.items():
        copy.translate(language, said)
