"""The life of each of a customer's credentials as a story: its stages with their times, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.actor import ActorKind
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.store.audit import VIEW
from provisioning.store.engine import Store
from provisioning.store.queries.actors import actor_names, customer_names
from provisioning.store.tables import (
    Application,
    AuditEntry,
    Credential,
    Fob,
    OutboxMail,
    ProgrammingJob,
)

EVENT_LIMIT: Final = 100
"""Newest acts shown of one customer; every login is one. Who looked at the customer is told to auditors alone."""


HAND_OVER: Final = "hand_over"


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
        spans = [_span(session, credential) for credential, _ in rows]
        events = _events(session, institution_id, customer_id, spans)
        lives = tuple(
            _life(session, credential, serial or "", tuple(filter(span.holds, events)))
            for (credential, serial), span in zip(rows, spans, strict=True)
        )
    told = {event.number for life in lives for event in life.events}
    return Timeline(lives, tuple(event for event in events if event.number not in told))


@dataclass(frozen=True, slots=True)
class _Span:
    """Which events belong to a credential: its own, and those of its fob until the fob's next credential."""

    credential_id: str
    fob_id: str | None
    begins: datetime
    ends: datetime | None

    def holds(self, event: Event) -> bool:
        if event.credential_id is not None:
            return event.credential_id == self.credential_id
        if self.fob_id is None or event.fob_id != self.fob_id:
            return False
        return self.begins <= event.at and (self.ends is None or event.at < self.ends)


def _span(session: Session, credential: Credential) -> _Span:
    ends = None
    if credential.fob_id is not None:
        later = (Credential.fob_id == credential.fob_id, Credential.issued_at > credential.issued_at)
        ends = session.scalar(select(func.min(Credential.issued_at)).where(*later))
    return _Span(credential.id, credential.fob_id, credential.issued_at, ends)


def event(store: Store, institution_id: str, number: int, branch: str | None = None) -> Event:
    """One act by its number. Raises NotFound; with `branch` also for acts done elsewhere."""
    with store.read() as session:
        row = session.get(AuditEntry, number)
        if row is None or row.institution_id != institution_id or branch not in (None, row.branch):
            raise NotFound("act")
        found = _event(row, _names(session, [row]))
        return replace(found, customer_id=_customer_of(session, row))


def _customer_of(session: Session, row: AuditEntry) -> str | None:
    """Whom an act on a credential or a fob concerned, where the row does not say."""
    if row.customer_id is not None or (row.credential_id is None and row.fob_id is None):
        return row.customer_id
    query = select(Credential.customer_id).where(Credential.issued_at <= row.at)
    own = Credential.id == row.credential_id if row.credential_id else Credential.fob_id == row.fob_id
    return session.scalar(query.where(own).order_by(Credential.issued_at.desc(), Credential.id).limit(1))


def number_of_act(store: Store, institution_id: str, actor_id: str, at: datetime) -> int:
    """Number of the newest act that this actor did there at exactly `at`. Raises NotFound."""
    there = (AuditEntry.institution_id == institution_id, AuditEntry.at == at)
    own = (*there, AuditEntry.actor_id == actor_id, AuditEntry.act != VIEW)
    query = select(func.max(AuditEntry.id)).where(*own)
    with store.read() as session:
        number = session.scalar(query)
    if number is None:
        raise NotFound("act")
    return number


def _events(session: Session, institution_id: str, customer_id: str, spans: Iterable[_Span]) -> tuple[Event, ...]:
    """The newest acts on the customer, the credentials and their fobs."""
    spans = list(spans)
    concerns = or_(
        AuditEntry.customer_id == customer_id,
        # what names the customer is found above; the index has only the others
        and_(
            AuditEntry.customer_id.is_(None),
            AuditEntry.credential_id.in_([span.credential_id for span in spans]),
        ),
        AuditEntry.fob_id.in_({span.fob_id for span in spans if span.fob_id}),
    )
    # said so that the customer's entries are looked up, and not the institution's
    own = (func.coalesce(AuditEntry.institution_id, "") == institution_id, AuditEntry.act != VIEW)
    query = select(AuditEntry).where(*own, concerns)
    rows = session.scalars(query.order_by(AuditEntry.id.desc()).limit(EVENT_LIMIT)).all()
    names = _names(session, rows)
    events = (_event(row, names) for row in rows)
    return tuple(event for event in events if _concerns(event, customer_id, spans))


def _names(session: Session, rows: Iterable[AuditEntry]) -> dict[str, str]:
    ids = {row.actor_id for row in rows}
    return actor_names(session, ids) | customer_names(session, ids)


def _concerns(event: Event, customer_id: str, spans: Iterable[_Span]) -> bool:
    """Acts on a fob while somebody else had it are not this customer's."""
    return event.customer_id == customer_id or any(span.holds(event) for span in spans)


def _event(row: AuditEntry, names: Mapping[str, str]) -> Event:
    same = ("at", "act", "result", "branch", "customer_id", "credential_id", "fob_id", "job_id", "facts")
    return Event(
        **{name: getattr(row, name) for name in same},
        number=row.id,
        actor_kind=ActorKind(row.actor_kind),
        actor_name="" if row.actor_id == row.customer_id else names.get(row.actor_id, ""),
    )


def _life(session: Session, credential: Credential, serial: str, events: tuple[Event, ...]) -> CredentialLife:
    reached = _reached(session, credential)
    handed_over = [event.at for event in events if event.act == HAND_OVER]
    if handed_over:
        reached[StageName.HANDED_OVER] = handed_over[0]
    names = [name for name in STAGES[credential.kind] if name not in _OPTIONAL or reached.get(name)]
    return CredentialLife(
        credential_id=credential.id,
        kind=credential.kind,
        state=credential.state,
        ended_how=credential.ended_how,
        serial=serial,
        stages=tuple(Stage(name, reached.get(name)) for name in names),
        events=events,
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
        StageName.HANDED_OVER: job.proved_at if job and job.hand_over_on_proof else None,
    }
