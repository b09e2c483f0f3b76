"""Operations on tokens and their codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from provisioning.rules.papers import NOTE_LENGTH
from provisioning.rules.states import EndReason, TokenKind
from web.api.bank.fields import (
    ACCEPTED,
    CONFIRMATION,
    CREDENTIAL_ID,
    DIGITS,
    IDS,
    LANGUAGES,
    MAIL_ADDRESS,
    OTP,
    WRONG_STATE,
    Field,
    Operation,
)
from web.faults import FaultName

_KINDS: Final = tuple(kind.value for kind in TokenKind)
_ACTIVATION: Final = "^[0-9]{4,8}$"


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


TOKENS: Final[Mapping[str, Operation]] = {
    "verify": Operation(
        "Judge a one-time password at login, at a transfer, or when registered data is changed.",
        "/verify",
        BankScope.VERIFY,
        "Decision",
        ACCEPTED,
        fields=IDS | OTP,
    ),
    "activate": Operation(
        "Put a token in force with its first one-time password.",
        "/activate",
        BankScope.ISSUE,
        "Decision",
        ACCEPTED,
        fields=IDS | OTP,
    ),
    "check_confirmation": Operation(
        "Check the confirmation password where it is kept here, before an issuance for instance. It has a counter "
        "and a lock of its own.",
        "/confirmation/check",
        BankScope.VERIFY,
        "Decision",
        ACCEPTED,
        fields=IDS
        | {
            "confirmation_password": replace(
                CONFIRMATION["confirmation_password"], about="As typed.", required=True
            )
        },
    ),
    "release": Operation(
        "End the use of a token at the customer's wish.",
        "/release",
        BankScope.END,
        "Decision",
        ACCEPTED,
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
            "mail_address": Field("Soft only, and required there.", MAIL_ADDRESS, required=False, secret=True),
            "activation_password": Field(
                "Soft only: 4 to 8 digits.", "83719264", required=False, secret=True, pattern=_ACTIVATION
            ),
            "language": Field(
                "Soft only: language of the mail, `ja` without it.", "ja", required=False, choices=LANGUAGES
            ),
            "fob_serial": Field(
                "Hard only: serial number of a fob in stock.", "KF240017", required=False, most=64
            ),
        },
        refusals=_ISSUE,
        asks={
            "soft": {
                "kind": "soft",
                "mail_address": MAIL_ADDRESS,
                "activation_password": "83719264",
                "language": "ja",
            },
            "hard": {"kind": "hard", "fob_serial": "KF240017"},
        },
    ),
    "apply": Operation(
        "Enter the customer's application: for a key fob, which the branch fulfils, or for a soft token, whose "
        "issuance fulfils it.",
        "/apply",
        BankScope.ISSUE,
        "Applied",
        {"application_id": CREDENTIAL_ID, "number": "261120-048213"},
        status=201,
        fields=IDS | {"kind": Field("Of which kind; `hard` without it.", "hard", required=False, choices=_KINDS)},
        refusals=_ISSUE,
    ),
    "withdraw": Operation(
        "Take back what is not in force: the open application for the kind, or a soft token's issuance.",
        "/withdraw",
        BankScope.ISSUE,
        "State",
        _state("ended", ended_how="cancelled"),
        fields=IDS | {"kind": Field("Of which kind.", "soft", choices=_KINDS)},
        refusals=WRONG_STATE,
    ),
    "resend": Operation(
        "Send the mail of an issued soft token again; the old mail's ticket is void.",
        "/resend",
        BankScope.ISSUE,
        "State",
        _state("issued"),
        fields=IDS
        | {
            "mail_address": Field(
                "A new address; without it the last one.", MAIL_ADDRESS, required=False, secret=True
            ),
            "activation_password": Field(
                "A new one; without it the last one. Required where apps are set up with a set-up code, too.",
                "83719264",
                required=False,
                secret=True,
                pattern=_ACTIVATION,
            ),
            "language": Field(
                "Language of the mail; without it the last one's.", "ja", required=False, choices=LANGUAGES
            ),
        },
        refusals=WRONG_STATE,
    ),
    "revoke": Operation(
        "End a token at once without a one-time password; `lost` after the customer's report of a loss.",
        "/revoke",
        BankScope.END,
        "State",
        _state("ended", ended_how="lost"),
        fields=IDS
        | {
            "how": Field("`revoked` without it.", "lost", required=False, choices=("revoked", "lost")),
            "reason": Field(
                "Why, instead of `how`: it decides how the token ended, and so when the next may be had.",
                "",
                required=False,
                choices=tuple(EndReason),
            ),
            "note": Field("One line for the record, with a reason.", "", required=False, most=NOTE_LENGTH),
        },
        refusals=WRONG_STATE,
    ),
    "lift": Operation(
        "Lift a suspension.", "/lift", BankScope.LIFT, "State", _state("active"), fields=IDS, refusals=WRONG_STATE
    ),
    "unlock_passwords": Operation(
        "Let the customer try the confirmation password and the portal's login password again.",
        "/passwords/unlock",
        BankScope.LIFT,
        "State",
        _state("active"),
        fields=IDS,
    ),
    "reset_drift": Operation(
        "Forget how far the token's clock was seen to be off.",
        "/drift/reset",
        BankScope.LIFT,
        "State",
        _state("active"),
        fields=IDS,
        refusals=WRONG_STATE,
    ),
    "resync": Operation(
        "Bring a fob back into step by two consecutive one-time passwords.",
        "/resync",
        BankScope.LIFT,
        "Decision",
        ACCEPTED,
        fields=IDS
        | {
            "first": Field("The earlier code.", "48213907", most=64, secret=True, pattern=DIGITS),
            "second": Field("The code directly after it.", "05518842", most=64, secret=True, pattern=DIGITS),
        },
        refusals=WRONG_STATE,
    ),
}
