"""No regular expression of the program takes longer than in proportion to what a stranger sends.

The patterns are found in the source, and the texts that would be hard for each are made from the pattern itself: what
comes before a repetition, then the repeated part or two of its parts again and again, then something that does not
fit. What is measured is growth, as a ratio of this thread's processor time, so a slow or busy machine says the same.
"""

import ast
import importlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Annotated, Any, NamedTuple

import msgspec
import pytest

from core import cards, logs, printable
from core.admin.doctor.bundle import redacted
from core.decoding import convert
from core.protocol.problem import blame

ROOT = Path(__file__).parents[3]
PROGRAM = ("core", "pos_app", "customer_view", "resources")
LONGEST = 8192
WORTH_A_LOOK_S = 0.004
MORE_THAN_LINEAR = 8.0
"""For four times the text a linear pattern takes four times as long and a quadratic one sixteen times."""
NEARLY_LINEAR = 3.6
"""What is more than linear by the measure above takes four times as long or more for three times the text, even where
it is so by half of its work alone."""
ENDINGS = ("", "\0", "\n", "@")
MAY_HAVE_A_PATTERN = re.compile(r"\bre\.|\bQRegularExpression\b|\bpattern=")
"""A look at a source that spares most of them being parsed."""
_METHODS = frozenset({"search", "match", "fullmatch", "sub", "findall", "finditer", "split"})
_COMPILES = frozenset({f"re.{name}" for name in (*_METHODS, "compile")} | {"QRegularExpression"})

Apply = Callable[[str], object]


class Found(NamedTuple):
    """A pattern where it stands, and how the program applies it."""

    where: str
    pattern: str | bytes
    flags: int
    applies: tuple[Apply, ...]


def _used_as(tree: ast.Module, name: str) -> set[str]:
    """The methods that a module calls on its pattern `name`; empty when it hands the pattern on."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in _METHODS and ast.unparse(node.value) == name
    }


def _apply(pattern: str | bytes, flags: int, method: str) -> Apply:
    compiled: Any = re.compile(pattern, flags)
    encode: Callable[[str], Any] = str if isinstance(pattern, str) else lambda text: text.encode("latin-1", "replace")
    if method in ("match", "fullmatch", "search"):
        return lambda text: getattr(compiled, method)(encode(text))
    return lambda text: sum(1 for _ in compiled.finditer(encode(text)))


def _checked(meta: msgspec.Meta) -> Apply:
    """As msgspec applies it, with the lengths that are declared beside it."""
    kind: Any = Annotated[str, meta]

    def apply(text: str) -> None:
        with suppress(msgspec.ValidationError):
            convert(text, kind)

    return apply


def _in_module(path: Path) -> Iterator[Found]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    wanted = [
        node
        for node in calls
        if ast.unparse(node.func) in _COMPILES or any(keyword.arg == "pattern" for keyword in node.keywords)
    ]
    if not wanted:
        return
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    names = {
        id(node.value): ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    for node in wanted:
        where = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        called = ast.unparse(node.func)
        if any(keyword.arg == "pattern" for keyword in node.keywords):
            meta = eval(ast.unparse(node), vars(module))
            yield Found(where, meta.pattern, 0, (_checked(meta),))
            continue
        given = eval(ast.unparse(node.args[0]), vars(module))
        if isinstance(given, re.Pattern):
            continue
        options = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg == "flags")]
        flags = int(eval(ast.unparse(options[0]), vars(module))) if called == "re.compile" and options else 0
        methods = {called.removeprefix("re.")} if called.startswith("re.") and called != "re.compile" else set()
        methods |= _used_as(tree, names.get(id(node), "nowhere"))
        applies = tuple(_apply(given, flags, method) for method in sorted(methods or {"finditer", "fullmatch"}))
        yield Found(where, given, flags, applies)


def _sources() -> list[Path]:
    """The sources that may have a pattern: they are read while tests are collected, and parsed by the tests."""
    found = (path for folder in PROGRAM for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)
    return sorted(path for path in found if MAY_HAVE_A_PATTERN.search(path.read_text(encoding="utf-8")))


SOURCES = _sources()


# -- texts that are hard for a pattern, made from what it is


def _some_of(items: Any) -> list[str]:
    """Characters of different kinds that a set matches: one at least."""
    negated = items[0][0] is sre.NEGATE
    found = [each for each in "aA0- _/.@:\\é" if any(_covers(item, each) for item in items) != negated]
    if found or negated:
        return found[:6] or ["z"]
    return [chr(value if kind is sre.LITERAL else value[0]) for kind, value in items[:1]]


def _covers(item: Any, character: str) -> bool:
    kind, value = item
    if kind is sre.LITERAL:
        return bool(ord(character) == value)
    if kind is sre.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is sre.CATEGORY:
        text = str(value)
        is_in = (
            (character.isdigit() and "DIGIT" in text)
            or ((character.isalnum() or character == "_") and "WORD" in text)
            or (character.isspace() and "SPACE" in text)
        )
        return is_in != ("NOT" in text)
    return False


def _sample(  # noqa: C901 - one case for each kind of node
    tree: Any, pieces: dict[str, None], repeats: dict[tuple[str, str], None], before: str = ""
) -> str:
    """A short text that `tree` matches. Each part's goes into `pieces`; each repetition with what stands before it
    into `repeats`."""
    made = ""
    for kind, value in tree:
        part = ""
        if kind is sre.LITERAL:
            part = chr(value)
        elif kind is sre.NOT_LITERAL:
            part = "a" if value != ord("a") else "b"
        elif kind is sre.IN:
            part, *others = _some_of(value)
            pieces |= dict.fromkeys(others)
        elif kind is sre.ANY:
            part = "a"
        elif kind is sre.BRANCH:
            parts = [_sample(branch, pieces, repeats, before + made) for branch in value[1]]
            part = parts[0]
        elif kind is sre.SUBPATTERN:
            part = _sample(value[-1], pieces, repeats, before + made)
        elif kind is sre.ATOMIC_GROUP:
            part = _sample(value, pieces, repeats, before + made)
        elif kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, repeated = value
            body = _sample(repeated, pieces, repeats, before + made)
            if most > 1:
                repeats[(before + made, body)] = None
                if before + made:
                    pieces[before + made] = None
            part = body * max(least, 1 if most else 0)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            _sample(value[1], pieces, repeats, before + made)
        if part:
            pieces[part] = None
        made += part
    if made:
        pieces[made] = None
    return made


def _hard_texts(pattern: str | bytes, flags: int, at_most: int = 12) -> Iterator[tuple[str, str]]:
    """What stands first, and what is repeated after it; pairs are made of the first `at_most` pieces."""
    pieces: dict[str, None] = {}
    repeats: dict[tuple[str, str], None] = {}
    _sample(parser.parse(pattern, flags), pieces, repeats)
    short = [piece for piece in pieces if len(piece) <= 60][:at_most]
    yield from repeats
    for pump in short:
        yield "", pump
    for first, second in itertools.permutations(short, 2):
        if len(first) + len(second) <= 40:
            yield "", first + second
    for before, _ in repeats:
        for pump in short:
            yield before, pump


def _text(before: str, pump: str, ending: str, length: int) -> str:
    return before + pump * max(1, length // len(pump)) + ending


def _took_s(apply: Apply, text: str, times: int = 1) -> float:
    took = []
    for _ in range(times):
        began = time.thread_time()
        apply(text)
        took.append(time.thread_time() - began)
    return min(took)


def growth(apply: Apply, before: str, pump: str, ending: str) -> float:
    """How much longer four times the text takes; 0 when even the longest is done at once, or in proportion."""
    last, length = 0.0, 16
    while length <= LONGEST:
        took = _took_s(apply, _text(before, pump, ending, length))
        if length > LONGEST // 4 and (took < WORTH_A_LOOK_S / 10 or took < last * NEARLY_LINEAR):
            return 0.0  # three times this would take less than is worth a look, or is in proportion
        if took > WORTH_A_LOOK_S:
            return _growth_at(length, apply, before, pump, ending)
        last, length = took, length * 5 // 4 if length < 64 else length * 3  # what is exponential is seen while short
    return 0.0


def _growth_at(length: int, apply: Apply, before: str, pump: str, ending: str) -> float:
    """A ratio that is too large is measured again: something else may have held the processor."""
    ratio = float("inf")
    for _ in range(3):
        long = _took_s(apply, _text(before, pump, ending, length), 3)
        short = _took_s(apply, _text(before, pump, ending, max(8, length // 4)), 3)
        ratio = min(ratio, long / max(short, 1e-6) if long > WORTH_A_LOOK_S else 0.0)
        if ratio <= MORE_THAN_LINEAR:
            break
    return ratio


def _worst(found: Found) -> str:
    """The first text that takes more than its share, in words; empty when there is none."""
    for (before, pump), ending in itertools.product(dict.fromkeys(_hard_texts(found.pattern, found.flags)), ENDINGS):
        for apply in found.applies:
            ratio = growth(apply, before, pump, ending)
            if ratio > MORE_THAN_LINEAR:
                return f"{before!r} + {pump!r}×n + {ending!r}: four times the text takes {ratio:.0f} times as long"
    return ""


def test_the_patterns_are_found() -> None:
    """Those that are known to be there are, wherever and however they are written."""
    every = [found for path in SOURCES for found in _in_module(path)]
    files = {found.where.partition(":")[0] for found in every}
    assert {
        "core/logs.py",
        "core/cards.py",
        "core/server/endpoints/endpoint_app.py",
        "core/protocol/requests.py",
        "core/admin/price_text.py",
        "pos_app/sign_in/page.py",
    } <= files
    written = sum(
        len(
            re.findall(r"\bre\.(?:compile|search|match|fullmatch|sub|split|findall)\(|\bpattern=r?\"", path.read_text())
        )
        for folder in PROGRAM
        for path in (ROOT / folder).rglob("*.py")
    )
    assert len(every) >= written


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_patterns_take_no_longer_than_in_proportion(path: Path) -> None:
    assert {found.where: worst for found in _in_module(path) if (worst := _worst(found))} == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)((?:\b|_)(?:\w*(?:passw(?:or)?d|token)\w*|(?:pin|key))s?[\"']?\s*[=:]\s*)",
        r"[\w.+-]+@[\w-]+\.[\w.-]+",
        r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w=-]*",
        r"(a+)+b",
        r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        r"\s+$",
    ],
)
def test_a_slow_pattern_is_seen(pattern: str) -> None:
    """Such as there were here, and as are in every textbook."""
    assert _worst(Found("here", pattern, 0, (_apply(pattern, 0, "finditer"),)))


def _blamed(text: str) -> object:
    return blame(msgspec.ValidationError(text))


@pytest.mark.slow
@pytest.mark.parametrize(
    "read",
    [logs.hide_secrets, redacted, _blamed, printable.line, lambda text: cards.hidden(text, "x")],
    ids=["hide_secrets", "redacted", "blame", "printable", "cards"],
)
def test_what_reads_free_text_takes_no_longer_than_in_proportion(read: Apply) -> None:
    """Several patterns one after the other, and what is done with what they find. Each pattern alone has met every
    pair of its pieces above."""
    made = {
        text: None
        for name in ("core/logs.py", "core/cards.py")
        for found in _in_module(ROOT / name)
        for text in _hard_texts(found.pattern, found.flags, at_most=6)
    }
    made |= {
        ("", pump): None
        for pump in ("4111 1111 1111 1111 ", "4111-", "1-", "pin='x ", 'pin="', "\\", "_=/", "\x1b", "\n")
    }
    for (before, pump), ending in itertools.product(made, ("", "=/x", "\0")):

        def fresh(text: str) -> object:
            logs._KNOWN_CLEAN.clear()
            return read(text)

        assert growth(fresh, before, pump, ending) <= MORE_THAN_LINEAR, f"{before!r} + {pump!r}×n + {ending!r}"
