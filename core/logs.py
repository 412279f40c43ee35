"""Logs: one line an event, its facts as fields, and no secret in any of them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, TextIO

from typing_extensions import override

Format = Literal["text", "json"]

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_FIELDS: Final = re.compile(r"password|pin|token|secret|authorization|key", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
_BEARER: Final = re.compile(r"(?i)(bearer\s+)\S+")
_HIDDEN: Final = "[hidden]"


def hide_secrets(text: str) -> str:
    """`text` without anything that looks like a credential."""
    if "eyJ" not in text and "bearer" not in text.lower():  # nearly always, and a tenth of what the patterns cost
        return text
    return _BEARER.sub(rf"\1{_HIDDEN}", _JWT.sub(_HIDDEN, text))


@lru_cache(1024)
def _is_secret(field: str) -> bool:
    return _SECRET_FIELDS.search(field) is not None


@lru_cache(8)
def _clock(second: int) -> str:
    return datetime.fromtimestamp(second).astimezone().strftime("%H:%M:%S")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {
        name: _HIDDEN if _is_secret(name) else hide_secrets(value) if isinstance(value, str) else value
        for name, value in vars(record).items()
        if name not in _STANDARD
    }


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, and the fields given as `extra`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide_secrets(record.getMessage()),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = hide_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same line for a person: time, level, message, then `name=value` pairs."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        at = f"{_clock(int(record.created))}.{int(record.msecs):03d}"
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = f"{at} {record.levelname.lower():7} {hide_secrets(record.getMessage())} {fields}".rstrip()
        if record.exc_info:
            line += "\n" + hide_secrets(self.formatException(record.exc_info))
        return line


def setup(
    log_format: Format = "text", *, debug: bool = False, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send every log of this process to `stream` (standard error), once; below `level` nothing, unless `debug`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else level)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    # Facts no line of ours shows, and a third of what a line costs (Python's logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
