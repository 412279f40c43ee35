"""Two orders by each hand, on a real screen: `python -m tests.rush` is the whole rush."""

from pathlib import Path

import pytest

from core.ui.preflight import missing_programs
from tests.rush.__main__ import rush
from tests.rush.cashier import ByKeyboard, ByMouse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_programs()), reason="there is no Xvfb or no xdotool here"),
]
PLACES = (0, 3)
"""The second chooses another one where one is chosen already, and several."""


@pytest.mark.parametrize("kind", [ByMouse, ByKeyboard])
def test_orders_are_taken_and_brought_to_their_end(tmp_path: Path, kind: type[ByMouse | ByKeyboard]) -> None:
    assert rush(tmp_path, kind, PLACES, (1280, 800)) == []
