"""A manager who has enrolled allows things without a server by their PIN, and nobody by guessing."""

from pathlib import Path

import pytest

from core.client.device import enrolled
from core.client.device.enrolled import MOST_WRONG, Enrolled, WrongPin
from core.client.storage.seal import Seal
from core.domain.ids import ShopId, StaffId
from core.domain.people import Role
from core.protocol.rights import Enrolment
from tests.support.sealing import opened

pytestmark = pytest.mark.usefixtures("ring")

SHOP, OTHER = ShopId("s1"), ShopId("s2")
KEY = bytes(range(32))
MAX = Enrolment(staff=StaffId("max"), name="Max", role=Role.MANAGER, key=KEY.hex())
MO = Enrolment(staff=StaffId("mo"), name="Mo", role=Role.MANAGER, key=KEY[::-1].hex())


def known(seal: Seal, name: str = "Max") -> Enrolled:
    found = enrolled.find(seal, SHOP, name)
    assert found is not None
    return found


def wrong(seal: Seal, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(WrongPin):
            enrolled.key_of(seal, known(seal), "000000")


def test_the_pin_opens_the_key_and_no_other_does(seal: Seal) -> None:
    assert enrolled.find(seal, SHOP, "Max") is None
    assert enrolled.keep(seal, SHOP, MAX, "246810")
    assert enrolled.keep(seal, SHOP, MO, "135791")
    assert enrolled.key_of(seal, known(seal, " max "), "246810") == KEY
    assert enrolled.key_of(seal, known(seal, "Mo"), "135791") == KEY[::-1]
    with pytest.raises(WrongPin):
        enrolled.key_of(seal, known(seal, "Mo"), "246810")
    assert enrolled.keep(seal, SHOP, MAX, "975310"), "anew, with another PIN"
    with pytest.raises(WrongPin):
        enrolled.key_of(seal, known(seal), "246810")
    assert enrolled.key_of(seal, known(seal), "975310") == KEY


def test_five_wrong_ones_and_only_the_server_helps(seal: Seal) -> None:
    enrolled.keep(seal, SHOP, MAX, "246810")
    wrong(seal, MOST_WRONG - 1)
    assert enrolled.key_of(seal, known(seal), "246810") == KEY, "a right one begins the count anew"
    held = known(seal)
    wrong(seal, MOST_WRONG)
    assert enrolled.find(seal, SHOP, "Max") is None
    with pytest.raises(WrongPin):
        enrolled.key_of(seal, held, "246810")
    enrolled.keep(seal, SHOP, MAX, "246810")
    assert enrolled.key_of(seal, known(seal), "246810") == KEY


@pytest.mark.parametrize("use", [True, False], ids=["keyring", "key file"])
def test_a_file_that_is_put_back_gives_no_further_tries(path: Path, use: bool) -> None:
    with opened(path, use=use) as seal:
        enrolled.keep(seal, SHOP, MAX, "246810")
        wrong(seal, 2)
    before = path.read_bytes()
    with opened(path, use=use) as seal:
        wrong(seal)
    path.write_bytes(before)
    with opened(path, use=use) as seal:
        assert enrolled.find(seal, SHOP, "Max") is None, "what was put back is not read"


def test_a_program_that_is_ended_in_between_has_used_a_try(seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled.keep(seal, SHOP, MAX, "246810")

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(enrolled, "_box", killed)
    for _ in range(MOST_WRONG):
        with pytest.raises(KeyboardInterrupt):
            enrolled.key_of(seal, known(seal), "246810")
    assert enrolled.find(seal, SHOP, "Max") is None


def test_it_is_of_one_shop_and_nothing_of_it_is_readable(seal: Seal, path: Path) -> None:
    enrolled.keep(seal, SHOP, MAX, "246810")
    assert enrolled.find(seal, OTHER, "Max") is None
    said = b"\n".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file())
    for secret in (b'"name":"Max"', b"246810", KEY.hex().encode(), KEY):
        assert secret not in said
