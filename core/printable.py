"""Escapes foreign text for logs, terminals and tables: it cannot move the cursor, begin a line, or change the reading
direction."""

from typing import Final

_BIDI: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates (Unicode Standard Annex 9)."""
_CONTROLS: Final = frozenset((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, *_BIDI))
_SHOWN: Final = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _CONTROLS} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}
_LINES_KEPT: Final = {code: shown for code, shown in _SHOWN.items() if code != ord("\n")}
_IN_JSON: Final = {code: f"\\u{code:04x}" for code in _CONTROLS}


def line(text: str) -> str:
    """`text` on one line: control characters, line and paragraph separators and bidirectional controls are written as
    escapes (`\\x1b`, `\\u202e`), lone surrogates as `?`."""
    return text if text.isascii() and text.isprintable() else _encodable(text.translate(_SHOWN))


def lines(text: str) -> str:
    """`line`, with line feeds kept: for our own text with several lines."""
    return text if text.isascii() and text.isprintable() else _encodable(text.translate(_LINES_KEPT))


def json_text(encoded: str) -> str:
    """JSON on one line with every such character as JSON's own escape; it decodes to the same value."""
    return encoded if encoded.isascii() and encoded.isprintable() else _encodable(encoded.translate(_IN_JSON))


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
