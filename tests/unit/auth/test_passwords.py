import asyncio
from collections.abc import Iterator

import pytest

from core.server.auth import passwords
from core.server.auth.passwords import Passwords, hash_secret


@pytest.fixture
def known() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


def test_a_secret_matches_its_own_hash_and_no_other(known: Passwords) -> None:
    async def check() -> list[bool]:
        made = await known.hash("2468")
        return [await known.verify(made, "2468"), await known.verify(made, "2469")]

    assert asyncio.run(check()) == [True, False]


def test_nobody_signs_in_as_nobody(known: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even with the secret that the stand-in's hash was made of. And it takes the same work as for somebody."""
    work: list[str] = []
    matches = passwords._matches

    def counted(known_hash: str, secret: str) -> bool:
        work.append(known_hash)
        return matches(known_hash, secret)

    monkeypatch.setattr(passwords, "_matches", counted)
    assert asyncio.run(known.verify(None, "nobody signs in with this")) is False
    assert len(work) == 1
    assert work[0].split("$")[:4] == hash_secret("x").split("$")[:4]


@pytest.mark.parametrize("broken", ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_a_broken_hash_matches_nothing(known: Passwords, broken: str) -> None:
    assert asyncio.run(known.verify(broken, "plain")) is False


def test_hashes_are_salted() -> None:
    assert hash_secret("2468") != hash_secret("2468")
