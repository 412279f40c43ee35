"""What has expired is forgotten, in steps, and nothing that may still be needed."""

from datetime import timedelta
from functools import partial
from typing import Any

from core.instants import now, to_us
from core.server.jobs import expiry
from core.store import sessions
from tests.integration import calls
from tests.integration.calls import Caller
from tests.integration.conftest import Place


def refreshed(caller: Caller) -> Any:
    return Caller(caller.url).post("/api/auth/refresh/", {"refresh_token": caller.signed_in["refresh_token"]})


def newest_session(place: Place, at: int = -1) -> str:
    return str(place.rows("SELECT id FROM sessions ORDER BY created_at, id")[at][0])


def expire(place: Place, session_id: str) -> None:
    """As if nobody had come back for long."""
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE refresh_tokens SET expires_at = 1 WHERE session_id = '{session_id}'")


def trim(place: Place, step: int = expiry.STEP) -> int:
    before_us = to_us(now() - timedelta(days=1))
    return place.server.database.write_blocking(partial(sessions.trim, before_us=before_us, step=step))


def tokens_of(place: Place, session_id: str) -> int:
    return int(place.rows("SELECT count(*) FROM refresh_tokens WHERE session_id = ?", session_id)[0][0])


def test_a_session_that_nobody_came_back_to_is_forgotten(place: Place) -> None:
    gone, alive = calls.customer(place.server), calls.customer(place.server)
    gone_id = newest_session(place, -2)
    alive_id = newest_session(place)
    assert refreshed(alive).status_code == 200
    expire(place, gone_id)
    assert trim(place) == 1
    assert (tokens_of(place, gone_id), tokens_of(place, alive_id)) == (0, 2)
    assert place.rows("SELECT count(*) FROM sessions WHERE id = ?", gone_id) == [(0,)]
    assert alive.get("/api/online/orders/history/").status_code == 200
    assert refreshed(gone).status_code == 401


def test_a_session_with_one_token_left_stays(place: Place) -> None:
    caller = calls.customer(place.server)
    session_id = newest_session(place)
    assert refreshed(caller).status_code == 200
    with place.server.database.engine.connect() as connection:
        connection.exec_driver_sql(
            f"UPDATE refresh_tokens SET expires_at = 1 WHERE session_id = '{session_id}' AND generation = 1"
        )
    trim(place)
    assert tokens_of(place, session_id) == 1
    assert caller.get("/api/online/orders/history/").status_code == 200


def test_it_is_done_in_steps(place: Place) -> None:
    for _ in range(3):
        calls.customer(place.server)
    for at in (-1, -2, -3):
        expire(place, newest_session(place, at))
    assert [trim(place, 2), trim(place, 2), trim(place, 2)] == [2, 1, 0]
