"""What finds an order, at both ends: an exact number first, part of a number, words of a name, a phone number."""

import msgspec
import pytest

from core.domain.ids import new_order_id
from core.domain.order import Order
from core.domain.search import (
    TABLE_WORDS,
    Facts,
    Keys,
    Sought,
    begins_words,
    count_key,
    end_keys,
    folded,
    index_keys,
    part_key,
    words_of,
)
from core.domain.status import Fulfilment
from core.protocol.requests import OrderQuery
from resources.locale.update import catalogues
from tests.support.desk import new_order


def order(name: str = "", number: str = "POS1-000042", phone: str = "", **more: object) -> Order:
    made = new_order(new_order_id())
    return msgspec.structs.replace(made, number=number, customer_name=name, customer_phone=phone, **more)


ORDER = order("Zoë Ångström", phone="15550101234")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Ömer", "omer"),
        ("ÖMER", "omer"),
        ("O\N{COMBINING DIAERESIS}mer", "omer"),
        ("ЖАННА", "жанна"),
        ("Ёлка", "елка"),
        ("Ángel", "angel"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("ISPARTA", "isparta"),
        ("ısparta", "isparta"),
        ("İzmir", "izmir"),
        ("Ødegård Łukasz Đorđe", "odegard lukasz dorde"),
        ("ΣΟΦΟΣ", "σοφοσ"),
        ("σοφός", "σοφοσ"),
        ("٤۲४\N{FULLWIDTH DIGIT TWO}", "4242"),
        ("مُحَمَّد", "محمد"),
        ("محـــمد", "محمد"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", "obrien"),
        ("\N{LEFT-TO-RIGHT MARK}Ana", "ana"),
    ],
)
def test_texts_are_compared_without_case_accents_and_kinds_of_digits(text: str, wanted: str) -> None:
    assert folded(text) == wanted
    assert folded(folded(text)) == wanted


def test_words_are_letters_and_digits_of_any_script() -> None:
    assert words_of(" Anna-Lena\N{NO-BREAK SPACE}Müller, #12 ") == ("anna", "lena", "muller", "12")
    assert words_of("%_!🍕") == ()
    assert words_of("हिन्दी नाम") == words_of("हिन्दी") + words_of("नाम")


@pytest.mark.parametrize(
    "typed",
    [
        "", "  ", "42", "000042", "4", "0042", "0000042", "POS1-0000", "pos1", "pos1 42", "POS1 0042", "zoë", "zoe",
        "ÅNGSTRÖM", "angstrom zoe", " zoë ång ", "5550101", "555 01 01", "+1 (555) 010-1234", "001 555 010 1234",
        "1234", "POS1-000042", "٤٢",
    ],
)  # fmt: skip
def test_what_finds_it(typed: str) -> None:
    assert Sought.of(typed).finds(ORDER)


@pytest.mark.parametrize(
    "typed",
    [
        "43",
        "kim",
        "5550102",
        "online-000042",
        "pos2 42",
        "555",
        "zoe 1234",
        "zoe 555",
        "strom",
        "%",
        "!",
        "_",
        "zoë kim",
    ],
)
def test_what_does_not(typed: str) -> None:
    assert not Sought.of(typed).finds(ORDER)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ömer", "Ömer"), ("ÖMER", "ömer"), ("omer", "Ömer"), ("жанна", "Жанна"), ("ЖАН", "Жанна"), ("ángel", "Ángel"),
        ("angel", "ÁNGEL"), ("strasse", "Anna Straße"), ("İsmail", "ismail"), ("o'b", "O’Brien"), ("obrien", "O'Brien"),
        ("小明", "王小明"), ("민수", "김민수"), ("lena", "Anna-Lena"),
    ],
)  # fmt: skip
def test_names_are_found_however_they_are_written(typed: str, name: str) -> None:
    assert Sought.of(typed).finds(order(name))


def test_a_digit_in_a_text_is_no_part_of_a_phone_or_of_another_number() -> None:
    table = Sought.of("Table 7")
    assert table.finds(order("Table 7"))
    assert table.finds(order("Table 7, terrace"))
    for other in (
        order("Table 8", phone="15550107777"),
        order("Table 70"),
        order("Table 8", number="POS1-000007"),
        order("", phone="7777"),
    ):
        assert not table.finds(other), other.customer_name


def test_a_table_is_found_as_windows_call_it() -> None:
    """An order for guests who eat here that is named `7` is shown as `Table 7`, in the reader's language."""
    at_table = order("7", fulfilment=Fulfilment.DINE_IN)
    for typed in ("Table 7", "tab 7", "mesa 7", "MESA 7", "7", "طاولة ٧"):
        assert Sought.of(typed).finds(at_table), typed
        assert not Sought.of(typed).finds(msgspec.structs.replace(at_table, customer_name="8")), typed
    assert not Sought.of("Table 7").finds(msgspec.structs.replace(at_table, fulfilment=Fulfilment.PICKUP))
    said = ["Table {table}"]
    for _, catalogue in catalogues():
        message = catalogue["Table {table}"]
        said.append(str(message.string))
    assert {text.replace("{table}", "").strip().casefold() for text in said} == set(TABLE_WORDS)


def test_a_complete_number_finds_that_order_and_none_that_contains_it() -> None:
    """A scanner reads it, in either case."""
    for typed in ("POS1-000042", "pos1-000042", " POS1-000042\n"):
        sought = Sought.of(typed)
        assert sought.finds(ORDER)
        assert not sought.finds(msgspec.structs.replace(ORDER, number="POS1-0000421"))
        assert not sought.finds(msgspec.structs.replace(ORDER, number="XPOS1-000042"))
        assert not sought.finds(msgspec.structs.replace(ORDER, number="POS1-000043", customer_name="pos1-000042"))
    longer = Sought.of("POS1-1000042")
    assert longer.numbers
    assert not longer.finds(ORDER)


def test_an_exact_number_comes_first() -> None:
    """With or without its series and its zeros; of the others the order stays."""
    there = [order(number=number) for number in ("POS1-000420", "POS2-000042", "POS1-000142", "POS1-000042")]

    def found(typed: str) -> list[str]:
        return [each.number for each in OrderQuery(q=typed).finds(there)]

    assert found("42") == ["POS2-000042", "POS1-000042", "POS1-000420", "POS1-000142"]
    assert found("0042")[:2] == ["POS2-000042", "POS1-000042"]
    assert found("pos1 42") == ["POS1-000042", "POS1-000420", "POS1-000142"]
    assert found("POS1-000042") == ["POS1-000042"]


def test_an_id_finds_nothing() -> None:
    hidden = msgspec.structs.replace(ORDER, id="0198a2b4-1381-7000-8000-000000000138")
    assert not Sought.of("138").finds(hidden)
    assert not Sought.of("0198a2b4").finds(hidden)


def test_words_without_a_digit_look_at_no_phone_number() -> None:
    """No digit is in every number."""
    assert not Sought.of("somebody").finds(ORDER)
    assert not Sought.of("!").finds(msgspec.structs.replace(ORDER, customer_phone=""))


def test_every_word_begins_one_of_a_name() -> None:
    assert begins_words("Jalapeño-Poppers", words_of("PÓP jala"))
    assert not begins_words("Jalapeño-Poppers", words_of("oppers"))


@pytest.mark.parametrize(
    "typed", ["+49 170 1234567", "+49 (0)170 1234567", "0049 170-1234567", "٠٠٤٩ ١٧٠ ١٢٣٤٥٦٧", "+49 170 12"]
)
@pytest.mark.parametrize("kept", ["+491701234567", "01701234567", "1701234567", "00491701234567", "4901701234567"])
def test_every_form_of_a_phone_number_finds_the_order_in_whatever_form_it_is_kept(typed: str, kept: str) -> None:
    """Earlier releases kept a number as it was dialled."""
    found, sought = order(phone=kept), Sought.of(typed)
    assert sought.finds(found)
    (keys,) = sought.keys({})
    assert has_any({*index_keys(Facts.of(found)), *end_keys(found.customer_phone)}, keys)


def test_a_number_with_its_countrys_code_is_none_of_another_country() -> None:
    assert not Sought.of("+49 30 1234567").finds(order(phone="+43301234567"))
    assert not Sought.of("0170 1234567").finds(order(phone="+49301234567"))


NAMES = ("Ömer Ünal", "O'Brien", "Table 7", "7", "12 B", "王小明", "김민수", "", "5550", "x" * 80)
TYPED = (
    "omer", "ün öm", "OBRI", "table 7", "mesa 7", "7", "12", "b 12", "小明", "민수", "5550", "0555 0", "pos1 42",
    "pos 004", "420", "0042", "00042", "0000042", "online", "1234", "234", "15550101234", "0015550",
    "+1 555 0101", "x" * 80, "x" * 41,
    "gift-99", "gift", "99",
)  # fmt: skip


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_found_has_the_keys_that_are_asked_for(typed: str) -> None:
    """The server looks at no order without them, but those of exactly the number."""
    numbers = ("POS1-000042", "POS1-000420", "ONLINE-1000042", "GIFT-99", "odd")
    every = [
        order(name, number, phone, fulfilment=fulfilment)
        for name in NAMES
        for number in numbers
        for phone in ("", "+15550101234", "5550101234")
        for fulfilment in (Fulfilment.PICKUP, Fulfilment.DINE_IN)
    ]
    sought, series = Sought.of(typed), {"POS1": 999_999, "ONLINE": 1_000_138, "GIFT": 0}
    found = [each for each in every if sought.finds(each) and not sought.is_exactly(each.number)]
    assert found or sought.count is not None
    for each in found:
        has = {*index_keys(Facts.of(each)), *end_keys(each.customer_phone)}
        for keys in sought.keys(series):
            assert has_any(has, keys), (each.number, each.customer_name, keys)


def has_any(has: set[str], keys: Keys) -> bool:
    wholes = (*keys.wholes, *map(count_key, keys.counts))
    beginnings = (*keys.beginnings, *map(part_key, keys.phones))
    return any(key in has for key in wholes) or any(each.startswith(key) for each in has for key in beginnings)


@pytest.mark.parametrize("last", [0, 7, 138, 5_000, 999_999, 1_234_567])
@pytest.mark.parametrize("digits", ["000", "138", "0138", "9999", "00042", "000042", "1234567", "0000042"])
def test_the_counts_with_some_digits_are_all_of_them(digits: str, last: int) -> None:
    listed = Sought.of(digits).keys({"POS1": 3, "ONLINE": last})[0].counts
    step = 1 if last < 10_000 else 7
    assert {count for count in listed if count % step == 0} == {
        count for count in range(0, max(last, 3) + 1, step) if digits in f"{count:06d}" or int(digits) == count
    }


def test_so_many_counts_have_a_few_digits_that_they_are_not_listed() -> None:
    assert Sought.of("13").keys({"ONLINE": 5_000}) == []
    assert Sought.of("138").keys({"ONLINE": 2_000_001}) == []
    assert len(Sought.of("138").keys({"ONLINE": 2_000_000})[0].counts) < 20_000
