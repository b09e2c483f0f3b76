"""Blank fobs leave one branch for another of the same institution (R31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob
from provisioning.store.tables import Fob, StockTransfer

MAX_SENT: Final = 500
MAX_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class SendFobsCommand:
    """The fobs with these serials, of `branch`'s stock, to `to_branch`; `packed`: how many lie in the parcel."""

    institution_id: str
    branch: str
    to_branch: str
    serials: frozenset[str]
    packed: int
    actor: Actor
    note: str = ""


@retried
def send_fobs(services: Services, command: SendFobsCommand, now: datetime) -> str:
    """IN_STOCK → IN_TRANSIT, all or none; the transfer's id. They stay in this branch's books until they arrive.

    Raises BadInput("to_branch"; "serials" where one is not in the branch's stock; "packed" where it differs;
    "note").
    """
    _check(services, command)
    with services.store.write() as tx:
        fobs = _in_stock(tx, command)
        transfer = StockTransfer(
            institution_id=command.institution_id,
            from_branch=command.branch,
            to_branch=command.to_branch,
            sent_at=now,
            staff_id=command.actor.id,
            note=command.note,
        )
        tx.add(transfer)
        tx.flush()
        for fob_id in fobs:
            move_fob(tx, fob_id, FobState.IN_TRANSIT, command.actor, now, transfer_id=transfer.id)
        facts = {"transfer_id": transfer.id, "to_branch": command.to_branch, "count": len(fobs)}
        record(tx, services.audit_key, AuditRecord(now, command.actor, "send_fobs", "sent", facts=facts))
    return transfer.id


def _check(services: Services, command: SendFobsCommand) -> None:
    others = set(services.institution(command.institution_id).branches) - {command.branch}
    if command.to_branch not in others:
        raise BadInput("to_branch", InputFault.NOT_OFFERED)
    if not command.serials:
        raise BadInput("serials", InputFault.MISSING)
    if len(command.serials) > MAX_SENT:
        raise BadInput("serials", InputFault.WRONG_LENGTH)
    if len(command.note) > MAX_NOTE:
        raise BadInput("note", InputFault.WRONG_LENGTH)
    if not command.note.isprintable():
        raise BadInput("note", InputFault.BAD_FORM)


def _in_stock(tx: Session, command: SendFobsCommand) -> list[str]:
    """Their ids, held until the transaction ends; in one order for everybody, so that nobody waits in a circle."""
    here = (Fob.institution_id == command.institution_id, Fob.branch == command.branch)
    query = select(Fob.id, Fob.serial).where(*here, Fob.state == FobState.IN_STOCK)
    found = tx.execute(query.where(Fob.serial.in_(command.serials)).order_by(Fob.id).with_for_update()).all()
    # a serial that two kinds of fob share names neither
    if sorted(serial for _, serial in found) != sorted(command.serials):
        raise BadInput("serials", InputFault.NOT_OFFERED)
    if command.packed != len(found):
        raise BadInput("packed", InputFault.DO_NOT_MATCH)
    return [fob_id for fob_id, _ in found]
