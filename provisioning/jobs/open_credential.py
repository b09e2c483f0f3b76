"""Open a credential for a customer: the row that holds the unique slot, still without a seed."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, IssueRestricted, TooEarly
from provisioning.rules.actor import Actor
from provisioning.rules.institution import Institution
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.issuances import is_restricted
from provisioning.store.slots import slot_for_new
from provisioning.store.tables import Credential, Customer
from provisioning.store.waiting import issuable_from


def open_credential(  # noqa: PLR0917 - part of other jobs' transactions
    tx: Session,
    services: Services,
    customer: Customer,
    kind: TokenKind,
    now: datetime,
    actor: Actor,
    fob_id: str | None = None,
    parameters: OtpParameters | None = None,
) -> Credential:
    """A credential in state ISSUED within the caller's transaction; `parameters` None: the institution's.

    HOTP begins with the institution's first counter. Where the institution replaces that way, it is the successor
    of a token in use (R43).

    Raises TooEarly while the waiting rule holds (R38), AlreadyTaken("credential") if the customer has an
    open one and AlreadyTaken("fob") if the fob carries one (R35), IssueRestricted once the institution's number
    of issuances is used up (R40); the transaction is then lost.
    """
    institution = services.institution(customer.institution_id)
    may_from = issuable_from(tx, institution, customer.id)
    if may_from is not None and now < may_from:
        raise TooEarly(may_from)
    credential = _issued(institution, parameters or institution.otp, now)
    credential.customer_id, credential.kind, credential.fob_id = customer.id, kind, fob_id
    credential.slot = slot_for_new(tx, institution, customer.id)
    tx.add(credential)
    try:
        tx.flush()
    except IntegrityError as error:
        raise AlreadyTaken("fob" if "fob" in str(error.orig) else "credential") from None
    # counted with the slot in hand: nothing else of this customer can be set up meanwhile
    if is_restricted(tx, institution, customer.id):
        raise IssueRestricted
    record(tx, services.audit_key, _audit(credential, actor, now))
    return credential


def _issued(institution: Institution, otp: OtpParameters, now: datetime) -> Credential:
    return Credential(
        institution_id=institution.id,
        state=CredentialState.ISSUED,
        **dataclasses.asdict(otp),
        last_step=institution.hotp_first_counter - 1 if otp.otp_type is OtpType.HOTP else -1,
        issued_at=now,
        activate_by=now + institution.activate_within,
    )


def _audit(credential: Credential, actor: Actor, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        actor,
        "open_credential",
        "issued",
        credential.institution_id,
        customer_id=credential.customer_id,
        credential_id=credential.id,
        fob_id=credential.fob_id,
        facts={"kind": credential.kind.value},
    )
