"""The basket's model tells views the smallest change."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from core.domain.ids import ModifierId
from core.domain.order import NewLine
from core.ui.ordering.basket_model import BasketModel
from tests.models.changes import Recorder
from tests.support.menus import BOWL, CHIPS, MENU, SODA

CHIPS_LINE = NewLine(item_id=CHIPS.id)
SODA_LINE = NewLine(item_id=SODA.id, quantity=2)
BOWL_LINE = NewLine(item_id=BOWL.id, modifier_ids=(ModifierId("hot"), ModifierId("cheese")), note="no rice")


@pytest.fixture
def model(qapp: object) -> Iterator[BasketModel]:
    made = BasketModel()
    made.use(MENU)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield made
    del tester


def test_each_change_says_only_what_it_changed(model: BasketModel) -> None:
    seen = Recorder(model)
    assert [model.add(CHIPS_LINE), model.add(SODA_LINE), model.add(BOWL_LINE)] == [0, 1, 2]
    assert seen.take() == ["in 0-0", "in 1-1", "in 2-2"]
    assert model.add(CHIPS_LINE) == 0
    assert seen.take() == ["changed 0-0"]
    model.change_quantity(model.rows[1].id, 1)
    assert seen.take() == ["changed 1-1"]
    model.change_quantity(model.rows[0].id, -2)
    assert seen.take() == ["out 0-0"]
    model.use(MENU)
    assert seen.take() == []
    model.blame(1, "item_id")
    assert seen.take() == ["changed 1-1"]
    model.clear()
    assert seen.take() == ["out 0-1"]


def test_two_lines_that_become_one(model: BasketModel) -> None:
    model.add(CHIPS_LINE)
    model.add(SODA_LINE)
    model.add(BOWL_LINE)
    seen = Recorder(model)
    assert model.replace(model.rows[2].id, CHIPS_LINE) == 0
    assert seen.take() == ["out 2-2", "changed 0-0"]


def test_a_line_is_told_in_words(model: BasketModel) -> None:
    model.add(BOWL_LINE)
    words = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == "1 Chicken Bowl, Hot salsa, Cheese, no rice, $8.99"
    model.blame(0, "item_id")
    assert "Sold out" in model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert model.index(0).data(Qt.ItemDataRole.DisplayRole) == "Chicken Bowl"
