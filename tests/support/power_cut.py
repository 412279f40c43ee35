"""Power cuts of an SQLite file: every write and sync is recorded below SQLite, and disk images are made of what a cut
may leave.

Synced writes are on the disk. Of the others the disk has any subset, in any order, and the last one may be incomplete.
"""

import ctypes
import ctypes.util
import random
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

SECTOR: Final = 512
_C = ctypes
_OPEN = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_void_p, _C.c_void_p, _C.c_int, _C.c_void_p)
_DELETE = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_void_p, _C.c_int)
_WRITE = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_void_p, _C.c_int, _C.c_int64)
_SYNC = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_int)
_TRUNCATE = _C.CFUNCTYPE(_C.c_int, _C.c_void_p, _C.c_int64)


class _Vfs(_C.Structure):
    """The first fields of `sqlite3_vfs`, up to the replaced one."""

    _fields_ = (
        ("version", _C.c_int),
        ("file_size", _C.c_int),
        ("longest_path", _C.c_int),
        ("next", _C.c_void_p),
        ("name", _C.c_char_p),
        ("data", _C.c_void_p),
        ("open", _C.c_void_p),
        ("delete", _C.c_void_p),
    )


class _Methods(_C.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", _C.c_int),
        ("close", _C.c_void_p),
        ("read", _C.c_void_p),
        ("write", _C.c_void_p),
        ("truncate", _C.c_void_p),
        ("sync", _C.c_void_p),
        ("rest", _C.c_void_p * 13),
    )


class _File(_C.Structure):
    _fields_ = (("methods", _C.POINTER(_Methods)),)


class Step(NamedTuple):
    """A recorded step: `write` of `data` at `offset`, `truncate` to `offset`, `sync`, `delete`, or a test's `mark`."""

    what: str
    file: str
    offset: int = 0
    data: bytes = b""


class Recorder:
    """SQLite's steps on the files of one directory, in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def mark(self, text: str) -> None:
        """Record that `text` was acknowledged at this point."""
        self.steps.append(Step("mark", text))

    def image(self, generator: random.Random, at: int, directory: Path) -> set[str]:
        """Write to `directory` what a power cut just before step `at` may leave; returns what was acknowledged by
        then."""
        promised: set[str] = set()
        disks: dict[str, bytearray] = {}
        unsynced: dict[str, list[Step]] = {}
        for step in self.steps[:at]:
            if step.what == "mark":
                promised.add(step.file)
            elif step.what == "delete":
                unsynced.pop(step.file, None)
                disks.pop(step.file, None)
            elif step.what == "sync":
                for each in unsynced.pop(step.file, []):
                    _apply(disks, each)
            else:
                unsynced.setdefault(step.file, []).append(step)
        for steps in unsynced.values():
            kept = [step for step in steps if generator.random() < 0.5]
            generator.shuffle(kept)
            for step in kept:
                torn = generator.randrange(0, len(step.data) + SECTOR, SECTOR) if generator.random() < 0.3 else None
                _apply(disks, step if torn is None else step._replace(data=step.data[:torn]))
        for name, content in disks.items():
            (directory / name).write_bytes(content)
        return promised


def _apply(disks: dict[str, bytearray], step: Step) -> None:
    disk = disks.setdefault(step.file, bytearray())
    if step.what == "truncate":
        del disk[step.offset :]
        return
    end = step.offset + len(step.data)
    disk.extend(bytes(max(0, end - len(disk))))
    disk[step.offset : end] = step.data


def can_record() -> bool:
    """Whether this Python's SQLite is a shared library that can be instrumented."""
    return _library() is not None


def _library() -> Any:
    name = ctypes.util.find_library("sqlite3")
    if sys.platform == "win32" or name is None:
        return None
    library = _C.CDLL(name)
    library.sqlite3_libversion.restype = _C.c_char_p
    return library if library.sqlite3_libversion().decode() == sqlite3.sqlite_version else None


@contextmanager
def recording(directory: Path) -> Iterator[Recorder]:
    """Record the steps on files in `directory` by connections opened in the block. One at a time."""
    recorder = Recorder()
    library = _library()
    library.sqlite3_vfs_find.restype = _C.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    original = vfs.open, vfs.delete
    open_file, delete_file = _OPEN(vfs.open), _DELETE(vfs.delete)
    names: dict[int, str] = {}
    kept: list[Any] = []  # keeps the ctypes callbacks alive while SQLite may call them

    def on_open(this: int, path: int | None, file: int, flags: int, out: int | None) -> int:
        status: int = open_file(this, path, file, flags, out)
        where = Path(_C.string_at(path).decode()) if path else None
        if status == 0 and where is not None and where.parent == directory:
            names[file] = where.name
            _intercept(recorder, names, file, kept)
        return status

    def on_delete(this: int, path: int, sync_directory: int) -> int:
        where = Path(_C.string_at(path).decode())
        if where.parent == directory:
            recorder.steps.append(Step("delete", where.name))
        return int(delete_file(this, path, sync_directory))

    replaced = _OPEN(on_open), _DELETE(on_delete)
    vfs.open, vfs.delete = (_C.cast(each, _C.c_void_p) for each in replaced)
    try:
        yield recorder
    finally:
        vfs.open, vfs.delete = original
        _KEPT_FOR_GOOD.extend((*replaced, *kept))


_KEPT_FOR_GOOD: Final[list[Any]] = []


def _intercept(recorder: Recorder, names: dict[int, str], file: int, kept: list[Any]) -> None:
    held = _C.cast(file, _C.POINTER(_File)).contents
    methods = _Methods()
    _C.memmove(_C.byref(methods), held.methods, _C.sizeof(_Methods))
    write, sync, truncate = _WRITE(methods.write), _SYNC(methods.sync), _TRUNCATE(methods.truncate)

    def on_write(this: int, data: int, length: int, offset: int) -> int:
        recorder.steps.append(Step("write", names[this], offset, _C.string_at(data, length)))
        return int(write(this, data, length, offset))

    def on_sync(this: int, flags: int) -> int:
        status = int(sync(this, flags))
        recorder.steps.append(Step("sync", names[this]))
        return status

    def on_truncate(this: int, size: int) -> int:
        recorder.steps.append(Step("truncate", names[this], size))
        return int(truncate(this, size))

    replacements = (_WRITE(on_write), _SYNC(on_sync), _TRUNCATE(on_truncate))
    methods.write, methods.sync, methods.truncate = (_C.cast(each, _C.c_void_p) for each in replacements)
    kept.extend((methods, *replacements))
    held.methods = _C.pointer(methods)
