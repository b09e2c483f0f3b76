"""Roles of a company's users, and who may lift and revoke whom (manual 004, R14). The tables are the rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CompanyRole(StrEnum):
    """What a user may do for their company (domain: マスターユーザ, 管理者ユーザ, 一般ユーザ)."""

    MASTER = "master"
    ADMINISTRATOR = "administrator"
    GENERAL = "general"


class CompanyAct(StrEnum):
    """What somebody does for another user of the same company."""

    LIFT = "lift"
    REVOKE = "revoke"
    REPORT_LOSS = "report_loss"


_MANAGERS: Final = frozenset({CompanyRole.MASTER, CompanyRole.ADMINISTRATOR})

MAY_LIFT: Final[dict[CompanyRole, frozenset[CompanyRole]]] = {
    CompanyRole.MASTER: frozenset({CompanyRole.ADMINISTRATOR}),
    CompanyRole.ADMINISTRATOR: _MANAGERS,
    CompanyRole.GENERAL: _MANAGERS,
}
"""Whose suspension is lifted by whom, always somebody else."""

MAY_END: Final[dict[CompanyRole, frozenset[CompanyRole]]] = dict.fromkeys(CompanyRole, _MANAGERS)
"""Whose token is revoked or told lost by whom, always somebody else."""

MAY: Final[dict[CompanyAct, dict[CompanyRole, frozenset[CompanyRole]]]] = {
    CompanyAct.LIFT: MAY_LIFT,
    CompanyAct.REVOKE: MAY_END,
    CompanyAct.REPORT_LOSS: MAY_END,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A user as these rules see them. `is_able`: can log in and confirm, so that they can act for others."""

    id: str
    company_id: str
    role: CompanyRole
    is_able: bool = True


def manages(role: CompanyRole | None) -> bool:
    """Whether somebody of this role has anything to do for others."""
    return role in _MANAGERS


def allows(act: CompanyAct, by: Member, of: Member) -> bool:
    """Whether `by` may do `act` for `of`: of the same company, never oneself, by the table."""
    return by.company_id == of.company_id and by.id != of.id and by.role in MAY[act][of.role]


def lifters(suspended: Member, company: Iterable[Member]) -> tuple[Member, ...]:
    """Who in the company could lift this suspension now. Nobody: it is the institution's turn, who always may."""
    return tuple(one for one in company if one.is_able and allows(CompanyAct.LIFT, one, suspended))


class UserOutcome(StrEnum):
    """What became of the act for one user."""

    DONE = "done"
    # lifted or ended meanwhile; or there was never anything to lift
    TOO_LATE = "too_late"
    # the database refused this one: try again
    UNAVAILABLE = "unavailable"
    # the database was cut off while it committed this one, done or not: look first
    UNKNOWN = "unknown"
