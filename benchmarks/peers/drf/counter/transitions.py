"""Which moves staff may make, and which of them need a reason."""

STATUSES = [
    "pending", "confirmed", "preparing", "ready", "out_for_delivery", "completed", "rejected", "cancelled",
]  # fmt: skip
_ADVANCES = {
    ("pending", "confirmed"),
    ("confirmed", "preparing"),
    ("preparing", "ready"),
    ("ready", "completed"),
    ("ready", "out_for_delivery"),
    ("out_for_delivery", "completed"),
}
_RECALLS = {(target, source) for source, target in _ADVANCES}
_ENDINGS = {(status, "cancelled") for status in STATUSES[:5]} | {("pending", "rejected")}


def allowed(source: str, target: str, fulfilment: str) -> bool:
    if {source, target} == {"ready", "completed"} and fulfilment == "delivery":
        return False
    if "out_for_delivery" in {source, target} and fulfilment != "delivery":
        return False
    return (source, target) in _ADVANCES | _RECALLS | _ENDINGS


def needs_reason(source: str, target: str) -> bool:
    return (source, target) in _ENDINGS
