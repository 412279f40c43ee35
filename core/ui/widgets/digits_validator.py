"""Fields of digits."""

from PySide6.QtGui import QRegularExpressionValidator, QValidator
from typing_extensions import override

from core.domain.digits import ascii_digits


class DigitsValidator(QRegularExpressionValidator):
    """Converts digits of every script to ASCII ones, and matches the result with a pattern."""

    @override
    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        found = super().validate(ascii_digits(text), position)
        assert isinstance(found, tuple)
        return found
