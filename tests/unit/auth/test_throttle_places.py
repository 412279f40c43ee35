"""Where failed attempts are counted: what has proven itself is a place of its own, and one place's are no other's."""

from core.domain.ids import DeviceId, ShopId
from core.server.accounts import throttle

SHOP = ShopId("shop")
NEAR, FAR = "192.0.2.7", "198.51.100.9"


def test_without_a_screen_the_place_is_the_address() -> None:
    assert throttle.by_place(NEAR, "") == throttle.by_address(NEAR)
    assert throttle.by_places(NEAR, "") == (throttle.by_address(NEAR),)
    assert throttle.by_place(NEAR, "") != throttle.by_place(FAR, "")


def test_a_screen_is_a_place_wherever_it_stands_and_shares_a_limit_with_those_of_its_address() -> None:
    own, all_of_them = throttle.by_places(NEAR, "shop/KIOSK1")
    assert own == throttle.by_place(FAR, "shop/KIOSK1")
    assert own != throttle.by_place(NEAR, "shop/KIOSK2")
    assert (own.most, all_of_them.most) == (throttle.PER_ADDRESS, throttle.PER_SCREENS)
    assert throttle.by_places(NEAR, "shop/KIOSK2")[1] == all_of_them
    assert throttle.by_places(FAR, "shop/KIOSK1")[1] != all_of_them
    address = throttle.by_address(NEAR)
    assert all_of_them.scope == address.scope, "who unlocks the address unlocks its screens"
    assert all_of_them.origin != address.origin, "and others' attempts there lock none out"


def test_a_customers_own_client_is_limited_by_nothing_that_others_do() -> None:
    [own] = throttle.customer_counts("+15550100", NEAR, screen="", client="abc")
    assert own.most == throttle.PER_ACCOUNT
    elsewhere, place = throttle.customer_counts("+15550100", NEAR, screen="", client="")
    assert place == throttle.by_address(NEAR)
    assert (elsewhere.scope, elsewhere.most) == (own.scope, own.most)
    assert elsewhere.origin != own.origin
    at_screen, *places = throttle.customer_counts("+15550100", NEAR, screen="shop/KIOSK1", client="abc")
    assert tuple(places) == throttle.by_places(NEAR, "shop/KIOSK1")
    assert len({elsewhere.origin, own.origin, at_screen.origin}) == 3


def test_a_staff_sign_in_counts_at_its_till_or_in_the_network() -> None:
    till = DeviceId("POS1")
    name, device, tills = throttle.staff_counts(SHOP, " kIM ", NEAR, till, is_here=False)
    assert name.scope == throttle.staff_scope(SHOP, "Kim")
    assert (device.scope, device.most) == (throttle.device_scope(SHOP, till), throttle.PER_DEVICE)
    assert tills.scope == throttle.by_address(NEAR).scope
    assert tills.origin != throttle.by_address(NEAR).origin
    from_afar, address = throttle.staff_counts(SHOP, "Kim", NEAR, None, is_here=False)
    assert from_afar.scope == name.scope
    assert from_afar.origin != name.origin
    assert address == throttle.by_address(NEAR)


def test_one_name_is_another_account_in_each_shop_and_of_each_kind() -> None:
    scopes = [
        throttle.staff_scope(SHOP, "1234"),
        throttle.staff_scope(ShopId("other"), "1234"),
        throttle.device_scope(SHOP, DeviceId("1234")),
        throttle.customer_scope("1234"),
        throttle.customer_scope("1234@example.org"),
        throttle.address_scope("1234"),
        throttle.by_place("", "1234").scope,
    ]
    assert len(set(scopes)) == len(scopes)
    assert throttle.customer_scope(" Ada@Example.org ") == throttle.customer_scope("ada@example.org")
