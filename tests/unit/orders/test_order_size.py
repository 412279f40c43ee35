"""An order has at most so many KiB as it is pushed to screens."""

import msgspec
import pytest

from core.domain.ids import new_order_id
from core.server.http.problems import Refusal
from core.server.orders.ordering import check_size
from tests.support.desk import new_order


def test_the_last_byte_that_fits_and_the_first_that_does_not() -> None:
    order = new_order(new_order_id())
    room = 2 * 1024 - len(msgspec.json.encode(order))
    check_size(msgspec.structs.replace(order, note="x" * room), 2)
    with pytest.raises(Refusal) as refused:
        check_size(msgspec.structs.replace(order, note="x" * (room + 1)), 2)
    assert (refused.value.problem.status, refused.value.problem.field) == (413, "lines")
