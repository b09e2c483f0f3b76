"""Codes through the bank API: judged, and what an accepted one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from web import current, metrics
from web.api.bank.calls import Call
from web.api.bank.once import Act

Answer = dict[str, Any]


def _verify(call: Call) -> Answer:
    command = VerifyCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = verify(current.services(), command, current.now())
    return _decision("verify", result.outcome.value, result.reason)


def _activate(call: Call) -> Answer:
    command = ActivateCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = activate(current.services(), command, current.now())
    return _decision("activate", result.outcome.value, result.reason)


def _release(call: Call) -> Answer:
    password = call.fields.get("confirmation_password")
    if password is None and not call.client.checks_confirmation:
        raise BadInput("confirmation_password", InputFault.MISSING)
    command = ReleaseCommand(call.institution.id, call.user_id, call.fields["otp"], password, call.actor)
    result = release(current.services(), command, current.now())
    return _decision("release", result.outcome.value, result.reason)


def _resync(call: Call) -> Answer:
    codes = (call.fields["first"], call.fields["second"])
    command = ResyncCommand(call.institution.id, call.credential_id, *codes, call.actor)
    result = resync(current.services(), command, current.now())
    return _decision("resync", result.outcome.value, None if result.drift_steps is not None else "wrong")


def _decision(use: str, outcome: str, reason: str | None) -> Answer:
    metrics.count_decision(use, outcome, reason)
    return {"outcome": outcome} if reason is None else {"outcome": outcome, "reason": reason}


ACTS: Final[Mapping[str, Act]] = {
    "verify": _verify,
    "activate": _activate,
    "release": _release,
    "resync": _resync,
}
