"""The one table of routes: each one's address, types, who may call it, whether it has a key, and what a window does
with it while no server answers. In the order of the API reference.

The server's endpoints, the client's calls, the outbox's requests, the admin's commands and the API reference are made
from it; an address is written nowhere else. Calling a row makes a `Request` whose answer's type mypy knows: that of
`routes.DETAILS(order_id)` is an `OrderDetails`.
"""

from typing import Final

from core.domain.acts import Act
from core.domain.commands import (
    AmendOrder,
    AskChange,
    CancelOrder,
    ChangePayment,
    ChangeStatus,
    DeclineChange,
    PlaceOrder,
    RecallOrder,
    RefundOrder,
    TakeOrder,
    TakePayment,
    UndoPayment,
)
from core.domain.drawers import CloseDrawer, CountDrawer, DrawerSession, MoveCash, OpenDrawer
from core.domain.held_baskets import DropBasket, HeldBasket, HoldBasket, TakeBasket
from core.domain.menu import Menu
from core.domain.order import Order
from core.protocol import reading
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
from core.protocol.devices import DeviceList, Invitation, InviteDevice, Pair, Paired
from core.protocol.display import TicketsReply
from core.protocol.drawers import DrawerDetails, DrawerList, DrawerQuery, ReportCheck, ReportList, SignedReport
from core.protocol.feed import EventPage, EventQuery, Snapshot, SnapshotQuery
from core.protocol.health import BackupList, BackupMade, Diagnosis, Findings
from core.protocol.held_baskets import BasketList
from core.protocol.journal import Journal, JournalQuery
from core.protocol.pictures import KeepPicture, KeptPicture, Picture
from core.protocol.replies import (
    Availability,
    CustomerList,
    Document,
    Health,
    OrderDetails,
    OrderPage,
    Readiness,
    StaffOrderPage,
    StatusReport,
    Tokens,
)
from core.protocol.reports import DaysForgotten, SalesQuery, SalesReport
from core.protocol.requests import (
    ChangeAvailability,
    ChangeShop,
    CustomerQuery,
    DeviceSignIn,
    HistoryQuery,
    OrderQuery,
    RefreshTokens,
    ReplaceMenu,
    SignIn,
    SignUp,
    StaffSignIn,
)
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
from core.protocol.route import AnyRoute, Keyed, Offline, Route, Who
from core.protocol.sealed import OpenedOperations, OpenOperations, SealedSignOut
from core.protocol.security import ExportNote, SecurityLogPage, SecurityLogQuery
from core.protocol.trust import Authority

PLACE: Final = Route(
    "online_place",
    "POST",
    "/api/online/orders/",
    Who.CUSTOMER,
    "Place an order",
    body=PlaceOrder,
    reply=Order,
    status=201,
    keyed=Keyed.OPTIONAL,
    offline=Offline.OUTBOX,
    refusals=(409, 413, 429),
)
HISTORY: Final = Route(
    "online_history",
    "GET",
    "/api/online/orders/history/",
    Who.CUSTOMER,
    "My orders, newest first",
    query=HistoryQuery,
    reply=OrderPage,
    conditional=True,
)
ORDER: Final = Route(
    "online_order",
    "GET",
    "/api/online/orders/{order_id}/",
    Who.CUSTOMER,
    "One of my orders, by its id or its number",
    reply=Order,
    offline=Offline.KEPT,
    conditional=True,
)
ORDER_STATUS: Final = Route(
    "online_status",
    "GET",
    "/api/online/orders/{order_id}/status/",
    Who.CUSTOMER,
    "Where my order stands, and how it got there; by its id or its number",
    reply=StatusReport,
    conditional=True,
)
CANCEL: Final = Route(
    "online_cancel",
    "POST",
    "/api/online/orders/{order_id}/cancel/",
    Who.CUSTOMER,
    "Cancel my order, by its id or its number, while the shop has not confirmed it",
    body=CancelOrder,
    reply=Order,
    keyed=Keyed.OPTIONAL,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
ASK_CHANGE: Final = Route(
    "online_ask_change",
    "POST",
    "/api/online/orders/{order_id}/ask-change/",
    Who.CUSTOMER,
    "Ask the shop to change my order, while it takes such requests",
    body=AskChange,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409, 413),
)
CHANGE_STATUS: Final = Route(
    "pos_change_status",
    "POST",
    "/api/pos/orders/{order_id}/status/",
    Who.STAFF,
    "Move an order",
    body=ChangeStatus,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
ORDERS: Final = Route(
    "pos_search",
    "GET",
    "/api/pos/orders/",
    Who.STAFF,
    "Orders of the shop: the board's, or found by number, name, phone, time and status",
    query=OrderQuery,
    reply=StaffOrderPage,
    offline=Offline.KEPT,
    conditional=True,
)
TAKE: Final = Route(
    "pos_take",
    "POST",
    "/api/pos/orders/",
    Who.STAFF,
    "Take an order at the counter",
    body=TakeOrder,
    reply=Order,
    status=201,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
DETAILS: Final = Route(
    "pos_details",
    "GET",
    "/api/pos/orders/{order_id}/",
    Who.STAFF,
    "One order and its history",
    reply=OrderDetails,
    offline=Offline.KEPT,
    conditional=True,
)
RECALL: Final = Route(
    "pos_recall",
    "POST",
    "/api/pos/orders/{order_id}/recall/",
    Who.STAFF,
    "Take an order one step back",
    body=RecallOrder,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
CHANGE_PAYMENT: Final = Route(
    "pos_change_payment",
    "POST",
    "/api/pos/orders/{order_id}/payment/",
    Who.STAFF,
    "Mark an order as paid, unpaid or refunded; a refund says why",
    body=ChangePayment,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
TAKE_PAYMENT: Final = Route(
    "pos_take_payment",
    "POST",
    "/api/pos/orders/{order_id}/payments/",
    Who.STAFF,
    "Take a payment of an order: all that is due, or a part of it, and a tip",
    body=TakePayment,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
UNDO_PAYMENT: Final = Route(
    "pos_undo_payment",
    "POST",
    "/api/pos/orders/{order_id}/payments/undo/",
    Who.STAFF,
    "Take a payment back that was recorded by mistake, or of an order that was called off; says why",
    body=UndoPayment,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
REFUND: Final = Route(
    "pos_refund",
    "POST",
    "/api/pos/orders/{order_id}/refund/",
    Who.STAFF,
    "Give a part of what was paid back: items of lines, or an amount",
    body=RefundOrder,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
DECLINE_CHANGE: Final = Route(
    "pos_decline_change",
    "POST",
    "/api/pos/orders/{order_id}/decline-change/",
    Who.STAFF,
    "Decline the change that the customer of an order has asked for; accepting it is amending the order",
    body=DeclineChange,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
AMEND: Final = Route(
    "pos_amend",
    "POST",
    "/api/pos/orders/{order_id}/amend/",
    Who.STAFF,
    "Change an order of this business day: its lines, discount, fulfilment, table, phone or note",
    body=AmendOrder,
    reply=Order,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
CUSTOMERS: Final = Route(
    "pos_customers",
    "GET",
    "/api/pos/customers/",
    Who.STAFF,
    "Known customers, by their whole number or their name",
    query=CustomerQuery,
    reply=CustomerList,
    refusals=(429,),
)
NOTE_EXPORT: Final = Route(
    "pos_exported",
    "POST",
    "/api/pos/exports/",
    Who.STAFF,
    "Say that orders are written to a file, for the security log",
    body=ExportNote,
    reply=ExportNote,
    status=201,
)
OPEN_DRAWER: Final = Route(
    "drawers_open",
    "POST",
    "/api/pos/drawer/",
    Who.STAFF,
    "Begin a session of this POS's drawer, with what was counted in it",
    body=OpenDrawer,
    reply=DrawerSession,
    status=201,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
MOVE_CASH: Final = Route(
    "drawers_move_cash",
    "POST",
    "/api/pos/drawer/cash/",
    Who.STAFF,
    "Put cash into this POS's drawer or take some out, or open it, without a sale",
    body=MoveCash,
    reply=DrawerSession,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
COUNT_DRAWER: Final = Route(
    "drawers_count",
    "POST",
    "/api/pos/drawer/count/",
    Who.STAFF,
    "Say what was counted in this POS's drawer; what should be in it is told from then on",
    body=CountDrawer,
    reply=DrawerSession,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
CLOSE_DRAWER: Final = Route(
    "drawers_close",
    "POST",
    "/api/pos/drawer/close/",
    Who.STAFF,
    "End the session of this POS's drawer after its last count, and make its Z",
    body=CloseDrawer,
    reply=DrawerSession,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
DRAWERS: Final = Route(
    "drawers_sessions",
    "GET",
    "/api/pos/drawers/",
    Who.STAFF,
    "The newest drawer sessions of this POS; for who may see other drawers, of any POS or of all",
    query=DrawerQuery,
    reply=DrawerList,
    offline=Offline.KEPT,
)
DRAWER: Final = Route(
    "drawers_session",
    "GET",
    "/api/pos/drawers/{drawer_session_id}/",
    Who.STAFF,
    "A drawer session and, once it was counted, what should be in the drawer",
    reply=DrawerDetails,
    offline=Offline.KEPT,
)
X_REPORT: Final = Route(
    "drawers_x",
    "GET",
    "/api/pos/drawers/{drawer_session_id}/x/",
    Who.STAFF,
    "The figures of a drawer session as they are now",
    reply=SignedReport,
    refusals=(409,),
)
Z_REPORTS: Final = Route(
    "drawers_z",
    "GET",
    "/api/pos/z-reports/",
    Who.STAFF,
    "The newest Zs and supplements of this POS; for who may see other drawers, of any POS or of all",
    query=DrawerQuery,
    reply=ReportList,
)
VERIFY_REPORTS: Final = Route(
    "drawers_verify",
    "GET",
    "/api/admin/z-reports/",
    Who.ADMIN,
    "Whether all Zs of the shop are as they were made, and none is missing",
    reply=ReportCheck,
    act=Act.REPORTS,
)
HOLD_BASKET: Final = Route(
    "baskets_hold",
    "POST",
    "/api/pos/baskets/",
    Who.STAFF,
    "Keep a basket for later, for every POS of the shop",
    body=HoldBasket,
    reply=HeldBasket,
    status=201,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(409,),
)
TAKE_BASKET: Final = Route(
    "baskets_take",
    "POST",
    "/api/pos/baskets/{basket_id}/take/",
    Who.STAFF,
    "Go on with a held basket, at this POS alone",
    body=TakeBasket,
    reply=HeldBasket,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(404, 409),
)
DROP_BASKET: Final = Route(
    "baskets_drop",
    "POST",
    "/api/pos/baskets/{basket_id}/drop/",
    Who.STAFF,
    "Delete a held basket, unless another POS has taken it",
    body=DropBasket,
    reply=HeldBasket,
    keyed=Keyed.REQUIRED,
    offline=Offline.OUTBOX,
    refusals=(404, 409),
)
BASKETS: Final = Route(
    "baskets_held",
    "GET",
    "/api/pos/baskets/",
    Who.STAFF,
    "The baskets that the shop holds, the oldest first",
    reply=BasketList,
)
EVENTS: Final = Route(
    "feed_events",
    "GET",
    "/api/events/",
    Who.PERSON,
    "What happened after a cursor, as far as one may know it",
    query=EventQuery,
    reply=EventPage,
    reads=reading.page,
    refusals=(409, 410),
)
SNAPSHOT: Final = Route(
    "feed_snapshot",
    "GET",
    "/api/snapshot/",
    Who.PERSON,
    "How things stand, and the cursor from which to follow them",
    query=SnapshotQuery,
    reply=Snapshot,
    refusals=(429,),
)
OPEN_OPERATIONS: Final = Route(
    "sealed_open_operations",
    "POST",
    "/api/operations/open/",
    Who.PERSON,
    "Open what this person's window has sealed to the server's key after they signed out",
    body=OpenOperations,
    reply=OpenedOperations,
)
SALES: Final = Route(
    "reports_sales",
    "GET",
    "/api/admin/reports/sales/",
    Who.ADMIN,
    "What was sold and given back in some business days, by day, hour, item, tender and others",
    query=SalesQuery,
    reply=SalesReport,
    refusals=(422,),
    act=Act.REPORTS,
)
JOURNAL: Final = Route(
    "reports_journal",
    "GET",
    "/api/admin/reports/journal/",
    Who.ADMIN,
    "The journal of some business days in double entry, for a bookkeeper",
    query=JournalQuery,
    reply=Journal,
    refusals=(422,),
    act=Act.REPORTS,
)
FORGET_DAYS: Final = Route(
    "reports_forget_days",
    "DELETE",
    "/api/admin/reports/days/",
    Who.OPERATOR,
    "Throw away what is kept of business days, so that it is added up again",
    reply=DaysForgotten,
)
MENU: Final = Route(
    "menu_menu",
    "GET",
    "/api/menu/",
    Who.PUBLIC,
    "What the shop sells: the token's shop, or the default one",
    reply=Menu,
    conditional=True,
)
REPLACE_MENU: Final = Route(
    "menu_replace",
    "PUT",
    "/api/admin/menu/",
    Who.ADMIN,
    "Sell by another menu, as long as nobody has changed it since it was read",
    body=ReplaceMenu,
    reply=Menu,
    refusals=(409,),
    act=Act.MENU,
)
KEEP_PICTURE: Final = Route(
    "menu_keep_picture",
    "POST",
    "/api/admin/pictures/",
    Who.ADMIN,
    "Keep a picture for an item of the menu: a small JPEG without metadata",
    body=KeepPicture,
    reply=KeptPicture,
    refusals=(409,),
    act=Act.MENU,
)
PICTURE: Final = Route(
    "menu_picture",
    "GET",
    "/api/menu/pictures/{picture_id}/",
    Who.PUBLIC,
    "A picture of an item; it never changes",
    reply=Picture,
    offline=Offline.KEPT,
    conditional=True,
    refusals=(404,),
)
CHANGE_SHOP: Final = Route(
    "shop_change",
    "POST",
    "/api/admin/shop/",
    Who.ADMIN,
    "Change the shop's name, currency, taxes, time zone or country",
    body=ChangeShop,
    reply=Menu,
    refusals=(409,),
    act=Act.SHOP,
)
SET_AVAILABLE: Final = Route(
    "menu_availability",
    "POST",
    "/api/pos/menu/{item_id}/availability/",
    Who.STAFF,
    "Say that an item is sold out, or sold again",
    body=ChangeAvailability,
    reply=Availability,
    keyed=Keyed.REQUIRED,
    refusals=(404,),
)
TICKETS: Final = Route(
    "display_tickets",
    "GET",
    "/api/board/",
    Who.DISPLAY,
    "What is being prepared and what is ready, for a status display",
    reply=TicketsReply,
    conditional=True,
)
DEVICES: Final = Route(
    "devices_devices",
    "GET",
    "/api/pos/devices/",
    Who.STAFF,
    "When each device of the shop was last heard of, and how far behind it is",
    reply=DeviceList,
)
DEVICES_OF_ADMIN: Final = Route(
    "devices_devices_of_admin",
    "GET",
    "/api/admin/devices/",
    Who.ADMIN,
    "The devices of the shop, for whoever looks after them",
    reply=DeviceList,
    act=Act.DEVICES,
)
INVITE_DEVICE: Final = Route(
    "devices_invite",
    "POST",
    "/api/admin/devices/",
    Who.ADMIN,
    "A code by which a machine becomes a device of the shop; it works once, for ten minutes",
    body=InviteDevice,
    reply=Invitation,
    status=201,
    refusals=(409,),
    act=Act.DEVICES,
)
REVOKE_DEVICE: Final = Route(
    "devices_revoke",
    "POST",
    "/api/admin/devices/{device_id}/revoke/",
    Who.ADMIN,
    "End what a device may do, with its sessions; its name and its number series stay its own",
    status=204,
    refusals=(404,),
    act=Act.DEVICES,
)
REMOVE_DEVICE: Final = Route(
    "devices_remove",
    "POST",
    "/api/admin/devices/{device_id}/remove/",
    Who.ADMIN,
    "Revoke a device and list it no more; its number series is never begun anew",
    status=204,
    refusals=(404,),
    act=Act.DEVICES,
)
PAIR: Final = Route(
    "devices_pair",
    "POST",
    "/api/auth/pair/",
    Who.PUBLIC,
    "Become a device by its code; with an Idempotency-Key the call may be retried",
    body=Pair,
    reply=Paired,
    refusals=(409, 422, 429),
)
STAFF: Final = Route(
    "accounts_staff",
    "GET",
    "/api/admin/staff/",
    Who.ADMIN,
    "Everybody who works or has worked in the shop",
    reply=StaffList,
    act=Act.PEOPLE,
)
ADD_STAFF: Final = Route(
    "accounts_add_staff",
    "POST",
    "/api/admin/staff/",
    Who.ADMIN,
    "Add somebody to the staff",
    body=AddStaff,
    reply=StaffAccount,
    status=201,
    refusals=(409,),
    act=Act.PEOPLE,
)
CHANGE_STAFF: Final = Route(
    "accounts_change_staff",
    "POST",
    "/api/admin/staff/{staff_id}/",
    Who.ADMIN,
    "Give somebody another name, role or PIN, disable, enable or unlock them; it ends their sessions",
    body=ChangeStaff,
    reply=StaffAccount,
    refusals=(404, 409),
    act=Act.PEOPLE,
)
REMOVE_STAFF: Final = Route(
    "accounts_remove_staff",
    "POST",
    "/api/admin/staff/{staff_id}/remove/",
    Who.ADMIN,
    "Disable somebody for good and list them no more; the history of orders keeps their name",
    status=204,
    refusals=(404, 409),
    act=Act.PEOPLE,
)
UNLOCK: Final = Route(
    "accounts_unlock",
    "POST",
    "/api/admin/unlock/",
    Who.ADMIN,
    "Forget what was tried wrongly from an address, or at a device",
    body=Unlock,
    status=204,
    refusals=(404,),
    act=Act.PEOPLE,
)
CUSTOMER_ACCOUNTS: Final = Route(
    "accounts_customers",
    "GET",
    "/api/admin/customers/",
    Who.ADMIN,
    "Customers whose accounts were made in the shop; all of the chain for the operator",
    query=CustomerAccountQuery,
    reply=CustomerAccounts,
    act=Act.PEOPLE,
)
CHANGE_CUSTOMER: Final = Route(
    "accounts_change_customer",
    "POST",
    "/api/admin/customers/{customer_id}/",
    Who.ADMIN,
    "Give a customer another password, disable, enable or unlock them",
    body=ChangeCustomer,
    reply=CustomerAccount,
    refusals=(404,),
    act=Act.PEOPLE,
)
ROLES: Final = Route(
    "rights_roles",
    "GET",
    "/api/pos/roles/",
    Who.STAFF,
    "The roles of the shop's staff, and what each may do",
    reply=RoleList,
)
APPROVE: Final = Route(
    "rights_approve",
    "POST",
    "/api/pos/approvals/",
    Who.STAFF,
    "A manager allows one operation of the person who is signed in, at their POS",
    body=AskApproval,
    reply=GivenApproval,
    status=201,
    refusals=(422, 429),
)
APPROVERS: Final = Route(
    "rights_approvers",
    "GET",
    "/api/pos/approvers/",
    Who.STAFF,
    "The managers who may allow something, by name",
    query=ApproverQuery,
    reply=ApproverList,
)
ENROL: Final = Route(
    "rights_enrol",
    "POST",
    "/api/pos/approvals/enrol/",
    Who.STAFF,
    "A manager enrols at the POS, to allow things there while no server answers",
    body=EnrolHere,
    reply=Enrolment,
    status=201,
    refusals=(409, 422, 429),
)
CHANGE_ROLE: Final = Route(
    "rights_change_role",
    "POST",
    "/api/admin/roles/{role}/",
    Who.ADMIN,
    "Change what a role may do; every POS has it at once",
    body=ChangeRole,
    reply=RoleList,
    refusals=(404, 422),
)
SIGN_UP: Final = Route(
    "auth_sign_up",
    "POST",
    "/api/auth/sign-up/",
    Who.PUBLIC,
    "Become a customer",
    body=SignUp,
    reply=Tokens,
    status=201,
    refusals=(403, 409, 429),
)
SIGN_IN: Final = Route(
    "auth_sign_in",
    "POST",
    "/api/auth/sign-in/",
    Who.PUBLIC,
    "Sign in as a customer",
    body=SignIn,
    reply=Tokens,
    refusals=(401, 403, 429),
)
STAFF_SIGN_IN: Final = Route(
    "auth_staff_sign_in",
    "POST",
    "/api/auth/staff/sign-in/",
    Who.PUBLIC,
    "Sign in as staff, at a POS",
    body=StaffSignIn,
    reply=Tokens,
    refusals=(401, 403, 429),
)
DEVICE_SIGN_IN: Final = Route(
    "auth_device_sign_in",
    "POST",
    "/api/auth/device/sign-in/",
    Who.PUBLIC,
    "Sign in as a display, which may know numbers and statuses and nothing else",
    body=DeviceSignIn,
    reply=Tokens,
    refusals=(401, 429),
)
REFRESH: Final = Route(
    "auth_refresh",
    "POST",
    "/api/auth/refresh/",
    Who.PUBLIC,
    "New tokens for a refresh token, which works once; with an Idempotency-Key the call may be retried",
    body=RefreshTokens,
    reply=Tokens,
    refusals=(401,),
)
SIGN_OUT: Final = Route(
    "auth_sign_out",
    "POST",
    "/api/auth/sign-out/",
    Who.SIGNED_IN,
    "End this session, with all of its tokens",
    status=204,
)
SEALED_SIGN_OUT: Final = Route(
    "auth_sealed_sign_out",
    "POST",
    "/api/auth/sign-out/sealed/",
    Who.PUBLIC,
    "End a session whose window could not say so at once, by a token that it has sealed to the server's key",
    body=SealedSignOut,
    status=204,
)
BACKUPS: Final = Route(
    "backups_backups",
    "GET",
    "/api/admin/backups/",
    Who.OPERATOR,
    "The backups there are, newest first",
    reply=BackupList,
)
BACK_UP: Final = Route(
    "backups_back_up",
    "POST",
    "/api/admin/backups/",
    Who.OPERATOR,
    "Make a backup now, and check it",
    reply=BackupMade,
    status=201,
    refusals=(429, 503),
)
CHECK: Final = Route(
    "backups_check",
    "GET",
    "/api/admin/check/",
    Who.OPERATOR,
    "Look at every page and every rule of the database; takes as long as it is large",
    reply=Findings,
)
DOCTOR: Final = Route(
    "backups_doctor",
    "GET",
    "/api/admin/doctor/",
    Who.OPERATOR,
    "What an admin would look at by hand: database, backups, disk, devices, and a test order",
    reply=Diagnosis,
)
SECURITY_LOG: Final = Route(
    "security_log_entries",
    "GET",
    "/api/admin/security-log/",
    Who.ADMIN,
    "Who came in or failed to, and who changed what others may do",
    query=SecurityLogQuery,
    reply=SecurityLogPage,
    act=Act.PEOPLE,
)
HEALTH: Final = Route(
    "public_health", "GET", "/healthz", Who.PUBLIC, "Whether the backend and its database answer", reply=Health
)
DOCUMENT: Final = Route("public_document", "GET", "/api/openapi.json", Who.PUBLIC, "This document", reply=Document)
READY: Final = Route(
    "health_ready",
    "GET",
    "/readyz",
    Who.PUBLIC,
    "Whether to send it requests: its database answers, has the right schema, and is written to",
    reply=Readiness,
    refusals=(503,),
)
METRICS: Final = Route(
    "health_figures",
    "GET",
    "/metrics",
    Who.MONITOR,
    "Figures for Prometheus, of the whole backend",
    reply=str,
    content_type="text/plain",
)
AUTHORITY: Final = Route(
    "authority_authority",
    "GET",
    "/api/ca/",
    Who.PUBLIC,
    "The certificate authority that the shop made for itself; believe it only by its fingerprint",
    reply=Authority,
    refusals=(404,),
)

SOCKET_PATH: Final = "/api/events"
"""The WebSocket of `core.protocol.feed`, which is not a request."""
TABLE: Final[tuple[AnyRoute, ...]] = tuple(each for each in list(globals().values()) if isinstance(each, Route))
