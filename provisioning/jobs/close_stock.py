"""A branch's fobs are counted at the end of the day and laid beside the books (R31)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault
from provisioning.rules.actor import Actor
from provisioning.rules.closing import (
    OVERDUE_AFTER,
    ClosingLine,
    Finding,
    FindingKind,
    disagreements,
    flows,
    in_compartments,
)
from provisioning.rules.custody import COMPARTMENT, Compartment
from provisioning.rules.states import CredentialState, FobState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.custody import hold_ledger
from provisioning.store.queries.stock import fob_counts
from provisioning.store.tables import Credential, CustodyEntry, Fob, ProgrammingJob, StockClosing, StockTransfer

MAX_NOTE: Final = 200
MAX_COUNTED: Final = 1_000_000
MAX_SCANNED: Final = 5_000
LISTED: Final = 200
"""At most so many fobs are named for each kind of disagreement."""


@dataclass(frozen=True, slots=True)
class CloseStockCommand:
    """`counted` by compartment; or `scanned`, the serials read from every fob that lies in the branch."""

    institution_id: str
    branch: str
    actor: Actor
    counted: Mapping[Compartment, int] = field(default_factory=dict)
    scanned: frozenset[str] = frozenset()
    note: str = ""


@retried
def close_stock(services: Services, command: CloseStockCommand, now: datetime) -> str:
    """The closing's id; what does not agree is written down with it.

    Raises BadInput for a compartment, "scanned" or "note".
    """
    _check(command)
    with services.store.write() as tx:
        hold_ledger(tx)
        last = _last_closing(tx, command)
        counts = fob_counts(tx, command.institution_id, command.branch)
        counted, found = _scan(tx, command) if command.scanned else (dict(command.counted), [])
        lines = _lines(tx, command, last, in_compartments(counts), counted)
        findings = [*disagreements(lines), *found, *_contradictions(tx, command, now)]
        closing = StockClosing(
            institution_id=command.institution_id,
            branch=command.branch,
            at=now,
            staff_id=command.actor.id,
            last_entry_id=tx.scalar(select(func.max(CustodyEntry.id))) or 0,
            lines={line.compartment.value: dataclasses.asdict(line) for line in lines},
            states={state.value: count for state, count in counts.items()},
            findings=[dataclasses.asdict(finding) for finding in findings],
            note=command.note,
        )
        tx.add(closing)
        tx.flush()
        facts = {"closing_id": closing.id, "findings": len(findings)}
        result = "differs" if findings else "agrees"
        record(tx, services.audit_key, AuditRecord(now, command.actor, "close_stock", result, facts=facts))
    return closing.id


def _check(command: CloseStockCommand) -> None:
    if len(command.scanned) > MAX_SCANNED:
        raise BadInput("scanned", InputFault.WRONG_LENGTH)
    if len(command.note) > MAX_NOTE:
        raise BadInput("note", InputFault.WRONG_LENGTH)
    if not command.note.isprintable():
        raise BadInput("note", InputFault.BAD_FORM)
    for compartment in Compartment:
        if not command.scanned and compartment not in command.counted:
            raise BadInput(compartment.value, InputFault.MISSING)
        if not 0 <= command.counted.get(compartment, 0) <= MAX_COUNTED:
            raise BadInput(compartment.value, InputFault.BAD_FORM)


def _last_closing(tx: Session, command: CloseStockCommand) -> StockClosing | None:
    own = (StockClosing.institution_id == command.institution_id, StockClosing.branch == command.branch)
    newest = select(StockClosing).where(*own).order_by(StockClosing.at.desc(), StockClosing.last_entry_id.desc())
    return tx.scalars(newest.limit(1)).first()


def _lines(
    tx: Session,
    command: CloseStockCommand,
    last: StockClosing | None,
    books: Mapping[Compartment, int],
    counted: Mapping[Compartment, int],
) -> list[ClosingLine]:
    came, went = flows(_moves(tx, command, last.last_entry_id if last else 0))
    before = {one: int(last.lines[one.value]["books"]) if last else None for one in Compartment}
    return [ClosingLine(one, before[one], came[one], went[one], books[one], counted[one]) for one in Compartment]


def _moves(tx: Session, command: CloseStockCommand, after_id: int) -> list[tuple[FobState | None, FobState, int]]:
    own = (CustodyEntry.institution_id == command.institution_id, CustodyEntry.branch == command.branch)
    kind = (CustodyEntry.from_state, CustodyEntry.to_state)
    query = select(*kind, func.count()).where(*own, CustodyEntry.id > after_id).group_by(*kind)
    return [(from_state, to_state, count) for from_state, to_state, count in tx.execute(query)]


def _scan(tx: Session, command: CloseStockCommand) -> tuple[dict[Compartment, int], list[Finding]]:
    """How many were read of each compartment; the serials that are missing, and those that are too many."""
    here = (Fob.institution_id == command.institution_id, Fob.branch == command.branch)
    query = select(Fob.serial, Fob.state).where(*here, Fob.state.in_(COMPARTMENT)).order_by(Fob.serial)
    counted = dict.fromkeys(Compartment, 0)
    missing: list[Finding] = []
    known: set[str] = set()
    for serial, state in tx.execute(query):
        known.add(serial)
        if serial in command.scanned:
            counted[COMPARTMENT[state]] += 1
        else:
            missing.append(Finding(FindingKind.MISSING, COMPARTMENT[state], serial))
    surplus = [Finding(FindingKind.SURPLUS, serial=serial) for serial in sorted(command.scanned - known)]
    return counted, [*missing[:LISTED], *surplus[:LISTED]]


def _contradictions(tx: Session, command: CloseStockCommand, now: datetime) -> Iterator[Finding]:
    """Fobs of which the books tell two things, and those that should have arrived by now."""
    has_token = select(Credential.id).where(Credential.fob_id == Fob.id, Credential.state != CredentialState.ENDED)
    has_job = select(ProgrammingJob.id).where(ProgrammingJob.fob_id == Fob.id, ProgrammingJob.closed_at.is_(None))
    here = and_(Fob.institution_id == command.institution_id, Fob.branch == command.branch)
    to_or_from = select(StockTransfer.id).where(
        StockTransfer.institution_id == command.institution_id,
        or_(StockTransfer.from_branch == command.branch, StockTransfer.to_branch == command.branch),
    )
    wrong: dict[FindingKind, ColumnElement[bool]] = {
        FindingKind.NO_JOB: and_(here, Fob.state.in_(_BUSY), ~has_job.exists()),
        FindingKind.NO_TOKEN: and_(here, Fob.state.in_(_CARRYING), ~has_token.exists()),
        FindingKind.HAS_TOKEN: and_(here, Fob.state.in_(_FREE), has_token.exists()),
        FindingKind.ON_WAY: and_(Fob.transfer_id.in_(to_or_from), Fob.changed_at <= now - OVERDUE_AFTER),
    }
    for kind, condition in wrong.items():
        for serial in tx.scalars(select(Fob.serial).where(condition).order_by(Fob.serial).limit(LISTED)):
            yield Finding(kind, serial=serial)


_BUSY: Final[Collection[FobState]] = (FobState.RESERVED, FobState.PROGRAMMING)
_CARRYING: Final[Collection[FobState]] = (FobState.PROGRAMMED, FobState.IN_USE)
_FREE: Final[Collection[FobState]] = (
    FobState.IN_STOCK, FobState.IN_TRANSIT, FobState.RETURNED, FobState.BROKEN, FobState.LOST, FobState.RETIRED,
)  # fmt: skip
