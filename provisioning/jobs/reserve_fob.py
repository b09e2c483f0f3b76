"""Bind a fob to a customer and queue its programming (design §5, R35).

The fob comes from stock, or it is the customer's own, dead since the release: manual 001 lets the same
fob serve again through a new issuance.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, CannotHold, InputFault, NotFound, WrongState
from provisioning.jobs.fob_fit import fob_fit
from provisioning.jobs.needs_approval import acts_of_issuance, refuse_without_approval
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.queue_job import JobOrder, queue_job
from provisioning.jobs.unnamed_fob import station_for
from provisioning.rules.actor import Actor
from provisioning.rules.expiry import Expiry, expiry
from provisioning.rules.factory import FACTORY, suits
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState, FobState, JobKind, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob
from provisioning.store.own_rows import own_row
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Credential,
    Customer,
    Fob,
    ImportedSeed,
    Station,
)

_SOMEBODYS: Final = frozenset(
    {FobState.RESERVED, FobState.PROGRAMMING, FobState.PROGRAMMED, FobState.HANDED_OVER, FobState.IN_USE}
)


@dataclass(frozen=True, slots=True)
class ReserveFobCommand:
    """`fob_id` for `customer_id`. `station_id` None: whichever station sees the fob writes it.

    `application_id` names the portal application that this fulfils; `hand_over_on_proof` is for a
    bank that hands the fob over itself.
    """

    institution_id: str
    customer_id: str
    fob_id: str
    actor: Actor
    station_id: str | None = None
    application_id: str | None = None
    hand_over_on_proof: bool = False


@dataclass(frozen=True, slots=True)
class ReservedFob:
    """The queued job and the credential, which is ISSUED and has no seed yet."""

    job_id: str
    credential_id: str


@retried
def reserve_fob(services: Services, command: ReserveFobCommand, now: datetime) -> ReservedFob:
    """Fob IN_STOCK → RESERVED, credential ISSUED, job QUEUED: all or nothing.

    The customer's own dead fob goes HANDED_OVER → PROGRAMMING: given up, it is to be erased, not stock.

    Raises AlreadyTaken("fob") or AlreadyTaken for the customer's slot when somebody was first,
    WrongState for a fob that must be erased, is gone or has expired, CannotHold for a fob of a kind that cannot
    hold what the institution wants, what `unnamed_fob.station_for` raises, TooEarly, IssueRestricted, NotFound,
    BadInput, ApprovalNeeded.
    """
    with services.store.write() as tx:
        return reserve_in(tx, services, command, now)


def reserve_in(tx: Session, services: Services, command: ReserveFobCommand, now: datetime) -> ReservedFob:
    """As `reserve_fob`, in a transaction that does more than this; it is lost where anything is raised."""
    institution = services.institution(command.institution_id)
    if TokenKind.HARD not in institution.kinds:
        raise BadInput("kind", InputFault.NOT_OFFERED)
    customer = own_row(tx, Customer, command.customer_id, command.institution_id)
    acts = acts_of_issuance(tx, institution, customer.id, TokenKind.HARD)
    refuse_without_approval(institution, command.actor, *acts)
    _check_named(tx, command)
    fob = _take_fob(tx, command, now)
    imported = tx.get(ImportedSeed, fob.id)
    if imported is not None:
        return _reserve_imported(tx, services, command, imported, now)
    fit = fob_fit(services, institution, fob.profile)
    if fit.refusal is not None:
        raise fit.refusal
    station_id = station_for(tx, services, fob, command.station_id, now)
    credential = open_credential(
        tx, services, customer, TokenKind.HARD, now, command.actor, fob_id=fob.id, parameters=fit.otp
    )
    job_id = queue_job(tx, _order(command, credential.id, station_id), now)
    record(tx, services.audit_key, _audit(command, credential.id, job_id, now))
    return ReservedFob(job_id, credential.id)


def _reserve_imported(
    tx: Session, services: Services, command: ReserveFobCommand, imported: ImportedSeed, now: datetime
) -> ReservedFob:
    """No station has anything to write: a code from its display proves the seed that it came with."""
    customer, otp = tx.get_one(Customer, command.customer_id), imported.parameters
    institution = services.institution(command.institution_id)
    if not suits(institution, otp, imported.drift_steps):
        raise _not_of_its_form(institution.otp, otp)
    credential = open_credential(
        tx, services, customer, TokenKind.HARD, now, command.actor, fob_id=command.fob_id, parameters=otp
    )
    credential.last_step = imported.next_counter - 1
    credential.drift_steps = imported.drift_steps
    order = dataclasses.replace(_order(command, credential.id, None), came_written=True)
    job_id = queue_job(tx, order, now)
    record(tx, services.audit_key, _audit(command, credential.id, job_id, now))
    return ReservedFob(job_id, credential.id)


def _not_of_its_form(wanted: OtpParameters, has: OtpParameters) -> CannotHold:
    """The institution's profile has changed since the fob was imported."""
    names = ("otp_type", "digits", "period_s")
    limit = next((name for name in names if getattr(wanted, name) != getattr(has, name)), "otp_type")
    return CannotHold(limit, str(getattr(wanted, limit)), str(getattr(has, limit)))


def _check_named(tx: Session, command: ReserveFobCommand) -> None:
    """The station and the application, where they are named, belong here and are usable."""
    if command.station_id is not None:
        station = own_row(tx, Station, command.station_id, command.institution_id)
        fob = tx.get(Fob, command.fob_id)
        if station.revoked_at is not None:
            raise NotFound("station")
        if fob is not None and fob.branch != station.branch:
            raise NotFound("station")
    if command.application_id is not None:
        application = tx.get(Application, command.application_id)
        if application is None or application.customer_id != command.customer_id:
            raise NotFound("application")
        if application.state is not ApplicationState.OPEN:
            raise WrongState("application", application.state.value)


def _take_fob(tx: Session, command: ReserveFobCommand, now: datetime) -> Fob:
    fob = own_row(tx, Fob, command.fob_id, command.institution_id)
    own = (
        fob.state is FobState.HANDED_OVER
        and fob.profile != FACTORY
        and _is_dead_with(tx, fob.id, command.customer_id)
    )
    if fob.state in _SOMEBODYS and not own:
        raise AlreadyTaken("fob")
    if fob.state is not FobState.IN_STOCK and not own:
        raise WrongState("fob", fob.state.value)
    if expiry(fob.expires_at, now) is Expiry.PAST:
        raise WrongState("fob", "expired")
    to = FobState.PROGRAMMING if own else FobState.RESERVED
    try:
        move_fob(tx, fob.id, to, command.actor, now, only_from={fob.state})
    except WrongState:
        raise AlreadyTaken("fob") from None
    return fob


def _is_dead_with(tx: Session, fob_id: str, customer_id: str) -> bool:
    """Whether the last credential on the fob was this customer's and has ended."""
    latest = select(Credential).where(Credential.fob_id == fob_id).order_by(Credential.issued_at.desc())
    last = tx.scalars(latest.limit(1)).first()
    return last is not None and last.state is CredentialState.ENDED and last.customer_id == customer_id


def _order(command: ReserveFobCommand, credential_id: str, station_id: str | None) -> JobOrder:
    return JobOrder(
        command.institution_id,
        JobKind.PROGRAM,
        command.fob_id,
        requested_by=command.actor.id,
        credential_id=credential_id,
        station_id=station_id,
        hand_over_on_proof=command.hand_over_on_proof,
    )


def _audit(command: ReserveFobCommand, credential_id: str, job_id: str, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        command.actor,
        "reserve_fob",
        "queued",
        command.institution_id,
        customer_id=command.customer_id,
        credential_id=credential_id,
        fob_id=command.fob_id,
        job_id=job_id,
    )
