"""The keys of the payment panel type the digits that they show, in every script."""

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from core.ui.text import parse_amount, use_language
from core.ui.theme import Theme
from pos_app.order.keypad import Keypad


@pytest.mark.parametrize(
    ("language", "currency", "shown", "minor"),
    [("en_US", "USD", "12.50", 1250), ("ar_EG", "USD", "١٢٫٥٠", 1250), ("ar_EG", "JPY", "١٢٠٠٥٠", 120050)],
)
def test_keys_type_what_they_show(qtbot: QtBot, language: str, currency: str, shown: str, minor: int) -> None:
    use_language(language)
    pad = Keypad(Theme("light"))
    qtbot.addWidget(pad)
    qtbot.addWidget(pad.keys)
    pad.ask(2000, currency, 2000, in_cash=True)
    for name in ("pad_1", "pad_2", "pad_sign", "pad_5", "pad_0"):
        key = pad.keys.findChild(QAbstractButton, name)
        assert isinstance(key, QAbstractButton)
        key.click()
    assert pad.field.text() == shown
    assert parse_amount(shown, currency) == minor
