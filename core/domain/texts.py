"""Texts: what people write freely (notes, reasons, names, addresses: it is kept, shown around and copied into
backups), and what windows say in the reader's language."""

from core import cards
from core.domain.errors import CardNumber


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "translate later")
    """Marks `message` for translation where it is only stored."""
    return message


def check_no_card(**texts: str) -> None:
    """Raises `CardNumber` naming the first of `texts` that has a payment card's number in it."""
    for field, text in texts.items():
        if next(cards.numbers(text), None) is not None:
            raise CardNumber("This looks like a card number. Please leave it out: it would be kept and shown.", field)
