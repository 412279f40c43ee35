"""The machine is lost, there is a backup and no recovery kit: the server has new keys, and everybody signs in again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from core.admin import backup as command
from core.client.sync import engine
from core.client.sync.engine import ConnectionState
from core.domain.ids import OrderId
from core.store.backups import backup
from tests.integration.sync.test_after_a_restore import TIMEOUT_S, Restorable
from tests.support.fault_proxy import Fault
from tests.support.synced import Screen


class WithoutKit(Restorable):
    @override
    def put_back(self) -> None:
        """As on a new machine: of the old one there is its backup, and nothing else."""
        self.stop()
        [made] = backup.listed(self._place / "backups")
        (self._place / "keys.json").unlink()
        assert command.main(["restore", made.name, "--yes", "--unproven", *self._where]) == 0
        self._start()


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WithoutKit]:
    monkeypatch.setattr(engine, "backoff_s", lambda _attempt: 0.1)
    backend = WithoutKit(tmp_path)
    with backend.proxy:
        yield backend
    backend.stop()


def numbers(screen: Screen) -> dict[OrderId, str]:
    return {order.id: order.number for order in screen.store}


@pytest.mark.parametrize("by_herself", [True, False], ids=["signed out before", "signed out by the server"])
def test_what_a_customer_was_told_and_what_waits_comes_back_with_its_numbers(
    backend: WithoutKit, tmp_path: Path, by_herself: bool
) -> None:
    with Screen(backend.proxy.url, tmp_path / "ada.db", timeout_s=TIMEOUT_S) as ada:
        ada.customer()
        early = ada.place()
        ada.until_sent()
        ada.sign_out()
        backend.keep()
        ada.customer()
        ada.until(lambda: ada.store.server_row(early.id) is not None)
        orders = [early, *(ada.place() for _ in range(3))]
        ada.until_sent()
        ada.until(lambda: all(ada.store.server_row(order.id) for order in orders))
        told = numbers(ada)
        backend.proxy.choose = lambda _line: Fault.REFUSE
        backend.proxy.cut()
        waiting = ada.place()
        if by_herself:
            ada.sign_out()
        backend.put_back()
        backend.proxy.choose = lambda _line: Fault.NONE
        if not by_herself:
            ada.api.try_now()
            ada.until(lambda: ada.api.sync_status.state is ConnectionState.SIGNED_OUT)
            ada.sign_out()  # as the window does it: nobody may be there
        ada.customer()
        ada.until(lambda: all(ada.store.server_row(order.id) for order in (*orders, waiting)))
        ada.until_sent()
        assert ada.api.operations() == ()
        again = numbers(ada)
        assert {each: again[each] for each in told} == told
