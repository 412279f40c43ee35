"""The error of calculations and bookings."""

from core.domain.errors import DomainError


class Refused(DomainError):
    """A calculation that is impossible, or a booking that is not allowed. `code` is stable, for programs."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message, field)
        self.code = code
