"""What the acts on one fob have in common: whose fob it is, and the row that tells of the act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential, Fob, ProgrammingJob


@dataclass(frozen=True, slots=True)
class FobCommand:
    """An act on one fob of the institution."""

    institution_id: str
    fob_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class FobCase:
    """The fob, the open credential it carries and its open job, as read in this transaction."""

    fob: Fob
    credential: Credential | None
    job: ProgrammingJob | None


def fob_case(tx: Session, command: FobCommand, *, held: bool = False) -> FobCase:
    """Raises NotFound for a fob of another institution.

    `held`: nobody binds it, moves it or asks for its erasing until the transaction ends. That must not end its
    credential, which is locked before its fob.
    """
    if held:
        tx.get(Fob, command.fob_id, with_for_update={"key_share": True}, populate_existing=True)
    fob = own_row(tx, Fob, command.fob_id, command.institution_id)
    carried = (Credential.fob_id == fob.id, Credential.state != CredentialState.ENDED)
    job_open = (ProgrammingJob.fob_id == fob.id, ProgrammingJob.closed_at.is_(None))
    return FobCase(
        fob,
        tx.scalars(select(Credential).where(*carried)).one_or_none(),
        tx.scalars(select(ProgrammingJob).where(*job_open)).one_or_none(),
    )


def record_fob_act(
    tx: Session,
    services: Services,
    command: FobCommand,
    now: datetime,
    act: str,
    *,
    credential: Credential | None = None,
    **facts: Any,
) -> None:
    """One audit row for an act on this fob; `credential` where it is about a customer's token."""
    entry = AuditRecord(
        now,
        command.actor,
        act,
        "done",
        command.institution_id,
        customer_id=credential.customer_id if credential else None,
        credential_id=credential.id if credential else None,
        fob_id=command.fob_id,
        facts=facts,
    )
    record(tx, services.audit_key, entry)
