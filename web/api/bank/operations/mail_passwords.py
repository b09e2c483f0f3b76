"""Operations on passwords by mail, and on the addresses that they and notices go to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.address_use import AddressUse
from provisioning.rules.bank_scopes import BankScope
from web.api.bank.fields import (
    ACCEPTED,
    CONFIRMATION,
    CREDENTIAL_ID,
    DIGITS,
    GET,
    IDS,
    LANGUAGES,
    LOGIN,
    MAIL_ADDRESS,
    WRONG_STATE,
    Field,
    Operation,
)
from web.faults import FaultName

_USES: Final = (AddressUse.MAIL_PASSWORD.value, AddressUse.NOTICES.value)
_MAIL_PASSWORD: Final = {
    "mail_password": Field(
        "The newest one that was sent, 8 digits.", "70418265", most=64, secret=True, pattern=DIGITS
    )
}
_ADDRESS: Final = {"address_id": Field("What the address was answered with.", CREDENTIAL_ID, most=32)}

MAIL_PASSWORDS: Final[Mapping[str, Operation]] = {
    "send_mail_password": Operation(
        "Send a password by mail: to the address in use, or to one that waits for it. The one before is over.",
        "/mail-password/send",
        BankScope.MAIL_PASSWORD,
        "Sent",
        {"mail_id": CREDENTIAL_ID},
        fields=IDS
        | LOGIN
        | {
            "address_id": Field(
                "One that waits to be confirmed; without it that in use.", CREDENTIAL_ID, required=False, most=32
            )
        },
        refusals=(FaultName.WRONG_STATE, FaultName.TOO_EARLY),
    ),
    "check_mail_password": Operation(
        "Check a password that was sent in this login. It stays good until the login ends or a newer one is sent.",
        "/mail-password/check",
        BankScope.MAIL_PASSWORD,
        "Decision",
        ACCEPTED,
        fields=IDS | LOGIN | _MAIL_PASSWORD,
        refusals=WRONG_STATE,
    ),
    "end_mail_password": Operation(
        "Stop using passwords by mail, with the current one and the confirmation password.",
        "/mail-password/end",
        BankScope.MAIL_PASSWORD,
        "Decision",
        ACCEPTED,
        fields=IDS | LOGIN | _MAIL_PASSWORD | CONFIRMATION,
        refusals=WRONG_STATE,
    ),
    "end_login": Operation(
        "The customer's login is over, and with it whatever was sent by mail in it.",
        "/mail-password/logout",
        BankScope.MAIL_PASSWORD,
        "Decision",
        ACCEPTED,
        fields=IDS | LOGIN,
    ),
    "addresses": Operation(
        "The stored addresses that notices go to, masked, the newest first.",
        "/addresses/{service_id}/{user_id}",
        BankScope.MAIL_PASSWORD,
        "Addresses",
        {"addresses": [{"use": "mail_password", "masked_address": "t***@carrier.example"}]},
        method=GET,
        fields=IDS,
    ),
    "propose_address": Operation(
        "Enter a mail address, for passwords by mail or for notices; a password is sent there to confirm it. For "
        "passwords by mail that are in use the current one is asked for.",
        "/addresses",
        BankScope.MAIL_PASSWORD,
        "Proposed",
        {"outcome": "accepted", "address_id": CREDENTIAL_ID},
        fields=IDS
        | LOGIN
        | {
            "use": Field("What it is for.", _USES[0], choices=_USES),
            "mail_address": Field("The new one.", MAIL_ADDRESS, secret=True),
            "language": Field("Of the mails; `ja` without it.", "ja", required=False, choices=LANGUAGES),
            "mail_password": Field(
                "The current one, where one is in use.",
                "70418265",
                required=False,
                most=64,
                secret=True,
                pattern=DIGITS,
            ),
        },
        refusals=(FaultName.WRONG_STATE, FaultName.TOO_EARLY),
    ),
    "confirm_address": Operation(
        "Confirm an address with the password that was sent there, and use it; every stored address is told.",
        "/addresses/confirm",
        BankScope.MAIL_PASSWORD,
        "Decision",
        ACCEPTED,
        fields=IDS
        | LOGIN
        | _ADDRESS
        | _MAIL_PASSWORD
        | CONFIRMATION
        | {
            "otp": Field(
                "Where the institution asks for one at changes of information and the customer's token is in use.",
                "48213907",
                required=False,
                most=64,
                secret=True,
                pattern=DIGITS,
            )
        },
        refusals=WRONG_STATE,
    ),
}
