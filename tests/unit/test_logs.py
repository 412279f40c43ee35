import io
import json
import logging
from collections.abc import Iterator

import pytest

from core import logs

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards as it was."""
    found = logging.getLogger()
    handlers, level = found.handlers[:], found.level
    facts = logging.logThreads, logging.logProcesses, logging.logMultiprocessing
    yield found
    found.handlers[:] = handlers
    found.setLevel(level)
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing = facts


def test_a_json_line_has_its_facts_as_fields(root: logging.Logger) -> None:
    stream = io.StringIO()
    logs.setup("json", stream=stream)
    root.getChild("shop").info("fetched %s of %s", 3, 7, extra={"count": 3, "customer_id": "c"})
    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "info", "logger": "shop", "message": "fetched 3 of 7", "count": 3, "customer_id": "c"}


def test_a_text_line_can_be_read(root: logging.Logger) -> None:
    stream = io.StringIO()
    logs.setup("text", stream=stream)
    root.warning("low on paper", extra={"till": "POS1"})
    assert stream.getvalue().endswith("warning low on paper till=POS1\n")


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("debug", [True, False])
def test_debug_lines_are_off_unless_asked_for(root: logging.Logger, log_format: logs.Format, debug: bool) -> None:
    stream = io.StringIO()
    logs.setup(log_format, debug=debug, stream=stream)
    root.debug("detail")
    assert ("detail" in stream.getvalue()) is debug


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    ("message", "extra"),
    [
        (f"got {JWT}", {}),
        ("header Authorization: Bearer s3cret", {}),
        ("header BEARER s3cret", {}),
        ("signed in", {"password": "s3cret"}),
        ("signed in", {"pin": "s3cret"}),
        ("signed in", {"refresh_token": "s3cret"}),
        ("signed in", {"note": "bearer s3cret"}),
        ("signed in", {"note": JWT}),
    ],
)
def test_no_secret_is_written(
    root: logging.Logger, log_format: logs.Format, message: str, extra: dict[str, str]
) -> None:
    stream = io.StringIO()
    logs.setup(log_format, stream=stream)
    root.info(message, extra=extra)
    assert "s3cret" not in stream.getvalue()
    assert JWT not in stream.getvalue()
    assert "[hidden]" in stream.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_hides_secrets_too(root: logging.Logger, log_format: logs.Format) -> None:
    stream = io.StringIO()
    logs.setup(log_format, stream=stream)
    root.error("failed", exc_info=ValueError(f"bad token {JWT}"))
    assert "ValueError" in stream.getvalue()
    assert JWT not in stream.getvalue()
