"""Begin a batch: a list of customers for whom fobs are written one after another at one station."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound
from provisioning.jobs.needs_approval import refuse_without_approval
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovedAct
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Batch, BatchItem, Customer, StaffFallback, Station

MAX_ITEMS: Final = 200
MAX_AT_ONCE: Final = 16
"""Sockets of the largest hub that a station is meant for."""


@dataclass(frozen=True, slots=True)
class OpenBatchCommand:
    """Customers in the order in which they get their fobs; `at_once` fobs may be on their way at a time."""

    institution_id: str
    station_id: str
    customer_ids: tuple[str, ...]
    actor: Actor
    at_once: int = 1


@retried
def open_batch(services: Services, command: OpenBatchCommand, now: datetime) -> str:
    """The batch's id.

    Raises BadInput("customers" or "at_once"), NotFound, AlreadyTaken("batch") where the station has one open,
    ApprovalNeeded.
    """
    try:
        with services.store.write() as tx:
            return open_in(tx, services, command, now)
    except IntegrityError:
        raise AlreadyTaken("batch") from None


def open_in(tx: Session, services: Services, command: OpenBatchCommand, now: datetime) -> str:
    """As `open_batch`, in a transaction that does more than this; raises IntegrityError where one is open."""
    refuse_without_approval(services.institution(command.institution_id), command.actor, ApprovedAct.ISSUE_HARD)
    wanted = tuple(dict.fromkeys(command.customer_ids))
    if not wanted:
        raise BadInput("customers", InputFault.MISSING)
    if len(wanted) > MAX_ITEMS:
        raise BadInput("customers", InputFault.WRONG_LENGTH)
    if not 1 <= command.at_once <= MAX_AT_ONCE:
        raise BadInput("at_once", InputFault.NOT_OFFERED)
    batch = _batch(tx, command, now)
    _check_customers(tx, command, batch, wanted)
    tx.add(batch)
    tx.flush()
    places = enumerate(wanted, 1)
    tx.add_all(BatchItem(batch_id=batch.id, position=n, customer_id=who, changed_at=now) for n, who in places)
    facts = {"batch_id": batch.id, "customers": len(wanted), "at_once": command.at_once}
    record(tx, services.audit_key, AuditRecord(now, command.actor, "open_batch", "open", facts=facts))
    return batch.id


def _batch(tx: Session, command: OpenBatchCommand, now: datetime) -> Batch:
    station = own_row(tx, Station, command.station_id, command.institution_id)
    if station.revoked_at is not None:
        raise NotFound("station")
    return Batch(
        institution_id=station.institution_id,
        branch=station.branch,
        station_id=station.id,
        opened_by=command.actor.id,
        approval_id=command.actor.approval.approval_id if command.actor.approval else None,
        at_once=command.at_once,
        opened_at=now,
        pressed_at=now,
    )


def _check_customers(tx: Session, command: OpenBatchCommand, batch: Batch, wanted: tuple[str, ...]) -> None:
    """All of the branch, and none of them whoever asks: nobody issues their own token."""
    own = tx.scalar(select(StaffFallback.holder_id).where(StaffFallback.staff_id == command.actor.id))
    if own in wanted:
        raise NotFound("customer")
    here = (Customer.institution_id == batch.institution_id, Customer.branch == batch.branch)
    found = tx.scalar(select(func.count()).where(Customer.id.in_(wanted), *here))
    if found != len(wanted):
        raise NotFound("customer")
