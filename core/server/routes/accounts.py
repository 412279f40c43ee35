"""For admins: the staff of their shop, and its customers."""

from typing import Final

from core.domain.ids import CustomerId, StaffId
from core.protocol import routes
from core.protocol.accounts import (
    AddStaff,
    ChangeCustomer,
    ChangeStaff,
    CustomerAccount,
    CustomerAccountQuery,
    CustomerAccounts,
    StaffAccount,
    StaffList,
    Unlock,
)
from core.protocol.route import Nothing
from core.server.accounts import administration
from core.server.auth.operators import is_operator
from core.server.auth.security import actor
from core.server.endpoints import examples
from core.server.endpoints.endpoint import AnyEndpoint, Call, Endpoint


async def staff(call: Call[Nothing, Nothing]) -> StaffList:
    return await administration.staff(call.services, call.principal.shop_id)


async def add_staff(call: Call[AddStaff, Nothing]) -> StaffAccount:
    return await administration.add_staff(call.services, actor(call.principal, call.address), call.body)


async def change_staff(call: Call[ChangeStaff, Nothing]) -> StaffAccount:
    by = actor(call.principal, call.address)
    return await administration.change_staff(call.services, by, StaffId(call.parameter), call.body)


async def remove_staff(call: Call[Nothing, Nothing]) -> Nothing:
    by = actor(call.principal, call.address)
    await administration.remove_staff(call.services, by, StaffId(call.parameter))
    return Nothing()


async def unlock(call: Call[Unlock, Nothing]) -> Nothing:
    await administration.unlock(
        call.services, actor(call.principal, call.address), call.body, everywhere=is_operator(call.principal)
    )
    return Nothing()


async def customers(call: Call[Nothing, CustomerAccountQuery]) -> CustomerAccounts:
    found = await administration.customers(call.services, call.principal, call.query)
    await call.services.security.searched(call.principal, call.address, [each.id for each in found.customers])
    return found


async def change_customer(call: Call[ChangeCustomer, Nothing]) -> CustomerAccount:
    by = actor(call.principal, call.address)
    return await administration.change_customer(
        call.services, by, CustomerId(call.parameter), call.body, everywhere=is_operator(call.principal)
    )


ENDPOINTS: Final[tuple[AnyEndpoint, ...]] = (
    Endpoint(routes.STAFF, staff, example_reply=examples.STAFF_LIST),
    Endpoint(routes.ADD_STAFF, add_staff, examples.ADD_STAFF, examples.STAFF_ACCOUNT),
    Endpoint(routes.CHANGE_STAFF, change_staff, examples.CHANGE_STAFF, examples.STAFF_ACCOUNT),
    Endpoint(routes.REMOVE_STAFF, remove_staff),
    Endpoint(routes.UNLOCK, unlock, examples.UNLOCK),
    Endpoint(routes.CUSTOMER_ACCOUNTS, customers, example_reply=examples.CUSTOMER_ACCOUNTS),
    Endpoint(routes.CHANGE_CUSTOMER, change_customer, examples.CHANGE_CUSTOMER, examples.CUSTOMER_ACCOUNT),
)
