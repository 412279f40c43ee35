"""What goes wrong in the same way for hours is logged once, and then now and then with a count."""

from core.logs import Repeats


def test_it_is_due_at_once_and_then_once_a_minute_with_how_often_it_happened() -> None:
    now_s = [0.0]
    repeats = Repeats(60.0, lambda: now_s[0])
    assert repeats.due("full") == 1
    for _ in range(9):
        now_s[0] += 5
        assert repeats.due("full") is None
    assert repeats.due("locked") == 1, "each by itself"
    now_s[0] = 61
    assert repeats.due("full") == 10
    assert repeats.due("full") is None
    assert repeats.over("full") == 1
    assert repeats.over("full") is None
    assert repeats.due("full") == 1
