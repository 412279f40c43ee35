"""Checks that new PINs and passwords are not among the most common ones. Existing ones keep working.

Ten attempts in half an hour are allowed, so a PIN among the ten most common ones would be found. The lists are short on
purpose: the most frequent entries of published leaks, and the patterns that make most of the rest.
"""

import itertools
from typing import Final

from core.domain.errors import DomainError

_PINS: Final = frozenset(
    """
    1004 2000 2001 1122 1123 1230 1342 1379 1397 1478 1984 2112 2222 2244 2525 2580 0852 3690 5150 5683 7410 8520 9630
    11223 12321 13579 14789 24680 102030 112233 123321 142536 147258 147852 159357 159753 258456 332211 456123 741852
    789456 852456 987456 12341234 1234512345 1472583690 147258369 5201314 1314520
    """.split()  # noqa: SIM905 - as many lines of quotes would say no more
)
_WORDS: Final = frozenset(
    """
    1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 a1b2c3d4 aa123456 abc123 abcd1234 abcdefgh access admin administrator
    alexander andrea anthony arsenal asdfasdf asdfgh asdfghjk asdfghjkl babygirl barcelona baseball basketball
    batman bonjour butterfly carlos changeme charlie chelsea chocolate computer corvette cowboys daniel default dragon
    einstein elephant facebook ferrari flower football freedom george google guest hallo hallo123 hannah harley hello
    hockey hunter iloveu iloveyou internet jennifer jessica jordan joshua killer letmein liverpool login lovely maggie
    manager master matthew mercedes michael michelle midnight minecraft monkey monkeys mustang mypassword naruto nicole
    ninja nothing orderbell p@ssw0rd p@ssword passw0rd passwort password passwords patrick pepper pokemon princess
    q1w2e3r4 qazwsx qazwsxedc qwert qwerty qwertyui qwertyuiop qwertz qwertzuiop restaurant robert samsung scooter
    secret shadow shopping slipknot snoopy soccer spiderman starwars steelers summer sunflower sunshine superman
    superstar taylor tequiero test testing thomas thunder tigger trustno1 victoria welcome whatever william winter
    yankees abc abcd asdf love pass qwe qwer root user zxcv zaq12wsx zxcvbn zxcvbnm contrasena
    """.split()  # noqa: SIM905
)
_SIGNS: Final = "!?.,*#$_-+ "
_APPENDED: Final = f"0123456789{_SIGNS}"
"""Characters that are added before or after a word to satisfy a password rule: `Welcome1!` is `welcome`."""


class TooCommon(DomainError):
    """A PIN or password is among the first guesses."""


def check_pin(pin: str) -> str:
    """The PIN, unchanged. Raises `TooCommon` when it is among the first guesses."""
    if pin in _PINS or _is_pattern(pin):
        raise TooCommon("This PIN is one of the first that are guessed. Choose another.", "pin")
    return pin


def check_password(password: str, *own: str) -> str:
    """The password, unchanged. Raises `TooCommon` when it is among the first guesses, or is one of its owner's `own`
    words: a name, a number, an address."""
    typed = password.strip().casefold()
    bare = typed.strip(_SIGNS)
    is_word = not {typed, bare, typed.strip(_APPENDED)}.isdisjoint(_WORDS)
    if is_word or bare in _PINS or _is_pattern(bare) or _is_pattern(typed):
        raise TooCommon("This password is one of the first that are guessed. Choose another.", "password")
    if typed in {word.strip().casefold() for word in own} or _digits(typed) in {_digits(word) for word in own} - {""}:
        raise TooCommon("Choose a password that is not your name, number or address.", "password")
    return password


def _is_pattern(text: str) -> bool:
    """Whether `text` repeats up to three characters, or is digits that rise or fall by one (`7890` does)."""
    if any(text == text[:size] * (len(text) // size) for size in range(1, min(3, len(text) // 2) + 1)):
        return True
    if not text.isdecimal():
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(text)}
    return steps in ({1}, {9})


def _digits(text: str) -> str:
    """The digits of a phone number; empty for any other text."""
    return "".join(filter(str.isdecimal, text)) if not any(map(str.isalpha, text)) else ""
