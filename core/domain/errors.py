"""Errors of the domain: one class for each kind of rule, each naming the field it is about."""


class DomainError(Exception):
    """A rule of the domain is broken. `field` is the JSON path of the offending value, or empty."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidOrder(DomainError):
    """The order cannot be made: no lines, an unknown item, a missing choice."""


class CardNumber(InvalidOrder):
    """A stored text contains a payment card number (PCI DSS v4, requirement 3)."""


class IllegalMove(DomainError):
    """The transition table does not have this move for this role."""


class ReasonRequired(DomainError):
    """This change needs a reason."""
