"""Passkeys of staff, and the challenges that wait to be signed (R53)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.passkeys import ChallengePurpose
from provisioning.store.tables.base import Base, checked, new_id


class Passkey(Base):
    """A credential of somebody's authenticator: the public half, and what was last heard of it."""

    __tablename__ = "passkey"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    # the authenticator's own name for it
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    # COSE
    public_key: Mapped[bytes]
    # 0 for ever on authenticators that do not count
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(JSON)
    backed_up: Mapped[bool]
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    # what the screen on which it was made shows, until a second person has seen both; NULL: it signs
    confirmation_code: Mapped[str | None] = mapped_column(String(8))


class PasskeyChallenge(Base):
    """32 bytes that were sent out to be signed; taken away by the first answer."""

    __tablename__ = "passkey_challenge"

    challenge: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    purpose: Mapped[ChallengePurpose] = mapped_column(checked(ChallengePurpose))
    # NULL at sign-in: nobody has said yet who they are
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    # of an approval: what the challenge was made from
    nonce: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    payload_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    expires_at: Mapped[datetime] = mapped_column(index=True)
