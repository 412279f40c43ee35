"""Header names and paths that both ends must agree on."""

from typing import Final

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
"""`true` on an answer that was given before and is given again."""
REQUEST_ID: Final = "X-Request-Id"
