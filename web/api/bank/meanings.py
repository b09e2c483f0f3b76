"""What the words in answers mean to the system that called, and what it does about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.errors import InputFault
from provisioning.rules.verdict import Reason

REASONS: Final[Mapping[Reason, str]] = {
    Reason.WRONG: "No code of the token's, and counted. The one that reaches the institution's limit is answered "
    "like this, too; `GET /customers` then says `suspended`. Let the customer wait for the next code.",
    Reason.USED: "Accepted before, or older than one that was. Not counted. Wait for the next code.",
    Reason.SUSPENDED: "The token is suspended, and stays so until somebody lifts it (`POST /lift`). Not counted.",
    Reason.NOT_ACTIVE: "The customer has no token in force: none yet, not activated yet, or ended. Not counted; "
    "`GET /customers` says which.",
    Reason.UNKNOWN: "The institution has no such user ID.",
    Reason.WAITING: "Revoked just now: no login and no new token before `may_log_in_from` of `GET /customers`.",
    Reason.EXPIRED: "The token's last day is over, or it was not activated in time. It takes a new one.",
    Reason.CLOCK: "A clock cannot be relied upon, so nothing was judged or counted. Try again later, and call us.",
    Reason.CONFIRMATION_WRONG: "The confirmation password is another one. Counted apart from codes.",
    Reason.CONFIRMATION_LOCKED: "Wrong too often: staff, or `POST /passwords/unlock`, help.",
    Reason.MAIL_PASSWORD_WRONG: "Not the newest password by mail. Counted apart from codes.",
    Reason.MAIL_PASSWORD_LOCKED: "Wrong too often: staff, or `POST /passwords/unlock`, help.",
    Reason.MAIL_PASSWORD_OVER: "None was sent in this login, or a newer one is on its way.",
}
"""Of a decision that is `refused`. For the bank and its staff: to customers they are one refusal (R09)."""

FAULTS: Final[Mapping[InputFault, str]] = {
    InputFault.MISSING: "it is not there, or empty",
    InputFault.NOT_DIGITS: "it is not ASCII digits alone",
    InputFault.WRONG_LENGTH: "it is too short or too long, or a list of too many",
    InputFault.BAD_FORM: "it has another form than described",
    InputFault.TOO_SIMPLE: "an activation password of one digit, or of digits in a row",
    InputFault.PART_OF_ID: "an activation password that is part of the service or user ID",
    InputFault.DO_NOT_MATCH: "it is not the same as what it repeats, or follows",
    InputFault.UNCHANGED: "it is what is there already",
    InputFault.UNKNOWN_FIELD: "the operation has no such member",
    InputFault.NOT_OFFERED: "it is none of the choices, or none of this institution",
}
"""Of `bad_input`."""


def described(words: Mapping[Reason, str] | Mapping[InputFault, str]) -> str:
    """All of them in one text."""
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in words.items())
