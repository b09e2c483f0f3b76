"""The programming journal and the stations that carry it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from provisioning.rules.states import JobKind, JobState
from provisioning.store.tables.base import Base, checked, new_id, partial


class Station(Base):
    """A provisioning workstation: its keys and what it last reported."""

    __tablename__ = "station"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    branch: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    # one-time enrolment code as SHA-256, gone once used
    enrol_code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    enrol_expires_at: Mapped[datetime | None]
    # Ed25519 key that signs its requests; X25519 key that its seeds are encrypted to (raw, 32 bytes)
    signing_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    sealing_key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    # list of devices.contract.DeviceSeen as JSON
    devices: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class StationRequest(Base):
    """The newest believed request of a station to one address: no other is believed unless it is later (R76)."""

    __tablename__ = "station_request"

    # SHA-256 of station, method and path
    address_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    time_ms: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ProgrammingJob(Base):
    """One attempt to write or erase one fob: reserve → queue → claim → write → record → prove."""

    __tablename__ = "programming_job"
    __table_args__ = (
        partial(
            "uq_programming_job_open_fob",
            "fob_id",
            where="state IN ('queued', 'writing', 'written') AND closed_at IS NULL",
            unique=True,
        ),
        # jobs that are not over
        partial(
            "ix_programming_job_open",
            "institution_id",
            where="closed_at IS NULL",
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    institution_id: Mapped[str] = mapped_column(String(32))
    kind: Mapped[JobKind] = mapped_column(checked(JobKind))
    state: Mapped[JobState] = mapped_column(checked(JobState))
    attempt: Mapped[int] = mapped_column(default=1)
    fob_id: Mapped[str] = mapped_column(ForeignKey("fob.id"), index=True)
    credential_id: Mapped[str | None] = mapped_column(ForeignKey("credential.id"), index=True)
    station_id: Mapped[str | None] = mapped_column(ForeignKey("station.id"), index=True)
    # who asked: staff id, api client id or customer id, for the timeline
    requested_by: Mapped[str] = mapped_column(String(64))
    # the bank's own system hands the fob over itself: proof is also hand-over
    hand_over_on_proof: Mapped[bool] = mapped_column(default=False)
    # somebody was asked: the device's last try of an access code may be spent
    may_use_last_try: Mapped[bool] = mapped_column(default=False)
    reports_done: Mapped[int] = mapped_column(default=0)
    reports_total: Mapped[int] = mapped_column(default=0)
    # devices.contract.Wait: what the device waits for while it is written
    wait: Mapped[str] = mapped_column(String(8), default="")
    # devices.contract.WriteReceipt as JSON, or the failure's code and facts
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    queued_at: Mapped[datetime] = mapped_column(index=True)
    claimed_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    # set with the last state; an ERASE closes at WRITTEN
    closed_at: Mapped[datetime | None]
