"""A newer protocol, made from this one: every enum of every reply and event says one value more, one at a time."""

import datetime as dt
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest

from core.decoding import decode, decode_reply
from core.domain.errors import IllegalMove
from core.domain.order import Order, Tender
from core.domain.people import Role
from core.domain.status import Fulfilment, Move, OrderStatus, look, status_info, target_of, transition
from core.protocol import reading
from core.protocol.display import TicketsMessage, TicketsReply
from core.protocol.events import Event
from core.protocol.feed import EventPage, Frames, Heartbeat
from core.protocol.headers import Outcome
from core.protocol.problem import Problem
from core.server.routes import ENDPOINTS
from core.wire_enum import LONGEST, WireEnum

NEW = "said_by_a_newer_one"
Path = tuple[str | int, ...]
_PLAIN: dict[object, Any] = {str: "x", int: 1, float: 1.0, bool: True, bytes: "", Any: None}


def unwrapped(kind: Any) -> Any:
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif hasattr(kind, "__supertype__"):
            kind = kind.__supertype__
        else:
            return kind


def samples(kind: Any) -> list[Any]:
    """Values of a type as JSON has them, everything that may be there being there: one for each kind of a union."""
    kind = unwrapped(kind)
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return [each for part in get_args(kind) if part is not type(None) for each in samples(part)]
    if origin in (tuple, list, frozenset):
        return [samples(get_args(kind)[0])]
    if origin is dict:
        return [{"x": each} for each in samples(get_args(kind)[1])]
    if origin is typing.Literal:
        return [get_args(kind)[0]]
    if kind in _PLAIN:
        return [_PLAIN[kind]]
    if kind is dt.date:
        return ["2026-11-28"]
    if kind is dt.datetime:
        return ["2026-11-28T12:00:00Z"]
    if issubclass(kind, WireEnum):
        return [next(iter(kind)).value]
    assert issubclass(kind, msgspec.Struct), kind
    found: list[dict[str, Any]] = [{}]
    config = kind.__struct_config__
    if config.tag is not None:
        found = [{config.tag_field: config.tag}]
    for field in msgspec.structs.fields(kind):
        first, *others = samples(field.type)
        wider = [{**each, field.encode_name: other} for each in found[:1] for other in others]
        found = [{**each, field.encode_name: first} for each in found] + wider
    return found


def enums(kind: Any, value: Any, at: Path = ()) -> Iterator[tuple[Path, type[WireEnum]]]:
    """Where in `value`, a sample of `kind`, an enum stands."""
    kind = unwrapped(kind)
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        for part in get_args(kind):
            try:
                msgspec.convert(value, part)
            except msgspec.ValidationError:
                continue
            yield from enums(part, value, at)
            return
    elif origin in (tuple, list, frozenset):
        for n, each in enumerate(value):
            yield from enums(get_args(kind)[0], each, (*at, n))
    elif isinstance(kind, type) and issubclass(kind, WireEnum):
        yield at, kind
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            if field.encode_name in value:
                yield from enums(field.type, value[field.encode_name], (*at, field.encode_name))


def put(value: Any, path: Path, new: Any) -> Any:
    """`value` with `new` at `path`."""
    if not path:
        return new
    if isinstance(value, list):
        return [put(each, path[1:], new) if n == path[0] else each for n, each in enumerate(value)]
    return {**value, path[0]: put(value[path[0]], path[1:], new)}


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


KINDS: list[Any] = [
    *dict.fromkeys(endpoint.route.reply for endpoint in ENDPOINTS),
    TicketsMessage,
    TicketsReply,
    Problem,
    Event,
    EventPage,
    Frames | Heartbeat,
]
PLACES = [
    pytest.param(kind, sample, path, id=f"{getattr(kind, '__name__', 'union')}-{n}-{'.'.join(map(str, path))}")
    for kind in KINDS
    for n, sample in enumerate(samples(kind))
    for path, _enum in enums(kind, sample)
]


def test_every_enum_that_is_said_is_among_them() -> None:
    found = {enum for kind in KINDS for sample in samples(kind) for _path, enum in enums(kind, sample)}
    said = {each for each in WireEnum.__subclasses__() if not each.__module__.startswith("core.domain.sale.")}
    assert found >= said - {Outcome}
    assert len(PLACES) > 80


@pytest.mark.parametrize(("kind", "sample", "path"), PLACES)
def test_a_value_that_only_a_newer_release_knows_stays_what_it_is(kind: Any, sample: Any, path: Path) -> None:
    said = msgspec.json.encode(put(sample, path, NEW))
    understood = {EventPage: reading.page, Frames | Heartbeat: reading.message}.get(kind)
    found = understood(said) if understood is not None else decode_reply(said, kind)
    value = at(msgspec.to_builtins(found), path)
    assert value == NEW
    if path[-1] == "tender" or "tenders" in path:  # may be a shop's own
        assert at(msgspec.to_builtins(decode(said, kind)), path) == NEW
    else:
        with pytest.raises(msgspec.ValidationError):
            decode(said, kind)  # as a server reads what it is asked
    assert decode_reply(msgspec.json.encode(found), kind) == found, "and it is kept in a file, and found there again"


@pytest.mark.parametrize("kind", WireEnum.__subclasses__(), ids=lambda kind: kind.__name__)
def test_it_is_none_of_the_known_and_says_itself(kind: type[WireEnum]) -> None:
    new = kind.newer(NEW)
    assert (new, new.is_known, new.readable) == (NEW, False, "Said by a newer one")
    assert new is kind.newer(NEW)
    assert new not in tuple(kind)
    assert all(each.is_known and kind.newer(each.value) is each for each in kind)
    if kind is Tender:
        assert kind(NEW) is new
    else:
        with pytest.raises(ValueError, match=NEW):
            kind(NEW)
    for nothing in ("", "x" * (LONGEST + 1), "a\nb", "\x1b[31m"):
        with pytest.raises(ValueError, match=kind.__name__):
            kind.newer(nothing)


def test_a_message_of_an_unknown_kind_is_asked_about() -> None:
    assert reading.message(b'{"kind":"a_newer_kind","what":1}').__class__.__name__ == "UnknownEvent"


@pytest.mark.parametrize("fulfilment", [*Fulfilment, Fulfilment.newer(NEW)])
@pytest.mark.parametrize("role", [*Role, Role.newer(NEW)])
def test_nothing_is_done_with_an_order_whose_status_is_not_known(role: Role, fulfilment: Fulfilment) -> None:
    new = OrderStatus.newer(NEW)
    assert new.is_open, "somebody may have to do something for it"
    assert {look(new).label, status_info(new, fulfilment).label} == {"Said by a newer one"}
    for move in Move:
        assert target_of(new, move, fulfilment, role.acts_as) is None
    for status in OrderStatus:
        for source, target in ((new, status), (status, new)):
            with pytest.raises(IllegalMove):
                transition(source, target, fulfilment, role.acts_as, "why")
    for status in OrderStatus:
        if not fulfilment.is_known:
            assert target_of(status, Move.ADVANCE, fulfilment, Role.CASHIER) is None


def test_somebody_of_a_role_that_is_not_known_does_what_every_cashier_may() -> None:
    captain = Role.newer("captain")
    assert (captain.is_staff, captain.acts_as) == (True, Role.CASHIER)
    assert [role.acts_as for role in Role] == [*Role]


def test_an_order_with_nothing_but_new_values_is_an_order() -> None:
    [sample] = samples(Order)[:1]
    for path, _enum in enums(Order, sample):
        sample = put(sample, path, NEW)
    order = decode_reply(msgspec.json.encode(sample), Order)
    assert isinstance(order.tender, Tender)
    assert {order.status, order.tender, order.payment, order.channel, order.fulfilment} == {NEW}
