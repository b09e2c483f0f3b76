"""A paper request is taken in: its number, what it is for, and how whoever brought it was identified (R39)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.rules.papers import IdentityCheck, PaperKind, PaperState, read_form_number, read_line
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Customer, PaperRequest


@dataclass(frozen=True, slots=True)
class TakePaperCommand:
    """What stands on the form; `kind` and `identity_check` as chosen, `note` (one line) for the record."""

    institution_id: str
    customer_id: str
    kind: str
    form_number: str
    identity_check: str
    actor: Actor
    note: str = ""


@retried
def take_paper(services: Services, command: TakePaperCommand, now: datetime) -> str:
    """The request's id. Nothing follows from it yet.

    Raises BadInput (kind, form_number, identity_check, note), AlreadyTaken("form_number"), NotFound.
    """
    with services.store.write() as tx:
        return take_in(tx, services, command, now)


def take_in(tx: Session, services: Services, command: TakePaperCommand, now: datetime) -> str:
    """As `take_paper`, in a transaction that does more than this; it is lost where anything is raised."""
    paper = _read(services, command, now)
    own_row(tx, Customer, command.customer_id, command.institution_id)
    tx.add(paper)
    try:
        tx.flush()
    except IntegrityError:
        raise AlreadyTaken("form_number") from None
    record(tx, services.audit_key, _audit(paper, command.actor, now))
    return paper.id


def _read(services: Services, command: TakePaperCommand, now: datetime) -> PaperRequest:
    offered = services.institution(command.institution_id).papers
    if command.kind not in offered:
        raise BadInput("kind", InputFault.NOT_OFFERED if command.kind else InputFault.MISSING)
    form_number = read_form_number(command.form_number)
    if command.identity_check not in set(IdentityCheck):
        raise BadInput("identity_check", InputFault.MISSING)
    return PaperRequest(
        institution_id=command.institution_id,
        customer_id=command.customer_id,
        kind=PaperKind(command.kind),
        form_number=form_number,
        identity_check=IdentityCheck(command.identity_check),
        note=read_line(command.note, "note"),
        taken_by=command.actor.id,
        taken_at=now,
        state=PaperState.OPEN,
    )


def _audit(paper: PaperRequest, actor: Actor, now: datetime) -> AuditRecord:
    facts = {
        "paper_id": paper.id,
        "form_number": paper.form_number,
        "identity_check": paper.identity_check.value,
        "note": paper.note,
    }
    return AuditRecord(
        now,
        actor,
        "take_paper",
        paper.kind.value,
        paper.institution_id,
        customer_id=paper.customer_id,
        facts=facts,
    )
