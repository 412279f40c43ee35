"""What an operator asks a running backend: whether it is ready, and how it does."""

import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from core.domain.ids import DeviceId, ShopId
from core.instants import now, to_us
from core.server.auth import operators
from core.server.http.problems import Refusal
from core.server.routes import ENDPOINTS, health
from core.server.settings import ServerSettings
from core.store import devices, migrate
from core.store.devices import Presence
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place
from tests.integration.push.test_socket import listener
from tests.support import shop
from tests.support.server import ServerThread
from tests.support.steps import NEXT


def figures(url: str, **options: Any) -> dict[str, float]:
    """`name{label="value",…}` → its value."""
    reply = Caller(url).call("GET", "/metrics", **options)
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def requested(found: dict[str, float], method: str, route: str, status: int) -> float:
    return found.get(f"orderbell_requests_total{{method={method},route={route},status={status}}}", 0)


def test_it_is_ready(place: Place) -> None:
    reply = place.nobody.get("/readyz")
    assert (reply.status_code, reply.json()["status"], reply.json()["warnings"]) == (200, "ready", [])


def test_a_schema_of_another_release_is_not_ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "head", lambda: "9999")
    reply = place.nobody.get("/readyz")
    assert (reply.status_code, reply.json()["type"]) == (503, "not_ready")
    assert "9999" in reply.json()["detail"]
    assert reply.headers["Retry-After"]


def test_a_backup_that_was_not_made_is_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop goes on: it is no reason to send its tills away."""
    monkeypatch.setattr(place.server.services.backups, "problem", "the disk is full")
    reply = place.nobody.get("/readyz")
    assert (reply.status_code, reply.json()["warnings"]) == (200, ["The last backup was not made."])
    assert "disk" not in reply.text
    assert figures(place.server.url)["orderbell_backup_failed{}"] == 1


def test_a_database_that_is_gone_is_not_ready(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    with ServerThread(tmp_path) as server:
        server.database.close()
        reply = requests.get(f"{server.url}/readyz", timeout=20)
        assert (reply.status_code, reply.json()["type"]) == (503, "not_ready")
        assert reply.json()["detail"] == "It takes no writes. The database does not answer."
        assert figures(server.url)["orderbell_database_up{}"] == 0


def test_requests_are_counted_by_route_and_status(place: Place) -> None:
    before = figures(place.server.url)
    order = place.ada.place()
    for order_id in (order["id"], order["id"], "nothing"):
        place.ada.get(f"/api/online/orders/{order_id}/")
    place.nobody.get("/nothing/at/all")
    after = figures(place.server.url)

    def more(method: str, route: str, status: int) -> float:
        return requested(after, method, route, status) - requested(before, method, route, status)

    assert more("POST", "/api/online/orders/", 201) == 1
    assert more("GET", "/api/online/orders/{order_id}/", 200) == 2
    assert more("GET", "/api/online/orders/{order_id}/", 404) == 1
    assert more("", "(other)", 404) == 1
    name = "orderbell_request_seconds_count{method=GET,route=/api/online/orders/{order_id}/}"
    assert after[name] - before.get(name, 0) == 3
    assert after["orderbell_commit_group_count{}"] > before["orderbell_commit_group_count{}"]
    head = f"orderbell_events_head{{shop={place.world.shop}}}"
    assert after[head] == before[head] + 1
    assert after["orderbell_database_up{}"] == 1


def test_nobody_can_make_figures_up(place: Place) -> None:
    """A route is the table's, so what is asked for adds no names and no secret becomes one."""
    for number in range(20):
        place.nobody.get(f"/made/up/{number}")
        place.ada.get(f"/api/online/orders/{place.ada.token[:40]}{number}/")
    known = {endpoint.route.path for endpoint in ENDPOINTS} | {"(other)"}
    text = place.nobody.get("/metrics").text
    assert set(re.findall(r'route="([^"]*)"', text)) <= known
    assert place.ada.token[:20] not in text


def test_screens_and_what_they_wait_for_are_measured(place: Place) -> None:
    def told() -> float:
        return figures(place.server.url)["orderbell_push_seconds_count{}"]

    with listener(place.kim) as kim, listener(place.ada) as ada, listener(place.grace) as grace:
        for one in (kim, ada, grace):
            one.caught_up()
        found = figures(place.server.url)
        assert found["orderbell_screens{kind=staff}"] == 1
        assert found["orderbell_screens{kind=customer}"] == 2
        assert found["orderbell_screens{kind=display}"] == 0
        before = told()
        kim.until_about(place.ada.place()["id"])
        ada.until_about(place.ada.place()["id"])
        assert told() > before


def test_devices_are_seen_by_name_while_they_are_few(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    till = f"{{device={shop.DEVICE},shop={place.world.shop}}}"
    with listener(place.kim) as kim:
        order = place.ada.place()
        kim.until_about(order["id"])
        kim.caught_up()
        found = figures(place.server.url)
        assert found[f"orderbell_device_lag_events{till}"] == 0
        assert abs(found[f"orderbell_device_contact_timestamp_seconds{till}"] - time.time()) < 60
        assert found["orderbell_devices{kind=terminal,state=heard}"] >= 1
    assert place.kim.move(order, NEXT).status_code == 200
    assert figures(place.server.url)[f"orderbell_device_lag_events{till}"] == 1
    monkeypatch.setattr(health, "DEVICES_NAMED", 1)
    found = figures(place.server.url)
    assert not [name for name in found if "device=" in name]
    assert found["orderbell_devices{kind=terminal,state=heard}"] >= 1


def test_a_process_that_tells_a_device_nothing_leaves_what_is_known_of_it(place: Place) -> None:
    """It is heard of by requests here, and follows what happens there."""
    world, at_us = place.world, to_us(now()) + 3_600_000_000

    def keep(later: int, position: int | None) -> None:
        contact = Presence(
            shop_id=ShopId(world.other_shop),
            device_id=DeviceId(shop.OTHER_DEVICE),
            at_us=at_us + later,
            position=position,
            app_version="1",
        )
        place.server.database.write_blocking(lambda transaction: devices.record_presence(transaction, [contact]))

    keep(0, 7)
    keep(1, None)
    kept = place.rows(
        "SELECT position, contact_at FROM devices WHERE shop_id = ? AND contact_at > ?", world.other_shop, at_us
    )
    assert kept == [(7, at_us + 1)]


def test_two_apps_in_one_process_have_figures_of_their_own(place: Place, tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    place.ada.place()
    with ServerThread(tmp_path) as other:
        assert requested(figures(other.url), "POST", "/api/online/orders/", 201) == 0


def test_a_line_of_the_access_log_has_the_route_and_not_the_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path), access_log=True)
    with ServerThread(tmp_path, settings) as server, caplog.at_level(logging.INFO, "orderbell.access"):
        ada = calls.customer(server)
        caplog.clear()
        reply = ada.get("/api/online/orders/s3cret/", params={"q": "s3cret"})
        server.stop()  # which ends with what is said of the last answer
        said = [record for record in caplog.records if record.name == "orderbell.access"]
    (line,) = [record for record in said if "sign-in" not in record.getMessage()]  # what is said of that may come late
    facts = vars(line)
    assert line.getMessage() == "GET /api/online/orders/{order_id}/ 404"
    assert facts["request_id"] == reply.headers["X-Request-Id"]
    assert (facts["route"], facts["status"]) == ("/api/online/orders/{order_id}/", 404)
    assert (facts["subject"], facts["address"]) == (world.ada, "127.0.0.1")
    assert facts["ms"] > 0
    assert "s3cret" not in str(facts)


# -- who may read them


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "rebound.example:8765"},
        {"Host": "127.0.0.1.rebound.example"},
    ],
)
def test_what_came_through_a_proxy_or_a_browser_is_not_from_here(place: Place, headers: dict[str, str]) -> None:
    reply = place.nobody.call("GET", "/metrics", headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (403, "forbidden")
    assert "orderbell_" not in reply.text


@pytest.mark.parametrize("client", [("192.168.1.20", 1), ("203.0.113.7", 1), None, ("", 0)])
def test_the_network_is_not_here(client: tuple[str, int] | None) -> None:
    with pytest.raises(Refusal) as refused:
        operators.admit({"client": client}, {b"host": b"localhost", b"orderbell-here": b"s"}, "", "s")
    assert refused.value.problem.status == 403


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8765", b"127.0.0.1:8765", b"[::1]:8765", b"[::1]"])
def test_this_machine_is_here(host: bytes) -> None:
    for address in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
        operators.admit({"client": (address, 1)}, {b"host": host, b"orderbell-here": b"s"}, "", "s")


def test_with_a_token_set_it_is_the_token_and_nothing_else(tmp_path: Path) -> None:
    shop.lay_out(tmp_path / "orderbell.db")
    settings = ServerSettings(port=0, data_dir=str(tmp_path), metrics_token="the-operators-own-s3cret")
    with ServerThread(tmp_path, settings) as server:
        kim = calls.staff(server)
        right = "Bearer the-operators-own-s3cret"
        for wrong in (
            "",
            "Bearer ",
            "Bearer the-operators-own-s3cre",
            "Basic the-operators-own-s3cret",
            f"Bearer {kim.token}",
        ):
            refused = requests.get(f"{server.url}/metrics", headers={"Authorization": wrong}, timeout=20)
            assert (refused.status_code, refused.json()["type"]) == (401, "unauthenticated"), wrong
        forwarded = {"Authorization": right, "X-Forwarded-For": "203.0.113.7", "Host": "shop.example"}
        assert figures(server.url, headers=forwarded)["orderbell_database_up{}"] == 1
