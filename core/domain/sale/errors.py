"""The error of calculations and bookings."""

from core.domain.errors import DomainError


class Refused(DomainError):
    """A sum that cannot be made, or money that may not be moved so. `code` is stable, for programs."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message, field)
        self.code = code
