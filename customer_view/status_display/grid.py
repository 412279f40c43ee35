"""The size of tickets: as big as fits, never clipped, on several pages if necessary."""

import math

import msgspec


class Size(msgspec.Struct, frozen=True):
    """A ticket's size when its number is one pixel high, and the gaps between two of them."""

    width: float
    height: float
    gap_across: float = 0.0
    gap_down: float = 0.0

    def across(self, columns: int) -> float:
        return columns * (self.width + self.gap_across) - self.gap_across

    def down(self, rows: int) -> float:
        return rows * (self.height + self.gap_down) - self.gap_down


class Grid(msgspec.Struct, frozen=True):
    """A page of tickets."""

    font_px: float
    columns: int
    rows: int

    @property
    def capacity(self) -> int:
        return self.columns * self.rows

    def pages(self, count: int) -> int:
        return max(1, math.ceil(count / self.capacity))


def fit(count: int, ticket: Size, width: float, height: float, least_px: float, most_px: float) -> Grid:
    """The grid with the biggest numbers, from `most_px` down to `least_px`, on which `count` tickets fit.

    If they do not fit even at `least_px`, the one on which most fit. Smaller than `least_px` only where a single ticket
    is wider or higher than the room.
    """
    most = min(most_px, width / ticket.across(1), height / ticket.down(1))
    least = min(least_px, most)

    def grid(columns: int, rows: int) -> Grid:
        return Grid(min(most, width / ticket.across(columns), height / ticket.down(rows)), columns, rows)

    found = [grid(columns, math.ceil(count / columns) or 1) for columns in range(1, max(1, count) + 1)]
    best = max(found, key=lambda each: (each.font_px, each.columns))
    if best.font_px >= least:
        return best
    return grid(
        _times(width + least * ticket.gap_across, least * (ticket.width + ticket.gap_across)),
        _times(height + least * ticket.gap_down, least * (ticket.height + ticket.gap_down)),
    )


def _times(room: float, need: float) -> int:
    rounding = 1e-9  # what just fits does fit
    return max(1, int(room / need + rounding))
