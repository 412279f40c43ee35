"""The rows of an SQLite file, read off its pages where SQLite cannot: the page that leads to them is damaged.

The format is SQLite's own: https://sqlite.org/fileformat2.html (b-tree pages 1.5, records 2.1, the log 4.1).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LEAF: Final = 0x0D
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
Value = int | float | str | bytes | None


def rows(path: Path, size: int) -> Iterator[tuple[int, list[Value]]]:
    """The row id and the columns of every row of a table that can be read, whichever table; `size` is a page's."""
    pages = _pages(path, size)
    for number, page in pages.items():
        begin = 100 if number == 1 else 0
        if page[begin] != _LEAF:
            continue
        for place in range(int.from_bytes(page[begin + 3 : begin + 5])):
            at = begin + 8 + 2 * place
            with contextlib.suppress(IndexError, KeyError, ValueError):
                yield _cell(pages, page, int.from_bytes(page[at : at + 2]), size)


def _pages(path: Path, size: int) -> dict[int, bytes]:
    """By their numbers, those of the log in place of those in the file, as far as a commit made them so."""
    content = path.read_bytes()
    found = {n // size + 1: content[n : n + size] for n in range(0, len(content) - size + 1, size)}
    beside = path.with_name(path.name + "-wal")
    log = beside.read_bytes() if beside.exists() else b""
    salts, waiting = log[16:24], {}
    for at in range(_WAL_HEADER, len(log) - size - _FRAME_HEADER + 1, size + _FRAME_HEADER):
        frame = log[at : at + _FRAME_HEADER]
        if frame[8:16] != salts:
            break
        waiting[int.from_bytes(frame[:4])] = log[at + _FRAME_HEADER : at + _FRAME_HEADER + size]
        if any(frame[4:8]):
            found.update(waiting)
            waiting.clear()
    return found


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
