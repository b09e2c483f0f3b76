"""Erase mail addresses that are not needed any more (R67): a step of the worker.

A stored address goes some days after it was replaced or its token ended, one that was never confirmed some days
after it was entered; with it goes every mail's copy that nobody waits for. That a mail was sent stays on record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.mail_codes import forget_code
from provisioning.store.tables import Credential, CustomerAddress, MailState, OutboxMail

_SETTLED: Final = (MailState.SENT, MailState.FAILED, MailState.CANCELLED)
_AT_ONCE: Final = 500
_ERASED: Final = b""


def erase_addresses(services: Services, now: datetime) -> int:
    """How many stored addresses were erased, at most _AT_ONCE of each institution."""
    return sum(_erase(services, one.id, one.keep_address, now) for one in services.institutions.values())


@retried
def _erase(services: Services, institution_id: str, keep: timedelta, now: datetime) -> int:
    with services.store.write() as tx:
        return _erase_in(tx, services, institution_id, keep, now)


def _erase_in(tx: Session, services: Services, institution_id: str, keep: timedelta, now: datetime) -> int:
    over = or_(
        CustomerAddress.retired_at <= now - keep,
        and_(CustomerAddress.confirmed_at.is_(None), CustomerAddress.stored_at <= now - keep),
    )
    due = select(CustomerAddress).where(CustomerAddress.institution_id == institution_id, over).limit(_AT_ONCE)
    rows = tx.scalars(due.with_for_update(skip_locked=True)).all()
    for row in rows:
        forget_code(tx, row.id)
        record(tx, services.audit_key, _audit(row, now))
    tx.execute(delete(CustomerAddress).where(CustomerAddress.id.in_([row.id for row in rows])))
    _erase_copies(tx, institution_id, now - keep)
    return len(rows)


def _erase_copies(tx: Session, institution_id: str, until: datetime) -> int:
    still_stored = select(CustomerAddress.id).where(
        CustomerAddress.customer_id == OutboxMail.customer_id,
        # under another key it cannot be told: the copy waits until both are under one (R48)
        or_(
            CustomerAddress.address_hash == OutboxMail.address_hash,
            CustomerAddress.address_key_id != OutboxMail.address_key_id,
        ),
    )
    # its mail may be sent again
    waiting = select(Credential.id).where(
        Credential.id == OutboxMail.credential_id, Credential.state == CredentialState.ISSUED
    )
    copies = update(OutboxMail).where(
        OutboxMail.institution_id == institution_id,
        OutboxMail.queued_at <= until,
        OutboxMail.state.in_(_SETTLED),
        OutboxMail.sealed_address != _ERASED,
        ~still_stored.exists(),
        ~waiting.exists(),
    )
    nothing = {"sealed_address": _ERASED, "address_hash": _ERASED, "address_key_id": None}
    return changed_rows(tx, copies.values(**nothing))


def _audit(row: CustomerAddress, now: datetime) -> AuditRecord:
    return AuditRecord(
        now,
        SYSTEM,
        "erase_address",
        "erased",
        row.institution_id,
        customer_id=row.customer_id,
        facts={"address": row.id, "use": row.use.value},
    )
