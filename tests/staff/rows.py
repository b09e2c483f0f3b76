"""Rows in states that tests of the console begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provisioning.jobs.open_credential import open_credential
from provisioning.rules.actor import SYSTEM
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.states import CredentialState, FobState, JobKind, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.address_box import address_columns
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Credential,
    Customer,
    Fob,
    MailState,
    OutboxMail,
    ProgrammingJob,
)


def add_credential(
    services: Services, customer: Customer, kind: TokenKind, now: datetime, fob: Fob | None = None, **values: Any
) -> Credential:
    """An open credential with columns set to `values`."""
    with services.store.write() as tx:
        fob_id = fob.id if fob else None
        credential = open_credential(tx, services, customer, kind, now, SYSTEM, fob_id=fob_id)
        _set(credential, values)
    return credential


def add_job(services: Services, credential: Credential, state: JobState, now: datetime, **values: Any) -> str:
    """A programming job of the credential's fob."""
    assert credential.fob_id is not None
    job = ProgrammingJob(
        institution_id=credential.institution_id,
        kind=JobKind.PROGRAM,
        state=state,
        fob_id=credential.fob_id,
        credential_id=credential.id,
        requested_by="somebody",
        queued_at=now,
    )
    _set(job, values)
    with services.store.write() as tx:
        tx.add(job)
    return job.id


def add_mail(
    services: Services, credential: Credential, state: MailState, now: datetime, **values: Any
) -> OutboxMail:
    """The issue mail of a soft token, to hanako@carrier.example."""
    assert services.addresses is not None
    mail = OutboxMail(
        institution_id=credential.institution_id,
        customer_id=credential.customer_id,
        credential_id=credential.id,
        kind=MailKind.TOKEN_ISSUED,
        language="ja",
        **address_columns(services.addresses.seal("hanako@carrier.example", credential.institution_id)),
        facts={},
        state=state,
        queued_at=now,
        next_attempt_at=now,
    )
    _set(mail, values)
    with services.store.write() as tx:
        tx.add(mail)
    return mail


def add_application(
    services: Services, customer: Customer, number: str, now: datetime, kind: TokenKind = TokenKind.HARD
) -> Application:
    """An open application."""
    application = Application(
        number=number,
        institution_id=customer.institution_id,
        customer_id=customer.id,
        kind=kind,
        state=ApplicationState.OPEN,
        made_at=now,
    )
    with services.store.write() as tx:
        tx.add(application)
    return application


def add_act(services: Services, customer: Customer, act: str, now: datetime, **values: Any) -> None:
    """An audited act of the worker's."""
    with services.store.write() as tx:
        entry = AuditRecord(now, SYSTEM, act, "done", customer.institution_id, customer.id, **values)
        record(tx, services.audit_key, entry)


def change(services: Services, table: type[Any], row_id: str, **values: Any) -> None:
    """Set columns of a row."""
    with services.store.write() as tx:
        _set(tx.get_one(table, row_id), values)


def suspend(services: Services, credential: Credential, now: datetime) -> None:
    """As after too many wrong codes."""
    change(
        services,
        Credential,
        credential.id,
        state=CredentialState.SUSPENDED,
        resume_state=CredentialState.ACTIVE,
        suspended_at=now,
        failures=5,
    )


def move_fob_row(services: Services, fob: Fob, state: FobState) -> None:
    """Put a fob where the test wants it."""
    change(services, Fob, fob.id, state=state)


def _set(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
