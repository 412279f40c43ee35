"""Ids. Each is made where the object is created and never changes."""

import secrets
import time
import uuid
from hashlib import blake2b
from typing import NewType

OrderId = NewType("OrderId", str)
CustomerId = NewType("CustomerId", str)
StaffId = NewType("StaffId", str)
DeviceId = NewType("DeviceId", str)
ShopId = NewType("ShopId", str)
LineId = NewType("LineId", str)
ItemId = NewType("ItemId", str)
ModifierId = NewType("ModifierId", str)
DrawerSessionId = NewType("DrawerSessionId", str)
BasketId = NewType("BasketId", str)
OpId = NewType("OpId", str)
"""The id of one operation, the same however often it is sent: the `Idempotency-Key`."""


def uuid7() -> str:
    """A new UUID version 7 (RFC 9562 §5.7), as text: unique, and sorted by time of creation."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def new_order_id() -> OrderId:
    return OrderId(uuid7())


def line_id(order_id: OrderId, position: int) -> LineId:
    """The id of the line that was added to an order as number `position`, counted from 0: a UUID version 7 of the
    order's time, the same wherever it is made."""
    digits = blake2b(f"{order_id}/{position}".encode(), digest_size=10).hexdigest()
    return LineId(f"{order_id[:13]}-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}")


def new_op_id() -> OpId:
    return OpId(uuid7())
