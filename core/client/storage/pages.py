"""Reads the rows of an SQLite file from its pages, where SQLite cannot because an inner page is damaged.

The format is SQLite's: https://sqlite.org/fileformat2.html (b-tree pages 1.5, records 2.1, the log 4.1).
"""

import contextlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_LEAF: Final = 0x0D
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_BIG_ENDIAN: Final = b"\x37\x7f\x06\x83"
"""The magic number of logs with big-endian checksums; others are little-endian."""
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
Value = int | float | str | bytes | None


class Row(NamedTuple):
    """A row of any table."""

    row_id: int
    values: list[Value]
    in_log: bool
    """Whether a commit in the log has written it. These are in order of time; rows of the file are in no order, and may
    be outdated ones from unused pages."""


def rows(file: bytes, log: bytes, size: int) -> Iterator[Row]:
    """The readable rows; `size` is a page's. Damaged parts of the log are skipped."""
    known = {n // size + 1: file[n : n + size] for n in range(0, len(file) - size + 1, size)}
    yield from _rows(known, known, size, in_log=False)
    for changed in _commits(log, size):
        known |= changed
        yield from _rows(known, changed, size, in_log=True)


def _rows(known: dict[int, bytes], pages: dict[int, bytes], size: int, *, in_log: bool) -> Iterator[Row]:
    for number, page in pages.items():
        begin = 100 if number == 1 else 0
        if page[begin] != _LEAF:
            continue
        for place in range(int.from_bytes(page[begin + 3 : begin + 5])):
            at = begin + 8 + 2 * place
            with contextlib.suppress(IndexError, KeyError, ValueError):
                yield Row(*_cell(known, page, int.from_bytes(page[at : at + 2]), size), in_log)


def has_more(log: bytes, size: int) -> bool:
    """Whether there are valid frames in the log behind a damaged one, where SQLite stops."""
    header, before = log[:_WAL_HEADER], bytes(8)
    is_broken = _checksum(before, header[:24], _order(log)) != header[24:]
    for _frame, is_sound in _frames(log, size):
        if is_sound and is_broken:
            return True
        is_broken |= not is_sound
    return False


def _commits(log: bytes, size: int) -> Iterator[dict[int, bytes]]:
    """The pages of each valid commit."""
    changed: dict[int, bytes] = {}
    for frame, is_sound in _frames(log, size):
        if is_sound:
            changed[int.from_bytes(frame[:4])] = frame[_FRAME_HEADER:]
        if any(frame[4:8]):
            yield changed
            changed = {}


def _frames(log: bytes, size: int) -> Iterator[tuple[bytes, bool]]:
    """Each frame, and whether it is valid. Its checksum continues from that of the frame before it. Frames of an older
    log, behind the newest one's, have other salts."""
    length, order = _FRAME_HEADER + size, _order(log)
    salts = {log[16:24], log[_WAL_HEADER + 8 : _WAL_HEADER + 16]}  # either of the two may be damaged
    before = log[24:_WAL_HEADER]
    for at in range(_WAL_HEADER, len(log) - length + 1, length):
        frame = log[at : at + length]
        sums = _checksum(before, frame[:8] + frame[_FRAME_HEADER:], order)
        yield frame, frame[8:16] in salts and sums == frame[16:24]
        before = frame[16:24]


def _order(log: bytes) -> str:
    return ">" if log[:4] == _BIG_ENDIAN else "<"


def _checksum(before: bytes, content: bytes, order: str) -> bytes:
    one, other = struct.unpack(">2I", before)
    for first, second in struct.iter_unpack(f"{order}2I", content):
        one = (one + first + other) & 0xFFFFFFFF
        other = (other + second + one) & 0xFFFFFFFF
    return struct.pack(">2I", one, other)


def _cell(pages: dict[int, bytes], page: bytes, at: int, size: int) -> tuple[int, list[Value]]:
    length, at = _varint(page, at)
    row_id, at = _varint(page, at)
    least = (size - 12) * 32 // 255 - 23
    here = least + (length - least) % (size - 4)
    here = length if length <= size - 35 else here if here <= size - 35 else least
    payload = page[at : at + here]
    following = int.from_bytes(page[at + here : at + here + 4]) if here < length else 0
    for _ in range(length // (size - 4) + 1):
        if not following:
            break
        more = pages[following]
        payload += more[4 : 4 + min(size - 4, length - len(payload))]
        following = int.from_bytes(more[:4]) if len(payload) < length else 0
    if len(payload) != length:
        raise ValueError("cut off")
    return row_id, _record(payload)


def _record(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        length = _INTEGERS.get(kind, (kind - 12) // 2 if kind >= 12 else 8 if kind == 7 else 0)
        part = payload[at : at + length]
        if len(part) != length:
            raise ValueError("cut off")
        values.append(_value(kind, part))
        at += length
    return values


def _value(kind: int, part: bytes) -> Value:
    if kind in _INTEGERS:
        return int.from_bytes(part, signed=True)
    if kind in (8, 9):
        return kind - 8
    if kind >= 12:
        return part.decode() if kind % 2 else part
    return None  # and a float, of which no table of ours has any


def _varint(content: bytes, at: int) -> tuple[int, int]:
    found = 0
    for place in range(9):
        byte = content[at + place]
        if place == 8:
            return (found << 8) | byte, at + 9
        found = (found << 7) | (byte & 0x7F)
        if byte < 0x80:
            return found, at + place + 1
    raise ValueError("no number")
