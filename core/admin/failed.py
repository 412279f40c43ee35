"""How a command ends when it cannot do what it was asked."""


class SeveralLines(ValueError):
    """What cannot be, in a sentence; `more` says it in further lines."""

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
    """`text` with a stop at its end, and not with two."""
    return text if text.endswith((".", "?")) else f"{text}."
