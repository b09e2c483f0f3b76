"""Fobs from another branch arrive, or come back to the branch that sent them (R31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.fob_acts import FobCommand, fob_case, record_fob_act
from provisioning.rules.actor import Actor
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import move_fob
from provisioning.store.tables import Fob, StockTransfer


@dataclass(frozen=True, slots=True)
class ReceiveFobsCommand:
    """What lay in the parcel: `arrived` fobs, all that are on their way but the serials `not_arrived`."""

    institution_id: str
    branch: str
    transfer_id: str
    arrived: int
    actor: Actor
    not_arrived: frozenset[str] = frozenset()


@retried
def receive_fobs(services: Services, command: ReceiveFobsCommand, now: datetime) -> int:
    """IN_TRANSIT → IN_STOCK of this branch; how many. What is missing stays on its way.

    Raises NotFound for a transfer to another branch, WrongState where nothing is on its way any more,
    BadInput("not_arrived" where one is not on its way; "arrived" where it differs).
    """
    with services.store.write() as tx:
        transfer = tx.get(StockTransfer, command.transfer_id)
        if transfer is None or _is_elsewhere(transfer, command):
            raise NotFound("transfer")
        arrived = _arrived(tx, command)
        for fob_id in arrived:
            move_fob(tx, fob_id, FobState.IN_STOCK, command.actor, now, branch=command.branch)
        facts = {"transfer_id": transfer.id, "count": len(arrived), "missing": len(command.not_arrived)}
        entry = AuditRecord(now, command.actor, "receive_fobs", "received", facts=facts)
        record(tx, services.audit_key, entry)
    return len(arrived)


@retried
def call_back_fob(services: Services, command: FobCommand, now: datetime) -> None:
    """It came back, or never left: IN_TRANSIT → IN_STOCK of who sent it. Raises WrongState, NotFound."""
    with services.store.write() as tx:
        fob = fob_case(tx, command).fob
        move_fob(tx, fob.id, FobState.IN_STOCK, command.actor, now, only_from={FobState.IN_TRANSIT})
        record_fob_act(tx, services, command, now, "call_back", serial=fob.serial)


def _is_elsewhere(transfer: StockTransfer, command: ReceiveFobsCommand) -> bool:
    return (transfer.institution_id, transfer.to_branch) != (command.institution_id, command.branch)


def _arrived(tx: Session, command: ReceiveFobsCommand) -> list[str]:
    query = select(Fob.id, Fob.serial).where(Fob.transfer_id == command.transfer_id).order_by(Fob.id)
    # held until the transaction ends: who comes second finds them gone
    on_way = tx.execute(query.with_for_update()).all()
    if not on_way:
        raise WrongState("transfer", "received")
    if not command.not_arrived <= {serial for _, serial in on_way}:
        raise BadInput("not_arrived", InputFault.NOT_OFFERED)
    here = [fob_id for fob_id, serial in on_way if serial not in command.not_arrived]
    if not here or len(here) != command.arrived:
        raise BadInput("arrived", InputFault.DO_NOT_MATCH)
    return here
