"""Why the domain refuses: one class per rule that can be broken, each naming the field it is about."""


class DomainError(Exception):
    """A rule of the trade was broken. `field` is the JSON path of the value to blame, or empty."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidOrder(DomainError):
    """The order as asked for cannot be made: empty, unknown items, a missing choice."""


class CardNumber(InvalidOrder):
    """A text that is kept and shown around would have a payment card's number in it (PCI DSS v4, requirement 3)."""


class IllegalMove(DomainError):
    """The transition table has no such move for this role."""


class ReasonRequired(DomainError):
    """This move must say why."""
