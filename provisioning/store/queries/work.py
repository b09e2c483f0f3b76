"""What waits to be done today: the numbers of the work bar, and the lists behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from provisioning.rules.expiry import FIRST_REMINDER
from provisioning.rules.papers import PaperState
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
    PaperRequest,
    ProgrammingJob,
    Station,
)

STOCK_LOW: Final = 5
"""This many blank fobs or fewer are shown as running out."""
LIST_LIMIT: Final = 20
"""So many of each list are shown, the longest waiting; the others come when these are done."""


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """Numbers of one branch, or of the whole institution. `writing`: programming jobs that are not over.

    `papers`: requests on paper without an outcome.
    """

    applications: int
    suspended: int
    papers: int
    mails_undelivered: int
    writing: int
    stock: int
    stock_low: bool
    stations_connected: int
    stations: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer who waits for the branch, since (or until) when. `number` is an application's.

    `fob_state` is that of the fob that the token is on, None where nobody asked.
    """

    customer_id: str
    user_id: str
    name: str
    kind: TokenKind
    since: datetime
    number: str = ""
    fob_state: FobState | None = None


def work_counts(store: Store, institution_id: str, branch: str | None, now: datetime) -> WorkCounts:
    """The work bar."""
    values = _values(institution_id, branch) | {"heard_since": now - CONNECTED_WITHIN}
    with store.read_connection() as connection:
        numbers = connection.execute(_bar(of_branch=branch is not None), values).mappings().one()
    return WorkCounts(**numbers, stock_low=numbers["stock"] <= STOCK_LOW)


def open_jobs(store: Store, institution_id: str, branch: str | None) -> int:
    """How many programming jobs are not over."""
    count = _Counted(of_branch=branch is not None).jobs()
    with store.read_connection() as connection:
        return connection.scalar(count, _values(institution_id, branch)) or 0


def _values(institution_id: str, branch: str | None) -> dict[str, Any]:
    return {"institution": institution_id} | ({} if branch is None else {"branch": branch})


@cache
def _bar(*, of_branch: bool) -> Select[*tuple[Any, ...]]:
    """All numbers in one statement, which every page of the console asks."""
    count = _Counted(of_branch)
    enrolled = (Station.revoked_at.is_(None), Station.signing_key.is_not(None))
    heard = Station.last_seen_at >= bindparam("heard_since")
    numbers = {
        "applications": count.of_customers(Application, Application.state == ApplicationState.OPEN),
        "suspended": count.of_customers(Credential, Credential.state == CredentialState.SUSPENDED),
        "papers": count.of_customers(PaperRequest, PaperRequest.state == PaperState.OPEN),
        "mails_undelivered": count.of_customers(OutboxMail, undelivered()),
        "writing": count.jobs(),
        "stock": count.placed(Fob, Fob.state == FobState.IN_STOCK),
        "stations_connected": count.placed(Station, *enrolled, heard),
        "stations": count.placed(Station, *enrolled),
    }
    return select(*(number.scalar_subquery().label(name) for name, number in numbers.items()))


@dataclass(frozen=True, slots=True)
class _Counted:
    """Counts of rows of one institution, `institution`, and of one branch, `branch`, if it is `of_branch`."""

    of_branch: bool

    def placed(self, table: type[Fob | Station], *conditions: ColumnElement[bool]) -> Select[int]:
        """Rows of a table that names its branch itself."""
        return self._within(self._of(table, *conditions), table.branch)

    def of_customers(
        self, table: type[Application | Credential | OutboxMail | PaperRequest], *conditions: ColumnElement[bool]
    ) -> Select[int]:
        """Rows of a table that belong to the branch's customers."""
        count = self._of(table, *conditions)
        if self.of_branch:
            count = count.join(Customer, Customer.id == table.customer_id)
        return self._within(count, Customer.branch)

    def jobs(self) -> Select[int]:
        """Programming jobs that are not over, by the fob's branch."""
        count = self._of(ProgrammingJob, ProgrammingJob.closed_at.is_(None))
        if self.of_branch:
            count = count.join(Fob, Fob.id == ProgrammingJob.fob_id)
        return self._within(count, Fob.branch)

    def _of(self, table: Any, *conditions: ColumnElement[bool]) -> Select[int]:
        own = table.institution_id == bindparam("institution")
        return select(func.count()).select_from(table).where(own, *conditions)

    def _within(self, count: Select[int], branch: InstrumentedAttribute[str]) -> Select[int]:
        return count.where(branch == bindparam("branch")) if self.of_branch else count


def open_applications(
    store: Store, institution_id: str, branch: str | None, kind: TokenKind | None = None
) -> tuple[Waiting, ...]:
    """Applications not fulfilled yet, of one kind or of any, the LIST_LIMIT oldest."""
    query = (
        select(*_WHO, Application.kind, Application.made_at, Application.number)
        .join(Application, Application.customer_id == Customer.id)
        .where(Application.institution_id == institution_id, Application.state == ApplicationState.OPEN)
        .order_by(Application.made_at, Application.id)
    )
    if kind is not None:
        query = query.where(Application.kind == kind)
    return _waiting(store, query.limit(LIST_LIMIT), branch)


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
        select(*_WHO, Credential.kind, Fob.expires_at)
        .join(Credential, Credential.customer_id == Customer.id)
        .join(Fob, Fob.id == Credential.fob_id)
        .where(Credential.institution_id == institution_id, Credential.state != CredentialState.ENDED)
        # one past it is not "soon" any more: the worker ends its token
        .where(Fob.expires_at > now, Fob.expires_at <= now + FIRST_REMINDER)
        .order_by(Fob.expires_at, Credential.id)
    )
    return _waiting(store, query.limit(LIST_LIMIT + 1), branch)


def _credentials(
    store: Store, institution_id: str, branch: str | None, state: CredentialState, limit: int = LIST_LIMIT
) -> tuple[Waiting, ...]:
    since = Credential.suspended_at if state is CredentialState.SUSPENDED else Credential.set_up_at
    query = (
        select(*_WHO, Credential.kind, func.coalesce(since, Credential.issued_at), literal(""), Fob.state)
        .join(Credential, Credential.customer_id == Customer.id)
        .outerjoin(Fob, Fob.id == Credential.fob_id)
        .where(Credential.institution_id == institution_id, Credential.state == state)
        .order_by(since, Credential.id)
    )
    return _waiting(store, query.limit(limit), branch)


_WHO: Final = (Customer.id, Customer.user_id, Customer.name)


def _waiting(store: Store, query: Select[*tuple[Any, ...]], branch: str | None) -> tuple[Waiting, ...]:
    """`query` selects what Waiting has, in its order."""
    if branch is not None:
        query = query.where(Customer.branch == branch)
    with store.read_connection() as connection:
        return tuple(Waiting(*row) for row in connection.execute(query))
