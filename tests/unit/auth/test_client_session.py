"""The session: refreshed once for all who wait, and over when it is over."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from core.client.errors import ClientError, SignedOut, Unreachable
from core.client.http.session import Session
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
    return Session(tokens(0), issuer, clock)


def test_a_living_token_is_used_as_it_is(session: Session, issuer: Issuer) -> None:
    assert session.access_token() == "access-0"
    assert issuer.asked == []


def test_one_that_is_about_to_end_is_refreshed_first(session: Session, issuer: Issuer, clock: Clock) -> None:
    clock.now += LIFE_S - 21
    assert session.access_token() == "access-0"
    clock.now += 2
    assert [session.access_token(), session.access_token()] == ["access-1", "access-1"]
    assert [refresh_token for refresh_token, _ in issuer.asked] == ["refresh-0"]


def test_a_machine_that_slept_refreshes_first(issuer: Issuer, sleep: Callable[[float], None]) -> None:
    session = Session(tokens(0), issuer)
    assert session.access_token() == "access-0"
    sleep(LIFE_S)
    assert session.access_token() == "access-1"


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
    with pytest.raises(SignedOut, match="revoked"):
        session.access_token()
    assert len(issuer.asked) == 1


def test_who_signed_out_during_a_refresh_stays_signed_out(session: Session, issuer: Issuer) -> None:
    issuer.meanwhile = session.end
    with pytest.raises(SignedOut, match="meanwhile"):
        session.access_token(rejected="access-0")
    assert session.tokens is None


def of(person: str, number: int, **more: str) -> Tokens:
    other = Person(id=person, role=Role.CUSTOMER, name=person.title())
    return msgspec.structs.replace(tokens(number), person=other, **more)


def test_once_ended_it_is_dead_whoever_signs_in(session: Session) -> None:
    session.end()
    assert not session.renew(tokens(50))
    assert not session.renew(of("grace", 51))
    assert session.tokens is None
    assert session.ended
    with pytest.raises(SignedOut, match="meanwhile"):
        session.access_token(rejected="access-0")


def test_the_same_person_goes_on_with_it_and_nobody_else(session: Session, issuer: Issuer) -> None:
    assert not session.renew(of("grace", 50))
    assert session.access_token() == "access-0"
    issuer.failure = SignedOut("revoked")
    with pytest.raises(SignedOut, match="revoked"):
        session.access_token(rejected="access-0")
    assert not session.ended
    assert session.renew(tokens(51))
    assert session.access_token() == "access-51"


@pytest.mark.parametrize("refused", [True, False])
def test_who_has_signed_in_again_during_a_refresh_goes_on(session: Session, issuer: Issuer, *, refused: bool) -> None:
    issuer.meanwhile = lambda: session.renew(tokens(50))
    issuer.failure = SignedOut("revoked") if refused else None
    assert session.access_token(rejected="access-0") == "access-50"
    assert session.tokens == tokens(50)


@pytest.mark.parametrize(
    "answer", [of("grace", 1), of("ada", 1, shop="elsewhere"), of("ada", 1, shop="here", device="POS2")]
)
def test_a_refresh_that_is_answered_with_anybody_elses_tokens_ends_it(answer: Tokens) -> None:
    session = Session(of("ada", 0, shop="here", device="POS1"), lambda _token, _op_id: answer, Clock())
    with pytest.raises(SignedOut, match="somebody else's"):
        session.access_token(rejected="access-0")
    assert session.tokens is None


def test_what_an_older_server_did_not_say_may_be_said_later() -> None:
    answer = of("ada", 1, shop="here", device="POS1")
    session = Session(of("ada", 0), lambda _token, _op_id: answer, Clock())
    assert session.access_token(rejected="access-0") == "access-1"


def test_leaving_waits_for_no_refresh(session: Session, issuer: Issuer) -> None:
    asked, answered = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        assert answered.wait(20)

    issuer.meanwhile = hang
    with ThreadPoolExecutor(1) as pool:
        token = pool.submit(session.access_token, rejected="access-0")
        assert asked.wait(10)
        session.end()
        assert not token.done()
        answered.set()
        with pytest.raises(SignedOut, match="meanwhile"):
            token.result(10)


def test_a_sign_out_is_not_undone_by_a_refresh_about_to_end(issuer: Issuer) -> None:
    """The tokens are being kept when the person signs out: the sign-out has the last word."""
    held: list[Session] = []
    leaving = threading.Thread(target=lambda: held[0].end())

    def keep(kept: Tokens | None, _op_id: OpId) -> None:
        if kept is not None and kept.access_token == "access-1":
            leaving.start()
            leaving.join(0.1)  # time enough to slip in, were there a gap

    held.append(Session(tokens(0), issuer, Clock(), keep))
    assert held[0].access_token(rejected="access-0") == "access-1"
    leaving.join(10)
    assert held[0].tokens is None


def test_every_change_is_kept(issuer: Issuer) -> None:
    kept: list[tuple[str | None, OpId]] = []

    def keep(held: Tokens | None, op_id: OpId) -> None:
        kept.append((held.refresh_token if held else None, op_id))

    session = Session(tokens(0), issuer, Clock(), keep)
    session.access_token(rejected="access-0")
    session.end()
    session.end()
    assert [refresh_token for refresh_token, _ in kept] == ["refresh-0", "refresh-1", None]
    assert issuer.asked == [kept[0]], "a refresh is asked under the op id that was kept with its token"


def test_a_session_of_an_earlier_run_is_refreshed_before_it_is_used(issuer: Issuer) -> None:
    op_id = new_op_id()
    session = Session(tokens(0), issuer, Clock(), op_id=op_id)
    assert session.access_token() == "access-1"
    assert issuer.asked == [("refresh-0", op_id)]


@pytest.mark.parametrize("says_s", [10**400, -(10**400)])
def test_no_life_of_a_token_is_too_long_to_count(issuer: Issuer, clock: Clock, says_s: int) -> None:
    session = Session(msgspec.structs.replace(tokens(0), expires_in_s=says_s), issuer, clock)
    clock.now += 24 * 3600
    assert session.access_token() == "access-1"
