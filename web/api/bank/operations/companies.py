"""Operations of a company's master and administrators on its other users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from provisioning.rules.company import CompanyAct
from web.api.bank.fields import CONFIRMATION, CREDENTIAL_ID, GET, IDS, Field, Operation
from web.faults import FaultName

COMPANIES: Final[Mapping[str, Operation]] = {
    "manage_users": Operation(
        "The manager `user_id` lifts suspensions, revokes or tells of losses for users of the same company; "
        "what became of each is answered, in the order asked for.",
        "/company/users",
        BankScope.COMPANIES,
        "Managed",
        {
            "outcome": "accepted",
            "users": [
                {"login_id": "login0002", "credential_id": CREDENTIAL_ID, "result": "done", "state": "active"}
            ],
        },
        fields=IDS
        | {
            "act": Field("What is done.", "lift", choices=tuple(CompanyAct)),
            "credential_ids": Field("Whose tokens, as the list told them.", CREDENTIAL_ID, most=32, many=True),
        }
        | CONFIRMATION,
        refusals=(FaultName.WRONG_STATE,),
    ),
    "company": Operation(
        "The users of the manager's company and where their tokens stand.",
        "/company/{service_id}/{user_id}",
        BankScope.COMPANIES,
        "Company",
        {
            "name": "見本商事",
            "users": [
                {
                    "login_id": "login0002",
                    "name": "見本 0002",
                    "role": "general",
                    "credential_id": CREDENTIAL_ID,
                    "state": "suspended",
                    "open_to": ["lift", "revoke", "report_loss"],
                }
            ],
        },
        method=GET,
        fields=IDS,
    ),
}
