"""The Roles page: an admin says who may do what and how far; nobody else sees it."""

import msgspec
import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QMenu

from core.client.errors import Unreachable
from core.domain.acts import Act
from core.domain.people import Role
from core.domain.rights import ACTS, Right, Roles, rights_of
from pos_app.roles.page import RolesPage
from tests.support.fake_backend import FakeBackend
from tests.support.pos_window import ANA, Till


def open_roles(till: Till) -> None:
    till.arrive(ANA)
    till.click("cashier")
    till.choose("menu_roles")
    till.qtbot.waitUntil(lambda: till.sees("may_cashier_refund"))
    till.settle()


def box(till: Till, role: Role, act: Act) -> QCheckBox:
    return till.find(QCheckBox, f"may_{role}_{act}")


def test_an_admin_changes_who_may_do_what(till: Till, backend: FakeBackend) -> None:
    open_roles(till)
    assert not till.find_button("roles_save").isEnabled()
    till.click("may_cashier_refund")
    till.type("limit_cashier_discount", "10 %")
    till.type("limit_manager_cash", "$50.00")
    assert rights_of(backend.roles, Role.CASHIER) != (), "nothing is changed before it is saved"
    till.click("roles_save")
    till.settle()
    cashier = {each.act: each for each in rights_of(backend.roles, Role.CASHIER)}
    assert Act.REFUND not in cashier
    assert cashier[Act.DISCOUNT] == Right(Act.DISCOUNT, 10_000)
    manager = {each.act: each for each in rights_of(backend.roles, Role.MANAGER)}
    assert manager[Act.CASH] == Right(Act.CASH, 5_000)
    assert "Saved" in till.notice()
    assert not till.find_button("roles_save").isEnabled()


def test_no_page_of_the_rail_is_marked_while_roles_are_shown(till: Till) -> None:
    open_roles(till)
    pages = till.window.workspace.pages
    assert not [name for name in pages if till.find_button(f"nav_{name}").isChecked()]
    till.click("nav_history")
    assert [name for name in pages if till.find_button(f"nav_{name}").isChecked()] == ["history"]


def test_every_act_has_a_cell_for_each_role(till: Till) -> None:
    open_roles(till)
    for act, row in ACTS.items():
        for role in (Role.CASHIER, Role.MANAGER):
            assert box(till, role, act).accessibleName()
            fields = till.window.findChildren(QLineEdit, f"limit_{role}_{act}")
            assert len(fields) == (row.unit is not None)


def test_what_is_no_limit_is_not_saved(till: Till, backend: FakeBackend) -> None:
    before = backend.roles
    open_roles(till)
    for wrong in ("many", "101 %"):
        till.find(QLineEdit, "limit_cashier_discount").clear()
        till.type("limit_cashier_discount", wrong)
        assert not till.find_button("roles_save").isEnabled(), wrong
    till.click("roles_discard")
    assert till.find(QLineEdit, "limit_cashier_discount").text() == ""
    assert backend.roles == before


def test_what_could_not_be_saved_stays_on_the_page(till: Till, backend: FakeBackend) -> None:
    open_roles(till)
    till.click("may_cashier_refund")
    backend.fail_with = Unreachable("The server is away.")
    till.click("roles_save")
    till.qtbot.waitUntil(lambda: till.find_button("roles_save").isEnabled())
    assert not box(till, Role.CASHIER, Act.REFUND).isChecked()
    backend.fail_with = None
    till.click("roles_save")
    till.settle()
    assert Act.REFUND not in {each.act for each in rights_of(backend.roles, Role.CASHIER)}


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER])
def test_nobody_else_is_offered_it(till: Till, backend: FakeBackend, role: Role) -> None:
    backend.staff["Maya"] = (backend.staff["Maya"][0], role)
    till.arrive()
    till.click("cashier")
    menu = till.menu()
    assert isinstance(menu, QMenu)
    assert "menu_roles" not in [action.objectName() for action in menu.actions()]
    assert till.window.findChild(RolesPage) is None


def test_the_page_follows_what_another_admin_changes_and_says_how_old_it_is(till: Till, backend: FakeBackend) -> None:
    open_roles(till)
    assert till.find(QLabel, "roles_age").text().startswith("Updated")
    backend.roles = without(backend.roles, Role.CASHIER, Act.REFUND)
    till.find(RolesPage, "roles_page")._presenter.refresher.refresh()
    till.qtbot.waitUntil(lambda: not box(till, Role.CASHIER, Act.REFUND).isChecked())
    backend.fail_with = Unreachable("The server is away.")
    till.find(RolesPage, "roles_page")._presenter.refresher.refresh()
    till.qtbot.waitUntil(lambda: "the last try failed" in till.find(QLabel, "roles_age").text())
    backend.fail_with = None


def test_what_another_admin_changes_meanwhile_is_not_undone(till: Till, backend: FakeBackend) -> None:
    open_roles(till)
    till.click("may_cashier_refund")
    backend.roles = without(backend.roles, Role.CASHIER, Act.DISCOUNT)
    refresher = till.find(RolesPage, "roles_page")._presenter.refresher
    assert not refresher.active, "nothing changes under the hands of who edits"
    till.click("roles_save")
    till.settle()
    has = {each.act for each in rights_of(backend.roles, Role.CASHIER)}
    assert not {Act.REFUND, Act.DISCOUNT} & has
    assert not box(till, Role.CASHIER, Act.DISCOUNT).isChecked()
    assert refresher.active


def without(roles: Roles, role: Role, act: Act) -> Roles:
    """The roles, of which one may not do `act`."""
    return tuple(
        msgspec.structs.replace(each, rights=tuple(right for right in each.rights if right.act is not act))
        if each.role is role
        else each
        for each in roles
    )
