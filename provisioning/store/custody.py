"""Writing the custody ledger, in the transaction of the move it tells of (R31)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from provisioning.rules.actor import Actor
from provisioning.rules.custody import HOLDER, Holder
from provisioning.rules.states import FobState
from provisioning.store.tables import Credential, CustodyEntry, Fob


def enter_custody(  # noqa: PLR0917 - part of other jobs' transactions
    tx: Session,
    fob_id: str,
    from_state: FobState | None,
    to: FobState,
    actor: Actor,
    now: datetime,
    transfer_id: str | None = None,
) -> None:
    """One row: the fob went to state `to`; with a customer, the one of its newest credential holds it."""
    institution_id, branch = tx.execute(select(Fob.institution_id, Fob.branch).where(Fob.id == fob_id)).one()
    holder = HOLDER[to]
    row = insert(CustodyEntry).values(
        fob_id=fob_id,
        at=now,
        institution_id=institution_id,
        branch=branch,
        from_state=from_state,
        to_state=to,
        holder=holder,
        customer_id=_customer(tx, fob_id) if holder is Holder.CUSTOMER else None,
        transfer_id=transfer_id,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
    )
    tx.execute(row)


def _customer(tx: Session, fob_id: str) -> str | None:
    newest = select(Credential.customer_id).where(Credential.fob_id == fob_id)
    return tx.scalar(newest.order_by(Credential.issued_at.desc(), Credential.id).limit(1))


def enter_new(tx: Session, fobs: Sequence[Fob], actor: Actor, now: datetime) -> None:
    """One row for each fob that just became known, in the state it has."""
    rows = [
        {
            "fob_id": fob.id,
            "at": now,
            "institution_id": fob.institution_id,
            "branch": fob.branch,
            "from_state": None,
            "to_state": fob.state,
            "holder": HOLDER[fob.state],
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
        }
        for fob in fobs
    ]
    tx.execute(insert(CustodyEntry), rows)


def hold_ledger(tx: Session) -> None:
    """Until the transaction ends nobody moves a fob. On SQLite writers take turns anyway."""
    if tx.get_bind().dialect.name == "postgresql":
        tx.execute(text("LOCK TABLE custody_entry IN SHARE MODE"))
