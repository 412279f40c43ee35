"""One bill for several payers: equal shares of an amount, or each line by weights."""

from collections.abc import Mapping, Sequence

import msgspec

from core.domain.sale.calculation import Totals
from core.domain.sale.errors import Refused
from core.domain.sale.parts import Part, RemainingSale
from core.domain.sale.rounding import apportion, is_whole


class Share(msgspec.Struct, frozen=True):
    """The share of one payer. The shares of all payers add up to the bill, in every figure."""

    gross: int
    net: int
    tax: int


def equal_shares(total: int, payers: int) -> list[int]:
    """`total` in equal parts; the first ones get what cannot be divided. Raises `Refused`."""
    if not is_whole(payers, 1):
        raise Refused("bad_split", "A bill is divided among one payer or more.")
    return apportion(total, [1] * payers)


def by_lines(totals: Totals, payers: int, weights: Mapping[str, Sequence[int]]) -> list[Share]:
    """Each line divided by the weights of its payers, with the service charges that follow it; other charges by what
    each pays for lines. Raises `Refused` for a line that nobody takes."""
    if not is_whole(payers, 1):
        raise Refused("bad_split", "A bill is divided among one payer or more.")
    left = RemainingSale(totals)
    for line_id in weights:
        left.line(line_id)
    nets, taxes = [0] * payers, [0] * payers

    def pays(payer: int, part: Part) -> None:
        nets[payer] += part.net
        taxes[payer] += part.tax

    for line in left.lines.values():
        by = weights.get(line.id, ())
        if len(by) != payers or not all(map(is_whole, by)) or not any(by):
            raise Refused("bad_split", f"Say who pays for line {line.id!r}.")
        for item in (line, *(share for _, share in line.shares)):
            for payer, weight in enumerate(by):
                if weight:
                    pays(payer, item.take(weight, sum(by[payer:])))
    paid = [net + tax for net, tax in zip(nets, taxes, strict=True)]
    for _, item in left.charges:
        for payer, part in enumerate(item.divide(paid)):
            pays(payer, part)
    return [Share(net + tax, net, tax) for net, tax in zip(nets, taxes, strict=True)]
