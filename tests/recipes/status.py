"""Add a status in the middle of every line: an order is *packed* before it is ready."""

from typing import Final

from tests.recipes.copies import Copy

HEADING: Final = "Add a status"
MOST: Final = 8

STATUS: Final = "core/domain/status.py"
TESTS: Final = "tests/unit/orders/test_status.py"
_LOOK: Final = """    _S.PACKED: StatusLook(
        label=N_("Packed"),
        description=N_("Your order is packed and is checked next."),
        colour="packed",
        icon="status-packed",
        sound="packed",
        sentence=N_("Your order is packed"),
        empty=N_("Nothing is packed."),
        display=_S.PREPARING,
    ),
"""
_READY: Final = '    Transition(_S.PREPARING, _S.READY, Move.ADVANCE, step=N_("Mark ready")),\n'
_BACK: Final = "    Transition(_S.READY, _S.PREPARING, Move.RECALL),\n"
_CANCEL: Final = "    Transition(_S.READY, _S.CANCELLED, Move.CANCEL, reason_from=STAFF),\n"
_ICON: Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" \
stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M3 8h18v12H3zM3 8l3-4h12l3 4M12 4v4"/></svg>
"""
_SAID: Final = {
    "es": {
        "Packed": "Embalado",
        "Your order is packed and is checked next.": "Su pedido está embalado y se va a comprobar.",
        "Your order is packed": "Su pedido está embalado",
        "Nothing is packed.": "No hay nada embalado.",
        "Pack": "Embalar",
    },
    "ar": {
        "Packed": "مغلَّف",
        "Your order is packed and is checked next.": "طلبك مغلَّف وسيُراجَع الآن.",
        "Your order is packed": "طلبك مغلَّف",
        "Nothing is packed.": "لا شيء مغلَّف.",
        "Pack": "تغليف",
    },
}


def follow(copy: Copy) -> None:
    """What a person writes; the commands come after it."""
    copy.insert(STATUS, '    PREPARING = "preparing"\n', '    PACKED = "packed"\n')
    copy.replace(STATUS, "    _S.READY: StatusLook(\n", f"{_LOOK}    _S.READY: StatusLook(\n")
    pack = _READY.replace("READY", "PACKED").replace("Mark ready", "Pack")
    copy.replace(STATUS, _READY, pack + _READY.replace("PREPARING", "PACKED"))
    copy.replace(STATUS, _BACK, _BACK.replace("READY", "PACKED") + _BACK.replace("PREPARING", "PACKED"))
    copy.replace(STATUS, _CANCEL, _CANCEL.replace("READY", "PACKED") + _CANCEL)
    copy.write("resources/icons/status-packed.svg", _ICON)
    for before, ink, soft in (
        ("#DAF3E3", "#0B6378", "#D8F0F6"),
        ("#15351F", "#7FD6E8", "#12313A"),
        ("#06260F", "#9CE4F2", "#06222A"),
    ):
        line = f'   "ready_soft": "{before}",\n'
        copy.insert("resources/tokens.json", line, f'   "packed": "{ink}",\n   "packed_soft": "{soft}",\n')
    ready_sound = '    "ready": ((0.0, 523.25, 0.3), (0.13, 659.26, 0.3), (0.26, 783.99, 0.6)),\n'
    copy.insert("resources/sounds/make.py", ready_sound, '    "packed": ((0.0, 659.26, 0.3), (0.12, 783.99, 0.5)),\n')
    for line in ("PICKUP", "DINE_IN", "DELIVERY"):
        before = f"    Fulfilment.{line}: [S.PENDING, S.CONFIRMED, S.PREPARING, "
        copy.insert(TESTS, before, "S.PACKED, ")
    copy.replace(TESTS, "words.description, 3, 6, 50)", "words.description, 3, 7, 42)")
    copy.replace("docs/glossary.md", " preparing, ready,", " preparing, packed, ready,")
    copy.insert("CHANGELOG.md", "### Added\n", "- **Packed**: an order is packed before it is ready.\n")


def translate(copy: Copy) -> None:
    """What a translator does between two runs of `resources.locale.update`."""
    for language, said in _SAID.items():
        copy.translate(language, said)
