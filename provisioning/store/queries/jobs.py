"""The programming journal as pages show it: one job with its steps, how far it is, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.factory import FACTORY
from provisioning.rules.states import CredentialState, FobState, JobKind, JobState
from provisioning.store.engine import Store
from provisioning.store.queries.journal_steps import JournalStep, StepName, journal_steps
from provisioning.store.queries.next_step import Findings, NextStep, SeenDevice, Step, next_step
from provisioning.store.queries.stations import (
    DeviceView,
    ProblemView,
    StationStatus,
    StationView,
    problem_of,
    stations_of,
)
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob, ProgrammingJob, Station

PROVED_WITHIN: Final = timedelta(seconds=10)
"""A code that was read back is checked at once; if it is not by then, somebody died over it, and it is typed."""


@dataclass(frozen=True, slots=True)
class JobView:
    """One attempt. `percent` counts reports of the write; `next_job_id` is the attempt that follows this one.

    `device` is the fob as its station sees it now, None if no station sees it; `next_facts` are what
    the words of the next step need: serial, station, code, …
    """

    id: str
    kind: JobKind
    state: JobState
    attempt: int
    fob_id: str
    fob_state: FobState
    serial: str
    profile: str
    model: str
    customer_id: str | None
    customer_name: str | None
    user_id: str | None
    credential_id: str | None
    credential_state: CredentialState | None
    station_id: str | None
    station_name: str | None
    reports_done: int
    reports_total: int
    percent: int
    steps: tuple[JournalStep, ...]
    failure: ProblemView | None
    device: DeviceView | None
    next_step: NextStep
    next_facts: Mapping[str, str]
    next_job_id: str | None
    queued_at: datetime
    closed_at: datetime | None
    receipt: Mapping[str, Any] = field(default_factory=dict)


class JobKey(NamedTuple):
    """By which jobs are listed."""

    queued_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; None means any. `branch` is the fob's, `after` the job before the page asked for."""

    branch: str | None = None
    customer_id: str | None = None
    fob_id: str | None = None
    station_id: str | None = None
    is_open: bool | None = None
    after: JobKey | None = None
    limit: int = 50


def job(store: Store, institution_id: str, job_id: str, now: datetime) -> JobView:
    """One job. Raises NotFound."""
    with store.read() as session:
        rows = session.execute(_rows(institution_id).where(ProgrammingJob.id == job_id)).all()
        if not rows:
            raise NotFound("job")
        (view,) = _views(session, [_Row(*rows[0])], stations_of(session, institution_id, now), now)
        return view


def jobs(store: Store, institution_id: str, now: datetime, wanted: JobFilter) -> tuple[JobView, ...]:
    """The institution's jobs, newest first."""
    query = _rows(institution_id).order_by(ProgrammingJob.queued_at.desc(), ProgrammingJob.id).limit(wanted.limit)
    limits = {
        Fob.branch: wanted.branch,
        Credential.customer_id: wanted.customer_id,
        ProgrammingJob.fob_id: wanted.fob_id,
        ProgrammingJob.station_id: wanted.station_id,
    }
    query = query.where(*(column == value for column, value in limits.items() if value is not None))
    if wanted.is_open is not None:
        over = ProgrammingJob.closed_at
        query = query.where(over.is_(None) if wanted.is_open else over.is_not(None))
    if wanted.after is not None:
        at, beside = ProgrammingJob.queued_at, ProgrammingJob.id > wanted.after.id
        query = query.where(or_(at < wanted.after.queued_at, and_(at == wanted.after.queued_at, beside)))
    with store.read() as session:
        stations = stations_of(session, institution_id, now)
        return _views(session, [_Row(*row) for row in session.execute(query).all()], stations, now)


@dataclass(frozen=True, slots=True)
class _Row:
    job: ProgrammingJob
    fob: Fob
    credential: Credential | None
    customer: Customer | None
    station: Station | None


def _rows(institution_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(ProgrammingJob, Fob, Credential, Customer, Station)
        .join(Fob, Fob.id == ProgrammingJob.fob_id)
        .outerjoin(Credential, Credential.id == ProgrammingJob.credential_id)
        .outerjoin(Customer, Customer.id == Credential.customer_id)
        .outerjoin(Station, Station.id == ProgrammingJob.station_id)
        .where(ProgrammingJob.institution_id == institution_id)
    )


def _views(
    session: Session, rows: Sequence[_Row], stations: Sequence[StationView], now: datetime
) -> tuple[JobView, ...]:
    followers, hand_overs = _next_attempts(session, rows), _hand_overs(session, rows)
    views = []
    for row in rows:
        seen = _seen(row, stations)
        step = next_step(_findings(row, stations, seen, followers.get(row.job.id), now))
        views.append(_view(row, seen, step, followers.get(row.job.id), hand_overs.get(row.job.id)))
    return tuple(views)


def _view(
    row: _Row,
    seen: Sequence[tuple[StationView, DeviceView]],
    step: Step,
    follower: str | None,
    handed_over_at: datetime | None,
) -> JobView:
    job, customer, credential = row.job, row.customer, row.credential
    return JobView(
        **{name: getattr(job, name) for name in _JOB_COLUMNS},
        **{name: getattr(row.fob, name) for name in ("serial", "profile", "model")},
        fob_state=row.fob.state,
        customer_id=customer.id if customer else None,
        customer_name=customer.name if customer else None,
        user_id=customer.user_id if customer else None,
        credential_state=credential.state if credential else None,
        station_name=row.station.name if row.station else None,
        percent=_percent(job),
        steps=_steps(row, handed_over_at),
        failure=problem_of(job.failure),
        device=seen[0][1] if len(seen) == 1 else None,
        next_step=step[0],
        next_facts=step[1],
        next_job_id=follower,
        receipt=job.receipt or {},
    )


_JOB_COLUMNS: Final = (
    "id", "kind", "state", "attempt", "fob_id", "credential_id", "station_id", "reports_done",
    "reports_total", "queued_at", "closed_at",
)  # fmt: skip
_FAILED: Final = frozenset({JobState.FAILED, JobState.ABANDONED})
_DONE: Final = frozenset({JobState.WRITTEN, JobState.PROVED})


def _next_attempts(session: Session, rows: Sequence[_Row]) -> dict[str, str]:
    """By failed job, the job queued for its fob after it, if that is the same work tried again."""
    failed = [row.job for row in rows if row.job.state in _FAILED and row.job.closed_at is not None]
    own = ProgrammingJob.fob_id.in_({job.fob_id for job in failed})
    query = select(ProgrammingJob).where(own).order_by(ProgrammingJob.queued_at, ProgrammingJob.attempt)
    queued = session.scalars(query).all() if failed else ()
    after = {job.id: next((later for later in queued if _is_later(later, job)), None) for job in failed}
    return {job.id: later.id for job in failed if (later := after[job.id]) and _is_same_work(later, job)}


def _is_later(other: ProgrammingJob, job: ProgrammingJob) -> bool:
    closed_at = job.closed_at
    return (
        other.fob_id == job.fob_id
        and other.id != job.id
        and closed_at is not None
        and other.queued_at >= closed_at
    )


def _is_same_work(later: ProgrammingJob, job: ProgrammingJob) -> bool:
    return later.attempt == job.attempt + 1 and later.kind is job.kind


def _seen(row: _Row, stations: Sequence[StationView]) -> list[tuple[StationView, DeviceView]]:
    """The fob wherever a connected station that may do the job sees it.

    A device whose firmware no profile covers tells its serial, but has no profile; one of a kind that is known by
    its label has a profile, but tells no serial. Where the fob is not seen at all, the first device that cannot
    even be asked may well be it.
    """
    devices = [(station, device) for station in _may_do(row, stations) for device in station.devices]
    names = {(row.fob.profile, row.fob.serial), ("", row.fob.serial), (row.fob.profile, "")}
    found = [(at, seen) for at, seen in devices if (seen.profile, seen.serial) in names]
    mute = [(at, seen) for at, seen in devices if not seen.serial and seen.problem is not None]
    return found or mute[:1]


def _may_do(row: _Row, stations: Sequence[StationView]) -> list[StationView]:
    connected = (station for station in stations if station.status is StationStatus.CONNECTED)
    here = (station for station in connected if station.branch == row.fob.branch)
    return [station for station in here if row.job.station_id in (None, station.id)]


def _findings(
    row: _Row,
    stations: Sequence[StationView],
    seen: Sequence[tuple[StationView, DeviceView]],
    follower: str | None,
    now: datetime,
) -> Findings:
    job = row.job
    return Findings(
        kind=job.kind,
        state=job.state,
        closed=job.closed_at is not None,
        serial=row.fob.serial,
        fob_state=row.fob.state,
        credential_state=row.credential.state if row.credential else None,
        failure=str(job.failure["code"]) if job.failure else "",
        proof_due=_is_proof_due(job, now),
        erasable=row.fob.profile != FACTORY,
        next_job_id=follower,
        wait=job.wait,
        station=row.station.name if row.station else "",
        stations_connected=tuple(station.name for station in _may_do(row, stations)),
        seen=tuple(_seen_device(station, device) for station, device in seen),
    )


def _is_proof_due(job: ProgrammingJob, now: datetime) -> bool:
    # receipts of an older server do not tell
    read = bool(job.receipt and job.receipt.get("code_read"))
    return read and job.recorded_at is not None and now - job.recorded_at < PROVED_WITHIN


def _seen_device(station: StationView, device: DeviceView) -> SeenDevice:
    if device.problem is None:
        return SeenDevice(station.name)
    return SeenDevice(station.name, device.problem.code, device.problem.facts)


def _percent(job: ProgrammingJob) -> int:
    if job.state in _DONE:
        return 100
    return 100 * job.reports_done // job.reports_total if job.reports_total else 0


def _steps(row: _Row, handed_over_at: datetime | None) -> tuple[JournalStep, ...]:
    job, credential = row.job, row.credential
    instants = {
        StepName.RESERVED: job.queued_at,
        StepName.CLAIMED: job.claimed_at,
        StepName.WRITTEN: job.recorded_at,
        StepName.PROVED: job.proved_at,
        StepName.HANDED_OVER: handed_over_at,
        StepName.ACTIVATED: credential.activated_at if credential and job.proved_at else None,
    }
    over = credential is not None and credential.state is CredentialState.ENDED
    return journal_steps(job.kind, instants, failed=job.state in _FAILED, over=over)


def _hand_overs(session: Session, rows: Sequence[_Row]) -> dict[str, datetime]:
    """By proved job, when its fob was handed over after that."""
    proved = {row.job.id: (row.job.fob_id, row.job.proved_at) for row in rows if row.job.proved_at is not None}
    found = {row.job.id: row.job.proved_at for row in rows if row.job.hand_over_on_proof and row.job.proved_at}
    if len(found) == len(proved):
        return found
    told = (AuditEntry.fob_id.in_({fob_id for fob_id, _ in proved.values()}), AuditEntry.act == "hand_over")
    acts = session.execute(select(AuditEntry.fob_id, AuditEntry.at).where(*told).order_by(AuditEntry.at)).all()
    for job_id, (fob_id, proved_at) in proved.items():
        at = next((at for of, at in acts if of == fob_id and at >= proved_at), None)
        if at is not None:
            found.setdefault(job_id, at)
    return found
