"""Signed-in people: sessions live here, the cookie holds only their name (R54, R55)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.store.tables.base import Base, checked


class SessionKind(StrEnum):
    """Whose session it is; one browser may hold one of each."""

    STAFF = "staff"
    CUSTOMER = "customer"


class WebSession(Base):
    """One browser session, found by the SHA-256 of its 256-bit identifier."""

    __tablename__ = "web_session"

    id_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[SessionKind] = mapped_column(checked(SessionKind))
    # NULL before sign-in: the session then only carries a CSRF secret and the language
    subject_id: Mapped[str | None] = mapped_column(String(32), index=True)
    institution_id: Mapped[str | None] = mapped_column(String(32))
    # what a flow carries between its screens; secrets in it are sealed by the caller
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    # of staff: by what (a SignInProof) and when they last showed who they are (R57); for their list of sessions
    # where the browser is, and what it calls itself
    proof: Mapped[str | None] = mapped_column(String(16))
    proved_at: Mapped[datetime | None]
    origin: Mapped[str | None] = mapped_column(String(64))
    browser: Mapped[str | None] = mapped_column(String(200))
