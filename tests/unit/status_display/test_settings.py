"""Starting the board: with a code from somewhere, or a sentence that says where it comes from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.admin import setup
from core.admin.cli import main
from core.settings import SettingsError
from customer_view.__main__ import main as customer_main
from customer_view.status_display import bootstrap
from customer_view.status_display.settings import StatusDisplaySettings


def test_the_code_is_set_or_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "code"
    file.write_text(" K7QF-2M9X \n", encoding="utf-8")
    assert StatusDisplaySettings(secret="ABCD").code() == "ABCD"
    assert StatusDisplaySettings(secret_file=str(file)).code() == "K7QF-2M9X"


@pytest.mark.parametrize("content", [None, b"", b"  \n", b"\xff\xfe"])
def test_without_a_code_it_says_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "code"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match="secret_file"):
        StatusDisplaySettings(secret_file=str(file)).code()


@pytest.mark.parametrize("start", [lambda: main(["board"]), lambda: customer_main(["--board"])])
def test_both_commands_come_to_the_board_and_unpaired_it_asks_for_its_code(
    start: Callable[[], int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("core.settings.default_file", lambda: tmp_path / "none.toml")
    asked: list[tuple[str, str | None]] = []

    def run(_settings: StatusDisplaySettings, secret: str, code: str | None) -> int:
        asked.append((secret, code))
        return 7

    monkeypatch.setattr(bootstrap, "run", run)
    assert start() == 7
    assert asked == [("", "")]


def test_the_customers_window_says_that_there_is_a_board(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        customer_main(["--help"])
    assert "--board" in capsys.readouterr().out


def test_a_code_can_be_read_off_a_screen_and_is_never_the_same() -> None:
    codes = {setup.new_device_secret() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4]
        assert not set(code) & set("01OIL")
