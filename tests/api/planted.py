"""People of an institution that has everything: tokens wherever they can stand, each with its seed known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.address_use import AddressUse
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Replacement
from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.addresses import store_address
from tests.fixtures.canaries import shapes
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer, add_fob
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token
from tests.soft.issuing import issue

WITH_EVERYTHING: Final = replace(
    DUAL,
    mail_password=True,
    companies=True,
    issuance_limit=1,
    papers=tuple(PaperKind),
    transfer_limit_cap_yen=200_000,
    replacement=Replacement.SUCCESSOR,
)
USERS: Final = [f"1234567800{n:02d}" for n in range(10)]
SET_UP, ACTIVE, SUSPENDED, ENDED, WITH_FOB, ISSUED, WITHOUT, BY_MAIL, MASTER, GENERAL = USERS
NARROWED: Final = {"service_id": [DUAL.service_id], "user_id": [*USERS, "999999999999"]}
"""IDs of ours and one that nobody has."""


@dataclass
class People:
    """What was planted, and by operation the members of a request that succeeds."""

    tokens: dict[str, Token]
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def shapes(self) -> set[bytes]:
        """Every seed as it might be written down."""
        return set().union(*(shapes(token.seed) for token in self.tokens.values()))


def plant(services: Services, now: datetime) -> People:
    """Everybody."""
    people = {user: add_customer(services, user, transfer_limit_yen=500_000) for user in USERS}
    _found_company(services, people[MASTER], people[GENERAL], now)
    tokens = {user: give_token(services, people[user], now) for user in (ACTIVE, SUSPENDED, ENDED, GENERAL)}
    tokens[SET_UP] = give_token(services, people[SET_UP], now, CredentialState.SET_UP)
    tokens[WITH_FOB] = give_token(services, people[WITH_FOB], now, fob=add_fob(services, "KF0000001"))
    for _ in range(DUAL.failure_limit):
        verify(services, VerifyCommand("dual", SUSPENDED, tokens[SUSPENDED].wrong(now), SYSTEM), now)
    revoke(services, RevokeCommand("dual", tokens[ENDED].credential_id, EndedHow.REVOKED, SYSTEM), now)
    issue(services, people[ISSUED], now)
    return People(tokens, _examples(services, people, tokens, now))


def _examples(
    services: Services, people: Mapping[str, Customer], tokens: Mapping[str, Token], now: datetime
) -> dict[str, dict[str, Any]]:
    store_address(services, people[BY_MAIL], "old@mihon.example", AddressUse.MAIL_PASSWORD)
    waiting = store_address(
        services, people[BY_MAIL], "new@mihon.example", AddressUse.MAIL_PASSWORD, confirmed_at=None
    )
    mail = {"user_id": BY_MAIL}
    confirmed = {"confirmation_password": CONFIRMATION_PASSWORD}
    papers = [_paper(services, people[SUSPENDED], f"P-{number}", now) for number in (1, 2)]
    suspended = {"user_id": SUSPENDED}
    return {
        "revoke": {"user_id": ACTIVE},
        "resync": {"user_id": WITH_FOB},
        "resend": {"user_id": ISSUED},
        "lift": suspended,
        "reset_drift": suspended,
        "withdraw": {"user_id": ISSUED},
        "apply": {"user_id": MASTER},
        "lift_restriction": {"user_id": ENDED, "form_number": "P-3"},
        "carry_out_paper": suspended | {"paper_id": papers[0], "act": PaperAct.NOTHING_LEFT.value},
        "refuse_paper": suspended | {"paper_id": papers[1]},
        "send_mail_password": mail | {"address_id": waiting},
        "check_mail_password": mail,
        "end_mail_password": mail | confirmed,
        "confirm_address": mail | confirmed | {"address_id": waiting},
        "manage_users": {
            "user_id": MASTER,
            "act": "report_loss",
            "credential_ids": [tokens[GENERAL].credential_id],
        }
        | confirmed,
        "company": {"user_id": MASTER},
    }


def _paper(services: Services, customer: Customer, number: str, now: datetime) -> str:
    check = IdentityCheck.PHOTO_ID.value
    command = TakePaperCommand("dual", customer.id, PaperKind.SUSPENSION.value, number, check, SYSTEM)
    return take_paper(services, command, now)


def _found_company(services: Services, master: Customer, general: Customer, now: datetime) -> None:
    company_id = add_company(services, AddCompanyCommand("dual", "株式会社見本商事", SYSTEM), now)
    with services.store.write() as tx:
        for user, role in ((master, CompanyRole.MASTER), (general, CompanyRole.GENERAL)):
            row = tx.get_one(Customer, user.id)
            row.company_id, row.company_role = company_id, role
