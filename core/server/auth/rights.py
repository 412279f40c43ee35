"""Who may do what, judged by the roles of the shop as they are now: inside the transaction of what is done."""

from collections.abc import Iterable

from core.domain.people import Principal
from core.domain.rights import Act, Need, Rights, lacking, rights_of
from core.server.http import problems
from core.store import shops
from core.store.sql.statements import Transaction


def of(transaction: Transaction, by: Principal) -> Rights:
    """What somebody may do; nothing for whoever is not of the staff."""
    return rights_of(shops.roles(transaction, by.shop_id), by.role)


def may(transaction: Transaction, by: Principal, act: Act) -> bool:
    return not lacking(of(transaction, by), [Need(act)])


def check(transaction: Transaction, by: Principal, needs: Iterable[Need]) -> None:
    """Raises `Refusal` 403 `right` for what somebody's role may not do."""
    wanted = tuple(needs)
    if wanted and (missing := lacking(of(transaction, by), wanted)):
        raise problems.no_right(missing)
