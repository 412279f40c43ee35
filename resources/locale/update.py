"""Brings the catalogues up to date with the code: `python -m resources.locale.update [LANGUAGE …]`.

Reads every string that goes through `_`, `N_` or `ngettext`, merges it into each `LC_MESSAGES/orderbell.po` (those of
the languages named are made if they are missing) and writes the `.mo` beside it, which the windows read. What is
left to translate is counted. Needs Babel, a tool of development only.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE: Final = Path(__file__).parent
PROJECT: Final = HERE.parent.parent
SOURCES: Final = ("core/domain", "core/ui", "pos_app", "customer_view")
_KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2)}


def template() -> Catalog:
    """Every string of the windows, with the files it comes from."""
    catalogue = Catalog(project="Orderbell", charset="utf-8")
    for source in SOURCES:
        found = extract_from_dir(
            PROJECT / source, [("**.py", "python")], keywords=_KEYWORDS, comment_tags=("Translators:",)
        )
        for file, _line, message, comments, _context in found:
            catalogue.add(message, locations=[(f"{source}/{file}", 0)], auto_comments=comments)
    return catalogue


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    """Each language's `.po` file and what is in it."""
    for path in sorted(HERE.glob("*/LC_MESSAGES/orderbell.po")):
        with path.open("rb") as file:
            yield path, read_po(file, locale=path.parent.parent.name)


def is_translated(message: Message) -> bool:
    """Whether a message has its text, and one with a plural all of its forms."""
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return bool(forms) and all(forms)


def compiled(catalogue: Catalog) -> bytes:
    """A catalogue as the windows read it; what is not translated, or not surely, is left out."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main(languages: list[str]) -> None:
    for language in languages:
        path = HERE / language / "LC_MESSAGES" / "orderbell.po"
        if not path.exists():
            path.parent.mkdir(parents=True)
            with path.open("wb") as file:
                write_po(file, Catalog(locale=language, project="Orderbell", charset="utf-8"))
    current = template()
    for path, catalogue in catalogues():
        current.creation_date = catalogue.creation_date  # without news the files stay as they are
        catalogue.update(current, no_fuzzy_matching=True)
        with path.open("wb") as file:
            write_po(file, catalogue, sort_output=True, ignore_obsolete=True, width=110, include_lineno=False)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = sum(1 for message in catalogue if message.id and not is_translated(message))
        print(f"{path.parent.parent.name}: {len(catalogue)} strings, {missing} to translate")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
