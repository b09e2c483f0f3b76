"""Operations on transfers, for a bank that lets kagiya keep their limit and ask for what they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from web.api.bank.fields import CREDENTIAL_ID, DIGITS, GET, IDS, LOGIN, Field, Operation
from web.faults import FaultName

_BANK, _BRANCH, _HOLDER = "見本銀行", "本店", "ミホン ハナコ"
_NUMBER: Final = "1234567"


def _account(*, required: bool) -> dict[str, Field]:
    return {
        "bank": Field("The payee's bank.", _BANK, required=required, most=60),
        "branch": Field("Its branch.", _BRANCH, required=required, most=60),
        "account_number": Field("7 digits.", _NUMBER, required=required, most=7, pattern=DIGITS),
        "holder": Field("Name of the account.", _HOLDER, required=required, most=60),
    }


_PAYEE: Final = {
    "payee_id": CREDENTIAL_ID,
    "bank": _BANK,
    "branch": _BRANCH,
    "account_number": _NUMBER,
    "holder": _HOLDER,
}

TRANSFERS: Final[Mapping[str, Operation]] = {
    "transfer": Operation(
        "Make a transfer: to a registered payee, or to an account that is named for this once. With the one-time "
        "password or the mail password where the institution asks for it, within the limit.",
        "/transfers",
        BankScope.TRANSFERS,
        "Transferred",
        {"outcome": "accepted", "number": "261120-04821377"},
        fields=IDS
        | LOGIN
        | {
            "amount_yen": Field("Whole yen.", "50000", most=20),
            "payee_id": Field(
                "A registered payee; the account without it.", CREDENTIAL_ID, required=False, most=32
            ),
        }
        | _account(required=False)
        | {
            name: Field(about, example, required=False, most=64, secret=True, pattern=DIGITS)
            for name, about, example in (
                ("otp", "Where one is asked for at transfers.", "48213907"),
                ("mail_password", "For an account named for this once, where it is in use.", "70418265"),
            )
        },
        refusals=(FaultName.OVER_LIMIT, FaultName.WRONG_STATE),
        asks={
            "registered": {"login": "session-7f3a", "amount_yen": "50000", "payee_id": CREDENTIAL_ID},
            "named": {
                "login": "session-7f3a",
                "amount_yen": "50000",
                "bank": _BANK,
                "branch": _BRANCH,
                "account_number": _NUMBER,
                "holder": _HOLDER,
                "mail_password": "70418265",
            },
        },
    ),
    "add_payee": Operation(
        "Register a payee: transfers to it ask for no password by mail.",
        "/payees",
        BankScope.TRANSFERS,
        "Payee",
        _PAYEE,
        status=201,
        fields=IDS | _account(required=True),
    ),
    "transfer_desk": Operation(
        "Registered payees, and what is left of the limit today where it is kept here.",
        "/transfers/{service_id}/{user_id}",
        BankScope.TRANSFERS,
        "TransferDesk",
        {"left_yen": 450_000, "payees": [_PAYEE]},
        method=GET,
        fields=IDS,
    ),
}
