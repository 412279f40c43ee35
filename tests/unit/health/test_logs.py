"""What a log line is, and that no secret is ever in one, on whatever road it comes."""

import io
import itertools
import json
import logging
import sys
from collections.abc import Callable, Iterator

import pytest
from typing_extensions import override

from core import logs

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
REFRESH = "kJ3vN0wq_Zx-7Y1uTtRrEeWwQqAaSsDdFfGgHhJjKkL"
SECRETS = {
    "a token": (f"got {JWT}", JWT),
    "a token after a colon": (f"token:{JWT}", JWT),
    "a header": ("header Authorization: Bearer s3cret", "s3cret"),
    "a shouted header": ("header BEARER s3cret", "s3cret"),
    "a basic header": ("Authorization: Basic czNjcmV0", "czNjcmV0"),
    "a password": ("sign in with password=s3cret&shop=1", "s3cret"),
    "a quoted password": ("body {'login': '1', 'password': 's3cret of two words'}", "two words"),
    "a password in JSON": ('body {"password": "s3cr\\"et", "login": "1"}', "et"),
    "a password in bytes": ("body b'x' password: b's3cret'", "s3cret"),
    "a new password": ("new_password = s3cret", "s3cret"),
    "a PIN": ("{'staff': 'Kim', 'pin': '24681357'}", "24681357"),
    "a refresh token": (f"refresh with {REFRESH}", REFRESH),
    "a refresh token in JSON": ('{"refresh_token":"s3cret"}', "s3cret"),
    "a key": ("keys: sj2Vw8J0m1Yt3fO5pQ7rS9tU1vW3xY5zA7bC9dE1fG0=", "sj2Vw8J0m1Yt3fO5pQ7rS9tU1vW3xY5zA7bC9dE1fG0"),
    "a private key": ("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----", "MHcCAQEE"),
    "half a private key": ("-----BEGIN PRIVATE KEY-----\nMHcCAQEE", "MHcCAQEE"),
    "a device's code": ("device BOARD1 with K7QF-2M9X-4TWB-HC3D", "K7QF"),
    "a pairing code": ("typed K7QF-2M9X", "2M9X"),
    "a hash": ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "aGFzaGhhc2g"),
    "a database's password": ("postgresql+psycopg://shop:s3cret@db.example:5432/shop", "s3cret"),
    "a database's password with a slash": ("postgresql+psycopg://shop:hush/s3cret@db.example/shop", "s3cret"),
    "a database's password with an at": ("postgresql://shop:hush@s3cret@db.example/shop", "s3cret"),
    "a database's password as a parameter": ("postgresql://db.example/shop?user=u&password=s3,cret&x=1", "cret"),
    "a certificate's password": ("postgresql://db.example/shop?sslpassword=s3cret", "s3cret"),
    "a proxy's password": ("https://pat:s3cret@proxy.example:3128/", "s3cret"),
    "a card": ("note: 4111 1111 1111 1111 12/27", "4111"),
}
ALL_SECRETS = pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS)
BOTH = pytest.mark.parametrize("log_format", ["text", "json"])


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


@BOTH
@pytest.mark.parametrize("debug", [True, False])
def test_debug_lines_are_off_unless_asked_for(root: logging.Logger, log_format: logs.Format, debug: bool) -> None:
    stream = io.StringIO()
    logs.setup(log_format, debug=debug, stream=stream)
    root.debug("detail")
    assert ("detail" in stream.getvalue()) is debug


class _Deep(Exception):
    """An error whose text and whose cause's text say too much."""


def _failing(logger: logging.Logger, text: str) -> None:
    error = _Deep(f"while doing: {text}")
    error.__cause__ = ValueError(text)
    logger.error("failed", exc_info=error)


class _Said:
    """Something that only becomes text when the line is written."""

    def __init__(self, text: str) -> None:
        self.text = text

    @override
    def __str__(self) -> str:
        return self.text


ROADS: dict[str, Callable[[logging.Logger, str], None]] = {
    "message": lambda logger, text: logger.info("%s", text),
    "ready-made message": lambda logger, text: logger.info(text.replace("%", "%%")),
    "object": lambda logger, text: logger.info("got %r and %s", 1, _Said(text)),
    "field": lambda logger, text: logger.info("x", extra={"note": text}),
    "deep field": lambda logger, text: logger.info("x", extra={"request": {"lines": [{"note": text}]}}),
    "object field": lambda logger, text: logger.info("x", extra={"note": _Said(text)}),
    "traceback": _failing,
    "error": lambda logger, text: logger.error("x", exc_info=ValueError(text)),
    "stack": lambda logger, text: logger.handle(
        logger.makeRecord(logger.name, logging.ERROR, "f", 1, "x", (), None, sinfo=text)
    ),
}


LOGGERS = ["core.server.endpoints.endpoint_app", "uvicorn.error", "sqlalchemy.engine.Engine", "alembic.env"]


@BOTH
@ALL_SECRETS
def test_no_secret_is_written(
    root: logging.Logger, caplog: pytest.LogCaptureFixture, log_format: logs.Format, text: str, secret: str
) -> None:
    stream = io.StringIO()
    logs.setup(log_format, stream=stream)
    for name, (road, write) in itertools.product(LOGGERS, ROADS.items()):
        with caplog.at_level(logging.INFO, name):
            write(logging.getLogger(name), text)
        written = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        # The traceback shows the lines of this file, so what was in `text` is looked for and not its name.
        assert "[hidden]" in written, f"{road} of {name}"
        assert secret not in written, f"{road} of {name}"


@BOTH
@pytest.mark.parametrize(
    "field",
    ["password", "new_password", "pin", "old_pin", "refresh_token", "accessToken", "Authorization", "secret", "key"],
)
def test_what_a_field_is_called_is_enough(root: logging.Logger, log_format: logs.Format, field: str) -> None:
    stream = io.StringIO()
    logs.setup(log_format, stream=stream)
    root.info("x", extra={field: "hunter2", "request": {field: ("hunter2", 7)}, "others": [{field: 4711}]})
    assert "hunter2" not in stream.getvalue()
    assert "4711" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "creating an order for customer 01920000-0000-7000-8000-0000000000ff",
        "created, number ONLINE-000127 for customer 01920000-1234-7000-8000-123456789012",
        "opinion: shopping=yes, mapping: off, spinning=1, monkey: yes",
        "sqlite:///data/orderbell.db and https://shop.example:8765/api/",
        "core.server.routes.online.test_of_forty_three_characters_of_a_name",
        "a shipping: label of 2026-11-22T18:30:00.000+00:00 came to 1234.56",
        "POS1-000064 and BOARD1 in shop 01920000-0000-7000-8000-000000000001",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert logs.hide_secrets(text) == text


def test_what_was_hidden_once_is_hidden_again() -> None:
    """What is remembered is which texts have nothing in them, and nothing else."""
    for _ in range(2):
        assert logs.hide_secrets(f"got {JWT}") == "got [hidden]"
        assert logs.hide_secrets("got nothing") == "got nothing"
    assert not any(JWT in text for text in logs._KNOWN_CLEAN)


def test_the_memory_of_harmless_texts_is_bounded() -> None:
    for number in range(logs._REMEMBERED + 10):
        logs.hide_secrets(f"harmless {number}")
    assert len(logs._KNOWN_CLEAN) <= logs._REMEMBERED


def test_an_error_without_a_traceback_is_written_all_the_same(root: logging.Logger) -> None:
    stream = io.StringIO()
    logs.setup("json", stream=stream)
    root.error("odd", exc_info=sys.exc_info())
    assert json.loads(stream.getvalue())["message"] == "odd"
