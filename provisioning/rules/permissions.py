"""Which grade of staff may do what (domain: Who). Pages ask `allows` before they act; the table is the rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class StaffRole(StrEnum):
    """Grades of branch staff (domain: 窓口担当, 役席者, 監査, システム管理者)."""

    TELLER = "teller"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class StaffAct(StrEnum):
    """What somebody on the staff may want to do."""

    SEE_CUSTOMERS = "see_customers"
    ISSUE = "issue"
    END = "end"
    LIFT = "lift"
    MEND_PASSWORDS = "mend_passwords"
    MEND_DRIFT = "mend_drift"
    TAKE_PAPERS = "take_papers"
    RESEND_MAIL = "resend_mail"
    KEEP_STOCK = "keep_stock"
    SEE_STOCK = "see_stock"
    ENROL_STATION = "enrol_station"
    MANAGE_STAFF = "manage_staff"
    APPROVE = "approve"
    SHOW_ADDRESS = "show_address"
    SEE_AUDIT = "see_audit"


_LOOKS: Final = frozenset({StaffAct.SEE_CUSTOMERS, StaffAct.SEE_STOCK})
_COUNTER: Final = _LOOKS | {
    StaffAct.ISSUE,
    StaffAct.END,
    StaffAct.LIFT,
    StaffAct.MEND_PASSWORDS,
    StaffAct.MEND_DRIFT,
    StaffAct.TAKE_PAPERS,
    StaffAct.RESEND_MAIL,
    StaffAct.SHOW_ADDRESS,
    StaffAct.KEEP_STOCK,
}

PERMITTED: Final[dict[StaffRole, frozenset[StaffAct]]] = {
    StaffRole.TELLER: _COUNTER,
    # of what others at the branch ask for, never of their own
    StaffRole.APPROVER: _COUNTER | {StaffAct.APPROVE},
    # reads everything that happened, changes nothing
    StaffRole.AUDITOR: _LOOKS | {StaffAct.SEE_AUDIT},
    # keeps the workstations and the staff's accounts, issues no tokens
    StaffRole.ADMINISTRATOR: frozenset(
        {StaffAct.SEE_STOCK, StaffAct.KEEP_STOCK, StaffAct.ENROL_STATION, StaffAct.MANAGE_STAFF}
    ),
}

WHOLE_INSTITUTION: Final = frozenset({StaffRole.AUDITOR, StaffRole.ADMINISTRATOR})
"""These see every branch of their institution; all others their own only."""


def allows(role: StaffRole, act: StaffAct) -> bool:
    """Whether `role` may do `act`."""
    return act in PERMITTED[role]
