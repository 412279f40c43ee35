"""Finds Qt objects that are reachable from other threads, which must not hold any: see `core/ui/threads.py`."""

import gc
import sys
import threading
import types
from collections.abc import Iterator

from PySide6.QtCore import QObject

from core.ui import jobs, threads

_OF_THE_PROCESS = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType, threading.Thread)


def held_by(thread: threading.Thread) -> list[str]:
    """The paths from `thread`'s target and frames to a `QObject`, as the types on each; none for a correct thread.

    Modules, classes and globals of functions are ignored: they keep no object of a window alive. The inbox and running
    jobs belong to the window's thread.
    """
    roots = [vars(thread).get(name) for name in ("_target", "_args", "_kwargs")]
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        roots += frame.f_locals.values()
        frame = frame.f_back
    return [" > ".join(way) for way in _ways([each for each in roots if each is not None])]


def _ways(roots: list[object]) -> Iterator[list[str]]:
    seen: set[int] = set()
    waiting: list[tuple[object, list[str]]] = [(root, []) for root in roots]
    while waiting:
        each, way = waiting.pop()
        if id(each) in seen or isinstance(each, (*_OF_THE_PROCESS, threads._Inbox, jobs.Job)):
            continue
        seen.add(id(each))
        way = [*way, type(each).__qualname__]
        if isinstance(each, QObject):
            yield way
            continue
        waiting += [(other, way) for other in _referents(each)]


def _referents(each: object) -> list[object]:
    if isinstance(each, types.FunctionType):
        return [*(each.__closure__ or ()), *(each.__defaults__ or ())]
    if isinstance(each, types.FrameType):
        return list(each.f_locals.values())
    return gc.get_referents(each)
