"""A manager allows one operation at this POS: by the server, or while it does not answer by having enrolled here. Then
the server judges once it has the operation."""

from core.client.device import enrolled
from core.client.errors import NoRight, Refused, TooManyAttempts, Unreachable
from core.client.http.api import SessionApi
from core.client.storage.seal import Seal
from core.domain.acts import Act, Need
from core.domain.digits import ascii_digits
from core.domain.ids import DeviceId, ShopId
from core.domain.rights import Roles, lacking, rights_of
from core.protocol import routes
from core.protocol.approval import Claim, proven
from core.protocol.rights import AskApproval, EnrolHere

_LOCKED_S = 30 * 60.0


def ask(  # noqa: PLR0913 (who is asked for what, and by what it is judged)
    api: SessionApi, seal: Seal, roles: Roles, shop: ShopId, asked: NoRight, name: str, pin: str, *, enrol: bool
) -> str:
    """The approval. With `enrol` the manager enrols at this POS as well. Raises `ClientError`: `Refused` naming `pin`
    for a wrong name or PIN, `NoRight` when they may not do it either."""
    body = AskApproval(staff=name, pin=pin, operation=asked.op_id, about=asked.about, needs=asked.needs)
    try:
        if enrol:
            enrolment = api.call(routes.ENROL(body=EnrolHere(staff=name, pin=pin)))
            enrolled.keep(seal, shop, enrolment, ascii_digits(pin))
        return api.call(routes.APPROVE(body=body)).approval
    except Unreachable as error:
        return _without_server(api, seal, roles, shop, body, error)


def _without_server(
    api: SessionApi, seal: Seal, roles: Roles, shop: ShopId, asked: AskApproval, error: Unreachable
) -> str:
    manager = enrolled.find(seal, shop, asked.staff)
    if manager is None:
        raise Refused("Without the server, only managers who have enrolled at this POS can allow this.") from error
    if missing := lacking(rights_of(roles, manager.role), (*asked.needs, Need(Act.ALLOW_OFFLINE))):
        raise NoRight(missing)
    try:
        key = enrolled.key_of(seal, manager, ascii_digits(asked.pin))
    except enrolled.WrongPin as wrong:
        if wrong.left:
            raise Refused("The name or the PIN is wrong.", field="pin") from None
        raise TooManyAttempts(
            "That was wrong too often. Enrol again once the server is back.", retry_after_s=_LOCKED_S
        ) from None
    claim = Claim(
        shop=shop,
        subject=api.person.id,
        device=DeviceId(api.session.device),
        operation=asked.operation,
        about=asked.about,
        by=manager.staff,
        name=manager.name,
        needs=asked.needs,
        enrolled=True,
        at=api.client.server_now(),
    )
    return proven(claim, key)
