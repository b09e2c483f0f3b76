"""What operations are made of: members of requests, and the operation itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provisioning.rules.bank_scopes import BankScope
from web.faults import FaultName

POST: Final = "POST"
GET: Final = "GET"


@dataclass(frozen=True, slots=True)
class Field:
    """One text member of a request: of its JSON object, or of a GET's query. `example` is a good value,
    empty for a member that stands in no example.

    `pattern` is a form that everything usable has; the job that reads the member says what is wrong with another.
    """

    about: str
    example: str
    required: bool = True
    choices: tuple[str, ...] = ()
    most: int = 320
    secret: bool = False
    pattern: str = ""
    # a list of such texts
    many: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A POST or GET: who may call it, its members, and the schema and an example of its success by status.

    `refusals` are the codes of errors.py beyond those that any operation may answer. `asks` are whole requests
    by name, where one of all members' examples would not be a good one.
    """

    about: str
    path: str
    scope: BankScope
    answer: str
    example: Mapping[str, Any]
    status: int = 200
    method: str = POST
    fields: Mapping[str, Field] = field(default_factory=dict)
    refusals: tuple[FaultName, ...] = ()
    asks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


DIGITS: Final = "^[0-9]+$"
SERVICE_ID: Final = Field("The institution's service ID: 8 digits.", "10112231", most=8, pattern="^[0-9]{8}$")
USER_ID: Final = Field("The customer's user ID at that service.", "123456780001", most=64)
IDS: Final = {"service_id": SERVICE_ID, "user_id": USER_ID}
OTP: Final = {
    "otp": Field(
        "The one-time password as typed: ASCII digits only.", "48213907", most=64, secret=True, pattern=DIGITS
    )
}
CONFIRMATION: Final = {
    "confirmation_password": Field(
        "Required unless this client is configured to have checked it itself.",
        "Kakunin2026",
        required=False,
        secret=True,
    )
}
CREDENTIAL_ID: Final = "3f0c5b1d9a7e4c2f8b6d1e0a5c3f7b92"
LOGIN: Final = {
    "login": Field(
        "Your own name of the customer's login: what is sent by mail is good in it alone.",
        "session-7f3a",
        most=200,
    )
}
LANGUAGES: Final = ("ja", "en")
MAIL_ADDRESS: Final = "taro@carrier.example"
ACCEPTED: Final = {"outcome": "accepted"}
WRONG_STATE: Final = (FaultName.WRONG_STATE,)
PREFIX: Final = "/api/v1"
MOST_LISTED: Final = 200
