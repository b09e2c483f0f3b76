"""Seeds that came with key fobs from their maker, until they are a customer's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.store.tables.base import Base, checked


class ImportedSeed(Base):
    """What a fob was made with. The row goes as its seed becomes a credential's, or with the fob: a seed is in one
    place, and nobody gets it a second time (R32).
    """

    __tablename__ = "imported_seed"

    fob_id: Mapped[str] = mapped_column(ForeignKey("fob.id"), primary_key=True)
    institution_id: Mapped[str] = mapped_column(String(32), index=True)
    otp_type: Mapped[OtpType] = mapped_column(checked(OtpType))
    algorithm: Mapped[Algorithm] = mapped_column(checked(Algorithm))
    digits: Mapped[int]
    period_s: Mapped[int]
    # HOTP: the counter of the first code that it will show; 0 for TOTP
    next_counter: Mapped[int] = mapped_column(BigInteger)
    drift_steps: Mapped[int]
    # in a context of its own (provisioning.jobs.imported_seeds)
    sealed_seed: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    kek_id: Mapped[str] = mapped_column(String(32), index=True)
    imported_at: Mapped[datetime]

    @property
    def parameters(self) -> OtpParameters:
        """What its codes are made of."""
        return OtpParameters(self.otp_type, self.algorithm, self.digits, self.period_s)
