"""msgspec's decoders, each made once, one at a time.

A type is analysed on first use, and msgspec (0.22) exposes the unfinished analysis to other threads: two threads that
use a new type at once end the process with SIGSEGV, as happened in a drill. So windows and the server decode by these
functions only; tests/architecture finds exceptions.
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
    """The decoder of JSON as this type, cached; thread-safe."""
    known = _decoders.get(kind)
    if known is None:
        with _learning:
            known = _decoders[kind] = msgspec.json.Decoder(kind)
    return known


def decode(raw: bytes | str, kind: type[T]) -> T:
    """Decode JSON as this type. Raises `msgspec.DecodeError` for invalid JSON, `ValidationError` for another type."""
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
    """Plain values as this type, as `msgspec.convert`. Raises `msgspec.ValidationError`."""
    decoder(kind)  # has the type analysed
    return msgspec.convert(value, kind, strict=strict, from_attributes=from_attributes)


class Reader(Generic[T]):
    """Decodes JSON of a server that may be newer than this release: unknown enum values are kept (`core.wire_enum`)."""

    def __init__(self, decoder: msgspec.json.Decoder[T]) -> None:
        self._decoder = decoder

    def decode(self, raw: bytes | str) -> T:
        """Raises `msgspec.DecodeError` for invalid JSON, `ValidationError` for another type."""
        with newer_values():
            return _decoded(self._decoder, raw)


@overload
def reader(kind: type[T]) -> Reader[T]: ...
@overload
def reader(kind: object) -> Reader[Any]: ...
def reader(kind: Any) -> Reader[Any]:
    """The reader of a server's JSON, or stored JSON, as this type."""
    return Reader(decoder(kind))


def decode_reply(raw: bytes | str, kind: type[T]) -> T:
    """Decode a server's JSON, or stored JSON, as this type. Raises as `Reader.decode`."""
    return reader(kind).decode(raw)
