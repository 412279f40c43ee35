"""Logging: one line for each event, with its facts as fields, and without secrets."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from textwrap import indent
from typing import Any, Final, Literal, TextIO

from typing_extensions import override

from core import cards, printable, urls
from core.reasons import reason

log = logging.getLogger(__name__)

Format = Literal["text", "json"]

NOWHERE: Final = "-"
"""A setting's value for no log file."""
_FILE_BYTES: Final = 5_000_000
_FILES: Final = 5

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_HIDDEN: Final = urls.HIDDEN
_INSET: Final = "    "
_NAMES: Final = r"passw(?:or)?d|passphrase|token|secret|authorization|credential"
_SHORT_NAMES: Final = r"pin|key|cookie"
_SECRET_FIELD: Final = re.compile(rf"(?i){_NAMES}|(?:^|_|-)(?:{_SHORT_NAMES})s?(?:\Z|_|-)")
_SECRETS: Final = (
    # A text that is cheap to find, the pattern that is searched where it occurs, and the replacement.
    (
        ("-----BEGIN",),
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        _HIDDEN,
    ),
    (("eyJ",), re.compile(r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w=-]*"), _HIDDEN),  # a JSON Web Token
    (("",), re.compile(r"(?i)\b((?:bearer|basic)\s+)[^\s\"',]+"), rf"\1{_HIDDEN}"),
    (("$argon2",), re.compile(r"\$argon2\w*\$[\w+/$=,.-]+"), _HIDDEN),
    (
        ("",),  # 32 random bytes in base64, as keys and refresh tokens are
        re.compile(r"(?<![\w+/=-])(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])[\w+/-]{43}=?(?![\w+/=-])"),
        _HIDDEN,
    ),
    (
        ("-",),  # a code to be typed into a device
        re.compile(r"(?<![\w-])[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){1,7}(?![\w-])"),
        _HIDDEN,
    ),
)
# Named secrets: `password=…`, `'pin': '…'`, `"refresh_token": "…"`. Name and value are matched separately: one pattern
# for both would backtrack over every part of a long word.
_SAID: Final = re.compile(r"(?<!\w)(?P<name>\w++)[\"']?\s*+[=:]\s*+")
_SAID_SECRET: Final = re.compile(rf"(?i){_NAMES}|(?:^|_)(?:{_SHORT_NAMES})s?\Z")
_VALUE: Final = re.compile(
    r"(?i)(?!\[hidden\])(?:b?\"(?:[^\"\\]|\\.)*+\"|b?'(?:[^'\\]|\\.)*+'|(?!(?:bearer|basic)\s)[^\s,;&)}\]]++)"
)
_OURS: Final = frozenset({"request_id"})
"""Fields whose values are generated here, and never repeat."""
_KNOWN_CLEAN: Final[set[str]] = set()
"""Texts without secrets, cached: most are logged again, and a search costs 10 µs."""
_REMEMBERED: Final = 4096
_REMEMBERED_LENGTH: Final = 1024
"""The length of the longest text that is cached."""
LONGEST: Final = 16 * 1024
"""Characters of one text that are written; of a longer one its beginning and its end."""
_MARGIN: Final = 512
"""Characters next to a cut that are left out after the search, since half a secret is not detected."""


def hide_secrets(text: str) -> str:
    """`text` without anything that looks like a credential or a payment card number; longer than `LONGEST`, without its
    middle."""
    if text in _KNOWN_CLEAN:
        return text
    if len(text) > LONGEST:
        half = LONGEST // 2
        begins, ends = _without_secrets(text[:half])[:-_MARGIN], _without_secrets(text[-half:])[_MARGIN:]
        return f"{begins}… {len(text) - LONGEST} more characters …{ends}"
    found = _without_secrets(text)
    if found == text and len(text) <= _REMEMBERED_LENGTH:
        if len(_KNOWN_CLEAN) >= _REMEMBERED:
            _KNOWN_CLEAN.clear()
        _KNOWN_CLEAN.add(text)
    return found


def _without_secrets(text: str) -> str:
    found = urls.hidden(text)
    found = _without_named_values(found) if "=" in found or ":" in found else found
    for needles, pattern, instead in _SECRETS:
        if any(needle in found for needle in needles):
            found = pattern.sub(instead, found)
    return cards.hidden(found, _HIDDEN)


def _without_named_values(text: str) -> str:
    """`text` without the values that it names as secrets."""
    kept, at = [], 0
    for said in _SAID.finditer(text):
        if said.start() >= at and _SAID_SECRET.search(said["name"]):
            value = _VALUE.match(text, said.end())
            if value is not None:
                kept += [text[at : said.end()], _HIDDEN]
                at = value.end()
    return "".join([*kept, text[at:]]) if kept else text


@lru_cache(1024)
def _is_secret(field: str) -> bool:
    return _SECRET_FIELD.search(field) is not None


def _hidden(name: object, value: Any) -> Any:
    """A field's value with its secrets hidden, at any depth."""
    if isinstance(name, str) and _is_secret(name):
        return _HIDDEN
    if name in _OURS or value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _hidden(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hidden(None, each) for each in value]
    return hide_secrets(str(value))


class Redaction(logging.Filter):
    """The filter that removes secrets from the message, the fields, the traceback and the stack, before every handler
    of a process."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = hide_secrets(record.getMessage()), None
        facts = vars(record)
        for name in facts.keys() - _STANDARD:
            facts[name] = _hidden(name, facts[name])
        if record.exc_info:
            record.exc_text = hide_secrets(record.exc_text or _plain.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = hide_secrets(record.stack_info)
        return True


class Repeats:
    """Rate limit for logging a repeated failure: at once, and then once a minute with the number of repetitions.
    Thread-safe."""

    def __init__(self, every_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s = every_s
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[Hashable, tuple[float, int]] = {}

    def due(self, what: Hashable) -> int | None:
        """Count a repetition: the number since it was last logged; None when it is too soon to log it."""
        with self._lock:
            at_s, count = self._counted.get(what, (None, 0))
            if at_s is not None and self._clock() - at_s < self._every_s:
                self._counted[what] = at_s, count + 1
                return None
            self._counted[what] = self._clock(), 0
            return count + 1

    def over(self, what: Hashable) -> int | None:
        """It has ended: the number of repetitions since it was last logged; None when there were none."""
        with self._lock:
            found = self._counted.pop(what, None)
            return None if found is None else found[1]


_plain: Final = logging.Formatter()


@lru_cache(8)
def _clock(second: int) -> str:
    return datetime.fromtimestamp(second).astimezone().strftime("%H:%M:%S")


@lru_cache(8)
def _date_and_clock(second: int) -> str:
    return datetime.fromtimestamp(second).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, and the fields given as `extra`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return printable.json_text(json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """A line for people: time, level, message, then `name=value` pairs.

    Only events begin at the left edge: a traceback's lines are indented, and control characters are escaped. `dated`:
    with the date, in a file that is read days later.
    """

    def __init__(self, *, dated: bool = False) -> None:
        super().__init__()
        self._clock = _date_and_clock if dated else _clock

    @override
    def format(self, record: logging.LogRecord) -> str:
        at = f"{self._clock(int(record.created))}.{int(record.msecs):03d}"
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = printable.line(f"{at} {record.levelname.lower():7} {record.getMessage()} {fields}".rstrip())
        below = "\n".join(filter(None, (record.exc_text, record.stack_info)))
        return f"{line}\n{indent(printable.lines(below), _INSET, lambda _: True)}" if below else line


class _Rotating(RotatingFileHandler):
    """Sets a full file aside; not on Windows while another program has it open: then it grows until that has ended."""

    @override
    def doRollover(self) -> None:
        try:
            super().doRollover()
        except OSError:
            self.stream = self.stream or self._open()


@contextmanager
def kept(path: Path | None) -> Iterator[None]:
    """Write every log of this process to `path` too, with dates, during the block; five files of 5 MB are kept. None:
    nowhere. A file that cannot be written is no reason not to start."""
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _Rotating(path, maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8")
    except OSError as error:
        log.warning("the log is kept in no file", extra={"file": str(path), "because": str(reason(error))})
        yield
        return
    root = logging.getLogger()
    json_lines = any(isinstance(each.formatter, JsonFormatter) for each in root.handlers)
    handler.setFormatter(JsonFormatter() if json_lines else TextFormatter(dated=True))
    handler.addFilter(Redaction())
    root.addHandler(handler)
    log.info("the log is kept", extra={"file": str(path)})
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def setup(
    log_format: Format = "text", *, debug: bool = False, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send every log of this process to `stream` (standard error), once; below `level` nothing, unless `debug`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handler.addFilter(Redaction())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else level)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    # Facts that our lines do not show; they take a third of a line's time (Python's logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
