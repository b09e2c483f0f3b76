"""The bank API: what bank_operations.py lists. The authenticated bank gets reasons, not only outcomes (R09)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, InputFault, NotAuthentic, NotFound
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.apply_hard import ApplyCommand, apply
from provisioning.jobs.cancel_application import CancelApplicationCommand, cancel_application
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.states import EndedHow, TokenKind
from provisioning.store.queries.fobs import fob_by_serial
from provisioning.store.queries.own_standing import own_standing
from web import current, metrics, setup_codes
from web.api.bank_calls import CALLS, CLIENTS, PER_STRANGER, PER_USER, STRANGERS, Call, addressed_call, posted_call
from web.api.bank_openapi import openapi
from web.api.bank_operations import OPERATIONS, PREFIX
from web.api.known_clients import KnownClients
from web.flood import FloodGuard, tell_flooded

bank_api = Blueprint("bank_api", __name__, url_prefix=PREFIX)
bank_api.register_error_handler(TooManyRequests, tell_flooded)

Answer = dict[str, Any]


@bank_api.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[CALLS] = FloodGuard(PER_USER)
    state.app.extensions[STRANGERS] = FloodGuard(PER_STRANGER)
    state.app.extensions[CLIENTS] = KnownClients()


@bank_api.get("/openapi.json")
def describe() -> Response:
    """OpenAPI 3.1 of this API."""
    return jsonify(openapi())


@bank_api.post(OPERATIONS["verify"].path)
def post_verify() -> Answer:
    """Judge a code."""
    call = posted_call("verify")
    command = VerifyCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = verify(current.services(), command, current.now())
    return _decision("verify", result.outcome.value, result.reason)


@bank_api.post(OPERATIONS["activate"].path)
def post_activate() -> Answer:
    """Put a token in force."""
    call = posted_call("activate")
    command = ActivateCommand(call.institution.id, call.user_id, call.fields["otp"], call.actor)
    result = activate(current.services(), command, current.now())
    return _decision("activate", result.outcome.value, result.reason)


@bank_api.post(OPERATIONS["release"].path)
def post_release() -> Answer:
    """End a token at the customer's wish."""
    call = posted_call("release")
    password = call.fields.get("confirmation_password")
    if password is None and not call.client.checks_confirmation:
        raise BadInput("confirmation_password", InputFault.MISSING)
    command = ReleaseCommand(call.institution.id, call.user_id, call.fields["otp"], password, call.actor)
    result = release(current.services(), command, current.now())
    return _decision("release", result.outcome.value, result.reason)


@bank_api.post(OPERATIONS["issue"].path)
def post_issue() -> tuple[Answer, int]:
    """Issue either kind."""
    call = posted_call("issue")
    issue = _ISSUERS[TokenKind(call.fields["kind"])]
    return issue(call) | {"state": _state(call)["state"]}, OPERATIONS["issue"].status


@bank_api.post(OPERATIONS["apply"].path)
def post_apply() -> tuple[Answer, int]:
    """Enter an application for a fob."""
    call = posted_call("apply")
    command = ApplyCommand(call.institution.id, call.token.customer_id, TokenKind.HARD, call.actor)
    applied = apply(current.services(), command, current.now())
    return {"application_id": applied.application_id, "number": applied.number}, OPERATIONS["apply"].status


@bank_api.post(OPERATIONS["withdraw"].path)
def post_withdraw() -> Answer:
    """Take back what is not in force."""
    call = posted_call("withdraw")
    withdraw = _WITHDRAWERS[TokenKind(call.fields["kind"])]
    withdraw(call)
    return _state(call)


@bank_api.post(OPERATIONS["resend"].path)
def post_resend() -> Answer:
    """Send the issuance mail again."""
    call = posted_call("resend")
    command = ResendIssueMailCommand(
        call.institution.id,
        call.credential_id,
        call.fields.get("language"),
        call.actor,
        mail_address=call.fields.get("mail_address"),
        activation_password=call.fields.get("activation_password"),
    )
    resent = resend_issue_mail(current.services(), command, current.now())
    return _state(call) | setup_codes.facts(resent.setup_code)


@bank_api.post(OPERATIONS["revoke"].path)
def post_revoke() -> Answer:
    """End a token at once."""
    call = posted_call("revoke")
    how = EndedHow(call.fields.get("how", EndedHow.REVOKED.value))
    command = RevokeCommand(call.institution.id, call.credential_id, how, call.actor)
    revoke(current.services(), command, current.now())
    return _state(call)


@bank_api.post(OPERATIONS["lift"].path)
def post_lift() -> Answer:
    """Lift a suspension."""
    call = posted_call("lift")
    command = LiftSuspensionCommand(call.institution.id, call.credential_id, call.actor)
    lift_suspension(current.services(), command, current.now())
    return _state(call)


@bank_api.post(OPERATIONS["resync"].path)
def post_resync() -> Answer:
    """Bring a fob back into step."""
    call = posted_call("resync")
    codes = (call.fields["first"], call.fields["second"])
    command = ResyncCommand(call.institution.id, call.credential_id, *codes, call.actor)
    result = resync(current.services(), command, current.now())
    return _decision("resync", result.outcome.value, None if result.drift_steps is not None else "wrong")


@bank_api.get("/customers/<service_id>/<user_id>")
def get_customer(service_id: str, user_id: str) -> Answer:
    """Where a token stands."""
    return _state(addressed_call(service_id, user_id))


@bank_api.errorhandler(NotAuthentic)
def _not_believed(error: NotAuthentic) -> tuple[Response, int, dict[str, str]]:
    """Which keys exist is nobody's business: every wrong key gets the same answer."""
    return jsonify({"error": "not_authentic"}), 401, {"WWW-Authenticate": "Bearer"}


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


def _withdraw_issuance(call: Call) -> None:
    command = CancelIssuanceCommand(call.institution.id, call.credential_id, call.actor)
    cancel_issuance(current.services(), command, current.now())


def _withdraw_application(call: Call) -> None:
    own = own_standing(current.services(), call.institution.id, call.token.customer_id)
    if own is None or own.application is None:
        raise NotFound("application")
    command = CancelApplicationCommand(call.institution.id, own.application.id, call.actor, own.customer_id)
    cancel_application(current.services(), command, current.now())


_ISSUERS = {TokenKind.SOFT: _issue_soft, TokenKind.HARD: _issue_hard}
_WITHDRAWERS = {TokenKind.SOFT: _withdraw_issuance, TokenKind.HARD: _withdraw_application}


def _refuse_fields(call: Call, *names: str) -> None:
    for name in names:
        if name in call.fields:
            raise BadInput(name, InputFault.UNKNOWN_FIELD)


def _decision(use: str, outcome: str, reason: str | None) -> Answer:
    metrics.count_decision(use, outcome, reason)
    return {"outcome": outcome} if reason is None else {"outcome": outcome, "reason": reason}


def _state(call: Call) -> Answer:
    found = call.token
    answer: Answer = {"state": found.state.value if found.state else "none", "credential_id": found.credential_id}
    if found.kind is not None:
        answer["kind"] = found.kind.value
    if found.ended_how is not None:
        answer["ended_how"] = found.ended_how.value
    if found.expires_at is not None:
        answer["expires_at"] = found.expires_at.isoformat()
    return answer
