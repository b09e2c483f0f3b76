"""Rows by their ids, of one institution: another's are not found, no more than what never was (R58)."""

from __future__ import annotations

from typing import Final, TypeVar

from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.store.tables import (
    Application,
    ApprovalRequest,
    Base,
    Batch,
    Company,
    Credential,
    Customer,
    Fob,
    OutboxMail,
    PaperRequest,
    ProgrammingJob,
    Staff,
    Station,
)

_CALLED: Final[dict[type[Base], str]] = {
    ApprovalRequest: "approval",
    OutboxMail: "mail",
    PaperRequest: "paper",
    ProgrammingJob: "job",
}
"""What NotFound says is not there, where the table's own name would not tell."""

Owned = TypeVar(
    "Owned",
    Application,
    ApprovalRequest,
    Batch,
    Company,
    Credential,
    Customer,
    Fob,
    OutboxMail,
    PaperRequest,
    ProgrammingJob,
    Staff,
    Station,
)


def own_row(
    tx: Session, table: type[Owned], row_id: str, institution_id: str | None, *, held: bool = False
) -> Owned:
    """The row, `held` as it is read until the transaction ends.

    Raises NotFound, also for another institution's. `institution_id` None is nobody's.
    """
    row = tx.get(table, row_id, with_for_update=held or None)
    if row is None or row.institution_id != institution_id:
        raise NotFound(_CALLED.get(table, table.__tablename__))
    return row
