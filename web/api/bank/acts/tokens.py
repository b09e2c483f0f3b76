"""Tokens through the bank API: applied for, issued, sent again, taken back, ended, lifted, asked after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.cancel_application import CancelApplicationCommand, cancel_application
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.passwords import UnlockPasswordsCommand, unlock_passwords
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.reset_drift import ResetDriftCommand, reset_drift
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.states import CredentialState, EndedHow, EndReason, TokenKind
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.queries.own_standing import own_standing
from web import current, setup_codes
from web.api.bank.acts.answers import Answer, afterwards
from web.api.bank.calls import Call
from web.api.bank.once import Act


def _issue(call: Call) -> Answer:
    issue = _ISSUERS[TokenKind(call.fields["kind"])]
    return issue(call) | {"state": CredentialState.ISSUED.value}


def _apply(call: Call) -> Answer:
    command = ApplyCommand(call.institution.id, call.token.customer_id, _kind(call), call.actor)
    applied = apply(current.services(), command, current.now())
    return {"application_id": applied.application_id, "number": applied.number}


def _withdraw(call: Call) -> Answer:
    own = own_standing(current.services(), call.institution.id, call.token.customer_id)
    application = None if own is None else own.application
    kind = _kind(call)
    if application is not None and application.kind is kind:
        cancel = CancelApplicationCommand(call.institution.id, application.id, call.actor, call.token.customer_id)
        cancel_application(current.services(), cancel, current.now())
    elif kind is TokenKind.HARD:
        raise NotFound("application")
    else:
        command = CancelIssuanceCommand(call.institution.id, call.waiting_id, call.actor)
        cancel_issuance(current.services(), command, current.now())
    return _state_after(call)


def _kind(call: Call) -> TokenKind:
    return TokenKind(call.fields.get("kind", TokenKind.HARD.value))


def _resend(call: Call) -> Answer:
    command = ResendIssueMailCommand(
        call.institution.id,
        call.waiting_id,
        call.fields.get("language"),
        call.actor,
        mail_address=call.fields.get("mail_address"),
        activation_password=call.fields.get("activation_password"),
    )
    resent = resend_issue_mail(current.services(), command, current.now())
    return _state_after(call) | setup_codes.facts(resent.setup_code)


def _revoke(call: Call) -> Answer:
    if "reason" in call.fields:
        return _end_for_a_reason(call)
    _refuse_fields(call, "note")
    how = EndedHow(call.fields.get("how", EndedHow.REVOKED.value))
    command = RevokeCommand(call.institution.id, call.credential_id, how, call.actor)
    revoke(current.services(), command, current.now())
    return _state_after(call)


def _end_for_a_reason(call: Call) -> Answer:
    _refuse_fields(call, "how")
    reason, note = EndReason(call.fields["reason"]), call.fields.get("note", "")
    command = EndTokenCommand(call.institution.id, call.credential_id, reason, call.actor, note)
    end_token(current.services(), command, current.now())
    return _state_after(call)


def _unlock_passwords(call: Call) -> Answer:
    command = UnlockPasswordsCommand(call.institution.id, call.token.customer_id, call.actor)
    unlock_passwords(current.services(), command, current.now())
    return _state_after(call)


def _reset_drift(call: Call) -> Answer:
    command = ResetDriftCommand(call.institution.id, call.credential_id, call.actor)
    reset_drift(current.services(), command, current.now())
    return _state_after(call)


def _lift(call: Call) -> Answer:
    command = LiftSuspensionCommand(call.institution.id, call.suspended_id, call.actor)
    lift_suspension(current.services(), command, current.now())
    return _state_after(call)


def _issue_soft(call: Call) -> Answer:
    _refuse_fields(call, "fob_serial")
    command = IssueSoftCommand(
        call.institution.id,
        call.token.customer_id,
        mail_address=call.required("mail_address"),
        activation_password=call.required("activation_password"),
        language=call.fields.get("language", "ja"),
        actor=call.actor,
    )
    issued = issue_soft(current.services(), command, current.now())
    return {"credential_id": issued.credential_id, **setup_codes.facts(issued.setup_code)}


def _issue_hard(call: Call) -> Answer:
    _refuse_fields(call, "mail_address", "activation_password", "language")
    serial = call.required("fob_serial")
    customer_id = call.token.customer_id
    fob = fob_by_serial(current.services().store, call.institution.id, serial)
    command = ReserveFobCommand(call.institution.id, customer_id, fob.id, call.actor, hand_over_on_proof=True)
    return {"credential_id": reserve_fob(current.services(), command, current.now()).credential_id}


_ISSUERS: Final = {TokenKind.SOFT: _issue_soft, TokenKind.HARD: _issue_hard}


def _refuse_fields(call: Call, *names: str) -> None:
    for name in names:
        if name in call.fields:
            raise BadInput(name, InputFault.UNKNOWN_FIELD)


def state(call: Call) -> Answer:
    """Where the user's token stands."""
    found = call.token
    answer: Answer = {"state": found.state.value if found.state else "none", "credential_id": found.credential_id}
    if found.kind is not None:
        answer["kind"] = found.kind.value
    if found.ended_how is not None:
        answer["ended_how"] = found.ended_how.value
    if found.successor is not None:
        waiting = found.successor
        told = {"credential_id": waiting.credential_id, "kind": waiting.kind.value, "state": waiting.state.value}
        answer["successor"] = told
    if found.expires_at is not None:
        answer["expires_at"] = found.expires_at.isoformat()
    return answer


def _state_after(call: Call) -> Answer:
    with afterwards():
        return state(call)


ACTS: Final[Mapping[str, Act]] = {
    "issue": _issue,
    "apply": _apply,
    "withdraw": _withdraw,
    "resend": _resend,
    "revoke": _revoke,
    "lift": _lift,
    "unlock_passwords": _unlock_passwords,
    "reset_drift": _reset_drift,
}
