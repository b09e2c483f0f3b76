"""One key fob, for pages and API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.rules.factory import FACTORY
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.store.engine import Store
from provisioning.store.tables import Credential, Customer, Fob, ProgrammingJob, StockTransfer


class FobStep(StrEnum):
    """The next thing to do with a fob that lies before the teller."""

    ISSUE = "issue"
    SEE_JOB = "see_job"
    HAND_OVER = "hand_over"
    LET_ACTIVATE = "let_activate"
    AWAIT_ARRIVAL = "await_arrival"
    TAKE_BACK = "take_back"
    ERASE = "erase"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose open credential the fob carries. `drift_s`: how far its clock was learned to be off."""

    customer_id: str
    user_id: str
    name: str
    credential_id: str
    credential_state: CredentialState
    drift_s: int
    activate_by: datetime


@dataclass(frozen=True, slots=True)
class FobView:
    """A fob as last reported. Percent; seconds (fob minus station). `bound_for`: where it is on its way to."""

    id: str
    branch: str
    serial: str
    profile: str
    model: str
    firmware: str
    battery_percent: int | None
    clock_offset_s: int | None
    state: FobState
    expires_at: datetime | None
    first_seen_at: datetime
    changed_at: datetime
    transfer_id: str | None
    bound_for: str
    keeper: Keeper | None
    job_id: str | None
    job_state: JobState | None
    next_step: FobStep


def fob(store: Store, institution_id: str, fob_id: str) -> FobView:
    """One fob. Raises NotFound."""
    return _one(store, Fob.id == fob_id, institution_id)


def fobs_by_id(store: Store, institution_id: str, fob_ids: Collection[str]) -> dict[str, FobView]:
    """Those of the institution, by id."""
    with store.read() as session:
        own = select(Fob).where(Fob.institution_id == institution_id, Fob.id.in_(fob_ids))
        return {view.id: view for view in views_of(session, session.scalars(own).all())}


def fob_by_serial(store: Store, institution_id: str, serial: str, profile: str = "") -> FobView:
    """The fob with this serial (barcode), of any profile or of that one.

    Raises NotFound, also where two profiles share the serial.
    """
    right = Fob.serial == serial
    return _one(store, right & (Fob.profile == profile) if profile else right, institution_id)


def views_of(session: Session, fobs: Sequence[Fob]) -> tuple[FobView, ...]:
    """Each with the open credential it carries and its open job."""
    ids = [fob.id for fob in fobs]
    carried = select(Credential, Customer).join(Customer, Customer.id == Credential.customer_id)
    carried = carried.where(Credential.fob_id.in_(ids), Credential.state != CredentialState.ENDED)
    keepers = {credential.fob_id: (credential, customer) for credential, customer in session.execute(carried)}
    under_way = select(ProgrammingJob).where(ProgrammingJob.fob_id.in_(ids), ProgrammingJob.closed_at.is_(None))
    jobs = {job.fob_id: job for job in session.scalars(under_way)}
    bound_for = _destinations(session, fobs)
    return tuple(
        _view(fob, bound_for.get(fob.transfer_id, ""), keepers.get(fob.id), jobs.get(fob.id)) for fob in fobs
    )


def _destinations(session: Session, fobs: Sequence[Fob]) -> dict[str | None, str]:
    """Where each transfer goes, of those that these fobs are on their way with."""
    ids = {fob.transfer_id for fob in fobs if fob.transfer_id is not None}
    if not ids:
        return {}
    query = select(StockTransfer.id, StockTransfer.to_branch).where(StockTransfer.id.in_(ids))
    return dict(session.execute(query).all())


def _one(store: Store, fob: ColumnElement[bool], institution_id: str) -> FobView:
    with store.read() as session:
        found = session.scalars(select(Fob).where(Fob.institution_id == institution_id, fob).limit(2)).all()
        if len(found) != 1:
            raise NotFound("fob")
        return views_of(session, found)[0]


def _view(
    fob: Fob, bound_for: str, carried: tuple[Credential, Customer] | None, job: ProgrammingJob | None
) -> FobView:
    keeper = None
    if carried is not None:
        credential, customer = carried
        who = (customer.id, customer.user_id, customer.name)
        drift_s = credential.drift_steps * credential.period_s
        keeper = Keeper(*who, credential.id, credential.state, drift_s, credential.activate_by)
    return FobView(
        **{name: getattr(fob, name) for name in _FOB_COLUMNS},
        bound_for=bound_for,
        keeper=keeper,
        job_id=job.id if job else None,
        job_state=job.state if job else None,
        next_step=_next_step(fob, carries=keeper is not None, has_job=job is not None),
    )


def _next_step(fob: Fob, *, carries: bool, has_job: bool) -> FobStep:
    if has_job:
        return FobStep.SEE_JOB
    if fob.state in _WITH_CUSTOMER and not carries:
        return FobStep.TAKE_BACK
    step = _STEPS.get(fob.state, FobStep.NOTHING)
    return FobStep.NOTHING if step is FobStep.ERASE and fob.profile == FACTORY else step


_FOB_COLUMNS: Final = (
    "id", "branch", "serial", "profile", "model", "firmware", "battery_percent", "clock_offset_s",
    "state", "expires_at", "first_seen_at", "changed_at", "transfer_id",
)  # fmt: skip
_WITH_CUSTOMER: Final = frozenset({FobState.PROGRAMMED, FobState.HANDED_OVER, FobState.IN_USE})
_STEPS: Final = {
    FobState.IN_STOCK: FobStep.ISSUE,
    FobState.IN_TRANSIT: FobStep.AWAIT_ARRIVAL,
    FobState.PROGRAMMED: FobStep.HAND_OVER,
    FobState.HANDED_OVER: FobStep.LET_ACTIVATE,
    FobState.RETURNED: FobStep.ERASE,
}
