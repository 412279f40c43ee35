"""Fields of digits."""

from PySide6.QtGui import QRegularExpressionValidator, QValidator
from typing_extensions import override

from core.domain.digits import ascii_digits


class DigitsValidator(QRegularExpressionValidator):
    """Takes digits of every script, as ASCII ones: what is typed is checked by a pattern of those."""

    @override
    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        found = super().validate(ascii_digits(text), position)
        assert isinstance(found, tuple)
        return found
