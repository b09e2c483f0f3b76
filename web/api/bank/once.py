"""Idempotency keys: a request that bears one is done once, and answered alike however often it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from flask import jsonify, request
from werkzeug.wrappers import Response

from provisioning.errors import (
    BadInput,
    ClockUntrusted,
    CommitUnanswered,
    InputFault,
    KagiyaError,
    Refused,
    StoreFault,
    StoreUnavailable,
    VaultError,
)
from provisioning.jobs.claim_request import Answer, ClaimRequestCommand, claim_request
from provisioning.jobs.keep_answer import give_back_claim, keep_answer
from web import current
from web.api.bank.calls import Call
from web.api.bank.fields import POST, Operation
from web.faults import tell

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEY: Final = re.compile(r"[!-~]{1,64}")
"""What a key looks like: visible ASCII."""
_JSON: Final = "application/json"
_log: Final = structlog.get_logger("kagiya.bank")

Act = Callable[[Call], Mapping[str, Any]]
"""One operation: what it answers. Raises Refused."""


def answer(operation: Operation, call: Call, act: Act) -> Response:
    """Do it and answer; with an idempotency key do it unless it was done. Without one no statement is added."""
    key = request.headers.get(HEADER)
    if key is None or operation.method != POST:
        return _done(operation, call, act)
    if not KEY.fullmatch(key):
        raise BadInput(HEADER, InputFault.BAD_FORM)
    command = ClaimRequestCommand(call.client.id, key, _request(operation, call))
    before = claim_request(current.services(), command, current.now())
    if before is not None:
        return Response(before.body, before.status, {REPLAYED: "true"}, mimetype=_JSON)
    response = _first(command, operation, call, act)
    _keep(command, response)
    return response


def _request(operation: Operation, call: Call) -> bytes:
    """All that is asked, however it was written."""
    asked = [operation.path, call.institution.id, call.user_id, {**call.fields, **call.lists}]
    return json.dumps(asked, sort_keys=True).encode()


def _first(command: ClaimRequestCommand, operation: Operation, call: Call, act: Act) -> Response:
    """Refusals are answers, too. Where surely nothing was done, the claim is given back."""
    try:
        return _done(operation, call, act)
    except Refused as refusal:
        return tell(refusal)
    except (StoreUnavailable, VaultError, ClockUntrusted) as error:
        # a database out of reach may have taken the change, and its answer was lost on the way
        if not (isinstance(error, StoreUnavailable) and _may_be_done(error)):
            give_back_claim(current.services(), command)
        raise


def _may_be_done(error: StoreUnavailable) -> bool:
    return error.fault is StoreFault.UNREACHABLE or isinstance(error, CommitUnanswered)


def _keep(command: ClaimRequestCommand, response: Response) -> None:
    """What is done is answered even if the answer cannot be kept: its repetition is told so."""
    try:
        keep_answer(current.services(), command, Answer(response.status_code, response.get_data()))
    except KagiyaError as error:
        _log.warning("answer not kept", client=command.client_id, error=type(error).__name__)


def _done(operation: Operation, call: Call, act: Act) -> Response:
    response = jsonify(act(call))
    response.status_code = operation.status
    return response
