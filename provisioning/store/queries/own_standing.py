"""Where a customer stands, as the customer may see it in the portal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.address_use import AddressUse
from provisioning.rules.company import CompanyRole, manages
from provisioning.rules.institution import Replacement
from provisioning.rules.states import CredentialState, EndedHow, FobState, Slot, TokenKind
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.issuances import is_restricted
from provisioning.store.queries.mails import masked_recipient
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Company,
    Credential,
    Customer,
    Fob,
    MailState,
    OutboxMail,
    Ticket,
    TicketState,
)
from provisioning.store.waiting import issuable_from, login_from

__all__ = [
    "CredentialState",
    "EndedHow",
    "FobState",
    "MailState",
    "OwnMail",
    "OwnStanding",
    "OwnToken",
    "TokenKind",
]


@dataclass(frozen=True, slots=True)
class OwnMail:
    """The newest mail about a token."""

    id: str
    state: MailState
    masked_address: str
    queued_at: datetime

    @property
    def is_waited_for(self) -> bool:
        """It is not sent yet."""
        return self.state in (MailState.QUEUED, MailState.SENDING)


@dataclass(frozen=True, slots=True)
class OwnToken:
    """The customer's open token; `period_s` is 0 where its codes count.

    `serial`, `fob_state` and `expires_at` only of a key fob, `mail` only of a soft token; `set_up_by` while its
    app can be set up: until when.
    """

    credential_id: str
    kind: TokenKind
    state: CredentialState
    digits: int
    period_s: int
    activated_at: datetime | None
    activate_by: datetime
    serial: str | None = None
    fob_state: FobState | None = None
    expires_at: datetime | None = None
    mail: OwnMail | None = None
    set_up_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class OwnApplication:
    """An open application; `number` is what customer and teller call it."""

    id: str
    number: str
    kind: TokenKind
    made_at: datetime


@dataclass(frozen=True, slots=True)
class OwnCompany:
    """The company whose user the customer is, and as what."""

    id: str
    name: str
    role: CompanyRole

    @property
    def manages(self) -> bool:
        """Has something to do for other users."""
        return manages(self.role)


@dataclass(frozen=True, slots=True)
class OwnStanding:
    """A customer with what is theirs.

    `token` is None without an open one; `successor` is to replace it once it is activated, and where `may_replace`
    one can be had. `last_ended` and `last_kind` tell how the last one ended and what it was.
    `issuable_from` and `login_from` are ends of waiting rules, possibly past. `application` is one not fulfilled
    yet. `is_restricted`: no further token until staff lift that on paper (発行規制).
    """

    customer_id: str
    institution_id: str
    branch: str
    name: str
    user_id: str
    token: OwnToken | None
    successor: OwnToken | None
    may_replace: bool
    last_ended: EndedHow | None
    last_kind: TokenKind | None
    issuable_from: datetime | None
    login_from: datetime | None
    application: OwnApplication | None
    transfer_limit_yen: int | None
    uses_mail_password: bool
    company: OwnCompany | None
    is_restricted: bool = False

    @property
    def is_suspended(self) -> bool:
        """The token is suspended; no login until staff lift it."""
        return self.token is not None and self.token.state is CredentialState.SUSPENDED

    @property
    def pending(self) -> OwnToken | None:
        """The token that is being prepared: the successor, or the only one."""
        return self.successor or self.token

    @property
    def has_released_fob(self) -> bool:
        """The last token was a key fob and was released: the fob serves only with a new issuance (manual 001)."""
        return self.token is None and self.last_ended is EndedHow.RELEASED and self.last_kind is TokenKind.HARD

    def has_applied_for(self, kind: TokenKind) -> bool:
        """There is an open application for a token of `kind`."""
        return self.application is not None and self.application.kind is kind

    def is_shut_out(self, now: datetime) -> bool:
        """No login yet after a revocation."""
        return self.login_from is not None and now < self.login_from

    def must_wait(self, now: datetime) -> bool:
        """A new token may be had only later."""
        return self.issuable_from is not None and now < self.issuable_from


def own_standing(services: Services, institution_id: str, customer_id: str) -> OwnStanding | None:
    """The standing, or None where this institution has no such customer."""
    with services.store.read() as tx:
        customer = tx.get(Customer, customer_id)
        if customer is None or customer.institution_id != institution_id:
            return None
        newest = select(Credential).where(Credential.customer_id == customer_id, Credential.slot == Slot.CURRENT)
        credential = tx.scalars(newest.order_by(Credential.issued_at.desc(), Credential.ended_at.is_(None).desc()))
        return _standing(tx, services, customer, credential.first())


def _standing(tx: Session, services: Services, customer: Customer, newest: Credential | None) -> OwnStanding:
    institution = services.institution(customer.institution_id)
    is_open = newest is not None and newest.state is not CredentialState.ENDED
    successor = _successor(tx, customer.id)
    in_use = newest is not None and newest.state is CredentialState.ACTIVE
    succeeds = institution.replacement is Replacement.SUCCESSOR
    return OwnStanding(
        customer_id=customer.id,
        institution_id=customer.institution_id,
        branch=customer.branch,
        name=customer.name,
        user_id=customer.user_id,
        token=_token(tx, services, newest) if newest is not None and is_open else None,
        successor=None if successor is None else _token(tx, services, successor),
        may_replace=succeeds and in_use and successor is None,
        last_ended=None if newest is None else newest.ended_how,
        last_kind=None if newest is None else newest.kind,
        issuable_from=issuable_from(tx, institution, customer.id),
        login_from=login_from(tx, institution, customer.id),
        application=_application(tx, customer.id),
        transfer_limit_yen=customer.transfer_limit_yen,
        uses_mail_password=current_address(tx, customer.id, AddressUse.MAIL_PASSWORD) is not None,
        company=_company(tx, customer),
        is_restricted=is_restricted(tx, institution, customer.id),
    )


def _successor(tx: Session, customer_id: str) -> Credential | None:
    mine = (Credential.customer_id == customer_id, Credential.slot == Slot.SUCCESSOR)
    return tx.scalars(select(Credential).where(*mine, Credential.state != CredentialState.ENDED)).one_or_none()


def _company(tx: Session, customer: Customer) -> OwnCompany | None:
    if customer.company_id is None or customer.company_role is None:
        return None
    return OwnCompany(customer.company_id, tx.get_one(Company, customer.company_id).name, customer.company_role)


def _application(tx: Session, customer_id: str) -> OwnApplication | None:
    still_open = (Application.customer_id == customer_id, Application.state == ApplicationState.OPEN)
    row = tx.scalars(select(Application).where(*still_open)).first()
    return None if row is None else OwnApplication(row.id, row.number, row.kind, row.made_at)


def _token(tx: Session, services: Services, credential: Credential) -> OwnToken:
    fob = tx.get(Fob, credential.fob_id) if credential.fob_id else None
    return OwnToken(
        credential_id=credential.id,
        kind=credential.kind,
        state=credential.state,
        digits=credential.digits,
        period_s=credential.period_s,
        activated_at=credential.activated_at,
        activate_by=credential.activate_by,
        serial=fob.serial if fob else None,
        fob_state=fob.state if fob else None,
        expires_at=fob.expires_at if fob else None,
        mail=_mail(tx, services, credential) if credential.kind is TokenKind.SOFT else None,
        set_up_by=_set_up_by(tx, credential.id) if credential.kind is TokenKind.SOFT else None,
    )


def _set_up_by(tx: Session, credential_id: str) -> datetime | None:
    usable = (Ticket.credential_id == credential_id, Ticket.state == TicketState.OPEN)
    return tx.scalar(select(Ticket.expires_at).where(*usable))


def _mail(tx: Session, services: Services, credential: Credential) -> OwnMail | None:
    newest = select(OutboxMail).where(OutboxMail.credential_id == credential.id)
    # a mail cancelled in favour of the next may be of the same instant
    cancelled = OutboxMail.state == MailState.CANCELLED
    row = tx.scalars(newest.order_by(OutboxMail.queued_at.desc(), cancelled)).first()
    if row is None or services.addresses is None:
        return None
    return OwnMail(row.id, row.state, masked_recipient(services, row), row.queued_at)
