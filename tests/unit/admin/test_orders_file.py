"""Real orders from a file: the menu, the orders and the sums; and a sentence for every way a file can be wrong."""

from pathlib import Path

import pytest

from core.admin.demo.orders_file import COLUMNS, OrdersFileError, read
from core.domain.menu import check_menu
from core.domain.order import price_lines

HEADER = "\t".join(COLUMNS)


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "orders.tsv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def test_orders_lines_and_sums(tmp_path: Path) -> None:
    file = read(
        write(
            tmp_path,
            "1\t1\tChips\tNULL\t$2.39",
            "1\t2\tIzze\tClementine\t$6.78",
            "2\t1\tChips\tNULL\t$2.15",
        )
    )
    assert [len(lines) for lines in file.orders] == [2, 1]
    assert (file.lines, file.total_minor) == (3, 239 + 678 + 215)


def test_one_menu_item_for_each_unit_price_and_choices_cost_nothing(tmp_path: Path) -> None:
    file = read(
        write(
            tmp_path,
            "1\t1\tSteak Bowl\tRice, Cheese\t$8.99",
            "2\t3\tSteak Bowl\tRice, Guacamole\t$35.25",
            "3\t2\tSteak Bowl\tLettuce\t$17.98",
        )
    )
    items = sorted(file.menu.items().values(), key=lambda item: item.price_minor)
    assert [(item.name, item.price_minor) for item in items] == [("Steak Bowl", 899), ("Steak Bowl", 1175)]
    assert [modifier.name for modifier in items[0].groups[0].modifiers] == ["Cheese", "Lettuce", "Rice"]
    assert all(modifier.price_minor == 0 for modifier in items[0].groups[0].modifiers)


def test_priced_from_the_menu_the_orders_come_to_the_files_own_total(tmp_path: Path) -> None:
    file = read(
        write(
            tmp_path, "7\t4\tTaco\tHot, Hot, Mild\t$1,004.00", "8\t1\tTaco\tNULL\t$251.00", "9\t2\tWater\tNULL\t$0.00"
        )
    )
    priced = [price_lines(file.menu.items(), lines) for lines in file.orders]
    assert sum(line.total_minor for lines in priced for line in lines) == file.total_minor == 125_500


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n1\t1\tCaf\u00e9\tNULL\t$2.00\r\n".encode())
    (item,) = read(path).menu.items().values()
    assert (item.name, item.price_minor) == ("Café", 200)


def test_an_admin_can_save_the_menu_that_a_file_makes(tmp_path: Path) -> None:
    rows = ("1\t1\tTaco\tChili (Hot), Chili-Hot\t$2.00", "1\t1\ttaco\tNULL\t$2.00", "2\t1\tMöwe\t日本\t$2.00")
    file = read(write(tmp_path, *rows))
    check_menu(file.menu.categories)
    assert sorted(item.name for item in file.menu.items().values()) == ["Möwe", "Taco", "taco"]
    with pytest.raises(OrdersFileError, match="makes no menu: A name"):
        read(write(tmp_path, f"1\t1\t{'Taco' * 30}\tNULL\t$2.00"))


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("1\t1\tChips\tNULL", "4 columns where there should be 5"),
        ("1\t0\tChips\tNULL\t$2.39", "quantity '0'"),
        ("1\tmany\tChips\tNULL\t$2.39", "quantity 'many'"),
        ("1\t-1\tChips\tNULL\t$2.39", "quantity '-1'"),
        ("1\t1\tChips\tNULL\t-2.39", "'-2.39' is not an amount"),
        ("1\t1\tChips\tNULL\tfree", "'free' is not an amount"),
        ("1\t2\tChips\tNULL\t$2.39", "not divisible"),
        ("\t1\tChips\tNULL\t$2.39", "must not be empty"),
        ("1\t1\t \tNULL\t$2.39", "must not be empty"),
        (f"1\t1\tChips\t{','.join(map(str, range(51)))}\t$2.39", "51 options"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(OrdersFileError, match="line 3") as caught:
        read(write(tmp_path, "1\t1\tChips\tNULL\t$2.39", row))
    assert complaint in str(caught.value)


def test_a_file_of_another_form_an_empty_one_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(OrdersFileError, match="must name the columns"):
        read(write(tmp_path, header="id,quantity"))
    with pytest.raises(OrdersFileError, match="has no orders"):
        read(write(tmp_path))
    with pytest.raises(OrdersFileError, match="cannot be read"):
        read(tmp_path / "missing.tsv")


def test_an_order_longer_than_any_order_may_be(tmp_path: Path) -> None:
    with pytest.raises(OrdersFileError, match="201 lines"):
        read(write(tmp_path, *(["1\t1\tChips\tNULL\t$2.39"] * 201)))
