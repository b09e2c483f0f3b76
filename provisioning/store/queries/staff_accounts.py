"""How members of staff can sign in and where they are, for themselves and for administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.staff_proof import SignInProof
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.store.engine import Store
from provisioning.store.queries.staff import StaffView, staff_member, staff_of
from provisioning.store.tables import (
    Credential,
    Customer,
    Passkey,
    SessionKind,
    Staff,
    StaffFallback,
    StaffInvitation,
    WebSession,
)

if TYPE_CHECKING:
    from provisioning.services import Services


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """`backed_up`: kept by a cloud, so that it outlives the device. `waits`: for an approver; it signs nothing."""

    id: str
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None
    waits: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A browser that is signed in. `name` ends it and opens nothing."""

    name: str
    proof: SignInProof | None
    origin: str
    browser: str
    since: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class FallbackView:
    """`token` and `kind` are of their open token, None without one; `locked` after too many wrong passwords."""

    number: str
    user_id: str
    has_password: bool
    locked: bool
    token: CredentialState | None
    kind: TokenKind | None


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """Everything about one person's ways in. `invited_until`: a link of theirs is open."""

    member: StaffView
    passkeys: tuple[PasskeyView, ...]
    sessions: tuple[SessionLine, ...]
    fallback: FallbackView | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One person in the list."""

    member: StaffView
    passkeys: int
    has_fallback: bool


def staff_lines(store: Store, institution_id: str) -> tuple[StaffLine, ...]:
    """Everybody of an institution, by branch and name."""
    with store.read() as tx:
        count = select(Passkey.staff_id, func.count()).where(Passkey.confirmation_code.is_(None))
        passkeys: dict[str, int] = dict(tx.execute(count.group_by(Passkey.staff_id)).all())
        fallbacks = set(tx.scalars(select(StaffFallback.staff_id)))
    return tuple(
        StaffLine(member, passkeys.get(member.id, 0), member.id in fallbacks)
        for member in staff_of(store, institution_id)
    )


def staff_account(
    services: Services, institution_id: str, staff_id: str, idle_limit: timedelta, now: datetime
) -> StaffAccount:
    """One person of an institution; sessions idle for `idle_limit` are over. Raises NotFound."""
    members = {member.id: member for member in staff_of(services.store, institution_id)}
    if staff_id not in members:
        raise NotFound("staff")
    limit = services.institution(institution_id).failure_limit
    with services.store.read() as tx:
        invited = tx.scalar(select(StaffInvitation.expires_at).where(StaffInvitation.staff_id == staff_id))
        return StaffAccount(
            members[staff_id],
            _passkeys(tx, staff_id),
            _sessions(tx, staff_id, now - idle_limit),
            _fallback(tx, staff_id, limit),
            invited if invited is not None and invited > now else None,
        )


def invited_member(store: Store, token: str, now: datetime) -> StaffView | None:
    """Whose link this is, without spending it; None where it is not good (any more)."""
    query = (
        select(Staff.id)
        .join(StaffInvitation, StaffInvitation.staff_id == Staff.id)
        .where(StaffInvitation.token_hash == sha256(token.encode()).digest())
        .where(StaffInvitation.expires_at > now, Staff.enabled)
    )
    with store.read() as tx:
        staff_id = tx.scalar(query)
    return None if staff_id is None else staff_member(store, staff_id)


def token_holder(store: Store, staff_id: str) -> str | None:
    """The customer's row that holds this person's own token, if there is one."""
    with store.read() as tx:
        return tx.scalar(select(StaffFallback.holder_id).where(StaffFallback.staff_id == staff_id))


def _passkeys(tx: Session, staff_id: str) -> tuple[PasskeyView, ...]:
    rows = tx.scalars(select(Passkey).where(Passkey.staff_id == staff_id).order_by(Passkey.created_at, Passkey.id))
    return tuple(
        PasskeyView(
            row.id, row.name, row.backed_up, row.created_at, row.last_used_at, row.confirmation_code is not None
        )
        for row in rows
    )


def _sessions(tx: Session, staff_id: str, seen_after: datetime) -> tuple[SessionLine, ...]:
    query = (
        select(WebSession)
        .where(WebSession.kind == SessionKind.STAFF, WebSession.subject_id == staff_id)
        .where(WebSession.last_seen_at > seen_after)
        .order_by(WebSession.last_seen_at.desc())
    )
    return tuple(
        SessionLine(
            row.id_hash.hex(),
            SignInProof(row.proof) if row.proof else None,
            row.origin or "",
            row.browser or "",
            row.created_at,
            row.last_seen_at,
        )
        for row in tx.scalars(query)
    )


def _fallback(tx: Session, staff_id: str, limit: int) -> FallbackView | None:
    query = (
        select(StaffFallback, Customer.user_id)
        .join(Customer, Customer.id == StaffFallback.holder_id)
        .where(StaffFallback.staff_id == staff_id)
    )
    row = tx.execute(query).first()
    if row is None:
        return None
    kept, user_id = row
    tokens = select(Credential.state, Credential.kind).where(
        Credential.customer_id == kept.holder_id, Credential.state != CredentialState.ENDED
    )
    token = tx.execute(tokens.order_by(Credential.slot).limit(1)).first()
    return FallbackView(
        kept.number,
        user_id,
        kept.password_hash is not None,
        kept.password_failures >= limit,
        None if token is None else token.state,
        None if token is None else token.kind,
    )
