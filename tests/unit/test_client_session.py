"""The session: refreshed once for all who wait, and over when it is over."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.client.errors import ClientError, SignedOut, Unreachable
from core.client.session import Session
from core.domain.ids import OpId, new_op_id
from core.domain.people import Person, Role
from core.protocol.replies import Tokens

LIFE_S = 600


def tokens(number: int) -> Tokens:
    ada = Person(id="ada", role=Role.CUSTOMER, name="Ada")
    return Tokens(access_token=f"access-{number}", refresh_token=f"refresh-{number}", expires_in_s=LIFE_S, person=ada)


class Issuer:
    """Gives the next pair, keeps what it was asked with, and raises what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, OpId]] = []
        self.failure: ClientError | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, refresh_token: str, op_id: OpId) -> Tokens:
        self.asked.append((refresh_token, op_id))
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return tokens(len(self.asked))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(issuer: Issuer, clock: Clock) -> Session:
    made = Session(issuer, clock)
    made.start(tokens(0))
    return made


def test_a_living_token_is_used_as_it_is(session: Session, issuer: Issuer) -> None:
    assert session.access_token() == "access-0"
    assert issuer.asked == []


def test_one_that_is_about_to_end_is_refreshed_first(session: Session, issuer: Issuer, clock: Clock) -> None:
    clock.now += LIFE_S - 21
    assert session.access_token() == "access-0"
    clock.now += 2
    assert [session.access_token(), session.access_token()] == ["access-1", "access-1"]
    assert [refresh_token for refresh_token, _ in issuer.asked] == ["refresh-0"]


def test_one_that_was_refused_is_refreshed_although_it_looks_alive(session: Session) -> None:
    assert session.access_token(rejected="access-0") == "access-1"


def test_many_who_wait_share_one_refresh(session: Session, issuer: Issuer) -> None:
    waiting = threading.Barrier(8)

    def ask(_: int) -> str:
        waiting.wait(10)
        return session.access_token(rejected="access-0")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"access-1"}
    assert len(issuer.asked) == 1


def test_a_refresh_whose_reply_was_lost_is_asked_again_under_the_same_op_id(session: Session, issuer: Issuer) -> None:
    issuer.failure = Unreachable("lost")
    with pytest.raises(Unreachable):
        session.access_token(rejected="access-0")
    issuer.failure = None
    assert session.access_token(rejected="access-0") == "access-2"
    assert session.access_token(rejected="access-2") == "access-3"
    (first, again, next_) = issuer.asked
    assert first == again
    assert next_[0] == "refresh-2"
    assert next_[1] != first[1], "the next refresh is another operation"


def test_a_refused_refresh_ends_the_session(session: Session, issuer: Issuer) -> None:
    issuer.failure = SignedOut("revoked")
    with pytest.raises(SignedOut, match="revoked"):
        session.access_token(rejected="access-0")
    assert session.tokens is None
    with pytest.raises(SignedOut, match="Nobody"):
        session.access_token()
    assert len(issuer.asked) == 1


def test_who_signed_out_during_a_refresh_stays_signed_out(session: Session, issuer: Issuer) -> None:
    issuer.meanwhile = session.end
    with pytest.raises(SignedOut, match="meanwhile"):
        session.access_token(rejected="access-0")
    assert session.tokens is None


def test_the_next_person_is_not_handed_the_last_ones_token(session: Session, issuer: Issuer) -> None:
    def change_places() -> None:
        session.end()
        session.start(tokens(50))

    issuer.meanwhile = change_places
    with pytest.raises(SignedOut, match="meanwhile"):
        session.access_token(rejected="access-0")
    assert session.access_token() == "access-50"


def test_the_end_of_one_session_does_not_end_the_next_persons(session: Session, issuer: Issuer) -> None:
    def change_places() -> None:
        session.end()
        session.start(tokens(50))

    issuer.meanwhile = change_places
    issuer.failure = SignedOut("revoked")
    with pytest.raises(SignedOut, match="revoked"):
        session.access_token(rejected="access-0")
    assert session.access_token() == "access-50"


def test_a_sign_out_is_not_undone_by_a_refresh_about_to_end(issuer: Issuer) -> None:
    """The tokens are being kept when the person signs out: the sign-out has the last word."""
    held: list[Session] = []
    leaving = threading.Thread(target=lambda: held[0].end())

    def keep(kept: Tokens | None, _op_id: OpId) -> None:
        if kept is not None and kept.access_token == "access-1":
            leaving.start()
            leaving.join(0.1)  # time enough to slip in, were there a gap

    held.append(Session(issuer, Clock(), keep))
    held[0].start(tokens(0))
    assert held[0].access_token(rejected="access-0") == "access-1"
    leaving.join(10)
    assert held[0].tokens is None


def test_every_change_is_kept(issuer: Issuer) -> None:
    kept: list[tuple[str | None, OpId]] = []
    session = Session(issuer, Clock(), lambda held, op_id: kept.append((held.refresh_token if held else None, op_id)))
    session.start(tokens(0))
    session.access_token(rejected="access-0")
    session.end()
    session.end()
    assert [refresh_token for refresh_token, _ in kept] == ["refresh-0", "refresh-1", None]
    assert issuer.asked == [kept[0]], "a refresh is asked under the op id that was kept with its token"


def test_a_session_of_an_earlier_run_is_refreshed_before_it_is_used(issuer: Issuer) -> None:
    session = Session(issuer, Clock())
    op_id = new_op_id()
    session.resume(tokens(0), op_id)
    assert session.access_token() == "access-1"
    assert issuer.asked == [("refresh-0", op_id)]
