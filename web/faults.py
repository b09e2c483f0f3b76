"""The face of errors: typed errors become a status, and JSON for programs or a page for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from flask import Flask, current_app, jsonify, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, TooManyRequests
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    BadInput,
    CannotHold,
    ClockUntrusted,
    CommitUnanswered,
    InProgress,
    IssueRestricted,
    KagiyaError,
    KeyReused,
    NotFound,
    OutcomeUnknown,
    OutOfScope,
    OverLimit,
    PaperNeeded,
    StoreUnavailable,
    TooEarly,
    VaultError,
    WrongState,
)

PAGE: Final = "kagiya_fault_page"
"""The extension that a process with pages keeps its FaultPage under."""


class FaultName(StrEnum):
    """What programs read."""

    BAD_INPUT = "bad_input"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    WRONG_STATE = "wrong_state"
    ALREADY_TAKEN = "already_taken"
    TOO_EARLY = "too_early"
    OVER_LIMIT = "over_limit"
    ISSUE_RESTRICTED = "issue_restricted"
    PAPER_NEEDED = "paper_needed"
    CANNOT_HOLD = "cannot_hold"
    OUT_OF_SCOPE = "out_of_scope"
    KEY_REUSED = "idempotency_key_reused"
    IN_PROGRESS = "in_progress"
    OUTCOME_UNKNOWN = "outcome_unknown"
    TOO_LARGE = "too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fault:
    """How one kind of error is answered."""

    status: int
    name: FaultName


FaultPage = Callable[[Exception, Fault], Response]
"""Tells people of an error, with the status of the fault."""

_BUSY: Final = Fault(503, FaultName.UNAVAILABLE)
_KINDS: Final[tuple[tuple[type[KagiyaError], Fault], ...]] = (
    (BadInput, Fault(422, FaultName.BAD_INPUT)),
    (NotFound, Fault(404, FaultName.NOT_FOUND)),
    (WrongState, Fault(409, FaultName.WRONG_STATE)),
    (AlreadyTaken, Fault(409, FaultName.ALREADY_TAKEN)),
    (TooEarly, Fault(409, FaultName.TOO_EARLY)),
    (OverLimit, Fault(409, FaultName.OVER_LIMIT)),
    (IssueRestricted, Fault(409, FaultName.ISSUE_RESTRICTED)),
    (PaperNeeded, Fault(409, FaultName.PAPER_NEEDED)),
    (CannotHold, Fault(409, FaultName.CANNOT_HOLD)),
    (OutOfScope, Fault(403, FaultName.OUT_OF_SCOPE)),
    (KeyReused, Fault(422, FaultName.KEY_REUSED)),
    (InProgress, Fault(409, FaultName.IN_PROGRESS)),
    (OutcomeUnknown, Fault(409, FaultName.OUTCOME_UNKNOWN)),
    (CommitUnanswered, Fault(409, FaultName.OUTCOME_UNKNOWN)),
    (StoreUnavailable, _BUSY),
    (VaultError, _BUSY),
    (ClockUntrusted, _BUSY),
)
_HTTP: Final = {
    403: FaultName.FORBIDDEN,
    404: FaultName.NOT_FOUND,
    405: FaultName.METHOD_NOT_ALLOWED,
    413: FaultName.TOO_LARGE,
    429: FaultName.TOO_MANY_REQUESTS,
}
_UNKNOWN: Final = Fault(500, FaultName.INTERNAL)


def set_up_faults(app: Flask) -> None:
    """Answer every error with `tell`."""
    app.register_error_handler(KagiyaError, tell)
    app.register_error_handler(HTTPException, tell)


def tell(error: Exception) -> Response:
    """The answer to `error`, never showing what was typed: JSON under /api/ and without pages, else a page."""
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, KagiyaError):
        error = error.original_exception
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error.get_response()
    fault = fault_of(error)
    page: FaultPage | None = current_app.extensions.get(PAGE)
    if page is None or _wants_json():
        response: Response = jsonify({"error": fault.name, **facts_of(error)})
        response.status_code = fault.status
    else:
        response = page(error, fault)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if isinstance(error, TooManyRequests) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def fault_of(error: Exception) -> Fault:
    """The kind of error that `error` is."""
    for kind, fault in _KINDS:
        if isinstance(error, kind):
            return fault
    if isinstance(error, HTTPException) and error.code not in (None, 500):
        code = error.code or 500
        return Fault(code, _HTTP.get(code, FaultName.REFUSED))
    return _UNKNOWN


def facts_of(error: Exception) -> dict[str, Any]:
    """What programs are told besides the kind."""
    match error:
        case BadInput(field, fault):
            return {"field": field, "fault": fault.value}
        case NotFound(what) | AlreadyTaken(what):
            return {"what": what}
        case WrongState(what, state):
            return {"what": what, "state": state}
        case CannotHold(limit, asked, allowed):
            return {"limit": limit, "asked": asked, "allowed": allowed}
        case PaperNeeded(kind):
            return {"kind": kind}
        case OutOfScope(scope):
            return {"scope": scope}
        case OverLimit(limit_yen, left_yen):
            return {"limit_yen": limit_yen, "left_yen": left_yen}
        case TooEarly(until):
            return {"until": until.isoformat()}
        case _:
            return {}


def _wants_json() -> bool:
    return request.path.startswith("/api/") or "/api/" in request.path
