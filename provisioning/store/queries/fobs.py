"""The stock of key fobs, for pages and API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, func, select

from provisioning.errors import NotFound
from provisioning.rules.states import CredentialState, FobState, JobState
from provisioning.store.engine import Store
from provisioning.store.tables import Credential, Customer, Fob, ProgrammingJob


class FobStep(StrEnum):
    """The next thing to do with a fob that lies before the teller."""

    ISSUE = "issue"
    SEE_JOB = "see_job"
    HAND_OVER = "hand_over"
    LET_ACTIVATE = "let_activate"
    TAKE_BACK = "take_back"
    ERASE = "erase"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose open credential the fob carries."""

    customer_id: str
    user_id: str
    name: str
    credential_id: str
    credential_state: CredentialState


@dataclass(frozen=True, slots=True)
class FobView:
    """A fob as last reported. Percent; seconds (fob minus station)."""

    id: str
    branch: str
    serial: str
    profile: str
    model: str
    firmware: str
    battery_percent: int | None
    clock_offset_s: int | None
    state: FobState
    first_seen_at: datetime
    changed_at: datetime
    keeper: Keeper | None
    job_id: str | None
    job_state: JobState | None
    next_step: FobStep


@dataclass(frozen=True, slots=True)
class Stock:
    """How many fobs are in each state, and those asked for."""

    counts: Mapping[FobState, int]
    fobs: tuple[FobView, ...]


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which fobs to list: of one branch, in one state, whose serial begins so; at most `limit`."""

    branch: str | None = None
    state: FobState | None = None
    serial_start: str = ""
    limit: int = 200


def stock(store: Store, institution_id: str, wanted: StockFilter | None = None) -> Stock:
    """The institution's fobs, by serial. The counts follow `branch` only."""
    wanted = wanted or StockFilter()
    own = [Fob.institution_id == institution_id]
    if wanted.branch is not None:
        own.append(Fob.branch == wanted.branch)
    query = _views().where(*own).order_by(Fob.serial, Fob.profile).limit(wanted.limit)
    if wanted.state is not None:
        query = query.where(Fob.state == wanted.state)
    if wanted.serial_start:
        query = query.where(Fob.serial.startswith(wanted.serial_start, autoescape=True))
    with store.read() as session:
        counted = session.execute(select(Fob.state, func.count()).where(*own).group_by(Fob.state)).all()
        rows = session.execute(query).all()
    counts = dict.fromkeys(FobState, 0) | dict(counted)
    return Stock(counts, tuple(_view(*row) for row in rows))


def fob(store: Store, institution_id: str, fob_id: str) -> FobView:
    """One fob. Raises NotFound."""
    return _one(store, _views().where(Fob.institution_id == institution_id, Fob.id == fob_id))


def fob_by_serial(store: Store, institution_id: str, serial: str) -> FobView:
    """The fob with this serial (barcode). Raises NotFound, also where two profiles share the serial."""
    return _one(store, _views().where(Fob.institution_id == institution_id, Fob.serial == serial))


def fob_of_credential(store: Store, institution_id: str, credential_id: str) -> FobView:
    """The fob that carries, or carried, a credential. Raises NotFound."""
    carried = select(Credential.fob_id).where(Credential.id == credential_id).scalar_subquery()
    return _one(store, _views().where(Fob.institution_id == institution_id, Fob.id == carried))


def _one(store: Store, query: Select[*tuple[Any, ...]]) -> FobView:
    with store.read() as session:
        rows = session.execute(query.limit(2)).all()
    if len(rows) != 1:
        raise NotFound("fob")
    return _view(*rows[0])


def _views() -> Select[*tuple[Any, ...]]:
    carried = (Credential.fob_id == Fob.id) & (Credential.state != CredentialState.ENDED)
    job_open = (ProgrammingJob.fob_id == Fob.id) & ProgrammingJob.closed_at.is_(None)
    return (
        select(Fob, Credential, Customer, ProgrammingJob.id, ProgrammingJob.state)
        .outerjoin(Credential, carried)
        .outerjoin(Customer, Customer.id == Credential.customer_id)
        .outerjoin(ProgrammingJob, job_open)
    )


def _view(
    fob: Fob,
    credential: Credential | None,
    customer: Customer | None,
    job_id: str | None,
    job_state: JobState | None,
) -> FobView:
    keeper = None
    if credential is not None and customer is not None:
        keeper = Keeper(customer.id, customer.user_id, customer.name, credential.id, credential.state)
    return FobView(
        **{name: getattr(fob, name) for name in _FOB_COLUMNS},
        keeper=keeper,
        job_id=job_id,
        job_state=job_state,
        next_step=_next_step(fob.state, carries=keeper is not None, has_job=job_id is not None),
    )


def _next_step(state: FobState, *, carries: bool, has_job: bool) -> FobStep:
    if has_job:
        return FobStep.SEE_JOB
    if state in _WITH_CUSTOMER and not carries:
        return FobStep.TAKE_BACK
    return _STEPS.get(state, FobStep.NOTHING)


_FOB_COLUMNS: Final = (
    "id", "branch", "serial", "profile", "model", "firmware", "battery_percent", "clock_offset_s",
    "state", "first_seen_at", "changed_at",
)  # fmt: skip
_WITH_CUSTOMER: Final = frozenset({FobState.PROGRAMMED, FobState.HANDED_OVER, FobState.IN_USE})
_STEPS: Final = {
    FobState.IN_STOCK: FobStep.ISSUE,
    FobState.PROGRAMMED: FobStep.HAND_OVER,
    FobState.HANDED_OVER: FobStep.LET_ACTIVATE,
    FobState.RETURNED: FobStep.ERASE,
}
