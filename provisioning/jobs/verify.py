"""Verify a one-time password at login, at a transfer, or when registered data is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from provisioning.jobs.judge_code import TypedCode, Use, VerifyResult, judge_code
from provisioning.rules.actor import Actor
from provisioning.services import Services

__all__ = ["VerifyCommand", "VerifyResult", "verify"]


@dataclass(frozen=True, slots=True)
class VerifyCommand:
    """`otp` as typed by the user `user_id` of the institution."""

    institution_id: str
    user_id: str
    otp: str = field(repr=False)
    actor: Actor


def verify(services: Services, command: VerifyCommand, now: datetime) -> VerifyResult:
    """Accept a code once, or refuse it with a reason. Wrong codes in a row suspend (R06, R11).

    Raises BadInput (not counted), StoreUnavailable and VaultError (nothing was written).
    """
    typed = TypedCode(Use.VERIFY, command.institution_id, command.user_id, command.otp, command.actor)
    return judge_code(services, typed, now)
