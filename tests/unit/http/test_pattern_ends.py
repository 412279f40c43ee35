"""No pattern takes a text with a line feed behind it for the text: `$` matches before one, `\\Z` does not."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Annotated, Any, NamedTuple, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
import customer_view
import pos_app
from core.decoding import convert
from core.server.endpoints.openapi import document
from core.server.routes import ENDPOINTS
from tests.unit.http.test_pattern_times import MAY_HAVE_A_PATTERN

ROOT = Path(__file__).parents[3]
_READERS = {f"re.{name}" for name in ("compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer")}


class Found(NamedTuple):
    where: str
    pattern: str | bytes
    flags: int


def _patterns() -> Iterator[Found]:
    """Every pattern in the source of the program: what `re`, Qt and msgspec are given."""
    for path in sorted(path for part in ("core", "pos_app", "customer_view") for path in (ROOT / part).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not MAY_HAVE_A_PATTERN.search(source):
            continue
        tree = ast.parse(source)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        given: list[tuple[ast.Call, ast.expr]] = []
        for call in calls:
            given += [(call, keyword.value) for keyword in call.keywords if keyword.arg == "pattern"]
            if ast.unparse(call.func) in _READERS | {"QRegularExpression"} and call.args:
                given.append((call, call.args[0]))
        if not given or "migrations" in path.parts:
            continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        names = vars(importlib.import_module(name))
        for call, expression in given:
            pattern = eval(ast.unparse(expression), names)
            options = call.args[1:2] if ast.unparse(call.func) == "re.compile" else []
            flags = sum(eval(ast.unparse(option), names) for option in options)
            yield Found(f"{path.relative_to(ROOT).as_posix()}:{call.lineno}", pattern, int(flags))


def _ends_before_a_line_feed(parsed: Any) -> bool:
    """Whether there is a `$` in a parsed pattern, however deep."""
    if isinstance(parsed, tuple) and parsed == (sre.AT, sre.AT_END):
        return True
    if isinstance(parsed, str | bytes | int) or parsed is None:
        return False
    try:
        return any(map(_ends_before_a_line_feed, parsed))
    except TypeError:
        return False


def _offends(found: Found) -> bool:
    parsed = parser.parse(found.pattern, found.flags)
    return not parsed.state.flags & re.MULTILINE and _ends_before_a_line_feed(parsed)


EVERY = list(_patterns())


def test_patterns_are_found() -> None:
    assert {found.where.partition(":")[0] for found in EVERY} >= {
        "core/protocol/requests.py",
        "core/cards.py",
        "core/admin/price_text.py",
        "pos_app/sign_in/page.py",
    }


@pytest.mark.parametrize("found", EVERY, ids=lambda found: found.where)
def test_no_pattern_ends_before_a_line_feed(found: Found) -> None:
    assert not _offends(found), f"{found.pattern!r}: use \\Z, or fullmatch"


@pytest.mark.parametrize(
    ("pattern", "bad"),
    [
        ("^[0-9]{4}$", True),
        ("(a$|b)c?", True),
        ("a(?=b$)", True),
        (r"^[0-9]{4}\Z", False),
        ("[$]", False),
        (r"\$", False),
        ("(?m)^a$", False),
    ],
)
def test_such_a_pattern_is_seen(pattern: str, bad: bool) -> None:
    assert _offends(Found("here", pattern, 0)) is bad


# -- what comes in over the wire, or from a file of settings


def _structs() -> Iterator[type[msgspec.Struct]]:
    for package in (core, pos_app, customer_view):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" in module.name or module.name.endswith("__main__"):
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.name:
                    yield value


def _metas(annotation: Any) -> Iterator[msgspec.Meta]:
    """Those of a type and of whatever is in it."""
    for part in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        if isinstance(part, msgspec.Meta):
            yield part
        else:
            yield from _metas(part)


FIELDS = {
    f"{struct.__module__}.{struct.__name__}.{field.name}": meta
    for struct in _structs()
    for field in msgspec.structs.fields(struct)
    for meta in _metas(field.type)
    if meta.pattern is not None
}


def test_constrained_fields_are_found() -> None:
    assert {name.removeprefix("core.") for name in FIELDS} >= {
        "protocol.requests.SignUp.email",
        "domain.commands.PlaceOrder.id",
        "domain.commands.TakeOrder.number",
        "protocol.accounts.AddStaff.pin",
        "protocol.accounts.ChangeStaff.pin",
        "protocol.devices.InviteDevice.name",
    }


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data())
@settings(max_examples=20)
def test_nothing_behind_a_constrained_value_is_let_in(name: str, data: st.DataObject) -> None:
    meta = FIELDS[name]
    kind: Any = Annotated[str, meta]
    value = data.draw(st.from_regex(meta.pattern or ""))
    if meta.max_length is not None and len(value) >= meta.max_length:
        return
    assert convert(value, kind) == value
    for behind in ("\n", "\r\n", "\n\n"):
        with pytest.raises(msgspec.ValidationError):
            convert(value + behind, kind)


def test_the_document_says_it_as_json_schema_does() -> None:
    text = msgspec.json.encode(document(ENDPOINTS)).decode()
    assert "{4,10}$" in text
    assert "\\\\Z" not in text
