"""Errors of systems and libraries, in words for whoever runs a shop."""

import errno
import socket
import sqlite3
import ssl

import msgspec
import pytest

from core.reasons import expected, reason


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_no_systems_own_words(code: int) -> None:
    said = str(reason(OSError(code, "[Errno 1] Système: détails", "/srv/x")))
    assert "Errno" not in said
    assert said.endswith((".", "?"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "x"), "there is no such file or folder. Check how it is spelt."),
        (OSError(errno.ENOSPC, "x"), "the disk is full. Make room on it, and try again."),
        (socket.gaierror(-2, "Name or service not known"), "no machine of that name is known. Check how it is spelt"),
        (TimeoutError(), "it does not answer in time. Check"),
        (ConnectionRefusedError(111, "x"), "nothing answers at that address and port. Is"),
        (
            ssl.SSLError("[X509: NO_CERTIFICATE] (_ssl.c:4154)"),
            "it is no certificate or key (PEM), or is damaged",
        ),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "it is no text (UTF-8). Name another file"),
        (sqlite3.OperationalError("no such table: x"), "no such table: x."),
        (msgspec.DecodeError("JSON is malformed: (byte 0)"), "it is not what Orderbell writes there, or is damaged."),
    ],
)
def test_what_and_what_to_do(error: Exception, said: str) -> None:
    assert str(reason(error)).startswith(said)


def test_a_file_that_windows_shares_with_nobody() -> None:
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined, unused-ignore]
    assert reason(error).why == "another program has it open"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'connection failed: FATAL:  password authentication failed for user "kim"',
            "it refuses this user",
        ),
        ('connection failed: FATAL:  database "shop" does not exist', "that server has no database of this name"),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "that server lets nobody in from this"),
        ("connection timeout expired", "it does not answer in time"),
        ("[Errno -3] something new\nand more", "something new"),
    ],
)
def test_what_postgresql_says(text: str, said: str) -> None:
    class OperationalError(Exception):
        sqlstate = None

    assert reason(OperationalError(text)).why.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Expected `int`, got `str`", "it has to be a whole number"),
        ("Expected `float` > 0.0", "it has to be a number over 0"),
        ("Expected `int` <= 65535", "it has to be a whole number of at most 65535"),
        ("Expected `str` of length >= 1", "it has to have at least 1 character"),
        ("Expected `array` of length <= 200", "it has to have at most 200 entries"),
        ("Expected `str | null`, got `int`", "it has to be text or nothing"),
        ("Expected `str` matching regex '^a'", "it is not written in the form that is asked for"),
        ("Invalid enum value 'x'", "'x' is none of the values that it may have"),
        ("Object missing required field `name`", "name is missing"),
        ("A sentence of our own.", "A sentence of our own."),
    ],
)
def test_what_a_value_has_to_be(text: str, said: str) -> None:
    assert expected(text) == said
