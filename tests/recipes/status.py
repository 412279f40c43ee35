"""Add a status: an order that is eaten here is *served* before it is completed."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add a status"
MOST: Final = 8

STATUS: Final = "core/domain/status.py"
TESTS: Final = "tests/unit/orders/test_status.py"
_LOOK: Final = """
    _S.SERVED: StatusLook(
        label=N_("Served"),
        description=N_("Your order is on your table."),
        colour="served",
        icon="status-served",
        sound="served",
        sentence=N_("Your order is on your table"),
        empty=N_("Nobody is eating."),
    ),"""
_FORWARD: Final = """
    Transition(_S.READY, _S.SERVED, Move.ADVANCE, fulfilments=_HERE, step=N_("Serve")),
    Transition(_S.SERVED, _S.COMPLETED, Move.ADVANCE, fulfilments=_HERE, step=N_("Clear the table")),"""
_BACK: Final = """
    Transition(_S.SERVED, _S.READY, Move.RECALL, fulfilments=_HERE),
    Transition(_S.COMPLETED, _S.SERVED, Move.RECALL, fulfilments=_HERE),"""
_ICON: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" \
stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M3 19h18M5 15a7 7 0 0 1 14 0z"/></svg>
"""
_SAID: Final = {
    "es": {
        "Served": "Servido",
        "Your order is on your table.": "Su pedido está en la mesa.",
        "Your order is on your table": "Su pedido está en la mesa",
        "Nobody is eating.": "Nadie está comiendo.",
        "Serve": "Servir",
        "Clear the table": "Recoger la mesa",
    },
    "ar": {
        "Served": "قُدِّم",
        "Your order is on your table.": "طلبك على طاولتك.",
        "Your order is on your table": "طلبك على طاولتك",
        "Nobody is eating.": "لا أحد يأكل.",
        "Serve": "تقديم",
        "Clear the table": "رفع الطاولة",
    },
}


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    copy.insert(STATUS, '    READY = "ready"\n', '    SERVED = "served"\n')
    copy.insert(STATUS, "        display=_S.READY,\n    ),", _LOOK)
    copy.replace(
        STATUS,
        "_COLLECTED = ANY_FULFILMENT - _DELIVERY\n",
        "_HERE = frozenset({Fulfilment.DINE_IN})\n_COLLECTED = ANY_FULFILMENT - _DELIVERY - _HERE\n",
    )
    ready = '    Transition(_S.READY, _S.COMPLETED, Move.ADVANCE, fulfilments=_COLLECTED, step=N_("Hand over")),'
    copy.insert(STATUS, ready, _FORWARD)
    copy.insert(STATUS, "    Transition(_S.COMPLETED, _S.READY, Move.RECALL, fulfilments=_COLLECTED),", _BACK)
    cancelled = "    Transition(_S.READY, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),"
    copy.insert(STATUS, cancelled, cancelled.replace("READY", "SERVED").join(("\n", "")))
    copy.write("resources/icons/status-served.svg", _ICON)
    for before, ink, soft in (
        ("#DAF3E3", "#0B6378", "#D8F0F6"),
        ("#15351F", "#7FD6E8", "#12313A"),
        ("#06260F", "#9CE4F2", "#06222A"),
    ):
        line = f'   "ready_soft": "{before}",\n'
        copy.insert("resources/tokens.json", line, f'   "served": "{ink}",\n   "served_soft": "{soft}",\n')
    ready_sound = '    "ready": ((0.0, 523.25, 0.3), (0.13, 659.26, 0.3), (0.26, 783.99, 0.6)),\n'
    copy.insert("resources/sounds/make.py", ready_sound, '    "served": ((0.0, 659.26, 0.3), (0.12, 783.99, 0.5)),\n')
    copy.replace(
        TESTS,
        "    Fulfilment.DINE_IN: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.COMPLETED],\n",
        "    Fulfilment.DINE_IN: [S.PENDING, S.CONFIRMED, S.PREPARING, S.READY, S.SERVED, S.COMPLETED],\n",
    )
    copy.replace("docs/glossary.md", "preparing, ready, out for delivery", "preparing, ready, served, out for delivery")
    copy.insert(
        "CHANGELOG.md",
        "### Added\n",
        "- **Served**: what is eaten here is on its table before it is completed.\n",
    )


def translate(copy: Copy) -> None:
    """What a translator does between two runs of `resources.locale.update`."""
    for language, said in _SAID.items():
        copy.translate(language, said)
