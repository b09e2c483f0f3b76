"""Codes through the bank API: judged, and what an accepted one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.passwords import CheckConfirmationCommand, check_confirmation
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.verdict import Reason
from web import current, metrics
from web.api.bank.acts.answers import Answer, decision
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _verify(call: Call) -> Answer:
    command = VerifyCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = verify(current.services(), command, current.now())
    return counted("verify", result.outcome.value, result.reason)


def _activate(call: Call) -> Answer:
    command = ActivateCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = activate(current.services(), command, current.now())
    return counted("activate", result.outcome.value, result.reason)


def _check_confirmation(call: Call) -> Answer:
    typed = call.required("confirmation_password")
    command = CheckConfirmationCommand(call.institution.id, call.token.customer_id, typed, call.actor)
    checked = check_confirmation(current.services(), command, current.now())
    return decision(checked.outcome, checked.confirmation_fault)


def _release(call: Call) -> Answer:
    password = call.confirmation_password
    command = ReleaseCommand(call.institution.id, call.user_id, call.fields["otp"], password, call.actor)
    result = release(current.services(), command, current.now())
    return counted("release", result.outcome.value, result.reason)


def _resync(call: Call) -> Answer:
    codes = (call.fields["first"], call.fields["second"])
    command = ResyncCommand(call.institution.id, call.credential_id, *codes, call.actor)
    result = resync(current.services(), command, current.now())
    return counted("resync", result.outcome.value, None if result.drift_steps is not None else Reason.WRONG)


def counted(use: str, outcome: str, reason: str | None) -> Answer:
    """A decision on a code, counted for the metrics."""
    metrics.count_decision(use, outcome, reason)
    return decision(outcome, reason)


ACTS: Final[Mapping[str, Act]] = {
    "verify": _verify,
    "activate": _activate,
    "check_confirmation": _check_confirmation,
    "release": _release,
    "resync": _resync,
}
