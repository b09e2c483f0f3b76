"""What a company's managers do for its users, and events for the host, through the bank API."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.jobs.add_company import AddCompanyCommand, add_company
from provisioning.rules.actor import SYSTEM
from provisioning.rules.company import CompanyRole
from provisioning.rules.institution import Institution
from provisioning.store.tables import Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.api.planted import WITH_EVERYTHING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import OTHER
from tests.fixtures.tokens import Token, give_token

pytestmark = sqlite_only
MASTER, ADMINISTRATOR, GENERAL, STRANGER = (f"12345678000{number}" for number in range(1, 5))
CONFIRMED = {"confirmation_password": CONFIRMATION_PASSWORD}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """With companies."""
    return {"dual": WITH_EVERYTHING, "other": OTHER}


@pytest.fixture
def tokens(served: Served) -> dict[str, Token]:
    """Of a master, an administrator and a general user of one company, and of somebody else."""
    services, at = served.services, served.at
    people = {user: add_customer(services, user) for user in (MASTER, ADMINISTRATOR, GENERAL, STRANGER)}
    company_id = add_company(services, AddCompanyCommand("dual", "株式会社見本商事", SYSTEM), at)
    with services.store.write() as tx:
        for user, role in zip((MASTER, ADMINISTRATOR, GENERAL), CompanyRole, strict=True):
            row = tx.get_one(Customer, people[user].id)
            row.company_id, row.company_role = company_id, role
    return {user: give_token(services, person, at) for user, person in people.items()}


@pytest.fixture
def company(served: Served, tokens: dict[str, Token]) -> Bank:
    """The bank, calling about the master."""
    return open_bank(served, MASTER)


def ids(tokens: Mapping[str, Token], *users: str) -> list[str]:
    return [tokens[user].credential_id for user in users]


def test_the_users_are_told_and_what_is_open_to_the_manager(company: Bank, tokens: dict[str, Token]) -> None:
    told = company.get("/company")
    assert told["name"] == "株式会社見本商事"
    assert [(user["role"], user["state"], user["open_to"]) for user in told["users"]] == [
        ("master", "active", []),
        ("administrator", "active", ["revoke", "report_loss"]),
        ("general", "active", ["revoke", "report_loss"]),
    ]
    assert [user["credential_id"] for user in told["users"]] == ids(tokens, MASTER, ADMINISTRATOR, GENERAL)


def test_a_suspension_is_lifted_by_the_administrator_alone(company: Bank, tokens: dict[str, Token]) -> None:
    company.user_id = MASTER
    for _ in range(5):
        company.decide("/verify", otp=tokens[MASTER].wrong(company.served.at))
    lift = {"act": "lift", "credential_ids": ids(tokens, MASTER), **CONFIRMED}
    company.user_id = GENERAL
    status, refused = company.ask("/company/users", **lift)
    assert (status, refused["field"], refused["fault"]) == (422, "users", "not_offered")
    company.user_id = ADMINISTRATOR
    wrong = company.ask("/company/users", **lift | {"confirmation_password": "Kakunin00"})[1]
    assert wrong == {"outcome": "refused", "reason": "confirmation_wrong", "users": []}
    status, done = company.ask("/company/users", **lift)
    assert (status, done["outcome"]) == (200, "accepted")
    assert [(user["result"], user["state"]) for user in done["users"]] == [("done", "active")]
    again = company.ask("/company/users", **lift)[1]["users"][0]
    assert (again["result"], again["state"]) == ("too_late", "active")


def test_several_are_revoked_at_once_and_the_host_is_told(company: Bank, tokens: dict[str, Token]) -> None:
    chosen = ids(tokens, GENERAL, ADMINISTRATOR)
    done = company.ask("/company/users", act="revoke", credential_ids=chosen, **CONFIRMED)[1]
    assert [(user["credential_id"], user["state"]) for user in done["users"]] == [(one, "ended") for one in chosen]
    first, second = company.events()
    assert (first["number"], first["user_id"], first["ended_how"]) == (1, GENERAL, "revoked")
    assert (second["credential_id"], second["limit_cap_yen"]) == (chosen[1], 200_000)
    assert company.events(after=1) == [second]
    assert company.events(after=2) == []


def test_whoever_is_of_no_company_or_another_manages_nobody(company: Bank, tokens: dict[str, Token]) -> None:
    revoke = {"act": "revoke", **CONFIRMED}
    company.user_id = STRANGER
    assert company.ask("/company/users", **revoke, credential_ids=ids(tokens, GENERAL))[0] == 404
    address = f"/api/v1/company/{company.service_id}/{STRANGER}"
    assert company.served.http.get(address, headers=company.headers).status_code == 404
    company.user_id = MASTER
    status, answer = company.ask("/company/users", **revoke, credential_ids=ids(tokens, GENERAL, STRANGER))
    assert (status, answer) == (404, {"error": "not_found", "what": "credential"})
    company.user_id = GENERAL
    assert company.state()["state"] == "active"


@pytest.mark.parametrize(
    ("credential_ids", "fault"),
    [([], "missing"), ("one", "bad_form"), ([1], "bad_form"), (["x"] * 201, "wrong_length"), (None, "bad_form")],
)
def test_a_malformed_list_is_named(company: Bank, credential_ids: object, fault: str) -> None:
    status, answer = company.ask("/company/users", act="lift", credential_ids=credential_ids)
    assert (status, answer) == (422, {"error": "bad_input", "field": "credential_ids", "fault": fault})


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("after=x", ("after", "not_digits")),
        ("after=1&after=2", ("query", "bad_form")),
        ("x=1", ("x", "unknown_field")),
    ],
)
def test_a_malformed_query_is_named(company: Bank, query: str, fault: tuple[str, str]) -> None:
    answer = company.served.http.get(f"/api/v1/events/{company.service_id}?{query}", headers=company.headers)
    assert (answer.status_code, answer.json()) == (
        422,
        {"error": "bad_input", "field": fault[0], "fault": fault[1]},
    )


def test_another_institution_has_its_own_events(served: Served, company: Bank, tokens: dict[str, Token]) -> None:
    company.ask("/revoke")
    stranger = open_bank(served, MASTER, "other")
    assert stranger.events() == []
    stranger.service_id = company.service_id
    assert (
        stranger.served.http.get(f"/api/v1/events/{company.service_id}", headers=stranger.headers).status_code
        == 404
    )
