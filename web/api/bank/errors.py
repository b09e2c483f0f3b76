"""Every way in which the bank API says no, by its code. Codes keep their meaning for ever; words may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from web.faults import FaultName


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """With which status it comes, what it means, and its other members by example."""

    status: int
    about: str
    facts: Mapping[str, Any] = field(default_factory=dict)


NOT_AUTHENTIC: Final = "not_authentic"

ERRORS: Final[Mapping[str, ErrorCode]] = {
    NOT_AUTHENTIC: ErrorCode(401, "No key, or none that we know."),
    FaultName.OUT_OF_SCOPE: ErrorCode(
        403, "This key does not reach the operation: `scope` is what it lacks.", {"scope": "issue"}
    ),
    FaultName.NOT_FOUND: ErrorCode(
        404,
        "No such thing for this key: `what` is institution, customer, credential, application, fob …; "
        "an address that leads nowhere has no `what`.",
        {"what": "customer"},
    ),
    FaultName.METHOD_NOT_ALLOWED: ErrorCode(405, "This address takes another method."),
    FaultName.WRONG_STATE: ErrorCode(
        409, "`what` is in `state`, from which this does not lead.", {"what": "credential", "state": "ended"}
    ),
    FaultName.ALREADY_TAKEN: ErrorCode(
        409, "The customer has a token, or somebody was first with `what`.", {"what": "credential"}
    ),
    FaultName.TOO_EARLY: ErrorCode(
        409, "The next token may be issued from `until` on.", {"until": "2026-11-21T00:00:00+09:00"}
    ),
    FaultName.OVER_LIMIT: ErrorCode(
        409, "`left_yen` is left today of the limit.", {"limit_yen": 500_000, "left_yen": 20_000}
    ),
    FaultName.ISSUE_RESTRICTED: ErrorCode(
        409, "So many tokens were issued that a restriction must be lifted first."
    ),
    FaultName.PAPER_NEEDED: ErrorCode(
        409, "Here this is done on a paper request of `kind` alone.", {"kind": "suspension"}
    ),
    FaultName.CANNOT_HOLD: ErrorCode(
        409,
        "The fob takes `allowed` for `limit`, and `asked` would be needed.",
        {"limit": "digits", "asked": "8", "allowed": "6"},
    ),
    FaultName.IN_PROGRESS: ErrorCode(
        409, "The same request under this idempotency key is being worked on: send it again in a moment."
    ),
    FaultName.OUTCOME_UNKNOWN: ErrorCode(
        409,
        "The database was cut off while it took the request, or the first request under this idempotency key was: "
        "done or not. Ask where the token stands; what is still to be done takes a new key.",
    ),
    FaultName.TOO_LARGE: ErrorCode(413, "The body is larger than 64 KiB."),
    FaultName.BAD_INPUT: ErrorCode(
        422,
        "`field` cannot be used because of `fault`. Nothing was done, and no failure was counted.",
        {"field": "otp", "fault": "wrong_length"},
    ),
    FaultName.KEY_REUSED: ErrorCode(422, "Another request was sent under this idempotency key. Nothing was done."),
    FaultName.TOO_MANY_REQUESTS: ErrorCode(429, "Too many at once; `Retry-After` says how many seconds to wait."),
    FaultName.INTERNAL: ErrorCode(500, "A fault of ours; ask where the token stands before you try again."),
    FaultName.UNAVAILABLE: ErrorCode(
        503,
        "The database, the vault or the clock cannot be relied upon; nothing was decided. It says nothing of the "
        "same request sent before under this idempotency key and not answered: send it again.",
    ),
}

EVERYWHERE: Final = (
    NOT_AUTHENTIC,
    FaultName.OUT_OF_SCOPE,
    FaultName.NOT_FOUND,
    FaultName.BAD_INPUT,
    FaultName.TOO_MANY_REQUESTS,
    FaultName.INTERNAL,
    FaultName.UNAVAILABLE,
)
"""What any operation may answer."""
OF_POSTS: Final = (
    FaultName.IN_PROGRESS,
    FaultName.OUTCOME_UNKNOWN,
    FaultName.KEY_REUSED,
    FaultName.TOO_LARGE,
)
"""What those that change something may answer besides."""
