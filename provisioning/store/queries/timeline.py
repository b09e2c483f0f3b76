"""The life of each of a customer's credentials as a story: its stages with their times, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.store.audit import ActorKind
from provisioning.store.engine import Store
from provisioning.store.tables import (
    Application,
    AuditEntry,
    BankClient,
    Credential,
    Fob,
    OutboxMail,
    ProgrammingJob,
    Staff,
    Station,
)

EVENT_LIMIT: Final = 100
"""Newest acts shown of one customer; every login is one."""


class StageName(StrEnum):
    """Stages of a credential's life, in their order for its kind."""

    APPLIED = "applied"
    ISSUED = "issued"
    WRITTEN = "written"
    PROVED = "proved"
    HANDED_OVER = "handed_over"
    MAILED = "mailed"
    SET_UP = "set_up"
    ACTIVATED = "activated"
    ENDED = "ended"


STAGES: Final[dict[TokenKind, tuple[StageName, ...]]] = {
    TokenKind.HARD: (
        StageName.APPLIED,
        StageName.ISSUED,
        StageName.WRITTEN,
        StageName.PROVED,
        StageName.HANDED_OVER,
        StageName.ACTIVATED,
        StageName.ENDED,
    ),
    TokenKind.SOFT: (
        StageName.ISSUED,
        StageName.MAILED,
        StageName.SET_UP,
        StageName.ACTIVATED,
        StageName.ENDED,
    ),
}
_OPTIONAL: Final = frozenset({StageName.APPLIED, StageName.ENDED})
"""Shown only where they happened."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; `at` is None while it lies ahead, or was never reached."""

    name: StageName
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One audited act. `number` names it on paper; `actor_name` is empty for the customer and the system."""

    number: int
    at: datetime
    act: str
    result: str
    actor_kind: ActorKind
    actor_name: str
    branch: str | None
    customer_id: str | None
    credential_id: str | None
    fob_id: str | None
    job_id: str | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CredentialLife:
    """One credential from issuance to its end; `events` newest first. `serial` is the fob's."""

    credential_id: str
    kind: TokenKind
    state: CredentialState
    ended_how: EndedHow | None
    serial: str
    stages: tuple[Stage, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lives, newest first, and acts that concern the customer but none of the credentials."""

    lives: tuple[CredentialLife, ...]
    others: tuple[Event, ...]


def timeline(store: Store, institution_id: str, customer_id: str) -> Timeline:
    """Everything of one customer. A customer of another institution has nothing here."""
    own = (Credential.institution_id == institution_id, Credential.customer_id == customer_id)
    with store.read() as session:
        query = select(Credential, Fob.serial).outerjoin(Fob, Fob.id == Credential.fob_id).where(*own)
        rows = session.execute(query.order_by(Credential.issued_at.desc(), Credential.id)).all()
        events = _events(session, institution_id, customer_id)
        lives = tuple(_life(session, credential, serial or "", events) for credential, serial in rows)
    known = {life.credential_id for life in lives}
    return Timeline(lives, tuple(event for event in events if event.credential_id not in known))


def event(store: Store, institution_id: str, number: int, branch: str | None = None) -> Event:
    """One act by its number. Raises NotFound; with `branch` also for acts done elsewhere."""
    with store.read() as session:
        row = session.get(AuditEntry, number)
        if row is None or row.institution_id != institution_id or branch not in (None, row.branch):
            raise NotFound("act")
        return _event(row, _actor_names(session, [row]))


def number_of_act(store: Store, actor_id: str, at: datetime) -> int:
    """Number of the newest act that this actor did at exactly `at`. Raises NotFound."""
    query = select(func.max(AuditEntry.id)).where(AuditEntry.at == at, AuditEntry.actor_id == actor_id)
    with store.read() as session:
        number = session.scalar(query)
    if number is None:
        raise NotFound("act")
    return number


def _events(session: Session, institution_id: str, customer_id: str) -> tuple[Event, ...]:
    query = (
        select(AuditEntry)
        .where(AuditEntry.institution_id == institution_id, AuditEntry.customer_id == customer_id)
        .order_by(AuditEntry.id.desc())
        .limit(EVENT_LIMIT)
    )
    rows = session.scalars(query).all()
    names = _actor_names(session, rows)
    return tuple(_event(row, names) for row in rows)


def _actor_names(session: Session, rows: Iterable[AuditEntry]) -> dict[str, str]:
    """Names of staff, stations and bank systems by row id."""
    wanted = {row.actor_id for row in rows}
    names: dict[str, str] = {}
    for table in (Staff, Station, BankClient):
        names |= dict(session.execute(select(table.id, table.name).where(table.id.in_(wanted))).all())
    return names


def _event(row: AuditEntry, names: Mapping[str, str]) -> Event:
    same = ("at", "act", "result", "branch", "customer_id", "credential_id", "fob_id", "job_id", "facts")
    return Event(
        **{name: getattr(row, name) for name in same},
        number=row.id,
        actor_kind=ActorKind(row.actor_kind),
        actor_name=names.get(row.actor_id, ""),
    )


def _life(session: Session, credential: Credential, serial: str, events: Iterable[Event]) -> CredentialLife:
    reached = _reached(session, credential)
    names = [name for name in STAGES[credential.kind] if name not in _OPTIONAL or reached.get(name) is not None]
    return CredentialLife(
        credential_id=credential.id,
        kind=credential.kind,
        state=credential.state,
        ended_how=credential.ended_how,
        serial=serial,
        stages=tuple(Stage(name, reached.get(name)) for name in names),
        events=tuple(event for event in events if event.credential_id == credential.id),
    )


def _reached(session: Session, credential: Credential) -> dict[StageName, datetime | None]:
    own = {
        StageName.ISSUED: credential.issued_at,
        StageName.SET_UP: credential.set_up_at,
        StageName.ACTIVATED: credential.activated_at,
        StageName.ENDED: credential.ended_at,
    }
    if credential.kind is TokenKind.SOFT:
        sent = select(func.max(OutboxMail.sent_at)).where(OutboxMail.credential_id == credential.id)
        return own | {StageName.MAILED: session.scalar(sent)}
    return own | _of_fob(session, credential)


def _of_fob(session: Session, credential: Credential) -> dict[StageName, datetime | None]:
    job = session.scalars(
        select(ProgrammingJob)
        .where(ProgrammingJob.credential_id == credential.id)
        .order_by(ProgrammingJob.attempt.desc())
        .limit(1)
    ).one_or_none()
    handed_over = select(func.max(AuditEntry.at)).where(
        AuditEntry.credential_id == credential.id, AuditEntry.act == "hand_over"
    )
    applied = select(func.max(Application.made_at)).where(
        Application.customer_id == credential.customer_id,
        Application.kind == TokenKind.HARD,
        Application.made_at <= credential.issued_at,
        Application.closed_at.is_(None) | (Application.closed_at >= credential.issued_at),
    )
    return {
        StageName.APPLIED: session.scalar(applied),
        StageName.WRITTEN: job.recorded_at if job else None,
        StageName.PROVED: job.proved_at if job else None,
        StageName.HANDED_OVER: session.scalar(handed_over),
    }
