"""msgspec's decoders, each made once, one at a time.

How a type is read is learnt when it is first asked for, and msgspec (0.22) shows a second thread what the first has
half learnt: two threads that meet there end the process with SIGSEGV, as they did a client of a drill. So whatever
is decoded in a window or a server is decoded by these; tests/architecture looks for what is not.
"""

from threading import Lock
from typing import Any, Final, Generic, TypeVar, overload

import msgspec

from core.wire_enum import newer_values

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
    return _decoded(decoder(kind), raw)


def _decoded(decoder: msgspec.json.Decoder[T], raw: bytes | str) -> T:
    try:
        return decoder.decode(raw)
    except (UnicodeDecodeError, RecursionError) as error:  # no UTF-8, and brackets a hundred thousand deep
        raise msgspec.DecodeError(str(error)) from error


@overload
def convert(value: object, kind: type[T], *, strict: bool = ..., from_attributes: bool = ...) -> T: ...
@overload
def convert(value: object, kind: object, *, strict: bool = ..., from_attributes: bool = ...) -> Any: ...
def convert(value: object, kind: Any, *, strict: bool = True, from_attributes: bool = False) -> Any:
    """Plain values as this type, as `msgspec.convert` has it. Raises `msgspec.ValidationError`."""
    decoder(kind)  # has the type learnt
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)


class Reader(Generic[T]):
    """Reads what a server says, which may be newer than this release: a value that is unknown in an enum stays what it
    is (`core.wire_enum`)."""

    def __init__(self, decoder: msgspec.json.Decoder[T]) -> None:
        self._decoder = decoder

    def decode(self, raw: bytes | str) -> T:
        """Raises `msgspec.DecodeError` for no JSON, `ValidationError` for what is not the type's."""
        with newer_values():
            return _decoded(self._decoder, raw)


@overload
def reader(kind: type[T]) -> Reader[T]: ...
@overload
def reader(kind: object) -> Reader[Any]: ...
def reader(kind: Any) -> Reader[Any]:
    """What reads a server's JSON, or what was kept of it, as this type."""
    return Reader(decoder(kind))


def decode_reply(raw: bytes | str, kind: type[T]) -> T:
    """A server's JSON, or what was kept of it, as this type. Raises as `Reader.decode`."""
    return reader(kind).decode(raw)
