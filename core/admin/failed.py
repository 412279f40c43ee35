"""The error that ends a command."""


class SeveralLines(ValueError):
    """The mistake in a sentence; `more` are further lines."""

    def __init__(self, message: str, *more: str) -> None:
        super().__init__(message)
        self.more = more


class Failed(Exception):
    """Ends the command: `message` goes to standard error, `status` to the shell."""

    def __init__(self, message: str, *more: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.more = more
        """Further lines."""
        self.status = status


def sentence(text: str) -> str:
    """`text` with exactly one full stop at its end."""
    return text if text.endswith((".", "?")) else f"{text}."
