"""The users of a company as whoever manages them sees them, and who could lift a suspension."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from provisioning.errors import NotFound
from provisioning.rules.company import CompanyAct, CompanyRole, Member, allows, lifters
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow, Slot, TokenKind
from provisioning.rules.timetable import wait_after_revocation
from provisioning.services import Services
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Company, Credential, Customer

__all__ = ["CompanyRole", "CompanyToken", "CompanyUser", "CompanyView", "company_view"]


@dataclass(frozen=True, slots=True)
class CompanyToken:
    """An open token of a user."""

    credential_id: str
    kind: TokenKind
    state: CredentialState
    suspended_at: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyUser:
    """One user. `token` is the current one, `successor` what is to replace it; None without an open one.
    `member` is how the rules see them.
    """

    login_id: str
    name: str
    name_kana: str
    token: CompanyToken | None
    successor: CompanyToken | None
    member: Member

    @property
    def id(self) -> str:
        """The customer's row id."""
        return self.member.id

    @property
    def role(self) -> CompanyRole:
        """In the company."""
        return self.member.role

    @property
    def is_suspended(self) -> bool:
        """Their token is suspended: they cannot log in."""
        return self.token is not None and self.token.state is CredentialState.SUSPENDED

    def token_for(self, act: CompanyAct) -> CompanyToken | None:
        """The token that `act` is about: to lift, whichever is suspended; else the current one."""
        if act is not CompanyAct.LIFT:
            return self.token
        both = (self.token, self.successor)
        return next((one for one in both if one and one.state is CredentialState.SUSPENDED), None)


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company with its users: master, administrators, general users, each by login ID."""

    id: str
    name: str
    users: tuple[CompanyUser, ...]

    def user(self, customer_id: str) -> CompanyUser:
        """The user. Raises NotFound."""
        for user in self.users:
            if user.id == customer_id:
                return user
        raise NotFound("customer")

    def open_to(self, act: CompanyAct, by: Member) -> tuple[CompanyUser, ...]:
        """For whom `by` may do `act`, and whose token stands where there is something to do."""
        return tuple(user for user in self.users if allows(act, by, user.member) and user.token_for(act))

    def lifters(self, customer_id: str) -> tuple[CompanyUser, ...]:
        """Who could lift this user's suspension now; nobody: it is the institution's turn."""
        able = lifters(self.user(customer_id).member, (user.member for user in self.users))
        return tuple(self.user(member.id) for member in able)


def company_view(services: Services, institution_id: str, company_id: str, now: datetime) -> CompanyView:
    """The company. Raises NotFound, also for one of another institution."""
    institution = services.institution(institution_id)
    with services.store.read() as tx:
        company = own_row(tx, Company, company_id, institution_id)
        waiting = _waiting(tx, institution, company_id, now)
        rows = tx.execute(_USERS.where(Customer.company_id == company_id)).all()
    users = [_user(institution, *row, waiting=waiting) for row in rows]
    order = list(CompanyRole)
    return CompanyView(company.id, company.name, tuple(sorted(users, key=lambda user: order.index(user.role))))


_SUCCESSOR: Final = aliased(Credential)


def _is_open(credential: type[Credential], slot: Slot) -> ColumnElement[bool]:
    return (
        (credential.customer_id == Customer.id)
        & (credential.slot == slot)
        & (credential.state != CredentialState.ENDED)
    )


_USERS: Final = (
    select(Customer, Credential, _SUCCESSOR)
    .outerjoin(Credential, _is_open(Credential, Slot.CURRENT))
    .outerjoin(_SUCCESSOR, _is_open(_SUCCESSOR, Slot.SUCCESSOR))
    .order_by(Customer.login_id)
)


def _waiting(tx: Session, institution: Institution, company_id: str, now: datetime) -> set[str]:
    """Who may not log in yet after a revocation."""
    if not institution.wait_after_revocation:
        return set()
    newest = (
        select(Credential.customer_id, func.max(Credential.ended_at))
        .join(Customer, Customer.id == Credential.customer_id)
        .where(Customer.company_id == company_id, Credential.ended_how == EndedHow.REVOKED)
        .group_by(Credential.customer_id)
    )
    ends = tx.execute(newest).all()
    return {customer_id for customer_id, ended_at in ends if ended_at and now < wait_after_revocation(ended_at)}


def _user(
    institution: Institution,
    customer: Customer,
    current: Credential | None,
    successor: Credential | None,
    *,
    waiting: set[str],
) -> CompanyUser:
    is_locked = max(customer.password_failures, customer.confirmation_failures) >= institution.failure_limit
    is_suspended = current is not None and current.state is CredentialState.SUSPENDED
    is_able = not (is_locked or is_suspended or customer.id in waiting)
    assert customer.company_id is not None
    assert customer.company_role is not None
    member = Member(customer.id, customer.company_id, customer.company_role, is_able)
    names = (customer.login_id, customer.name, customer.name_kana)
    return CompanyUser(*names, _token(current), _token(successor), member)


def _token(row: Credential | None) -> CompanyToken | None:
    return None if row is None else CompanyToken(row.id, row.kind, row.state, row.suspended_at)
