"""What a refused proof means for the form it was typed in: field and code of `wording`."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from provisioning.rules.verdict import Reason
from provisioning.store.queries.own_standing import OwnStanding
from web.pages.customer.confirm import CONFIRMATION
from web.pages.customer.guard import shut_out

_FAULTS: Final = {
    Reason.WRONG: ("otp", "wrong"),
    Reason.USED: ("otp", "wrong"),
    Reason.CONFIRMATION_WRONG: (CONFIRMATION, "wrong"),
    Reason.CONFIRMATION_LOCKED: (CONFIRMATION, "locked"),
    Reason.MAIL_PASSWORD_WRONG: ("mail_password", "wrong"),
    Reason.MAIL_PASSWORD_LOCKED: ("mail_password", "locked"),
    Reason.MAIL_PASSWORD_OVER: ("mail_password", "over"),
}


def fault_of(reason: Reason | None, field: str = "otp") -> tuple[str, str]:
    """What is nobody's mistake is told at `field`, which the form asks for."""
    return _FAULTS.get(reason or Reason.CLOCK, (field, "unavailable"))


def closed_door(own: OwnStanding, reason: Reason | None, *, suspended_now: bool) -> Response | None:
    """Whoever's token is suspended now, or was before, is signed out and told."""
    return shut_out(own, "suspended") if suspended_now or reason is Reason.SUSPENDED else None
