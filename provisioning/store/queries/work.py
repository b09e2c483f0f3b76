"""What waits to be done today: the numbers of the work bar, and the lists behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from provisioning.rules.expiry import FIRST_REMINDER
from provisioning.rules.states import CredentialState, FobState, TokenKind
from provisioning.store.engine import Store
from provisioning.store.queries.mails import undelivered
from provisioning.store.queries.stations import CONNECTED_WITHIN
from provisioning.store.tables import (
    Application,
    ApplicationState,
    Credential,
    Customer,
    Fob,
    OutboxMail,
    ProgrammingJob,
    Station,
)

STOCK_LOW: Final = 5
"""This many blank fobs or fewer are shown as running out."""
LIST_LIMIT: Final = 20
"""So many of each list are shown, the longest waiting; the others come when these are done."""


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Numbers of one branch, or of the whole institution. `writing`: programming jobs that are not over."""

    applications: int
    suspended: int
    mails_undelivered: int
    writing: int
    stock: int
    stock_low: bool
    stations_connected: int
    stations: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer who waits for the branch, since (or until) when. `number` is an application's."""

    customer_id: str
    user_id: str
    name: str
    kind: TokenKind
    since: datetime
    number: str = ""


def work_counts(store: Store, institution_id: str, branch: str | None, now: datetime) -> WorkCounts:
    """The work bar."""
    with store.read() as session:
        count = _Counter(session, institution_id, branch)
        stock = count.of_branch(Fob, Fob.state == FobState.IN_STOCK)
        enrolled = (Station.revoked_at.is_(None), Station.signing_key.is_not(None))
        return WorkCounts(
            applications=count.of_customers(Application, Application.state == ApplicationState.OPEN),
            suspended=count.of_customers(Credential, Credential.state == CredentialState.SUSPENDED),
            mails_undelivered=count.of_customers(OutboxMail, undelivered()),
            writing=count.jobs(),
            stock=stock,
            stock_low=stock <= STOCK_LOW,
            stations_connected=count.of_branch(Station, *enrolled, Station.last_seen_at >= now - CONNECTED_WITHIN),
            stations=count.of_branch(Station, *enrolled),
        )


def open_jobs(store: Store, institution_id: str, branch: str | None) -> int:
    """How many programming jobs are not over."""
    with store.read() as session:
        return _Counter(session, institution_id, branch).jobs()


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counts rows of one institution and, where `branch` is given, of that branch."""

    session: Session
    institution_id: str
    branch: str | None

    def of_branch(self, table: type[Fob | Station], *conditions: ColumnElement[bool]) -> int:
        """Rows of a table that names its branch itself."""
        query = select(func.count()).select_from(table)
        query = query.where(table.institution_id == self.institution_id, *conditions)
        if self.branch is not None:
            query = query.where(table.branch == self.branch)
        return self.session.scalar(query) or 0

    def of_customers(
        self, table: type[Application | Credential | OutboxMail], *conditions: ColumnElement[bool]
    ) -> int:
        """Rows of a table that belong to the branch's customers."""
        query = select(func.count()).select_from(table)
        query = query.where(table.institution_id == self.institution_id, *conditions)
        if self.branch is not None:
            query = query.join(Customer, Customer.id == table.customer_id).where(Customer.branch == self.branch)
        return self.session.scalar(query) or 0

    def jobs(self) -> int:
        """Programming jobs that are not over, by the fob's branch."""
        query = select(func.count()).select_from(ProgrammingJob)
        own = (ProgrammingJob.institution_id == self.institution_id, ProgrammingJob.closed_at.is_(None))
        query = query.where(*own)
        if self.branch is not None:
            query = query.join(Fob, Fob.id == ProgrammingJob.fob_id).where(Fob.branch == self.branch)
        return self.session.scalar(query) or 0


def open_applications(store: Store, institution_id: str, branch: str | None) -> tuple[Waiting, ...]:
    """Applications made in the portal and not fulfilled yet, the LIST_LIMIT oldest."""
    query = (
        select(Customer, Application)
        .join(Application, Application.customer_id == Customer.id)
        .where(Application.institution_id == institution_id, Application.state == ApplicationState.OPEN)
        .order_by(Application.made_at, Application.id)
        .limit(LIST_LIMIT)
    )
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with store.read() as session:
        rows = session.execute(query)
        return tuple(_waiting(who, what.kind, what.made_at, what.number) for who, what in rows)


def suspended(store: Store, institution_id: str, branch: str | None) -> tuple[Waiting, ...]:
    """Customers whose token is suspended, the LIST_LIMIT longest."""
    return _credentials(store, institution_id, branch, CredentialState.SUSPENDED)


def not_activated(store: Store, institution_id: str, branch: str | None) -> tuple[Waiting, ...]:
    """Customers who hold a token that was set up and not activated yet, longest first; one more than LIST_LIMIT
    if there are more.
    """
    return _credentials(store, institution_id, branch, CredentialState.SET_UP, LIST_LIMIT + 1)


def expiring(store: Store, institution_id: str, branch: str | None, now: datetime) -> tuple[Waiting, ...]:
    """Customers whose fob expires soon (`since`: when), the nearest first; one more than LIST_LIMIT if there are
    more.
    """
    query = (
        select(Customer, Credential.kind, Fob.expires_at)
        .join(Credential, Credential.customer_id == Customer.id)
        .join(Fob, Fob.id == Credential.fob_id)
        .where(Credential.institution_id == institution_id, Credential.state != CredentialState.ENDED)
        .where(Fob.expires_at <= now + FIRST_REMINDER)
        .order_by(Fob.expires_at, Credential.id)
        .limit(LIST_LIMIT + 1)
    )
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with store.read() as session:
        return tuple(_waiting(who, kind, until) for who, kind, until in session.execute(query) if until)


def _credentials(
    store: Store, institution_id: str, branch: str | None, state: CredentialState, limit: int = LIST_LIMIT
) -> tuple[Waiting, ...]:
    since = Credential.suspended_at if state is CredentialState.SUSPENDED else Credential.set_up_at
    query = (
        select(Customer, Credential)
        .join(Credential, Credential.customer_id == Customer.id)
        .where(Credential.institution_id == institution_id, Credential.state == state)
        .order_by(since, Credential.id)
        .limit(limit)
    )
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with store.read() as session:
        rows = session.execute(query)
        return tuple(_waiting(who, what.kind, getattr(what, since.key) or what.issued_at) for who, what in rows)


def _waiting(customer: Customer, kind: TokenKind, since: datetime, number: str = "") -> Waiting:
    return Waiting(customer.id, customer.user_id, customer.name, kind, since, number)
