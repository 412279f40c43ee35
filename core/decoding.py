"""msgspec's decoders, each made once, one at a time.

How a type is read is learnt when it is first asked for, and msgspec (0.22) shows a second thread what the first has
half learnt: two threads that meet there end the process with SIGSEGV, as they did a client of a drill. So whatever
is decoded in a window or a server is decoded by these; tests/architecture looks for what is not.
"""

from threading import Lock
from typing import Any, Final, TypeVar, overload

import msgspec

T = TypeVar("T")

_learning: Final = Lock()
_decoders: Final[dict[object, msgspec.json.Decoder[Any]]] = {}


@overload
def decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(kind: object) -> msgspec.json.Decoder[Any]: ...
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """What reads JSON as this type, the same one every time; safe in any thread."""
    known = _decoders.get(kind)
    if known is None:
        with _learning:
            known = _decoders[kind] = msgspec.json.Decoder(kind)
    return known


def decode(raw: bytes | str, kind: type[T]) -> T:
    """JSON as this type. Raises `msgspec.DecodeError` for no JSON, `ValidationError` for what is not the type's."""
    return decoder(kind).decode(raw)


@overload
def convert(value: object, kind: type[T], *, strict: bool = ..., from_attributes: bool = ...) -> T: ...
@overload
def convert(value: object, kind: object, *, strict: bool = ..., from_attributes: bool = ...) -> Any: ...
def convert(value: object, kind: Any, *, strict: bool = True, from_attributes: bool = False) -> Any:
    """Plain values as this type, as `msgspec.convert` has it. Raises `msgspec.ValidationError`."""
    decoder(kind)  # has the type learnt
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)
