"""Paper requests, the restriction of issuances and applications for both kinds, through the bank API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from provisioning.errors import StoreFault, StoreUnavailable
from provisioning.rules.institution import Institution
from provisioning.store.queries.papers import PaperView, paper
from provisioning.store.tables import Customer
from tests.api.bank import SOFT, Bank
from tests.api.conftest import Served
from tests.api.planted import WITH_EVERYTHING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.refusals import refused_rows
from tests.fixtures.tokens import Token, give_token
from web.api.bank.acts import papers

pytestmark = sqlite_only
FORM = {"form_number": "W-260017", "identity_check": "photo_id"}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One issuance, then the restriction."""
    return {"dual": WITH_EVERYTHING}


@pytest.fixture
def token(served: Served, customer_a: Customer) -> Token:
    """Customer A's, in use."""
    return give_token(served.services, customer_a, served.at)


def suspend(bank: Bank, token: Token) -> None:
    for _ in range(5):
        bank.decide("/verify", otp=token.wrong(bank.served.at))


def take(bank: Bank, **members: Any) -> dict[str, Any]:
    status, taken = bank.ask("/papers", **{"kind": "suspension", **FORM, **members})
    assert status == 201, taken
    return taken


def test_a_suspension_is_lifted_on_a_paper(bank: Bank, token: Token) -> None:
    suspend(bank, token)
    taken = take(bank, note="電話で確認済")
    assert (taken["state"], taken["note"]) == ("open", "電話で確認済")
    named = {"paper_id": taken["paper_id"], "credential_id": token.credential_id}
    status, wrong = bank.ask("/papers/carry-out", **named, act="lift_restriction")
    assert (status, wrong["field"], wrong["fault"]) == (422, "act", "not_offered")
    assert bank.state()["state"] == "suspended"
    status, done = bank.ask("/papers/carry-out", **named, act="lift_suspension")
    assert (status, done["state"], done["act"]) == (200, "done", "lift_suspension")
    assert bank.state()["state"] == "active"
    status, again = bank.ask("/papers/carry-out", **named, act="lift_suspension")
    assert (status, again) == (409, {"error": "wrong_state", "what": "paper", "state": "done"})
    assert bank.get("/papers")["papers"] == [done]


def test_a_paper_is_refused_with_a_reason(bank: Bank, token: Token) -> None:
    paper_id = take(bank)["paper_id"]
    status, refused = bank.ask("/papers/refuse", paper_id=paper_id, refusal="本人確認不可")
    assert (status, refused["state"], refused["refusal"]) == (200, "refused", "本人確認不可")
    status, taken = bank.ask("/papers", kind="suspension", **FORM)
    assert (status, taken) == (409, {"error": "already_taken", "what": "form_number"})


def test_another_customers_paper_is_not_found(bank: Bank, token: Token, customer_b: Customer) -> None:
    paper_id = take(bank)["paper_id"]
    bank.user_id = customer_b.user_id
    for path, more in (("/papers/carry-out", {"act": "nothing_left"}), ("/papers/refuse", {"refusal": "x"})):
        assert bank.ask(path, paper_id=paper_id, **more) == (404, {"error": "not_found", "what": "paper"})
    assert bank.get("/papers") == {"papers": []}


def test_a_restriction_is_told_and_lifted(bank: Bank, token: Token) -> None:
    bank.ask("/revoke", how="lost")
    assert bank.state()["issue_restricted"] is True
    assert bank.ask("/credentials", **SOFT) == (409, {"error": "issue_restricted"})
    assert bank.ask("/apply", kind="soft") == (409, {"error": "issue_restricted"})
    status, done = bank.ask("/restriction/lift", **FORM)
    assert (status, done["kind"], done["act"]) == (200, "issue_restriction", "lift_restriction")
    assert "issue_restricted" not in bank.state()
    assert bank.ask("/credentials", **SOFT)[0] == 201
    status, refused = bank.ask("/restriction/lift", **{**FORM, "form_number": "W-260018"})
    assert (status, refused["state"]) == (409, "not_restricted")
    assert [paper["form_number"] for paper in bank.get("/papers")["papers"]] == ["W-260017"]


def test_a_restriction_that_cannot_be_lifted_leaves_no_paper(bank: Bank, token: Token) -> None:
    bank.ask("/revoke", how="lost")
    with refused_rows(bank.served.services, "audit_entry", "NEW.act = 'carry_out_paper'"):
        assert bank.ask("/restriction/lift", **FORM)[0] >= 500
    assert bank.get("/papers") == {"papers": []}
    assert bank.ask("/restriction/lift", **FORM)[0] == 200


@pytest.mark.parametrize("path", ["/papers", "/papers/carry-out", "/papers/refuse", "/restriction/lift"])
def test_what_is_done_on_a_paper_is_not_told_as_undone_where_it_cannot_be_read(
    bank: Bank, token: Token, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    members: dict[str, str] = {"kind": "suspension", **FORM}
    looks = 1
    if path == "/restriction/lift":
        bank.ask("/revoke", how="lost")
        members = FORM
    elif path != "/papers":
        closing = {"act": "nothing_left"} if path == "/papers/carry-out" else {"refusal": "x"}
        members, looks = {"paper_id": take(bank)["paper_id"], **closing}, 2
    left = iter(range(1, looks))

    def read(*given: Any) -> PaperView:
        if next(left, None) is None:
            raise StoreUnavailable(StoreFault.LOCKED)
        return paper(*given)

    with monkeypatch.context() as patch:
        patch.setattr(papers, "paper", read)
        assert bank.ask(path, key="k", **members) == (409, {"error": "outcome_unknown"})
    assert bank.ask(path, key="k", **members) == (409, {"error": "in_progress"}), "it is not done again"
    assert len(bank.get("/papers")["papers"]) == 1, "it was done"


def test_an_application_for_a_soft_token_is_fulfilled_by_its_issuance(bank: Bank) -> None:
    number = bank.ask("/apply", kind="soft")[1]["number"]
    assert bank.state()["application"] == number
    assert bank.ask("/withdraw", kind="hard") == (404, {"error": "not_found", "what": "application"})
    assert bank.ask("/credentials", **SOFT)[0] == 201
    assert "application" not in bank.state()
    assert bank.ask("/withdraw", kind="soft")[1]["ended_how"] == "cancelled"


def test_an_application_for_a_soft_token_is_withdrawn(bank: Bank) -> None:
    bank.ask("/apply", kind="soft")
    assert bank.ask("/withdraw", kind="soft") == (200, {"state": "none", "credential_id": None})
    assert bank.state() == {"state": "none", "credential_id": None}


def test_a_successor_stands_beside_the_token_in_use(served: Served, bank: Bank, token: Token) -> None:
    status, refused = bank.ask("/credentials", **SOFT)
    assert (status, refused) == (409, {"error": "issue_restricted"})
    bank.ask("/restriction/lift", **FORM)
    issued = bank.ask("/credentials", **SOFT)[1]
    told = bank.state()
    assert (told["state"], told["credential_id"]) == ("active", token.credential_id)
    assert told["successor"] == {"credential_id": issued["credential_id"], "kind": "soft", "state": "issued"}
    assert bank.ask("/resend")[0] == 200
    assert "successor" not in bank.ask("/withdraw", kind="soft")[1]
    assert bank.decide("/verify", otp=token.code(served.at)) == ("accepted", None)
