"""What somebody wrote moves no cursor, begins no line and turns no reading direction, in a log or on a terminal."""

import io
import json
import logging
import unicodedata
from collections.abc import Iterator

import pytest

from core import logs, printable
from core.admin import console, terminal

FORGED = "Kim\n12:00:00.000 info    signed in subject=admin"
HOSTILE = {
    "a line feed": FORGED,
    "a carriage return": "Kim\rroot",
    "an escape sequence": "Kim\x1b[2J\x1b[1;31m",
    "C1's sequence introducer": "Kim\x9b2J",
    "a next line": "Kim\x85info",
    "a line separator": "Kim\u2028info",
    "a bell": "Kim\a",
    "a backspace": "Kim\b\b\broot",
    "a right-to-left override": "Kim \u202emoc.elpmaxe",
    "an isolate": "Kim \u2066x\u2069",
    "half a character": "Kim \ud800",
}
ALL = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def harmless(shown: str) -> bool:
    return not any(
        unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(each) in _BIDI
        for each in shown
    )


@ALL
def test_a_line_stays_one_and_can_be_written(text: str) -> None:
    assert harmless(printable.line(text))
    printable.line(text).encode()


def test_every_control_character_is_written_as_an_escape() -> None:
    for code in range(0x110000):
        character = chr(code)
        assert harmless(printable.line(character)), f"U+{code:04X}"


def test_what_is_none_stays() -> None:
    for text in ("Zoë Kim", "Čapek", "名前", "ألف", "🍕 x 2", "a\u00a0b"):
        assert printable.line(text) == text


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    facts = logging.logThreads, logging.logProcesses, logging.logMultiprocessing
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = facts


@ALL
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_is_one_line_of_the_log(root: logging.Logger, log_format: logs.Format, text: str) -> None:
    stream = io.StringIO()
    logs.setup(log_format, stream=stream)
    root.info("hello %s", text, extra={"note": text, "deep": {"lines": [text]}})
    written = stream.getvalue()
    assert written.endswith("\n")
    assert harmless(written[:-1])
    if log_format == "json":
        assert json.loads(written)["note"] == text.replace("\ud800", "?")


@ALL
def test_of_a_traceback_nothing_passes_for_an_event(root: logging.Logger, text: str) -> None:
    stream = io.StringIO()
    logs.setup("text", stream=stream)
    root.error("a request failed", exc_info=ValueError(text))
    first, *below = stream.getvalue().splitlines()
    assert first.endswith("a request failed")
    assert below
    assert all(line.startswith("    ") and harmless(line) for line in below)


@ALL
def test_a_terminal_is_shown_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("name", "role"), [(text, "cashier")])
    console.show(f"{text} is disabled.")
    console.warn(f"There is no {text}.")
    terminal.lines([f"orderbell users: {text}"], error=True)
    terminal.whole(text.replace("\n", " ") + "\n")
    written = capsys.readouterr()
    assert all(harmless(line) for line in (*written.out.split("\n"), *written.err.split("\n")))
    assert not any(line.startswith("12:00") for line in (*written.out.splitlines(), *written.err.splitlines()))


@ALL
def test_json_on_a_terminal_is_shown_as_text_and_is_the_same_value(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"name": text.replace("\ud800", "?")}
    console.as_json(value)
    written = capsys.readouterr().out
    assert harmless(written.removesuffix("\n"))
    assert json.loads(written) == value


@ALL
def test_a_question_is_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    console.confirm(f"Disable {text}?")
    assert len(asked) == 1
    assert harmless(asked[0])
