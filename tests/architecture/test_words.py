"""Classes, functions and modules are named in the field's words (docs/glossary.md), and so are texts for people: of
screens, commands, messages and logs. Replaced words stay out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("core", "customer_view", "pos_app", "resources")
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

BANNED: Final = {
    "board": ("it is the order board alone (pos_app/board)", "status display, ticket"),
    "care": ("it does not name what is cared for", "health"),
    "contact": ("whether a device was seen has a name", "presence"),
    "door": ("it does not name what passes through it", "transport, api"),
    "ear": ("it does not name what is received", "push subscription"),
    "explained": ("a participle does not name what is returned", "error_explanation"),
    "foresee": ("the order as it will be has a name", "predict"),
    "foresight": ("the order as it will be has a name", "prediction"),
    "hear": ("programs do not hear", "receive, on_message"),
    "heard": ("programs do not hear", "received, seen"),
    "learn": ("programs do not learn", "store, put, load"),
    "link": ("it meant a state, a position and a parent", "connection state, feed position, attach"),
    "month": ("what lies by month is a partition", "partition"),
    "news": ("it does not name what is new", "updates, notifications, announcement"),
    "said": ("a participle does not name what is returned", "error_text, message"),
    "say": ("it does not name where and what", "show_*, set_*, print, send_hello"),
    "standing": ("it meant three things", "sync status, connection state, cursor check"),
    "stranger": ("it does not name what is unknown", "unknown event, unknown setting"),
    "tell": ("it does not name who is told what", "set_*, show_*, notify, publish, announce, send"),
    "told": ("a participle does not name what is returned", "update, issued, confirmed, former"),
    "tries": ("one go at an operation or a secret has a name", "attempts, failed attempts"),
    "unfamiliar": ("it does not name what is unknown", "unknown event"),
    "witness": ("what it is evidence of has a name", "history proof"),
}
_OTHER_FORMS: Final = {
    "boards": "board",
    "contacts": "contact",
    "doors": "door",
    "ears": "ear",
    "foresees": "foresee",
    "foreseen": "foresee",
    "hears": "hear",
    "learned": "learn",
    "learns": "learn",
    "links": "link",
    "months": "month",
    "says": "say",
    "saying": "say",
    "standings": "standing",
    "strangers": "stranger",
    "tells": "tell",
    "telling": "tell",
    "witnesses": "witness",
}
BANNED_TEXTS: Final = {
    r"over the counter": "order status display",
    r"customers?'s? screen": "customer kiosk, customer window",
    r"(?<!certificate )authorit(y|ies)": "certificate authority",
    r"(?<!at )(least|most)": "minimum, maximum; min, max",
    r"choices?|groups? of choices": "option, option group",
    r"recall\w*": "move back",
    r"keys?\Z": "shortcuts (of a text that is no more than that word)",
    r"one row an? \w+": "each … has a row",
    r"the same again": "repeat it",
    r"no more: ": "but then",
    r"nothing was done": "nothing was changed",
    r"is no \w+'s code": "there is no currency …",
    r"on trial": "test order",
    r"tills?|(at|with|the) terminal POS": "POS",
}
"""Texts that people read, as patterns of whole words in any case, and what to say instead."""
RIDDLES: Final = ("How", "Of", "Those", "What", "Who", "Whoever", "Whose")
EXCEPTIONS: Final = {
    ("core/admin/windows.py", "board"): "the command `orderbell board`",
    ("core/store/migrations/versions/0007_months.py", "0007_months"): "a migration that has run keeps its name",
    ("core/store/sql/partitions.py", "Month"): "a calendar month, of which a partition is made",
}


def _is_of_the_order_board(file: str, word: str) -> bool:
    return word == "board" and file.startswith("pos_app/")


def banned_in(name: str) -> str:
    """The banned word in a name, or an empty text."""
    for part in _PART.findall(name):
        word = _OTHER_FORMS.get(part.lower(), part.lower())
        if word in BANNED:
            return str(word)
    return ""


def names_in(file: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and name of the module, its folder, and its classes and functions."""
    for part in Path(file).with_suffix("").parts:
        yield 1, part
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name


def offences(file: str, source: str) -> list[str]:
    found = []
    for line, name in names_in(file, source):
        word = banned_in(name)
        if word and (file, name) not in EXCEPTIONS and not _is_of_the_order_board(file, word):
            reason, instead = BANNED[word]
            found.append(f"{file}:{line}: {name}: {reason}. Say {instead}.")
    return found


def texts_in(source: str) -> Iterator[tuple[int, str]]:
    """Line and content of each text that people may read: every string with a space or a capital in it, but for
    docstrings, except a module's that is its command's help."""
    tree = ast.parse(source)
    helps = tree.body[:1] if "__doc__" in source else []
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and node not in helps}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings and (" " in text or text[:1].isupper()):
                yield node.lineno, text


def text_offences(file: str, source: str) -> list[str]:
    return [
        f"{file}:{line}: {found[0]}: say {instead}."
        for line, text in texts_in(source)
        for pattern, instead in BANNED_TEXTS.items()
        if (found := re.search(rf"{'^' if 'Z' in pattern else ''}\b({pattern})(?!\w)", text, re.IGNORECASE))
    ]


def test_texts_are_in_the_glossarys_words() -> None:
    found = [
        each
        for folder in PRODUCT
        for path in sorted((ROOT / folder).rglob("*.py"))
        for each in text_offences(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        if "migrations" not in each
    ]
    assert not found, "\n".join(found)


def test_the_guide_calls_a_pos_so() -> None:
    lines = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if re.search(r"\btills?\b", line, re.IGNORECASE)]


@pytest.mark.parametrize(
    "source",
    [
        '_("Pair this till")',
        '_("Keys")',
        'parser.add_argument("--most", help="the most that are kept")',
        'raise Failed(f"{names} has an authority of now.")',
        '"""`orderbell x`: shows what hangs over the counter."""\nParser("orderbell x", __doc__)',
    ],
)
def test_a_banned_text_is_found(source: str) -> None:
    assert text_offences("core/admin/x.py", source)


@pytest.mark.parametrize(
    "source",
    [
        '_("A name has at least one letter.")',
        '"""A till."""\n_("Press the keys")',
        'made["authority"] = _("The certificate authority")',
        'group = {"least": 1}',
    ],
)
def test_other_texts_are_left(source: str) -> None:
    assert not text_offences("core/admin/x.py", source)


def riddles(file: str, source: str) -> list[str]:
    """Docstrings that begin with a question's word, and so say what a thing does without saying what it is."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            opening = (ast.get_docstring(node) or "").split(" ", 1)[0]
            if opening in RIDDLES:
                found.append(f"{file}:{getattr(node, 'lineno', 1)}: begins with {opening}. Say what it is.")
    return found


def test_docstrings_say_what_a_thing_is() -> None:
    found = [
        each
        for folder in PRODUCT
        for path in sorted((ROOT / folder).rglob("*.py"))
        for each in riddles(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        if "migrations" not in each
    ]
    assert not found, "\n".join(found)


def test_a_riddle_is_found() -> None:
    assert riddles("core/x.py", 'def due():\n    """What is still to be paid."""')
    assert not riddles("core/x.py", 'def due():\n    """The amount still to be paid."""')


def test_a_term_of_the_glossary_has_one_row() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [term.strip() for row in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for term in row.split(",")]
    assert sorted(term for term in set(terms) - {"term"} if terms.count(term) > 1) == []


def test_names_are_the_fields_words() -> None:
    files = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    assert files
    found = [
        each for path in files for each in offences(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("core/ui/page.py", "def tell_menu(): ..."),
        ("core/ui/page.py", "class Page:\n    def _say(self): ..."),
        ("core/ui/page.py", "async def on_news(): ..."),
        ("core/client/display.py", "class BoardSource: ..."),
        ("core/client/errors.py", "class TooManyTries(Exception): ..."),
        ("core/client/sync/door.py", ""),
        ("core/server/jobs/months.py", ""),
        ("core/admin/other.py", "def board(): ..."),
    ],
)
def test_a_banned_name_is_found(file: str, source: str) -> None:
    assert offences(file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("pos_app/board/page.py", "class BoardPage:\n    def _on_board_changed(self): ..."),
        ("core/client/sync/transport.py", "class HistoryProof: ...\ndef send_hello(): ..."),
        ("core/ui/search.py", "class Search: ...\ndef keyboard(): ...\ndef essay(): ..."),
    ],
)
def test_other_names_are_left(file: str, source: str) -> None:
    assert not offences(file, source)


def test_every_exception_is_needed() -> None:
    for file, name in EXCEPTIONS:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert name in {found for _, found in names_in(file, source)}, f"{file} has no {name}"
