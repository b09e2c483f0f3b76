"""Provisioning workstations and what is plugged into them, for pages and API. No key material."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.rules.expiry import Expiry, expiry
from provisioning.rules.states import FobState, JobState
from provisioning.store.engine import Store
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Fob, ProgrammingJob, Station

CONNECTED_WITHIN: Final = timedelta(seconds=15)
"""A station polls every second or two; one unheard for longer is shown as not connected."""


class StationStatus(StrEnum):
    """What the light beside a station's name shows."""

    INVITED = "invited"
    CONNECTED = "connected"
    SILENT = "silent"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Why a device cannot be used or a write failed: a code of devices.contract.FailureCode, and its facts."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device at a station as last reported. Percent; seconds (device minus station).

    One that `is_unnamed` can be used and tells no serial number: it is known by its label.
    `fob_id` and `fob_state` are None for a device that is not in our stock; by the books, in `fob_branch`, it may
    be another branch's. `job_id` is its open job.
    """

    path: str
    transport: str
    profile: str
    serial: str
    model: str
    firmware: str
    battery_percent: int | None
    clock_offset_s: int | None
    problem: ProblemView | None
    fob_id: str | None = None
    fob_state: FobState | None = None
    fob_branch: str = ""
    is_expired: bool = False
    job_id: str | None = None
    job_state: JobState | None = None

    @property
    def is_unnamed(self) -> bool:
        """Recognised, in order, and without a serial number."""
        return bool(self.profile) and not self.serial and self.problem is None


@dataclass(frozen=True, slots=True)
class StationView:
    """A workstation; `devices` is empty unless it is connected."""

    id: str
    branch: str
    name: str
    status: StationStatus
    last_seen_at: datetime | None
    devices: tuple[DeviceView, ...]


def stations(
    store: Store, institution_id: str, now: datetime, branch: str | None = None
) -> tuple[StationView, ...]:
    """Every station of the institution (or of one branch) that was not revoked, by branch and name."""
    with store.read() as session:
        return stations_of(session, institution_id, now, branch)


def stations_of(
    session: Session, institution_id: str, now: datetime, branch: str | None = None
) -> tuple[StationView, ...]:
    """As `stations`, in a session that is open already."""
    query = select(Station).where(Station.institution_id == institution_id, Station.revoked_at.is_(None))
    if branch is not None:
        query = query.where(Station.branch == branch)
    rows = session.scalars(query.order_by(Station.branch, Station.name, Station.id)).all()
    known = _known_fobs(session, institution_id, rows)
    return tuple(_view_of(row, known, now) for row in rows)


def station(store: Store, institution_id: str, station_id: str, now: datetime) -> StationView:
    """One station. Raises NotFound."""
    with store.read() as session:
        row = own_row(session, Station, station_id, institution_id)
        return _view_of(row, _known_fobs(session, institution_id, [row]), now)


@dataclass(frozen=True, slots=True)
class _KnownFob:
    fob_id: str
    numbering: str
    state: FobState
    branch: str
    expires_at: datetime | None
    job_id: str | None
    job_state: JobState | None


def _view_of(row: Station, known: Mapping[tuple[str, str], _KnownFob], now: datetime) -> StationView:
    """The row as a view; devices are joined to the fobs in `known` by profile and serial.

    What shows a fob of ours by another profile than the one by which it is used is no device of its own.
    """
    status = _status_of(row, now)
    devices = row.devices if status is StationStatus.CONNECTED else []
    devices = [item for item in devices if not _is_another_face(item, known)]
    return StationView(
        id=row.id,
        branch=row.branch,
        name=row.name,
        status=status,
        last_seen_at=row.last_seen_at,
        devices=tuple(_device(item, _fob_of(item, known), now) for item in devices),
    )


def _status_of(row: Station, now: datetime) -> StationStatus:
    """Invited, connected, silent or revoked."""
    if row.revoked_at is not None:
        return StationStatus.REVOKED
    if row.signing_key is None:
        return StationStatus.INVITED
    heard = row.last_seen_at is not None and now - row.last_seen_at <= CONNECTED_WITHIN
    return StationStatus.CONNECTED if heard else StationStatus.SILENT


def problem_of(value: Mapping[str, Any] | None) -> ProblemView | None:
    """A stored problem (code and facts) as a view."""
    return None if value is None else ProblemView(str(value["code"]), dict(value["facts"]))


def _fob_of(item: Mapping[str, Any], known: Mapping[tuple[str, str], _KnownFob]) -> _KnownFob | None:
    """A device that no profile covers is known by its serial, if only one fob has that serial."""
    if item["profile"]:
        return known.get((item["profile"], item["serial"]))
    same = [fob for (_, serial), fob in known.items() if serial == item["serial"]]
    return same[0] if len(same) == 1 else None


def _is_another_face(item: Mapping[str, Any], known: Mapping[tuple[str, str], _KnownFob]) -> bool:
    name = (item["profile"], item["serial"])
    things = {(fob.numbering, serial) for (_, serial), fob in known.items()}
    return bool(item["serial"]) and name not in known and (item["numbering"], item["serial"]) in things


def _device(item: Mapping[str, Any], fob: _KnownFob | None, now: datetime) -> DeviceView:
    same = ("path", "transport", "profile", "serial", "model", "firmware", "battery_percent", "clock_offset_s")
    return DeviceView(
        **{name: item[name] for name in same},
        problem=problem_of(item["problem"]),
        fob_id=fob.fob_id if fob else None,
        fob_state=fob.state if fob else None,
        fob_branch=fob.branch if fob else "",
        is_expired=fob is not None and expiry(fob.expires_at, now) is Expiry.PAST,
        job_id=fob.job_id if fob else None,
        job_state=fob.job_state if fob else None,
    )


def _known_fobs(
    session: Session, institution_id: str, rows: Iterable[Station]
) -> dict[tuple[str, str], _KnownFob]:
    serials = {item["serial"] for row in rows for item in row.devices if item["serial"]}
    job_open = (ProgrammingJob.fob_id == Fob.id) & ProgrammingJob.closed_at.is_(None)
    query = (
        select(Fob, ProgrammingJob.id, ProgrammingJob.state)
        .outerjoin(ProgrammingJob, job_open)
        .where(Fob.institution_id == institution_id, Fob.serial.in_(serials))
    )
    found = session.execute(query)
    return {
        (fob.profile, fob.serial): _KnownFob(
            fob.id, fob.numbering, fob.state, fob.branch, fob.expires_at, job_id, job_state
        )
        for fob, job_id, job_state in found
    }
