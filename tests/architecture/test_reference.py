"""The reference that people read is made of the document that machines read, and both of the one table."""

from pathlib import Path

from core.server.endpoints.openapi import document
from core.server.reference import markdown
from core.server.routes import ENDPOINTS

REFERENCE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_reference_is_of_this_table() -> None:
    made = markdown(document(ENDPOINTS))
    assert REFERENCE.read_text(encoding="utf-8") == made, "run `python -m core.server.reference`"


def test_it_has_every_address_and_every_type_it_names() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for endpoint in ENDPOINTS:
        assert f"### `{endpoint.route.method} {endpoint.route.path}`" in text
        assert endpoint.route.summary in text
    for name in document(ENDPOINTS).components["schemas"]:
        assert f"\n### {name}\n" in text
