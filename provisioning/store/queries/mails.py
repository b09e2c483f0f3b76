"""Mails and their fate, with the address masked (R66, R68)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import aliased

from provisioning.errors import NotFound
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, MailState, OutboxMail

__all__ = ["MailFilter", "MailState", "MailView", "mail", "mails", "masked", "masked_recipient"]

MASK: Final = "***"


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail. `last_reply` is the SMTP reply code of the last failure.

    `may_resend`: the newest mail of a token whose app is not set up yet; a re-send makes a new ticket.
    """

    id: str
    kind: MailKind
    state: MailState
    masked_address: str
    attempts: int
    last_reply: str | None
    queued_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None
    credential_id: str | None
    customer_id: str
    user_id: str
    customer_name: str
    may_resend: bool


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails: of one branch, of one customer, in these states, or those to care for; the newest `limit`."""

    branch: str | None = None
    customer_id: str | None = None
    states: tuple[MailState, ...] = ()
    only_undelivered: bool = False
    limit: int = 100


def mails(services: Services, institution_id: str, wanted: MailFilter) -> tuple[MailView, ...]:
    """The institution's mails, newest first."""
    query = _views(institution_id).order_by(OutboxMail.queued_at.desc(), OutboxMail.id).limit(wanted.limit)
    if wanted.branch is not None:
        query = query.where(Customer.branch == wanted.branch)
    if wanted.customer_id is not None:
        query = query.where(OutboxMail.customer_id == wanted.customer_id)
    if wanted.states:
        query = query.where(OutboxMail.state.in_(wanted.states))
    if wanted.only_undelivered:
        query = query.where(undelivered())
    with services.store.read() as session:
        rows = session.execute(query).all()
    return tuple(_view(services, *row) for row in rows)


def mail(services: Services, institution_id: str, mail_id: str, branch: str | None = None) -> MailView:
    """One mail. Raises NotFound, also for a mail of another branch than `branch`."""
    query = _views(institution_id).where(OutboxMail.id == mail_id)
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with services.store.read() as session:
        row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("mail")
    return _view(services, *row)


def masked(address: str) -> str:
    """First letter and domain: `t***@example.jp`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}{MASK}@{domain}"


def undelivered() -> ColumnElement[bool]:
    """Mails that somebody must care for: given up, the newest of a token whose app still waits for it."""
    token = aliased(Credential)
    waits = select(token.id).where(token.id == OutboxMail.credential_id, token.state == CredentialState.ISSUED)
    return (OutboxMail.state == MailState.FAILED) & waits.exists() & _newest()


def _newest() -> ColumnElement[bool]:
    # as a value of each row, not as a join: PostgreSQL would read every mail for the few that failed
    other = aliased(OutboxMail)
    same = select(other.id).where(other.credential_id == OutboxMail.credential_id)
    newest = same.order_by(other.queued_at.desc()).limit(1).scalar_subquery()
    return OutboxMail.id == newest


def _views(institution_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(OutboxMail, Customer, Credential.state, _newest())
        .join(Customer, Customer.id == OutboxMail.customer_id)
        .outerjoin(Credential, Credential.id == OutboxMail.credential_id)
        .where(OutboxMail.institution_id == institution_id)
    )


def _view(
    services: Services, row: OutboxMail, customer: Customer, state: CredentialState | None, newest: bool
) -> MailView:
    same = ("id", "kind", "state", "attempts", "last_reply", "queued_at", "next_attempt_at", "sent_at")
    return MailView(
        **{name: getattr(row, name) for name in same},
        masked_address=masked_recipient(services, row),
        credential_id=row.credential_id,
        customer_id=customer.id,
        user_id=customer.user_id,
        customer_name=customer.name,
        may_resend=newest and state is CredentialState.ISSUED,
    )


def masked_recipient(services: Services, row: OutboxMail) -> str:
    """To whom a mail goes, as far as anybody may see it; nothing of an address that was erased (R67)."""
    if services.addresses is None or not row.sealed_address:
        return MASK
    return masked(services.addresses.open(row))
