"""The process dies in the middle of its work: what was acknowledged is there, once, and nothing is half there."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.calls import Caller, new_key
from tests.support import databases
from tests.support.server import ServerProcess

pytestmark = pytest.mark.slow

ADA = {"login": "+1 555 0100", "password": "orderbell"}
WRITERS = 8
BEFORE_THE_END = 40


def body() -> dict[str, Any]:
    return {"lines": [{"item_id": "coffee", "quantity": 2}, {"item_id": "fries", "modifier_ids": ["large"]}]}


def test_a_killed_server_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    sent: list[str] = []
    acknowledged: dict[str, dict[str, Any]] = {}
    enough, ended = threading.Event(), threading.Event()
    with ServerProcess(tmp_path, "--demo") as server:
        ada = Caller(server.url, Caller(server.url).post("/api/auth/sign-in/", ADA).json())

        def write(_: int) -> None:
            while not ended.is_set():
                key = new_key()
                sent.append(key)
                try:
                    reply = ada.post("/api/online/orders/", body(), key=key)
                except requests.RequestException:
                    return
                assert reply.status_code == 201, reply.text
                acknowledged[key] = reply.json()
                if len(acknowledged) >= BEFORE_THE_END:
                    enough.set()

        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write, n) for n in range(WRITERS)]
            assert enough.wait(60)
            server.kill()
            ended.set()
            for writer in writers:
                writer.result()
    with ServerProcess(tmp_path) as server:
        ada = Caller(server.url, Caller(server.url).post("/api/auth/sign-in/", ADA).json())
        for order in acknowledged.values():
            assert ada.get(f"/api/online/orders/{order['id']}/").json() == order
        # Everything again, as clients do that got no answer: what was done is answered, what was lost is done.
        with ThreadPoolExecutor(WRITERS) as pool:
            again = dict(
                zip(sent, pool.map(lambda key: ada.post("/api/online/orders/", body(), key=key), sent), strict=True)
            )
        assert {reply.status_code for reply in again.values()} == {201}
        for key, order in acknowledged.items():
            assert again[key].json() == order
            assert again[key].headers["Idempotency-Replayed"] == "true"
        assert len({reply.json()["id"] for reply in again.values()}) == len(sent)
        page = ada.get("/api/online/orders/history/?limit=100").json()
        assert page["total"] == len(sent)
        numbers = sorted(int(reply.json()["number"].rpartition("-")[2]) for reply in again.values())
        assert numbers == list(range(1, len(sent) + 1))
        assert server.stop() == 0


def test_a_stopped_server_answers_what_it_accepted(tmp_path: Path) -> None:
    """Asked to stop under load it refuses what is new, but whatever it did, it has answered.

    A request may reach a connection in the moment in which the server closes it. Its sender is told nothing; so nothing
    may have been done either.
    """
    answers: dict[str, int] = {}
    unanswered: list[str] = []
    enough = threading.Event()
    with ServerProcess(tmp_path, "--demo") as server:
        ada = Caller(server.url, Caller(server.url).post("/api/auth/sign-in/", ADA).json())

        def write(_: int) -> None:
            while True:
                key = new_key()
                try:
                    reply = ada.post("/api/online/orders/", body(), key=key)
                except requests.ConnectionError:
                    unanswered.append(key)
                    return
                answers[reply.json()["id"]] = reply.status_code
                if len(answers) >= BEFORE_THE_END:
                    enough.set()

        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write, n) for n in range(WRITERS)]
            assert enough.wait(60)
            assert server.stop() == 0
            for writer in writers:
                writer.result()
    assert len(unanswered) == WRITERS
    assert set(answers.values()) == {201}
    with ServerProcess(tmp_path) as server:
        ada = Caller(server.url, Caller(server.url).post("/api/auth/sign-in/", ADA).json())
        assert ada.get("/api/online/orders/history/").json()["total"] == len(answers)
        again = [ada.post("/api/online/orders/", body(), key=key) for key in unanswered]
        assert {(reply.status_code, "Idempotency-Replayed" in reply.headers) for reply in again} == {(201, False)}


def test_the_first_run_says_what_it_made_and_the_second_nothing(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        said = "\n".join(server.said)
        for made in (
            "keys.json",
            str(databases.url(tmp_path / "orderbell.db")).rpartition("/")[2],
            "POS1",
            "admin",
            "cashier",
        ):
            assert made in said
        pins = [line.rpartition(" ")[2] for line in server.said if "PIN " in line]
        names = [line.split()[1].rstrip(",") for line in server.said if "PIN " in line]
        assert len(pins) == 2
        for name, pin in zip(names, pins, strict=True):
            staff = {"staff": name, "pin": pin, "device": "POS1"}
            assert Caller(server.url).post("/api/auth/staff/sign-in/", staff).status_code == 200
    with ServerProcess(tmp_path) as server:
        assert server.said == []
    with ServerProcess(tmp_path / "other") as server:
        assert not set(pins) & {line.rpartition(" ")[2] for line in server.said if "PIN " in line}
