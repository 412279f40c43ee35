"""Types that two threads ask for at the same moment, a few hundred times, in a process that may die of it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Final

import msgspec
import pytest

from core.decoding import decode, decode_reply
from core.own_process import python

_TWO_AT_ONCE: Final = """
import sys, threading
import msgspec
from core import decoding

sys.setswitchinterval(1e-6)
read = {"ours": decoding.decode, "bare": lambda raw, kind: msgspec.json.decode(raw, type=kind)}[sys.argv[1]]


def first(kind, raw, together):
    together.wait()
    read(raw, kind)


for _ in range(int(sys.argv[2])):
    inner = msgspec.defstruct("Inner", [(f"f{n}", int | None, None) for n in range(10)])
    outer = msgspec.defstruct("Outer", [("a", inner), ("b", list[inner]), ("c", inner | None, None)])
    together = threading.Barrier(3)
    asked = [(outer, b'{"a":{},"b":[{}]}'), (inner, b"{}"), (outer, b'{"a":{},"b":[]}')]
    threads = [threading.Thread(target=first, args=(*each, together)) for each in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def _ended(read: str, rounds: int) -> int:
    command = python("-c", _TWO_AT_ONCE, read, str(rounds))
    return subprocess.run(command, timeout=120, check=False, stderr=subprocess.DEVNULL).returncode


def test_two_threads_learn_a_type_at_once() -> None:
    assert _ended("ours", 500) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="how a process dies of it is Linux's")
def test_what_it_is_for() -> None:
    """The day that this fails, msgspec learns by itself, and `core.decoding` can go."""
    assert _ended("bare", 20_000) < 0


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'"\xff"', b"[1", b"<html>"])
@pytest.mark.parametrize("read", [decode, decode_reply])
def test_what_is_no_json_is_a_decode_error_however_it_is_none(
    read: Callable[[bytes, type[object]], object], raw: bytes
) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(raw, object)
