"""Operations that tell where a customer stands and what the institution wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from web.api.bank.fields import CREDENTIAL_ID, GET, IDS, SERVICE_ID, Operation

STANDING: Final[Mapping[str, Operation]] = {
    "customer": Operation(
        "Where the customer's current token stands, and whether another one can be had.",
        "/customers/{service_id}/{user_id}",
        BankScope.READ,
        "State",
        {"state": "active", "credential_id": CREDENTIAL_ID, "kind": "soft", "transfer_limit_yen": 500_000},
        method=GET,
        fields=IDS,
    ),
    "institution": Operation(
        "What the institution's profile offers and asks for: one kind of token alone, and nobody need choose.",
        "/institutions/{service_id}",
        BankScope.READ,
        "Institution",
        {
            "name": {"ja": "見本第一銀行", "en": "Sample First Bank"},
            "kinds": ["soft", "hard"],
            "digits": 8,
            "activation": "pin",
            "replacement": "release-first",
            "asks_otp_at": ["login"],
            "mail_password": False,
            "companies": False,
            "papers": [],
            "transfer_limit_cap_yen": 200_000,
        },
        method=GET,
        fields={"service_id": SERVICE_ID},
    ),
}
