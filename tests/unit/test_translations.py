"""Every language says everything, with the same blanks to fill in, and the compiled catalogues are the written ones."""

import ast
import errno
import os
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from core.client import errors
from core.domain.people import DeviceKind
from core.domain.status import LOOKS, TRANSITIONS
from core.reasons import reason
from core.ui.problems import SAID
from core.ui.text import error_text, not_written
from resources.locale.update import PROJECT, SOURCES, catalogues, compiled, is_translated, template

LANGUAGES = list(catalogues())
_BLANK = re.compile(r"{\w*}")
every_string = cache(template)
"""Reading all sources for the strings takes a second; no test changes what was found."""


def texts(message: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message or ())


@pytest.mark.parametrize(("path", "catalogue"), LANGUAGES, ids=[path.parent.parent.name for path, _ in LANGUAGES])
class TestLanguage:
    def test_it_says_everything(self, path: Path, catalogue: Catalog) -> None:
        silent = [
            message.id
            for message in every_string()
            if message.id and not ((said := catalogue.get(message.id)) and is_translated(said))
        ]
        assert not silent, f"run `python -m resources.locale.update` and translate these in {path.parent.parent.name}"

    def test_it_leaves_the_blanks_in(self, path: Path, catalogue: Catalog) -> None:
        for message in catalogue:
            wanted = set(_BLANK.findall(" ".join(texts(message.id))))
            for said in texts(message.string):
                assert set(_BLANK.findall(said)) <= wanted, said
            if wanted and message.id:
                assert wanted <= set(_BLANK.findall(" ".join(texts(message.string)))), message.id

    def test_what_the_windows_read_is_what_was_written(self, path: Path, catalogue: Catalog) -> None:
        assert path.with_suffix(".mo").read_bytes() == compiled(catalogue)


@pytest.mark.parametrize(
    ("string", "translated"),
    [("Sí", True), ("", False), (("uno", "unos"), True), (("uno", ""), False), (("", ""), False), ((), False)],
)
def test_a_plural_is_translated_in_all_of_its_forms(string: str | tuple[str, ...], translated: bool) -> None:
    assert is_translated(Message("one", string)) is translated


def test_there_is_a_language_beside_english_and_one_read_from_right_to_left() -> None:
    assert {"es", "ar"} <= {path.parent.parent.name for path, _ in LANGUAGES}


def test_what_the_client_says_is_translated_too() -> None:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ClientError)
    }
    said = {
        node.args[0].value
        for file in (PROJECT / "core" / "client").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert "Nobody is signed in." in said
    assert not (said | {kind.title for kind in kinds.values()}) - set(SAID), "name these in core.ui.problems"


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.ENOENT, errno.EISDIR, errno.ENAMETOOLONG]
)
def test_why_a_file_cannot_be_written_is_said_in_words_and_translated(number: int) -> None:
    error = OSError(number, os.strerror(number))
    assert reason(error).why in SAID
    assert os.strerror(number) not in error_text(not_written(Path("orders.csv"), error))


def test_every_word_of_a_status_is_translated() -> None:
    words = {text for each in LOOKS.values() for text in (each.label, each.description, each.sentence)}
    words |= {each.empty for each in LOOKS.values()} | {row.step for row in TRANSITIONS}
    assert not words - {text for message in every_string() for text in texts(message.id)}, "mark them with N_"


def test_every_kind_of_device_is_translated() -> None:
    assert not {kind.label for kind in DeviceKind} - {text for message in every_string() for text in texts(message.id)}


def test_on_screen_the_board_is_the_order_board_alone() -> None:
    """The display of order statuses is the status display (docs/glossary.md)."""
    places = {
        place
        for message in every_string()
        if re.search(r"\bboards?\b", " ".join(texts(message.id)), re.IGNORECASE)
        for place, _line in message.locations
    }
    assert places == {"pos_app/board/search_hint.py", "pos_app/workspace.py"}


def test_spanish_says_usted() -> None:
    """Words that are said to a friend."""
    familiar = re.compile(
        r"\b(tu|tus|tú|ti|te|contigo|has|puedes|quieres|tienes|debes|hagas|vuelvas|viste|hiciste|seguid"
        r"|Pide|Elige|Escribe|Mira|Haz|Usa|Comprueba|Vuelve|Avisa|Prueba|Espera|Decide|Revisa"
        r"|Inténtalo|Guárdalo|ayudarte)\b"
    )
    with (PROJECT / "resources/locale/es/LC_MESSAGES/orderbell.po").open("rb") as file:
        said = {text for message in read_po(file) for text in texts(message.string)}
    assert not {text for text in said if familiar.search(text)}


def test_no_string_hides_from_the_catalogues() -> None:
    """Babel reads tokens: before Python 3.12 it does not see a call inside an f-string."""
    known = {text for message in every_string() for text in texts(message.id)}
    asked = {
        node.args[0].value
        for source in SOURCES
        for file in (PROJECT / source).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "ngettext")
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert not asked - known, "take these out of their f-strings"
