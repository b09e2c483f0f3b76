"""One seed for one customer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.states import CredentialState, EndedHow, Slot, TokenKind
from provisioning.store.tables.base import Base, checked, new_id, partial


class Credential(Base):
    """A credential from issuance to its end. Rows are never deleted (R46); the seed is (design §7)."""

    __tablename__ = "credential"
    __table_args__ = (
        # one open token per customer and slot (R35), whoever asks at the same time
        partial(
            "uq_credential_open_slot",
            "customer_id",
            "slot",
            where="state <> 'ended'",
            unique=True,
        ),
        # a fob carries at most one open credential
        partial(
            "uq_credential_open_fob",
            "fob_id",
            where="state <> 'ended' AND fob_id IS NOT NULL",
            unique=True,
        ),
        # the work list, the longest waiting first; accepting a code changes none of these columns
        Index("ix_credential_suspended", "state", "institution_id", "suspended_at", "id"),
        Index("ix_credential_set_up", "state", "institution_id", "set_up_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"), index=True)
    slot: Mapped[Slot] = mapped_column(checked(Slot), default=Slot.CURRENT)
    kind: Mapped[TokenKind] = mapped_column(checked(TokenKind))
    fob_id: Mapped[str | None] = mapped_column(ForeignKey("fob.id"), index=True)

    state: Mapped[CredentialState] = mapped_column(checked(CredentialState))
    # where lifting a suspension leads back to
    resume_state: Mapped[CredentialState | None] = mapped_column(checked(CredentialState, "resume_state"))
    ended_how: Mapped[EndedHow | None] = mapped_column(checked(EndedHow))
    # kind of who ended it (rules.actor.ActorKind); NULL also for those that ended before this was kept
    ended_by: Mapped[str | None] = mapped_column(String(16))

    otp_type: Mapped[OtpType] = mapped_column(checked(OtpType))
    algorithm: Mapped[Algorithm] = mapped_column(checked(Algorithm))
    digits: Mapped[int]
    period_s: Mapped[int]

    # the verification core's own columns; last_step is a TOTP step or an HOTP counter, -1 before the first
    last_step: Mapped[int] = mapped_column(BigInteger, default=-1)
    highest_seen_step: Mapped[int] = mapped_column(BigInteger, default=-1)
    drift_steps: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)

    # seed_version counts sealings and is part of the sealed context; the other three are NULL before
    # the seed is drawn and again after the end (provisioning.store.vault)
    seed_version: Mapped[int] = mapped_column(default=0)
    sealed_seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    kek_id: Mapped[str | None] = mapped_column(String(32), index=True)

    issued_at: Mapped[datetime]
    set_up_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # never activated by then: ends as expired
    activate_by: Mapped[datetime]

    @property
    def parameters(self) -> OtpParameters:
        """What its codes are made of."""
        return OtpParameters(self.otp_type, self.algorithm, self.digits, self.period_s)
