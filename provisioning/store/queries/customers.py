"""The customer card: everything of one customer on one page, and the one next thing to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution, Replacement
from provisioning.rules.parameters import Algorithm, OtpType
from provisioning.rules.states import CredentialState, EndedHow, FobState, JobState, Slot, TokenKind
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.issuances import is_restricted
from provisioning.store.mail_codes import tries_in_a_row
from provisioning.store.queries.company_users import CompanyRole, CompanyUser, CompanyView, company_view
from provisioning.store.queries.next_act import NextAct, Standing, next_act
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Credential,
    Customer,
    Fob,
    MailState,
    OutboxMail,
    ProgrammingJob,
    Ticket,
    TicketState,
)
from provisioning.store.waiting import issuable_from

_OUTSIDE: Final = frozenset({FobState.HANDED_OVER, FobState.IN_USE, FobState.PROGRAMMED})
_SAME: Final = (
    "id", "institution_id", "branch", "login_id", "user_id", "name", "name_kana",
    "password_failures", "confirmation_failures", "transfer_limit_yen", "company_role",
)  # fmt: skip
_CREDENTIAL_SAME: Final = (
    "id", "kind", "state", "ended_how", "otp_type", "algorithm", "digits", "period_s", "failures",
    "issued_at", "set_up_at", "activated_at", "suspended_at", "ended_at", "activate_by",
)  # fmt: skip
_FOB_SAME: Final = (
    "id", "serial", "model", "firmware", "state", "battery_percent", "clock_offset_s", "expires_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FobOnCard:
    """The fob of a credential. Percent; seconds (fob minus station)."""

    id: str
    serial: str
    model: str
    firmware: str
    state: FobState
    battery_percent: int | None
    clock_offset_s: int | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CredentialCard:
    """One credential. `drift_s`: how far its clock was learned to be off; `tries_left` before suspension.

    `job_id` is of its newest programming job; `ticket_until` of the ticket that the app can use now.
    """

    id: str
    kind: TokenKind
    state: CredentialState
    ended_how: EndedHow | None
    otp_type: OtpType
    algorithm: Algorithm
    digits: int
    period_s: int
    failures: int
    tries_left: int
    drift_s: int
    issued_at: datetime
    set_up_at: datetime | None
    activated_at: datetime | None
    suspended_at: datetime | None
    ended_at: datetime | None
    activate_by: datetime
    fob: FobOnCard | None
    job_id: str | None
    job_state: JobState | None
    ticket_until: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationCard:
    """An open application."""

    id: str
    number: str
    kind: TokenKind
    made_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """A customer. `current`: the open credential; `successor`: the one that is to replace it, which can be had
    where `may_replace`; `fob_outside`: a dead fob that is still in their hands.

    `company`: whose user they are, with `company_role`; None where the institution has no companies.
    `waiting_until`: before that instant no new token can be issued; None when nothing holds. `is_restricted`: none
    at all until the restriction is lifted on paper (発行規制).
    """

    id: str
    institution_id: str
    branch: str
    login_id: str
    user_id: str
    name: str
    name_kana: str
    password_failures: int
    confirmation_failures: int
    mail_password_failures: int
    passwords_locked: bool
    current: CredentialCard | None
    successor: CredentialCard | None
    may_replace: bool
    uses_mail_password: bool
    last_ended: CredentialCard | None
    fob_outside: FobOnCard | None
    application: ApplicationCard | None
    waiting_until: datetime | None
    next_act: NextAct
    transfer_limit_yen: int | None
    company: CompanyView | None
    company_role: CompanyRole | None
    is_restricted: bool

    @property
    def in_hand(self) -> CredentialCard | None:
        """What the next act is about: the token in use while it is suspended, else what is to be in use next."""
        return _in_hand(self.current, self.successor)

    def open_token(self, credential_id: str) -> CredentialCard | None:
        """One of the two by its id; without one, or for another, the current."""
        is_successor = self.successor is not None and self.successor.id == credential_id
        return self.successor if is_successor else self.current

    @property
    def lifters(self) -> tuple[CompanyUser, ...]:
        """Who in the company could lift this customer's suspension now."""
        return () if self.company is None else self.company.lifters(self.id)


def customer_card(
    services: Services, institution_id: str, customer_id: str, now: datetime, branch: str | None = None
) -> CustomerCard:
    """The card. Raises NotFound, also for a customer of another branch than `branch`."""
    institution = services.institution(institution_id)
    with services.store.read() as session:
        customer = session.get(Customer, customer_id)
        if customer is None or customer.institution_id != institution_id or branch not in (None, customer.branch):
            raise NotFound("customer")
        tokens = _tokens(session, institution, customer_id)
        application = _application(session, customer_id)
        may_from = issuable_from(session, institution, customer_id)
        mail_state = _mail_state(session, tokens.successor or tokens.current)
        fob_outside = _fob_outside(session, customer_id)
        restricted = is_restricted(session, institution, customer_id)
        mail_password = current_address(session, customer_id, AddressUse.MAIL_PASSWORD)
        mail_password_failures = tries_in_a_row(session, customer_id)
    waiting_until = may_from if tokens.current is None and may_from is not None and may_from > now else None
    failures = (customer.password_failures, customer.confirmation_failures, mail_password_failures)
    standing = replace(
        _standing(tokens, mail_state),
        waiting=waiting_until is not None,
        restricted=restricted,
        password_locked=max(failures) >= institution.failure_limit,
        applied_for=application.kind if application else None,
        applies_here=institution.issuance.needs_application,
    )
    return CustomerCard(
        **{name: getattr(customer, name) for name in _SAME},
        **{name: getattr(tokens, name) for name in ("current", "successor", "may_replace", "last_ended")},
        company=_company(services, customer, now),
        passwords_locked=standing.password_locked,
        mail_password_failures=mail_password_failures,
        uses_mail_password=mail_password is not None,
        fob_outside=fob_outside,
        application=application,
        waiting_until=waiting_until,
        next_act=next_act(standing),
        is_restricted=restricted,
    )


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The customer's open credentials, and the one that ended last; as on the card."""

    current: CredentialCard | None
    successor: CredentialCard | None
    last_ended: CredentialCard | None
    may_replace: bool


def _tokens(session: Session, institution: Institution, customer_id: str) -> _Tokens:
    limit = institution.failure_limit
    current = _credential(session, customer_id, limit, ended=False)
    successor = _successor(session, customer_id, limit)
    in_use = current is not None and current.state is CredentialState.ACTIVE
    may_replace = institution.replacement is Replacement.SUCCESSOR and in_use and successor is None
    return _Tokens(current, successor, _credential(session, customer_id, limit, ended=True), may_replace)


def _in_hand(current: CredentialCard | None, successor: CredentialCard | None) -> CredentialCard | None:
    suspended = current is not None and current.state is CredentialState.SUSPENDED
    return current if suspended else successor or current


def _standing(tokens: _Tokens, mail_state: MailState | None) -> Standing:
    of = _in_hand(tokens.current, tokens.successor)
    if of is None:
        return Standing()
    return Standing(
        kind=of.kind,
        state=of.state,
        fob_state=of.fob.state if of.fob else None,
        job_state=of.job_state,
        mail_state=mail_state,
        may_replace=tokens.may_replace,
    )


def _company(services: Services, customer: Customer, now: datetime) -> CompanyView | None:
    if customer.company_id is None:
        return None
    return company_view(services, customer.institution_id, customer.company_id, now)


def _credential(session: Session, customer_id: str, failure_limit: int, *, ended: bool) -> CredentialCard | None:
    """The open credential of the current slot, or the one that ended last."""
    is_ended = Credential.state == CredentialState.ENDED
    query = (
        select(Credential, Fob)
        .outerjoin(Fob, Fob.id == Credential.fob_id)
        .where(Credential.customer_id == customer_id, Credential.slot == Slot.CURRENT)
        .where(is_ended if ended else ~is_ended)
        .order_by(Credential.ended_at.desc(), Credential.id)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else _card(session, *found, failure_limit)


def _successor(session: Session, customer_id: str, failure_limit: int) -> CredentialCard | None:
    query = (
        select(Credential, Fob)
        .outerjoin(Fob, Fob.id == Credential.fob_id)
        .where(Credential.customer_id == customer_id, Credential.slot == Slot.SUCCESSOR)
        .where(Credential.state != CredentialState.ENDED)
    )
    found = session.execute(query).one_or_none()
    return None if found is None else _card(session, *found, failure_limit)


def _card(session: Session, row: Credential, fob: Fob | None, failure_limit: int) -> CredentialCard:
    job = _newest_job(session, row.id)
    return CredentialCard(
        **{name: getattr(row, name) for name in _CREDENTIAL_SAME},
        tries_left=max(0, failure_limit - row.failures),
        drift_s=row.drift_steps * row.period_s,
        fob=None if fob is None else _fob(fob),
        job_id=job.id if job else None,
        job_state=job.state if job else None,
        ticket_until=_ticket_until(session, row.id),
    )


def _fob(row: Fob) -> FobOnCard:
    return FobOnCard(**{name: getattr(row, name) for name in _FOB_SAME})


def _newest_job(session: Session, credential_id: str) -> ProgrammingJob | None:
    own = select(ProgrammingJob).where(ProgrammingJob.credential_id == credential_id)
    return session.scalars(own.order_by(ProgrammingJob.queued_at.desc(), ProgrammingJob.id).limit(1)).one_or_none()


def _ticket_until(session: Session, credential_id: str) -> datetime | None:
    return session.scalar(
        select(Ticket.expires_at).where(Ticket.credential_id == credential_id, Ticket.state == TicketState.OPEN)
    )


def _application(session: Session, customer_id: str) -> ApplicationCard | None:
    mine = (Application.customer_id == customer_id, Application.state == ApplicationState.OPEN)
    row = session.scalars(select(Application).where(*mine)).one_or_none()
    return None if row is None else ApplicationCard(row.id, row.number, row.kind, row.made_at)


def _mail_state(session: Session, current: CredentialCard | None) -> MailState | None:
    if current is None:
        return None
    newest = select(OutboxMail.state).where(OutboxMail.credential_id == current.id)
    return session.scalar(newest.order_by(OutboxMail.queued_at.desc(), OutboxMail.id).limit(1))


def _fob_outside(session: Session, customer_id: str) -> FobOnCard | None:
    """The fob of this customer's newest ended hard credential, if it is still with them and dead."""
    ended = (
        select(Fob)
        .join(Credential, Credential.fob_id == Fob.id)
        .where(Credential.customer_id == customer_id, Credential.state == CredentialState.ENDED)
        .order_by(Credential.issued_at.desc(), Credential.id)
        .limit(1)
    )
    fob = session.scalar(ended)
    if fob is None or fob.state not in _OUTSIDE:
        return None
    alive = select(Credential.id).where(Credential.fob_id == fob.id, Credential.state != CredentialState.ENDED)
    return _fob(fob) if session.scalar(alive) is None else None
