"""The verifier's own interface, for our other roles alone: see provisioning/verifier/messages.py.

Served only by a process that has no other role, under TLS that asks for a certificate of our authority.
"""

from __future__ import annotations

from typing import Final, TypeVar

from flask import Blueprint, current_app, jsonify, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from provisioning.errors import ClockUntrusted, NotAuthentic, OutOfScope, WrongState
from provisioning.jobs.answer_question import (
    AdoptCommand,
    JudgeCommand,
    access_code_for_role,
    adopt_for_role,
    check_role,
    judge_for_role,
    open_canary,
)
from provisioning.rules.verifier import Operation
from provisioning.verifier import messages
from provisioning.verifier.messages import AskFault, MessageInvalid
from web import current, metrics
from web.flood import Allowance, FloodGuard

T = TypeVar("T")

verifier_api = Blueprint("verifier_api", __name__, url_prefix=messages.PREFIX)

_OTHERWISE: Final = frozenset({Operation.ADOPT, Operation.ACCESS_CODE, Operation.READY})
"""These have questions of their own."""

_GUARD: Final = "kagiya_question_guard"
# failures are counted by the asker's act, in the database; this bounds what a role that was taken over could guess
_OF_A_CREDENTIAL: Final = Allowance(burst=60, per_s=1)


@verifier_api.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[_GUARD] = FloodGuard(_OF_A_CREDENTIAL)


@verifier_api.post("/judge")
def judge() -> Response:
    """Are these the codes of that credential?"""
    asked = messages.load(messages.JudgeRequest, request.get_data())
    operation = _operation(asked.operation)
    _believe(operation)
    _bound(asked.credential_id)
    codes = messages.read_codes(asked.codes, 2 if operation is Operation.RESYNC else 1)
    command = JudgeCommand(operation, asked.credential_id, asked.seed_version, codes)
    return _answer(messages.judgement(judge_for_role(current.services(), command, current.now())))


@verifier_api.post("/adopt")
def adopt() -> Response:
    """Is this a code of the seed that came with that fob? Then it is the credential's."""
    asked = messages.load(messages.AdoptRequest, request.get_data())
    _believe(Operation.ADOPT)
    _bound(asked.credential_id)
    (code,) = messages.read_codes(asked.code, 1)
    command = AdoptCommand(asked.credential_id, asked.fob_id, asked.seed_version, code)
    adopted = adopt_for_role(current.services(), command, current.now())
    return _answer(messages.adoption(adopted.match, adopted.sealed))


@verifier_api.post("/access-code")
def access_code() -> Response:
    """What locks that device?"""
    asked = messages.load(messages.AccessCodeRequest, request.get_data())
    _believe(Operation.ACCESS_CODE)
    profile, serial = messages.read_device(asked)
    code = access_code_for_role(current.services(), profile, serial, current.now())
    return _answer(messages.AccessCodeAnswer(code.hex()))


@verifier_api.post("/ready")
def ready() -> Response:
    """Do the halves of the vault fit?"""
    asked = messages.load(messages.ReadyRequest, request.get_data())
    _believe(Operation.READY)
    found = open_canary(current.services(), messages.read_sealed(asked), current.now())
    return _answer(messages.ReadyAnswer(found.hex()))


@verifier_api.errorhandler(NotAuthentic)
def _not_believed(error: NotAuthentic) -> tuple[Response, int]:
    metrics.count_question("unknown", "refused")
    return jsonify({"error": "not_authentic", "fault": error.fault.value}), 401


@verifier_api.errorhandler(OutOfScope)
def _not_for_that_role(error: OutOfScope) -> tuple[Response, int]:
    metrics.count_question(error.scope, "forbidden")
    return jsonify({"error": "out_of_scope", "scope": error.scope}), 403


@verifier_api.errorhandler(MessageInvalid)
def _not_of_that_form(error: MessageInvalid) -> tuple[Response, int]:
    return jsonify({"error": "bad_message", "problem": str(error)}), 422


@verifier_api.errorhandler(WrongState)
def _another_row(_: WrongState) -> tuple[Response, int]:
    return jsonify({"error": AskFault.WRONG_STATE}), 409


@verifier_api.errorhandler(ClockUntrusted)
def _clock_in_doubt(_: ClockUntrusted) -> tuple[Response, int]:
    return jsonify({"error": AskFault.CLOCK}), 503


def _operation(name: str) -> Operation:
    if name not in set(Operation) - _OTHERWISE:
        raise MessageInvalid("operation")
    return Operation(name)


def _believe(operation: Operation) -> None:
    """Raises NotAuthentic, OutOfScope."""
    check_role(current.services(), request.headers.get("Authorization", ""), operation, current.now())
    metrics.count_question(operation, "asked")


def _bound(credential_id: str) -> None:
    """Raises TooManyRequests. A question about nobody is asked so that its time tells nothing."""
    guard: FloodGuard = current_app.extensions[_GUARD]
    if credential_id != messages.NOBODY:
        guard.admit(credential_id, current.now())


def _answer(message: object) -> Response:
    return Response(messages.dump(message), mimetype="application/json")
