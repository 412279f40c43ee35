"""`orderbell menu` against a real backend: the shop that serves and the shop that does not."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage

from core.admin import menu_file
from core.admin.cli import main
from core.admin.setup import open_keys
from core.domain.menu import Menu
from core.server.settings import ServerSettings
from core.store import menus, shops
from core.store.engine.database import Database, file_url
from core.store.sql.statements import Transaction
from tests.support import shop
from tests.support.server import ServerProcess

pytestmark = pytest.mark.sqlite_only("one process owns a file; a server has no owner")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shop.lay_out(tmp_path / "orderbell.db")
    open_keys(ServerSettings(data_dir=str(tmp_path)).keys_path)
    return tmp_path


class Orderbell:
    """The command, and what it said."""

    def __init__(self, directory: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.directory = directory
        self._captured = capfdbinary
        self.out = b""
        self.err = b""

    def __call__(self, *arguments: str) -> int:
        flags = ["--data-dir", str(self.directory)]
        status = main(["menu", *arguments, *flags])
        self.out, self.err = self._captured.readouterr()
        return status

    def menu(self) -> Menu:
        database = Database(file_url(self.directory / "orderbell.db"))
        try:
            return database.read_blocking(_menu)
        finally:
            database.close()


def _menu(transaction: Transaction) -> Menu:
    found = shops.default(transaction)
    assert found is not None
    return menus.read(transaction, found)


@pytest.fixture
def orderbell(directory: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Orderbell:
    return Orderbell(directory, capfdbinary)


def edited(orderbell: Orderbell, path: Path, *swaps: tuple[str, str]) -> str:
    assert orderbell("export", str(path), "--yes") == 0
    text = path.read_bytes().decode("utf-8-sig")
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    path.write_bytes(text.encode("utf-8-sig"))
    return str(path)


def test_an_export_replaces_no_file_unasked(orderbell: Orderbell, tmp_path: Path) -> None:
    file = tmp_path / "menu.csv"
    file.write_text("mine")
    assert orderbell("export", str(file)) == 2
    assert orderbell.err == (
        f"orderbell menu: Replace {file}, which is there already? Nobody is here to be asked: add --yes.\n".encode()
    )
    assert file.read_text() == "mine"
    assert orderbell("export", str(file), "--yes") == 0
    assert file.read_text(encoding="utf-8-sig").startswith("type,")


def test_exported_and_imported_it_is_the_same(orderbell: Orderbell, tmp_path: Path) -> None:
    file = edited(orderbell, tmp_path / "menu.csv")
    before = orderbell.menu()
    assert orderbell("import", file) == 0, orderbell.err
    assert b"The menu is as in the file already." in orderbell.out
    assert orderbell.menu() == before
    assert orderbell("export") == 0
    assert orderbell.out == (tmp_path / "menu.csv").read_bytes().removeprefix("\ufeff".encode())


def test_what_would_change_is_shown_and_then_done(orderbell: Orderbell, tmp_path: Path) -> None:
    file = edited(orderbell, tmp_path / "menu.csv", ("3.90", "4.20"), ("churros", "sopapillas"))
    before = orderbell.menu()
    assert orderbell("import", file, "--dry-run") == 0
    shown = orderbell.out.decode()
    for words in ("price", "Fries", "3.90", "4.20", "new", "not sold any more"):
        assert words in shown
    assert orderbell.menu() == before
    assert orderbell("import", file) == 2, "there is nobody to be asked"
    assert b"--yes" in orderbell.err
    assert orderbell.menu() == before
    assert orderbell("import", file, "--yes") == 0
    after = orderbell.menu()
    assert after.version == before.version + 1
    assert after.items()[shop.FRIES].price_minor == 420
    assert shop.SOLD_OUT not in after.items()


def test_every_mistake_is_told_and_nothing_is_done(orderbell: Orderbell, tmp_path: Path) -> None:
    file = edited(orderbell, tmp_path / "menu.csv", ("3.90", "cheap"), ("mains,,,bowl", "starters,,,bowl"))
    before = orderbell.menu()
    assert orderbell("import", file, "--yes") == 1
    told = orderbell.out.decode()
    assert "'cheap' is no price in USD. Write it as 123.45." in told
    assert "There is no category 'starters' for it in this file." in told
    assert orderbell("import", file, "--json") == 1
    report: dict[str, Any] = json.loads(orderbell.out)
    assert {each["column"] for each in report["complaints"]} == {"price", "category"}
    assert orderbell.menu() == before


def test_a_script_is_answered_in_json(orderbell: Orderbell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = edited(orderbell, tmp_path / "menu.csv", ("Fries", "Chips"))
    stdin = io.TextIOWrapper(io.BytesIO(Path(file).read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert orderbell("import", "-", "--yes", "--json") == 0
    report = json.loads(orderbell.out)
    assert report["applied"] is True
    assert report["changes"] == [
        {"kind": "name", "id": "fries", "name": "Fries", "before": "Fries", "after": "Chips", "is_category": False}
    ]
    assert orderbell.menu().version == report["version"]


def test_a_sheet_without_ids_changes_no_dish_into_another(orderbell: Orderbell, tmp_path: Path) -> None:
    file = tmp_path / "menu.csv"
    file.write_text("type,name,price\ncategory,Πιάτα,\nitem,Μουσακάς,9\nitem,Γύρος,7\n", "utf-8")
    assert orderbell("import", str(file), "--yes") == 0
    before = {item.name: item.id for item in orderbell.menu().items().values()}
    file.write_text("type,name,price\ncategory,Πιάτα,\nitem,Παστίτσιο,8\nitem,Μουσακάς,9\nitem,Γύρος,7\n", "utf-8")
    assert orderbell("import", str(file), "--yes") == 0
    after = {item.name: item.id for item in orderbell.menu().items().values()}
    assert (after["Μουσακάς"], after["Γύρος"]) == (before["Μουσακάς"], before["Γύρος"])
    renamed = edited(orderbell, file, ("Μουσακάς", "Μουσακάς του σεφ"))
    assert orderbell("import", renamed, "--yes") == 0
    assert orderbell.menu().items()[before["Μουσακάς"]].name == "Μουσακάς του σεφ"
    plain = tmp_path / "plain.csv"
    plain.write_text("type,name,price\ncategory,Πιάτα,\nitem,Μουσακάς του σεφ,9\n", "utf-8")
    assert orderbell("import", str(plain), "--yes") == 0
    assert [*orderbell.menu().items()] == [before["Μουσακάς"]], "by what it is called now"


def test_semicolons_are_for_who_writes_commas(orderbell: Orderbell, tmp_path: Path) -> None:
    file = tmp_path / "menu.csv"
    assert orderbell("export", str(file), "--semicolon") == 0
    assert "3,90" in file.read_text("utf-8-sig")
    parsed = menu_file.parse(file.read_bytes(), "USD")
    assert parsed.categories == shop.MENU.categories


def test_a_serving_shop_has_it_at_once(orderbell: Orderbell, directory: Path, tmp_path: Path) -> None:
    with ServerProcess(directory):
        file = edited(orderbell, tmp_path / "menu.csv", ("3.90", "4.20"))
        assert orderbell("import", file, "--yes") == 0
        assert orderbell("export") == 0
        assert b"4.20" in orderbell.out


@pytest.mark.parametrize("file", ["nowhere.csv", "."])
def test_a_file_that_is_not_there_is_said_by_name(orderbell: Orderbell, tmp_path: Path, file: str) -> None:
    assert orderbell("import", str(tmp_path / file)) == 2
    assert b"cannot be read" in orderbell.err


def test_what_excel_calls_csv_is_asked_about(
    orderbell: Orderbell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "menu.csv"
    file.write_bytes("type;name;price\r\ncategory;Getränke;\r\nitem;Crème;4,50 $\r\n".encode("cp1252"))
    assert orderbell("import", str(file), "--yes") == 1, "a script says what it is"
    assert b"--encoding cp1252" in orderbell.out
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    assert orderbell("import", str(file)) == 0, orderbell.err
    assert "Getränke;" in orderbell.out.decode()
    assert questions == ["Is that how it is spelt? [y/N] ", "Sell by this menu from now on? [y/N] "]
    assert [each.name for each in orderbell.menu().categories] == ["Getränke"]
    assert [each.price_minor for each in orderbell.menu().items().values()] == [450]


def test_a_script_names_the_encoding(orderbell: Orderbell, tmp_path: Path) -> None:
    file = tmp_path / "menu.csv"
    file.write_bytes("type,name,price\r\ncategory,Getränke,\r\nitem,Crème,4.50\r\n".encode("cp1252"))
    assert orderbell("import", str(file), "--yes", "--encoding", "cp1252") == 0, orderbell.err
    assert [each.name for each in orderbell.menu().items().values()] == ["Crème"]


def test_an_item_gets_a_picture_and_loses_it_again(orderbell: Orderbell, tmp_path: Path) -> None:
    """By its name or id; what is kept is a small copy."""
    path = tmp_path / "bowl.png"
    image = QImage(1_000, 500, QImage.Format.Format_RGB32)
    image.fill(0xFF8800)
    assert image.save(str(path))
    name = orderbell.menu().items()[shop.BOWL].name
    assert orderbell("set", name.upper(), "--picture", str(path)) == 0
    assert f"{name} has this picture now." in orderbell.out.decode()
    kept = orderbell.menu().items()[shop.BOWL].picture
    assert len(kept) == 32
    assert orderbell("set", shop.BOWL, "--picture", str(path)) == 0
    assert f"{name} is so already." in orderbell.out.decode()
    assert orderbell("set", shop.BOWL, "--no-picture", "--json") == 0
    report = json.loads(orderbell.out)
    assert [(each["kind"], each["name"]) for each in report["changes"]] == [("picture", name)]
    assert orderbell.menu().items()[shop.BOWL].picture == ""


def test_what_is_no_picture_changes_nothing(orderbell: Orderbell, tmp_path: Path) -> None:
    before, path = orderbell.menu(), tmp_path / "menu.png"
    path.write_bytes(b"not a picture")
    assert orderbell("set", shop.BOWL, "--picture", str(path)) == 2
    assert "Choose a PNG, JPEG or WebP file" in orderbell.err.decode()
    assert orderbell("set", "bowll", "--no-picture") == 2
    assert "Did you mean" in orderbell.err.decode()
    assert orderbell.menu() == before
