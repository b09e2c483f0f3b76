"""The bank API as data: what each operation takes and answers. Handlers check by it, the OpenAPI page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from web.api.bank.fields import CONFIRMATION, CREDENTIAL_ID, DIGITS, GET, IDS, OTP, Field, Operation
from web.faults import FaultName

PREFIX: Final = "/api/v1"
_KINDS: Final = tuple(kind.value for kind in TokenKind)
_LANGUAGES: Final = ("ja", "en")
_MAIL: Final = "taro@carrier.example"
_ACTIVATION: Final = "^[0-9]{4,8}$"
_ACCEPTED: Final = {"outcome": "accepted"}


_STATE: Final = (FaultName.WRONG_STATE,)
_ISSUE: Final = (
    FaultName.WRONG_STATE,
    FaultName.ALREADY_TAKEN,
    FaultName.TOO_EARLY,
    FaultName.CANNOT_HOLD,
    FaultName.ISSUE_RESTRICTED,
    FaultName.PAPER_NEEDED,
)


def _state(state: str, **more: str) -> dict[str, str]:
    return {"state": state, "credential_id": CREDENTIAL_ID, "kind": "soft", **more}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "verify": Operation(
        "Judge a one-time password at login, at a transfer, or when registered data is changed.",
        "/verify",
        BankScope.VERIFY,
        "Decision",
        _ACCEPTED,
        fields=IDS | OTP,
    ),
    "activate": Operation(
        "Put a token in force with its first one-time password.",
        "/activate",
        BankScope.ISSUE,
        "Decision",
        _ACCEPTED,
        fields=IDS | OTP,
    ),
    "release": Operation(
        "End the use of a token at the customer's wish.",
        "/release",
        BankScope.END,
        "Decision",
        _ACCEPTED,
        fields=IDS | OTP | CONFIRMATION,
    ),
    "issue": Operation(
        "Issue a token. Soft: the mail is sent at once. Hard: a station writes the fob as soon as it sees it; "
        "a failed write is tried again under a new credential, which GET /customers tells.",
        "/credentials",
        BankScope.ISSUE,
        "Issued",
        {"credential_id": CREDENTIAL_ID, "state": "issued"},
        status=201,
        fields=IDS
        | {
            "kind": Field("Which kind of token.", "soft", choices=_KINDS),
            "mail_address": Field("Soft only, and required there.", _MAIL, required=False, secret=True),
            "activation_password": Field(
                "Soft only: 4 to 8 digits.", "83719264", required=False, secret=True, pattern=_ACTIVATION
            ),
            "language": Field(
                "Soft only: language of the mail, `ja` without it.", "ja", required=False, choices=_LANGUAGES
            ),
            "fob_serial": Field(
                "Hard only: serial number of a fob in stock.", "KF240017", required=False, most=64
            ),
        },
        refusals=_ISSUE,
        asks={
            "soft": {"kind": "soft", "mail_address": _MAIL, "activation_password": "83719264", "language": "ja"},
            "hard": {"kind": "hard", "fob_serial": "KF240017"},
        },
    ),
    "apply": Operation(
        "Enter the customer's application for a key fob; the branch fulfils it.",
        "/apply",
        BankScope.ISSUE,
        "Applied",
        {"application_id": CREDENTIAL_ID, "number": "261120-048213"},
        status=201,
        fields=IDS | {"kind": Field("Only fobs are applied for.", "hard", required=False, choices=("hard",))},
        refusals=_ISSUE,
    ),
    "withdraw": Operation(
        "Take back what is not in force: the issuance of a soft token, or the open application for a key fob.",
        "/withdraw",
        BankScope.ISSUE,
        "State",
        _state("ended", ended_how="cancelled"),
        fields=IDS | {"kind": Field("Of which kind.", "soft", choices=_KINDS)},
        refusals=_STATE,
    ),
    "resend": Operation(
        "Send the mail of an issued soft token again; the old mail's ticket is void.",
        "/resend",
        BankScope.ISSUE,
        "State",
        _state("issued"),
        fields=IDS
        | {
            "mail_address": Field("A new address; without it the last one.", _MAIL, required=False, secret=True),
            "activation_password": Field(
                "A new one; without it the last one. Required where apps are set up with a set-up code, too.",
                "83719264",
                required=False,
                secret=True,
                pattern=_ACTIVATION,
            ),
            "language": Field(
                "Language of the mail; without it the last one's.", "ja", required=False, choices=_LANGUAGES
            ),
        },
        refusals=_STATE,
    ),
    "revoke": Operation(
        "End a token at once without a one-time password; `lost` after the customer's report of a loss.",
        "/revoke",
        BankScope.END,
        "State",
        _state("ended", ended_how="lost"),
        fields=IDS | {"how": Field("Default: revoked.", "lost", required=False, choices=("revoked", "lost"))},
        refusals=_STATE,
    ),
    "lift": Operation(
        "Lift a suspension.", "/lift", BankScope.LIFT, "State", _state("active"), fields=IDS, refusals=_STATE
    ),
    "resync": Operation(
        "Bring a fob back into step by two consecutive one-time passwords.",
        "/resync",
        BankScope.LIFT,
        "Decision",
        _ACCEPTED,
        fields=IDS
        | {
            "first": Field("The earlier code.", "48213907", most=64, secret=True, pattern=DIGITS),
            "second": Field("The code directly after it.", "05518842", most=64, secret=True, pattern=DIGITS),
        },
        refusals=_STATE,
    ),
    "customer": Operation(
        "Where the customer's current token stands.",
        "/customers/{service_id}/{user_id}",
        BankScope.READ,
        "State",
        _state("active"),
        method=GET,
        fields=IDS,
    ),
}

REASONS: Final = tuple(reason.value for reason in Reason)
OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)
STATES: Final = ("none", *(state.value for state in CredentialState))
