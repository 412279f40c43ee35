"""A till at the real backend, with its drawer."""

from typing import Any

import requests

from tests.integration.calls import Caller, new_key
from tests.support import shop


class Till:
    """What is done at one till's drawer, over HTTP; each act must be taken."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.session = ""

    def open(self, float_minor: int = 10_000, **more: Any) -> dict[str, Any]:
        self.session = new_key()
        return self._done(self.ask("", float_minor=float_minor, **more))

    def move(self, act: str, amount_minor: int = 0, reason: str = "so") -> dict[str, Any]:
        return self._done(self.ask("cash/", act=act, amount_minor=amount_minor, reason=reason))

    def count(self, counted_minor: int, **more: Any) -> dict[str, Any]:
        return self._done(self.ask("count/", counted_minor=counted_minor, **more))

    def close(self, **more: Any) -> dict[str, Any]:
        """Returns its Z."""
        closed = self._done(self.ask("close/", **more))
        assert closed["entries"][-1]["act"] == "closed"
        found = self.reports()[0]
        assert found["report"]["number"] == closed["z_number"]
        report: dict[str, Any] = found["report"]
        return report

    def ask(self, path: str, /, **body: Any) -> requests.Response:
        key = body.pop("key", "") or new_key()
        return self.caller.post(f"/api/pos/drawer/{path}", {"session": self.session, **body}, key=key)

    def details(self, caller: Caller | None = None) -> dict[str, Any]:
        return self._done((caller or self.caller).get(f"/api/pos/drawers/{self.session}/"))

    def x(self, caller: Caller) -> requests.Response:
        return caller.get(f"/api/pos/drawers/{self.session}/x/")

    def reports(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._done(self.caller.get("/api/pos/z-reports/"))["reports"]
        return found

    def sell(self, quantity: int = 1, **more: Any) -> dict[str, Any]:
        body = {"lines": [{"item_id": shop.FRIES, "quantity": quantity}], "payment": "paid", "tender": "cash", **more}
        return self._done(self.caller.post("/api/pos/orders/", body, key=new_key()))

    def pay(self, order: dict[str, Any], **body: Any) -> dict[str, Any]:
        body = {"version": order["version"], **body}
        return self._done(self.caller.post(f"/api/pos/orders/{order['id']}/payment/", body, key=new_key()))

    def take(self, order: dict[str, Any], **body: Any) -> dict[str, Any]:
        """Take a part of what is due."""
        body = {"version": order["version"], **body}
        return self._done(self.caller.post(f"/api/pos/orders/{order['id']}/payments/", body, key=new_key()))

    def undo(self, order: dict[str, Any]) -> dict[str, Any]:
        """Take all of its payments back."""
        body = {"version": order["version"], "reason": "by mistake"}
        return self._done(self.caller.post(f"/api/pos/orders/{order['id']}/payments/undo/", body, key=new_key()))

    def read(self, order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._done(self.caller.get(f"/api/pos/orders/{order['id']}/"))["order"]
        return found

    def refund(self, order: dict[str, Any], **body: Any) -> dict[str, Any]:
        body = {"version": order["version"], "reason": "cold", **body}
        return self._done(self.caller.post(f"/api/pos/orders/{order['id']}/refund/", body, key=new_key()))

    @staticmethod
    def _done(reply: requests.Response) -> dict[str, Any]:
        assert reply.ok, reply.text
        found: dict[str, Any] = reply.json()
        return found
