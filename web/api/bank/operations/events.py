"""What the bank's host is told by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from web.api.bank.fields import CREDENTIAL_ID, DIGITS, GET, SERVICE_ID, Field, Operation

EVENTS: Final[Mapping[str, Operation]] = {
    "events": Operation(
        "Tokens that were in use and ended, in their order, at most 100 at once; where `limit_cap_yen` stands, a "
        "higher transfer limit is to be lowered to it. Ask again with the last number: nothing is ever missed.",
        "/events/{service_id}",
        BankScope.EVENTS,
        "Events",
        {
            "events": [
                {
                    "number": 1,
                    "at": "2026-11-20T03:00:00+00:00",
                    "user_id": "123456780001",
                    "credential_id": CREDENTIAL_ID,
                    "ended_how": "released",
                    "limit_cap_yen": 200_000,
                    "limit_from_yen": 500_000,
                }
            ]
        },
        method=GET,
        fields={
            "service_id": SERVICE_ID,
            "after": Field(
                "The last number read; all events without it.", "0", required=False, most=18, pattern=DIGITS
            ),
        },
    )
}
