"""A request of the bank's that bears an idempotency key: done once, and answered alike however often it comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from provisioning.errors import InProgress, KeyReused, OutcomeUnknown
from provisioning.jobs.ticket_box import ticket_box
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import BankAnswer
from provisioning.store.tables.base import to_microseconds

KEPT_FOR: Final = timedelta(hours=24)
LONGEST: Final = timedelta(minutes=1)
"""No request takes longer: one without an answer by then was cut off."""
_CLAIM: Final = text(
    "INSERT INTO bank_answer (client_id, key, request_hash, begun_at) "
    "VALUES (:client_id, :key, :request_hash, :begun_at) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class ClaimRequestCommand:
    """What a system asks under `key`; `request` is all of it as bytes that can be read in one way only."""

    client_id: str
    key: str
    request: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system is told."""

    status: int
    body: bytes = field(repr=False)


@retried
def claim_request(services: Services, command: ClaimRequestCommand, now: datetime) -> Answer | None:
    """None: the caller does it now, then keeps its answer or gives the claim back. Else what was answered before.

    Of two at the same time one claims. Raises KeyReused, InProgress, OutcomeUnknown.
    """
    request_hash = ticket_box(services).hash(b"bank request" + command.request)
    own = (BankAnswer.client_id == command.client_id, BankAnswer.key == command.key)
    with services.store.write() as tx:
        tx.execute(delete(BankAnswer).where(*own, BankAnswer.begun_at <= now - KEPT_FOR))
        if _claim(tx, command, request_hash, now):
            return None
        before = tx.get_one(BankAnswer, (command.client_id, command.key))
    if before.request_hash != request_hash:
        raise KeyReused
    if before.status is None or before.sealed_answer is None:
        # begun in the future: by a clock that was set back since
        raise InProgress if abs(now - before.begun_at) < LONGEST else OutcomeUnknown
    return Answer(before.status, ticket_box(services).open(before.sealed_answer, answer_context(command)))


def answer_context(command: ClaimRequestCommand) -> str:
    """What a sealed answer is bound to."""
    return f"bank answer {command.client_id} {command.key}"


def _claim(tx: Session, command: ClaimRequestCommand, request_hash: bytes, now: datetime) -> bool:
    row = {
        "client_id": command.client_id,
        "key": command.key,
        "request_hash": request_hash,
        "begun_at": to_microseconds(now),
    }
    return bool(tx.connection().execute(_CLAIM, row).rowcount)
