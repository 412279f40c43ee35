"""For admins: the staff of their shop, and its customers."""

from typing import Final

from core.domain.ids import CustomerId, StaffId
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
from core.server.auth import administration
from core.server.auth.operators import is_operator
from core.server.auth.security import actor
from core.server.http import examples
from core.server.http.endpoint import AnyEndpoint, Call, Endpoint, Nothing, Who


async def staff(call: Call[Nothing, Nothing]) -> StaffList:
    return await administration.staff(call.services, call.principal.shop_id)


async def add_staff(call: Call[AddStaff, Nothing]) -> StaffAccount:
    return await administration.add_staff(call.services, actor(call.principal, call.address), call.body)


async def change_staff(call: Call[ChangeStaff, Nothing]) -> StaffAccount:
    by = actor(call.principal, call.address)
    return await administration.change_staff(call.services, by, StaffId(call.parameter), call.body)


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
    Endpoint(
        method="GET",
        path="/api/admin/staff/",
        who=Who.ADMIN,
        summary="Everybody who works or has worked in the shop",
        handler=staff,
        body=Nothing,
        query=Nothing,
        reply=StaffList,
        example_reply=examples.STAFF_LIST,
    ),
    Endpoint(
        method="POST",
        path="/api/admin/staff/",
        who=Who.ADMIN,
        summary="Add somebody to the staff",
        handler=add_staff,
        body=AddStaff,
        query=Nothing,
        reply=StaffAccount,
        status=201,
        example=examples.ADD_STAFF,
        example_reply=examples.STAFF_ACCOUNT,
        refusals=(409,),
    ),
    Endpoint(
        method="POST",
        path="/api/admin/staff/{staff_id}/",
        who=Who.ADMIN,
        summary="Give somebody another role or PIN, disable, enable or unlock them; it ends their sessions",
        handler=change_staff,
        body=ChangeStaff,
        query=Nothing,
        reply=StaffAccount,
        example=examples.CHANGE_STAFF,
        example_reply=examples.STAFF_ACCOUNT,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path="/api/admin/unlock/",
        who=Who.ADMIN,
        summary="Forget what was tried wrongly from an address, or at a device",
        handler=unlock,
        body=Unlock,
        query=Nothing,
        reply=Nothing,
        status=204,
        example=examples.UNLOCK,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path="/api/admin/customers/",
        who=Who.ADMIN,
        summary="Customers whose accounts were made in the shop; all of the chain for the operator",
        handler=customers,
        body=Nothing,
        query=CustomerAccountQuery,
        reply=CustomerAccounts,
        example_reply=examples.CUSTOMER_ACCOUNTS,
    ),
    Endpoint(
        method="POST",
        path="/api/admin/customers/{customer_id}/",
        who=Who.ADMIN,
        summary="Give a customer another password, disable, enable or unlock them",
        handler=change_customer,
        body=ChangeCustomer,
        query=Nothing,
        reply=CustomerAccount,
        example=examples.CHANGE_CUSTOMER,
        example_reply=examples.CUSTOMER_ACCOUNT,
        refusals=(404,),
    ),
)
