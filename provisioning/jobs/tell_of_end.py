"""The end of a token that was in use: the transfer limit goes down, the bank's host and the customer are told.

All of it rides in the transaction that ends the token (R41, R45).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from provisioning.jobs.lower_transfer_limit import lower_transfer_limit
from provisioning.rules.actor import Actor
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import EndedHow
from provisioning.services import Services
from provisioning.store.host_events import enter_host_event
from provisioning.store.line import JoinedLine
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.tables import Credential, HostEvent

_NOTICE: Final = {
    EndedHow.RELEASED: MailKind.TOKEN_RELEASED,
    EndedHow.REVOKED: MailKind.TOKEN_REVOKED,
    EndedHow.CANCELLED: MailKind.TOKEN_REVOKED,
    EndedHow.LOST: MailKind.TOKEN_LOST,
    EndedHow.EXPIRED: MailKind.TOKEN_EXPIRED,
}
"""A replaced token is told of by the notice that its successor is in use."""


def tell_of_end(  # noqa: PLR0917 - part of end_credential's transaction
    tx: Session, services: Services, ended: Credential, how: EndedHow, actor: Actor, now: datetime
) -> None:
    """`ended` was in use until now. A successor keeps the customer's limit as it is."""
    replaced = how is EndedHow.REPLACED
    cap_yen = None if replaced else services.institution(ended.institution_id).transfer_limit_cap_yen
    from_yen = None if replaced else lower_transfer_limit(tx, services, ended, actor, now)
    if how in _NOTICE:
        facts: dict[str, Any] = {} if from_yen is None else {"limit_yen": cap_yen}
        notice = Notice(_NOTICE[how], ended.institution_id, ended.customer_id, now, facts)
        owe_notices(JoinedLine(tx.connection()), notice)
    # last, for its number is nobody else's until the commit
    event = HostEvent(
        institution_id=ended.institution_id,
        at=now,
        customer_id=ended.customer_id,
        credential_id=ended.id,
        ended_how=how,
        limit_cap_yen=cap_yen,
        limit_from_yen=from_yen,
    )
    enter_host_event(tx, event)
