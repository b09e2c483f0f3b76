"""Staff end a customer's token for a reason; the reason decides how it ended, and so when the next may be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from provisioning.jobs.end_credential import end_credential
from provisioning.jobs.needs_paper import refuse_without_paper
from provisioning.rules.actor import Actor
from provisioning.rules.papers import PaperKind, read_line
from provisioning.rules.states import EndedHow, EndReason, Slot
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.slots import open_in
from provisioning.store.tables import Credential

PAPERS: Final[dict[EndReason, PaperKind]] = {
    EndReason.CHANGE_OF_PHONE: PaperKind.FORGOTTEN_RELEASE,
    EndReason.BROKEN: PaperKind.PHONE_GONE,
}
"""Reasons for which an institution may demand a paper; a loss never waits for one (R42)."""
HOW: Final[dict[EndReason, EndedHow]] = {
    EndReason.CUSTOMERS_WISH: EndedHow.RELEASED,
    EndReason.CHANGE_OF_PHONE: EndedHow.RELEASED,
    EndReason.LOST: EndedHow.LOST,
    EndReason.STOLEN: EndedHow.LOST,
    EndReason.BROKEN: EndedHow.REVOKED,
    EndReason.SUSPICION: EndedHow.REVOKED,
    EndReason.WRONGLY_ISSUED: EndedHow.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class EndTokenCommand:
    """End one credential. `note` (at most 200 characters, one line) is for the record."""

    institution_id: str
    credential_id: str
    reason: EndReason
    actor: Actor
    note: str = ""


@retried
def end_token(services: Services, command: EndTokenCommand, now: datetime) -> EndedHow:
    """End it and destroy its seed; answers how it ended.

    Raises BadInput (`note`), NotFound, WrongState, PaperNeeded.
    """
    note = read_line(command.note, "note")
    if command.reason in PAPERS:
        institution = services.institution(command.institution_id)
        refuse_without_paper(institution, PAPERS[command.reason], command.actor)
    how = HOW[command.reason]
    with services.store.write() as tx:
        credential = own_row(tx, Credential, command.credential_id, command.institution_id)
        # whoever got hold of the token may have had its successor made
        successor = _successor(tx, credential) if command.reason is EndReason.SUSPICION else None
        end_credential(tx, services, credential, how, command.actor, now)
        if successor is not None:
            end_credential(tx, services, successor, how, command.actor, now)
        entry = AuditRecord(
            now,
            command.actor,
            "end_token",
            how.value,
            command.institution_id,
            credential.customer_id,
            credential.id,
            credential.fob_id,
            facts={"reason": command.reason.value, "note": note, "kind": credential.kind.value},
        )
        record(tx, services.audit_key, entry)
    return how


def _successor(tx: Session, credential: Credential) -> Credential | None:
    if credential.slot is Slot.SUCCESSOR:
        return None
    open_in(tx, credential.customer_id, Slot.CURRENT)
    return open_in(tx, credential.customer_id, Slot.SUCCESSOR)
