"""The rights of the shop's roles: staff read them, admins change them."""

from typing import Final

from core.domain.acts import Act, Need
from core.domain.ids import OpId, StaffId
from core.domain.people import Role
from core.domain.rights import START, Right, Roles, described, lacking, with_rights
from core.instants import now, to_us
from core.protocol import routes
from core.protocol.events import RolesChanged
from core.protocol.rights import (
    ApproverList,
    ApproverQuery,
    AskApproval,
    ChangeRole,
    EnrolHere,
    Enrolment,
    GivenApproval,
    RoleList,
)
from core.protocol.route import Nothing
from core.protocol.security import SecurityEvent
from core.server.accounts import approving
from core.server.auth.security import actor
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint
from core.server.http import problems
from core.store import events, people, shops
from core.store.sql.statements import Transaction


async def roles(call: Call[Nothing, Nothing]) -> RoleList:
    shop_id = call.principal.shop_id
    found = await call.services.database.read(lambda transaction: shops.roles(transaction, shop_id))
    return RoleList(roles=found)


async def change(call: Call[ChangeRole, Nothing]) -> RoleList:
    by, role = call.principal, _role(call.parameter)

    def work(transaction: Transaction) -> Roles:
        before = shops.roles(transaction, by.shop_id)
        after = with_rights(before, role, call.body.rights)
        if after != before:
            shops.keep_roles(transaction, by.shop_id, after)
            said = f"{role}: {described(call.body.rights)}"
            call.services.security.record(transaction, actor(by, call.address), SecurityEvent.RIGHTS_CHANGED, said)
            events.append(transaction, by.shop_id, None, to_us(now()), RolesChanged(roles=after))
        return after

    return RoleList(roles=await call.services.database.write(work, by.shop_id))


async def approve(call: Call[AskApproval, Nothing]) -> GivenApproval:
    return await approving.approve(call.services, call.principal, call.body, call.address)


async def approvers(call: Call[Nothing, ApproverQuery]) -> ApproverList:
    """No admins: whoever knows their names may type them. Nobody for nothing."""
    by, needs = call.principal, [Need(act) for act in call.query.act]

    def found(transaction: Transaction) -> ApproverList:
        kept = shops.roles(transaction, by.shop_id)
        may = {each.role for each in kept if each.role is not Role.ADMIN and not lacking(each.rights, needs)}
        staff = people.staff_of_shop(transaction, by.shop_id) if needs else []
        return ApproverList(
            names=tuple(
                each.name for each in staff if each.role in may and each.id != by.subject and each.disabled_us is None
            )
        )

    return await call.services.database.read(found)


async def enrol(call: Call[EnrolHere, Nothing]) -> Enrolment:
    return await approving.enrol(call.services, call.principal, call.body, call.address)


def _role(text: str) -> Role:
    """Raises `Refusal` 404."""
    try:
        return Role(text)
    except ValueError:
        raise problems.not_found("role") from None


_ASKED: Final = AskApproval(
    staff="Max",
    pin="75318642",
    operation=OpId("01920000-0000-7000-8000-000000000004"),
    about="01920000-0000-7000-8000-000000000001",
    needs=(Need(Act.REFUND, 1_500),),
)

ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.ROLES, roles, example_reply=RoleList(roles=START)),
    Endpoint(routes.APPROVE, approve, _ASKED, GivenApproval(approval="eyJzaG9wIjoi….5f3a", by="Max")),
    Endpoint(routes.APPROVERS, approvers, example_reply=ApproverList(names=("Max",))),
    Endpoint(
        routes.ENROL,
        enrol,
        EnrolHere(staff="Max", pin="75318642"),
        Enrolment(
            staff=StaffId("01920000-0000-7000-8000-000000000003"), name="Max", role=Role.MANAGER, key="5f3a" * 16
        ),
    ),
    Endpoint(
        routes.CHANGE_ROLE,
        change,
        ChangeRole(rights=(Right(Act.DISCOUNT, 10_000), Right(Act.PAST_ORDERS))),
        RoleList(roles=START),
    ),
)
