"""Marking texts for translation, and checking free texts (notes, reasons, names, addresses), which are stored, shown
and backed up."""

from core import cards
from core.domain.errors import CardNumber


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "translate later")
    """Marks `message` for translation where it is only stored."""
    return message


def check_no_card(**texts: str) -> None:
    """Raises `CardNumber` naming the first of `texts` that contains a payment card number."""
    for field, text in texts.items():
        if next(cards.numbers(text), None) is not None:
            raise CardNumber("This looks like a card number. Please leave it out: it would be kept and shown.", field)


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: spaces, and signs without width."""
    return not any(sign.isprintable() and not sign.isspace() for sign in text)
