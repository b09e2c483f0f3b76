"""Browser sessions: opening, finding, changing and ending them (R54, R55).

The browser holds 256 random bits; the table holds their SHA-256. A session is renewed (new identifier,
the old one dead) at sign-in and at every step-up. Secrets inside `state` are sealed by the caller.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from provisioning.clock import JUMP_TOLERANCE
from provisioning.jobs.passkey_challenges import forget_challenges
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.staff_proof import SignInProof
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.mail_codes import forget_codes_of_login, forget_old_codes
from provisioning.store.tables.session import SessionKind, WebSession
from provisioning.store.tables.staff import Staff

__all__ = [
    "SessionKind",
    "SessionView",
    "SignInCommand",
    "end_session",
    "find_session",
    "hash_of",
    "keep_session",
    "login_name",
    "offer_step",
    "open_session",
    "purge_sessions",
    "renew_session",
    "sign_in",
    "take_step",
]

IDLE_LIMIT: Final = {SessionKind.STAFF: timedelta(minutes=15), SessionKind.CUSTOMER: timedelta(minutes=10)}
ABSOLUTE_LIMIT: Final = timedelta(hours=12)
TOUCH_EVERY: Final = timedelta(seconds=10)
"""A page younger than this after the last one does not write the session again."""

_ID_BYTES: Final = 32
_ORIGIN_LENGTH: Final = 64
_BROWSER_LENGTH: Final = 200
_STEPS: Final = "steps"


@dataclass(frozen=True, slots=True)
class SessionView:
    """A live session. `subject_id` is the customer's or staff member's row id, None before sign-in."""

    id_hash: bytes
    kind: SessionKind
    subject_id: str | None
    institution_id: str | None
    state: dict[str, Any]
    last_seen_at: datetime
    # of staff
    proof: SignInProof | None = None
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignInCommand:
    """Somebody proved who they are. `previous` is the raw identifier held until now, which dies.

    Of staff: `proof`, and what their `browser` calls itself.
    """

    kind: SessionKind
    subject_id: str
    institution_id: str
    actor: Actor
    previous: str | None = None
    state: dict[str, Any] = field(default_factory=dict)
    proof: SignInProof | None = None
    browser: str = ""


def hash_of(raw_id: str) -> bytes:
    """What the table knows of an identifier: 32 bytes."""
    return sha256(raw_id.encode()).digest()


def login_name(id_hash: bytes) -> str:
    """What mail passwords call a login: they are good until it ends (manual 002)."""
    return id_hash.hex()


def find_session(services: Services, kind: SessionKind, raw_id: str, now: datetime) -> SessionView | None:
    """The live session of `kind` by its identifier, or None: unknown, idle, too old, or its staff disabled."""
    with services.store.read() as tx:
        row = tx.get(WebSession, hash_of(raw_id))
        if row is None or row.kind is not kind or not _alive(tx, row, now):
            return None
        return SessionView(
            row.id_hash,
            row.kind,
            row.subject_id,
            row.institution_id,
            dict(row.state),
            row.last_seen_at,
            SignInProof(row.proof) if row.proof else None,
            row.proved_at,
        )


@retried
def open_session(services: Services, kind: SessionKind, state: dict[str, Any], now: datetime) -> str:
    """A session of nobody yet. Returns its raw identifier."""
    raw_id = secrets.token_urlsafe(_ID_BYTES)
    with services.store.write() as tx:
        tx.add(_row(raw_id, kind, state, now))
    return raw_id


@retried
def sign_in(services: Services, command: SignInCommand, now: datetime) -> str:
    """A renewed session of `subject_id`; audited as `sign_in`. Returns its raw identifier."""
    raw_id = secrets.token_urlsafe(_ID_BYTES)
    row = _row(raw_id, command.kind, command.state, now)
    row.subject_id, row.institution_id = command.subject_id, command.institution_id
    if command.proof is not None:
        row.proof, row.proved_at, row.origin = command.proof.value, now, command.actor.origin[:_ORIGIN_LENGTH]
        row.browser = command.browser[:_BROWSER_LENGTH]
    facts = {} if command.proof is None else {"proof": command.proof.value}
    with services.store.write() as tx:
        if command.previous is not None:
            tx.execute(delete(WebSession).where(WebSession.id_hash == hash_of(command.previous)))
        tx.add(row)
        record(tx, services.audit_key, _record(command.actor, "sign_in", now, facts))
    return raw_id


@retried
def renew_session(services: Services, raw_id: str, actor: Actor, now: datetime) -> str | None:
    """Staff showed anew who they are (R57): the same session under another name, and the old name is dead.

    Its absolute limit stays. Audited as `step_up`. None if the session is over.
    """
    fresh = secrets.token_urlsafe(_ID_BYTES)
    with services.store.write() as tx:
        old = update(WebSession).where(WebSession.id_hash == hash_of(raw_id))
        renewed = old.values(id_hash=hash_of(fresh), proved_at=now, last_seen_at=now)
        if not changed_rows(tx, renewed):
            return None
        record(tx, services.audit_key, _record(actor, "step_up", now))
    return fresh


@retried
def keep_session(services: Services, id_hash: bytes, changes: dict[str, Any], now: datetime) -> None:
    """Note that the session was used, and change keys of its state; a value of None drops the key."""
    with services.store.write() as tx:
        row = tx.get(WebSession, id_hash, with_for_update=True)
        if row is not None:
            merged = row.state | changes
            row.state = {key: value for key, value in merged.items() if value is not None}
            row.last_seen_at = max(row.last_seen_at, now)


@retried
def offer_step(services: Services, id_hash: bytes, screen: str) -> str:
    """The one-use token of the form on `screen`; the same until it is taken."""
    with services.store.write() as tx:
        row = tx.get(WebSession, id_hash, with_for_update=True)
        steps: dict[str, str] = {} if row is None else dict(row.state.get(_STEPS, {}))
        token = steps.get(screen) or secrets.token_urlsafe(16)
        if row is not None and screen not in steps:
            row.state = {**row.state, _STEPS: {**steps, screen: token}}
        return token


@retried
def take_step(services: Services, id_hash: bytes, screen: str, token: str) -> bool:
    """True for exactly one of any number of posts with this token; the others are repeats."""
    with services.store.write() as tx:
        row = tx.get(WebSession, id_hash, with_for_update=True)
        steps: dict[str, str] = {} if row is None else dict(row.state.get(_STEPS, {}))
        offered = steps.pop(screen, "")
        if row is None or not offered or not secrets.compare_digest(offered.encode(), token.encode()):
            return False
        row.state = {**row.state, _STEPS: steps}
        return True


@retried
def end_session(services: Services, raw_id: str, actor: Actor | None, now: datetime) -> None:
    """Forget the session; audited as `sign_out` where `actor` is somebody."""
    with services.store.write() as tx:
        tx.execute(delete(WebSession).where(WebSession.id_hash == hash_of(raw_id)))
        forget_codes_of_login(tx, login_name(hash_of(raw_id)))
        if actor is not None:
            record(tx, services.audit_key, _record(actor, "sign_out", now))


@retried
def purge_sessions(services: Services, now: datetime) -> int:
    """Delete every session that is over. Returns how many."""
    too_old = WebSession.created_at <= now - ABSOLUTE_LIMIT
    idle = [
        (WebSession.kind == kind) & (WebSession.last_seen_at <= now - limit) for kind, limit in IDLE_LIMIT.items()
    ]
    of_the_future = WebSession.last_seen_at > now + JUMP_TOLERANCE
    with services.store.write() as tx:
        forget_old_codes(tx, now)
        forget_challenges(tx, now)
        ended = tx.scalars(
            delete(WebSession).where(or_(too_old, of_the_future, *idle)).returning(WebSession.id_hash)
        )
        return len(ended.all())


def _alive(tx: Session, row: WebSession, now: datetime) -> bool:
    if row.last_seen_at > now + JUMP_TOLERANCE:  # the clock jumped back: nobody knows how long it was idle
        return False
    if now - row.last_seen_at >= IDLE_LIMIT[row.kind] or now - row.created_at >= ABSOLUTE_LIMIT:
        return False
    if row.kind is not SessionKind.STAFF or row.subject_id is None:
        return True
    staff = tx.get(Staff, row.subject_id)
    return staff is not None and staff.enabled


def _row(raw_id: str, kind: SessionKind, state: dict[str, Any], now: datetime) -> WebSession:
    return WebSession(id_hash=hash_of(raw_id), kind=kind, state=state, created_at=now, last_seen_at=now)


def _record(actor: Actor, act: str, now: datetime, facts: dict[str, Any] | None = None) -> AuditRecord:
    customer_id = actor.id if actor.kind is ActorKind.CUSTOMER else None
    return AuditRecord(now, actor, act, "done", actor.institution_id, customer_id, facts=facts or {})
