"""The log is kept in files that are set aside when they are full, and never keeps a program from starting."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import logs
from core.client.settings import ScreenSettings
from core.server.settings import ServerSettings

log = logging.getLogger("test")


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    logging.getLogger().handlers[:], logging.getLogger().level = handlers, level


def test_a_line_has_its_date_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "server-8765.log"
    logs.setup()
    with logs.kept(path):
        log.info("signed in", extra={"pin": "4711", "who": "Kim"})
    log.info("afterwards")
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert first.endswith(f"the log is kept file={path}"), "where it is"
    assert second[:5].endswith("-"), "a year"
    assert second.endswith("info    signed in pin=[hidden] who=Kim")
    assert path.parent.stat().st_mode & 0o077 == 0 or path.drive, "its owner's alone"


def test_as_json_where_the_log_is(tmp_path: Path) -> None:
    logs.setup("json")
    with logs.kept(tmp_path / "x.log"):
        log.info("signed in")
    assert '"message": "signed in"' in (tmp_path / "x.log").read_text(encoding="utf-8")


def test_a_full_file_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 2_000)
    logs.setup()
    with logs.kept(tmp_path / "x.log"):
        for number in range(400):
            log.info("event", extra={"number": number})
    files = sorted(each.name for each in tmp_path.iterdir())
    assert files == ["x.log", *(f"x.log.{n}" for n in range(1, 6))]
    assert all(each.stat().st_size <= 2_000 for each in tmp_path.iterdir())
    assert (tmp_path / "x.log").read_text(encoding="utf-8").endswith("number=399\n")


def test_a_file_that_cannot_be_set_aside_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, while another program has it open."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(logs, "_FILE_BYTES", 500)
    monkeypatch.setattr("os.rename", refuse)
    logs.setup()
    with logs.kept(tmp_path / "x.log"):
        for number in range(50):
            log.info("event", extra={"number": number})
    lines = (tmp_path / "x.log").read_text(encoding="utf-8").splitlines()
    assert [line.rpartition("=")[2] for line in lines[1:]] == [str(number) for number in range(50)]


def test_no_folder_is_no_reason_not_to_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    logs.setup()
    with logs.kept(tmp_path / "file" / "x.log"):
        log.info("working")
    said = capsys.readouterr().err
    assert "the log is kept in no file" in said
    assert "Errno" not in said
    assert "working" in said


def test_where(tmp_path: Path) -> None:
    assert ServerSettings(data_dir=str(tmp_path), port=9000).log_path == tmp_path / "logs" / "server-9000.log"
    assert ServerSettings(log_dir="/var/log/x").log_path == Path("/var/log/x/server-8765.log")
    assert ScreenSettings(data_dir=str(tmp_path)).log_path("pos") == tmp_path / "logs" / "pos.log"
    assert ScreenSettings(log_dir=str(tmp_path)).log_path("board") == tmp_path / "board.log"
    assert ServerSettings(log_dir="-").log_path is ScreenSettings(log_dir="-").log_path("pos") is None
