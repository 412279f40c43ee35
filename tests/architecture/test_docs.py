"""What the documents name is there: files, tests, records, and the commands of the map."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.admin.cli import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "docs/adr/*.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md"  # it says what was
)
RECORDS = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
TESTS = {path.name for path in (ROOT / "tests").rglob("*.py")}
_FILE = re.compile(
    r"(?<![\w/.-])((?:core|pos_app|customer_view|resources|tests|benchmarks|docs)/[\w./-]+?\.(?:py|md|json))\b"
)
_TEST = re.compile(r"(?<![\w/])(test_\w+\.py)\b")
_RECORD = re.compile(r"\bADRs? \d{1,4}(?:(?:, | and )\d{1,4})*\b|docs/adr/\d{4}")
_COMMAND = re.compile(r"`orderbell ([a-z][\w-]*)")


def missing(text: str) -> Iterator[str]:
    """What a document names that is nowhere."""
    yield from (name for name in _FILE.findall(text) if not (ROOT / name).exists())
    yield from (name for name in _TEST.findall(text) if name not in TESTS)
    yield from (f"orderbell {name}" for name in _COMMAND.findall(text) if name not in COMMANDS)
    for match in _RECORD.finditer(text):
        numbers = re.findall(r"\d+", match[0])
        yield from (f"ADR {number}" for number in numbers if number.zfill(4) not in RECORDS)


def test_each_record_has_a_number_of_its_own() -> None:
    assert sorted(RECORDS) == sorted(set(RECORDS))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_names_is_there(document: Path) -> None:
    assert list(missing(document.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "see `core/nothing.py`",
        "(`test_nothing_at_all.py`)",
        "as ADR 999 says",
        "ADR 12, 998",
        "`orderbell nothing`",
        "docs/adr/0999",
    ],
)
def test_what_is_missing_is_seen(text: str) -> None:
    assert list(missing(text))
