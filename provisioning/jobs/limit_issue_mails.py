"""Nobody has a mailbox filled with our mails: so many about an issuance an hour, and then it is too early.

That is for customers in the portal, where a password alone leads. Staff know to whom they speak, and help whoever
was attacked in this way; the bank's systems have limits of their own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.errors import TooEarly
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.mail_kind import MailKind
from provisioning.store.tables import OutboxMail

MOST_AN_HOUR: Final = 10
_HOUR: Final = timedelta(hours=1)


def refuse_too_many_issue_mails(tx: Session, customer_id: str, actor: Actor, now: datetime) -> None:
    """Raises TooEarly, until when the first of them is an hour old."""
    if actor.kind is not ActorKind.CUSTOMER:
        return
    asked = select(func.count(), func.min(OutboxMail.queued_at)).where(
        OutboxMail.customer_id == customer_id,
        OutboxMail.kind == MailKind.TOKEN_ISSUED,
        OutboxMail.queued_at > now - _HOUR,
    )
    count, first = tx.execute(asked).one()
    if count >= MOST_AN_HOUR:
        raise TooEarly(first + _HOUR)
