"""Questions on a terminal, repeated until the answer is valid; never asked without a terminal."""

import getpass
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from core.admin import console
from core.admin.failed import Failed, SeveralLines, sentence
from core.domain.credentials import check_pin
from core.domain.digits import ascii_digits
from core.domain.errors import DomainError
from core.reasons import reason

T = TypeVar("T")

_PIN: Final = re.compile(r"[0-9]{4,10}")
"""The pattern of `core.protocol.requests.Pin`."""


def is_interactive() -> bool:
    """Whether standard input is a terminal."""
    return sys.stdin.isatty()


def answer(question: str, given: str | None, default: str, check: Callable[[str], T], *, flag: str, ask: bool) -> T:
    """The value `given` by `flag`, or a person's answer, or `default`, as converted by `check`.

    `check` raises `ValueError` or `DomainError` with a sentence on what is wrong. Raises `Failed` when there is no
    valid answer and nobody to ask.
    """
    if given is None and not ask and not default:
        raise Failed(f"{flag} is missing. Without a terminal, and with --json or --yes, nothing is asked.", status=2)
    while True:
        typed = given
        if typed is None:
            typed = (input(f"{question}{f' [{default}]' if default else ''}: ") if ask else "").strip() or default
        try:
            return check(typed)
        except (ValueError, DomainError) as error:
            more = error.more if isinstance(error, SeveralLines) else ()
            if given is not None or not ask:
                raise Failed(f"{flag}: {sentence(str(error))}", *more, status=2) from None
            told = sentence(str(error))
            for each in (told[:1].upper() + told[1:], *more):
                console.warn(each)


def new_pin(whose: str) -> str:
    """A PIN, typed twice without echo; empty when one is to be generated."""
    while True:
        typed = getpass.getpass(f"PIN of {whose}, 4 to 10 digits (empty: make one): ")
        if not typed:
            return ""
        try:
            accepted = pin(typed)
        except (ValueError, DomainError) as error:
            told = sentence(str(error))
            console.warn(told[:1].upper() + told[1:])
            continue
        if getpass.getpass("Repeat it: ") == typed:
            return accepted
        console.warn("The two are not the same.")


def read(file: str, flag: str) -> str:
    """The contents of a file, or with `-` the next line of standard input. Raises `Failed`."""
    try:
        return (sys.stdin.readline() if file == "-" else Path(file).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{flag} {file} cannot be read: {reason(error)}", status=2) from None


def pin(text: str) -> str:
    """`text` as a PIN. Raises `ValueError`, and `DomainError` for one that is too common."""
    digits = ascii_digits(text)
    if not _PIN.fullmatch(digits):
        raise ValueError("a PIN has 4 to 10 digits")
    return check_pin(digits)
