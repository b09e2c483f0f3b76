"""The confirmation password (確認用パスワード): its own counter and lock, asked before the one-time password."""

from __future__ import annotations

from typing import Final

from provisioning.errors import BadInput
from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.own_standing import OwnStanding
from web import current
from web.pages.customer.guard import actor

CONFIRMATION: Final = "confirmation_password"


def confirmation_faults(own: OwnStanding, typed: str) -> list[tuple[str, str]]:
    """Empty if the password is right, else the field with a code of `wording`."""
    command = CheckConfirmationCommand(own.institution_id, own.customer_id, typed, actor(own))
    try:
        result = check_confirmation(current.services(), command, current.now())
    except BadInput as fault:
        return [(CONFIRMATION, fault.fault)]
    if result.outcome is Outcome.ACCEPTED:
        return []
    return [(CONFIRMATION, "locked" if result.locked else "wrong")]
