"""The bank API as data: what each operation takes and answers. Handlers check by it, the OpenAPI page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provisioning.rules.states import CredentialState, TokenKind
from provisioning.rules.verdict import Outcome, Reason

PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Field:
    """One text member of a request's JSON object."""

    about: str
    required: bool = True
    choices: tuple[str, ...] = ()
    most: int = 320
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A POST (or the one GET): its members, and the schema of its success by status."""

    about: str
    path: str
    answer: str
    status: int = 200
    method: str = "POST"
    fields: Mapping[str, Field] = field(default_factory=dict)
    conflicts: bool = False


_IDS: Final = {
    "service_id": Field("The institution's service ID: 8 digits.", most=8),
    "user_id": Field("The customer's user ID at that service.", most=64),
}
_OTP: Final = {"otp": Field("The one-time password as typed: ASCII digits only.", most=64, secret=True)}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "verify": Operation(
        "Judge a one-time password at login, at a transfer, or when registered data is changed.",
        "/verify",
        "Decision",
        fields=_IDS | _OTP,
    ),
    "activate": Operation(
        "Put a token in force with its first one-time password.", "/activate", "Decision", fields=_IDS | _OTP
    ),
    "release": Operation(
        "End the use of a token at the customer's wish.",
        "/release",
        "Decision",
        fields=_IDS
        | _OTP
        | {
            "confirmation_password": Field(
                "Required unless this client is configured to have checked it itself.",
                required=False,
                secret=True,
            )
        },
    ),
    "issue": Operation(
        "Issue a token. Soft: the mail is sent at once. Hard: a station writes the fob as soon as it sees it; "
        "a failed write is tried again under a new credential, which GET /customers tells.",
        "/credentials",
        "Issued",
        status=201,
        conflicts=True,
        fields=_IDS
        | {
            "kind": Field("Which kind of token.", choices=tuple(kind.value for kind in TokenKind)),
            "mail_address": Field("Soft only, and required there.", required=False, secret=True),
            "activation_password": Field("Soft only: 4 to 8 digits.", required=False, secret=True),
            "language": Field(
                "Soft only: language of the mail, `ja` without it.", required=False, choices=("ja", "en")
            ),
            "fob_serial": Field("Hard only: serial number of a fob in stock.", required=False, most=64),
        },
    ),
    "apply": Operation(
        "Enter the customer's application for a key fob; the branch fulfils it.",
        "/apply",
        "Applied",
        status=201,
        conflicts=True,
        fields=_IDS
        | {"kind": Field("Only fobs are applied for.", required=False, choices=(TokenKind.HARD.value,))},
    ),
    "withdraw": Operation(
        "Take back what is not in force: the issuance of a soft token, or the open application for a key fob.",
        "/withdraw",
        "State",
        conflicts=True,
        fields=_IDS | {"kind": Field("Of which kind.", choices=tuple(kind.value for kind in TokenKind))},
    ),
    "resend": Operation(
        "Send the mail of an issued soft token again; the old mail's ticket is void.",
        "/resend",
        "State",
        conflicts=True,
        fields=_IDS
        | {
            "mail_address": Field("A new address; without it the last one.", required=False, secret=True),
            "activation_password": Field(
                "A new one; without it the last one. Required where apps are set up with a set-up code, too.",
                required=False,
                secret=True,
            ),
            "language": Field(
                "Language of the mail; without it the last one's.", required=False, choices=("ja", "en")
            ),
        },
    ),
    "revoke": Operation(
        "End a token at once without a one-time password.",
        "/revoke",
        "State",
        conflicts=True,
        fields=_IDS | {"how": Field("Default: revoked.", required=False, choices=("revoked", "lost"))},
    ),
    "lift": Operation("Lift a suspension.", "/lift", "State", conflicts=True, fields=_IDS),
    "resync": Operation(
        "Bring a fob back into step by two consecutive one-time passwords.",
        "/resync",
        "Decision",
        conflicts=True,
        fields=_IDS
        | {
            "first": Field("The earlier code.", most=64, secret=True),
            "second": Field("The code directly after it.", most=64, secret=True),
        },
    ),
    "customer": Operation(
        "Where the customer's current token stands.",
        "/customers/{service_id}/{user_id}",
        "State",
        method="GET",
    ),
}

REASONS: Final = tuple(reason.value for reason in Reason)
OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)
STATES: Final = ("none", *(state.value for state in CredentialState))
