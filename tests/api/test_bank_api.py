"""The bank API over real HTTP: both kinds of token from issuance to the next one, with reasons (R09)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import update

from provisioning.rules.institution import Institution
from provisioning.store.tables import BankClient, Customer
from tests.api.bank import SOFT, Bank, later, open_bank
from tests.api.conftest import Served
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD
from tests.fobs.desk import Desk, PlainFob


def wrong(plain: PlainFob, bank: Bank) -> str:
    """A code the fob does not show for a long time."""
    return f"{(int(plain.code(bank.served.at)) + 1) % 10**8:08d}"


def test_a_fob_from_issuance_to_the_next_one(bank: Bank, desk: Desk, plain: PlainFob) -> None:
    assert bank.state() == {"state": "none", "credential_id": None}
    status, issued = bank.ask("/credentials", kind="hard", fob_serial=plain.serial)
    assert (status, issued["state"]) == (201, "issued")
    assert bank.state() == {"state": "issued", "credential_id": issued["credential_id"], "kind": "hard"}
    desk.work()
    assert bank.state()["state"] == "set_up"
    code = plain.code(bank.served.at)
    assert bank.decide("/verify", otp=code) == ("refused", "not_active")
    assert bank.decide("/activate", otp=code) == ("accepted", None)
    assert bank.state()["state"] == "active"
    assert bank.decide("/verify", otp=code) == ("refused", "used")
    later(bank, desk, minutes=1)
    assert bank.decide("/verify", otp=plain.code(bank.served.at)) == ("accepted", None)
    later(bank, desk, minutes=1)

    code = plain.code(bank.served.at)
    password = "Kakunin00"
    assert bank.decide("/release", otp=code, confirmation_password=password) == ("refused", "confirmation_wrong")
    released = bank.decide("/release", otp=code, confirmation_password=CONFIRMATION_PASSWORD)
    assert released == ("accepted", None)
    assert (bank.state()["state"], bank.state()["ended_how"]) == ("ended", "released")
    later(bank, desk, minutes=1)
    assert bank.decide("/verify", otp=plain.code(bank.served.at))[0] == "refused"
    status, refused = bank.ask("/credentials", **SOFT)
    assert (status, refused["error"]) == (409, "too_early")
    later(bank, desk, days=1)
    assert bank.ask("/credentials", **SOFT)[0] == 201


def test_suspension_is_told_and_lifted(bank: Bank, active: PlainFob) -> None:
    for _ in range(5):
        assert bank.decide("/verify", otp=wrong(active, bank)) == ("refused", "wrong")
    right = active.code(bank.served.at)
    assert bank.decide("/verify", otp=right) == ("refused", "suspended")
    assert bank.state()["state"] == "suspended"
    assert bank.ask("/lift") == (200, bank.state() | {"state": "active"})
    assert bank.decide("/verify", otp=right) == ("accepted", None)
    status, refused = bank.ask("/lift")
    assert (status, refused) == (409, {"error": "wrong_state", "what": "credential", "state": "active"})


@pytest.mark.parametrize("how", ["revoked", "lost"])
def test_a_token_is_revoked_at_once(bank: Bank, active: PlainFob, how: str) -> None:
    status, answer = bank.ask("/revoke", how=how)
    assert (status, answer["state"], answer["ended_how"]) == (200, "ended", how)
    assert bank.decide("/verify", otp=active.code(bank.served.at))[0] == "refused"
    assert bank.ask("/revoke")[0] == 409


@sqlite_only
def test_a_token_is_ended_for_a_reason(bank: Bank, active: PlainFob) -> None:
    for members, field in (({"reason": "lost", "how": "lost"}, "how"), ({"note": "x"}, "note")):
        status, answer = bank.ask("/revoke", **members)
        assert (status, answer["field"], answer["fault"]) == (422, field, "unknown_field")
    status, answer = bank.ask("/revoke", reason="change_of_phone", note="電話で確認済")
    assert (status, answer["state"], answer["ended_how"]) == (200, "ended", "released")


@sqlite_only
def test_a_locked_confirmation_password_is_unlocked(bank: Bank, desk: Desk, active: PlainFob) -> None:
    code = active.code(bank.served.at)
    for _ in range(5):
        bank.decide("/release", otp=code, confirmation_password="Kakunin00")
    locked = ("refused", "confirmation_locked")
    assert bank.decide("/release", otp=code, confirmation_password=CONFIRMATION_PASSWORD) == locked
    assert bank.ask("/passwords/unlock")[0] == 200
    assert bank.decide("/release", otp=code, confirmation_password=CONFIRMATION_PASSWORD) == ("accepted", None)


@sqlite_only
def test_the_confirmation_password_is_checked_by_itself(bank: Bank, customer_a: Customer) -> None:
    right = {"confirmation_password": CONFIRMATION_PASSWORD}
    wrong = {"confirmation_password": "Kakunin00"}
    assert bank.decide("/confirmation/check", **right) == ("accepted", None)
    for _ in range(4):
        assert bank.decide("/confirmation/check", **wrong) == ("refused", "confirmation_wrong")
    assert bank.decide("/confirmation/check", **wrong) == ("refused", "confirmation_locked")
    assert bank.decide("/confirmation/check", **right) == ("refused", "confirmation_locked")
    assert bank.decide("/verify", otp="12345678") == ("refused", "not_active")


@sqlite_only
def test_an_institution_tells_what_it_offers(served: Served, bank: Bank) -> None:
    answer = served.http.get(f"/api/v1/institutions/{bank.service_id}", headers=bank.headers)
    assert answer.json() == {
        "name": {"ja": "見本第一銀行", "en": "Sample First Bank"},
        "kinds": ["soft", "hard"],
        "digits": 8,
        "activation": "pin",
        "replacement": "release-first",
        "asks_otp_at": ["login"],
        "mail_password": False,
        "companies": False,
        "papers": [],
    }
    assert served.http.get("/api/v1/institutions/10112249", headers=bank.headers).status_code == 404


@sqlite_only
def test_drift_is_forgotten(bank: Bank, active: PlainFob) -> None:
    assert bank.ask("/drift/reset") == (200, bank.state())
    bank.ask("/revoke")
    assert bank.ask("/drift/reset")[0] == 409


def test_a_soft_token_is_issued_sent_again_and_taken_back(bank: Bank) -> None:
    status, issued = bank.ask("/credentials", **SOFT)
    assert (status, issued["state"]) == (201, "issued")
    assert bank.ask("/resend")[1]["credential_id"] == issued["credential_id"]
    assert bank.decide("/verify", otp="12345678") == ("refused", "not_active")
    status, second = bank.ask("/credentials", **SOFT)
    assert (status, second) == (409, {"error": "already_taken", "what": "credential"})
    assert bank.ask("/revoke")[1]["state"] == "ended"


def test_an_unknown_user_is_told_to_the_bank_only(bank: Bank) -> None:
    bank.user_id = "999999999999"
    for path in ("/verify", "/activate"):
        assert bank.decide(path, otp="12345678") == ("refused", "unknown")
    assert bank.post("/lift").status_code == 404
    status, answer = bank.ask("/credentials", **SOFT)
    assert (status, answer) == (404, {"error": "not_found", "what": "customer"})


@sqlite_only
def test_expiry_and_a_doubtful_clock_are_told(bank: Bank, desk: Desk, plain: PlainFob) -> None:
    bank.post("/credentials", kind="hard", fob_serial=plain.serial)
    desk.work()
    later(bank, desk, days=31)
    assert bank.decide("/activate", otp=plain.code(bank.served.at)) == ("refused", "expired")
    later(bank, desk, days=-1)
    for path in ("/verify", "/activate"):
        assert bank.decide(path, otp=plain.code(bank.served.at)) == ("refused", "clock")


@sqlite_only
def test_waiting_after_a_revocation_is_told(served: Served, bank: Bank, desk: Desk, active: PlainFob) -> None:
    waits = replace(served.services.institutions["dual"], wait_after_revocation=True)
    cast(dict[str, Institution], served.services.institutions)["dual"] = waits
    bank.post("/revoke")
    assert bank.decide("/verify", otp=active.code(served.at)) == ("refused", "waiting")
    status, refused = bank.ask("/credentials", **SOFT)
    assert (status, refused["error"], refused["until"]) == (409, "too_early", "2026-11-20T03:21:00+00:00")
    later(bank, desk, minutes=20)
    assert bank.decide("/verify", otp=active.code(served.at)) == ("refused", "not_active")
    assert bank.ask("/credentials", **SOFT)[0] == 201


def test_an_application_is_entered_once(bank: Bank) -> None:
    status, applied = bank.ask("/apply")
    assert (status, sorted(applied)) == (201, ["application_id", "number"])
    status, again = bank.ask("/apply", kind="hard")
    assert (status, again["what"]) == (409, "application")


def test_what_is_not_in_force_is_withdrawn(bank: Bank) -> None:
    bank.ask("/apply")
    assert bank.ask("/withdraw", kind="hard") == (200, {"state": "none", "credential_id": None})
    assert bank.ask("/withdraw", kind="hard") == (404, {"error": "not_found", "what": "application"})
    assert bank.ask("/withdraw", kind="soft") == (404, {"error": "not_found", "what": "credential"})
    bank.ask("/credentials", **SOFT)
    status, answer = bank.ask("/withdraw", kind="soft")
    assert (status, answer["state"], answer["ended_how"]) == (200, "ended", "cancelled")
    assert bank.ask("/withdraw", kind="soft")[0] == 409
    assert bank.ask("/credentials", **SOFT)[0] == 201


def test_what_is_in_force_is_not_withdrawn(bank: Bank, active: PlainFob) -> None:
    refused = (409, {"error": "wrong_state", "what": "credential", "state": "active"})
    assert bank.ask("/withdraw", kind="soft") == refused
    assert bank.state()["state"] == "active"


def test_a_fob_out_of_step_is_brought_back(bank: Bank, desk: Desk, active: PlainFob) -> None:
    behind = [active.code(bank.served.at - timedelta(minutes=40 - step)) for step in (0, 1)]
    later(bank, desk, hours=2)
    behind = [active.code(bank.served.at - timedelta(minutes=40 - step)) for step in (0, 1)]
    assert bank.decide("/verify", otp=behind[0]) == ("refused", "wrong")
    assert bank.decide("/resync", first=behind[0], second=behind[1]) == ("refused", "wrong")
    fresh = [active.code(bank.served.at - timedelta(minutes=38 - step)) for step in (0, 1)]
    assert bank.decide("/resync", first=fresh[0], second=fresh[1]) == ("accepted", None)
    third = active.code(bank.served.at - timedelta(minutes=36))
    assert bank.decide("/verify", otp=third) == ("accepted", None)


def test_a_bank_that_checked_the_confirmation_password_need_not_send_it(
    served: Served, bank: Bank, active: PlainFob
) -> None:
    trusted = open_bank(served, bank.user_id, checks_confirmation=True)
    code = active.code(served.at)
    status, missing = bank.ask("/release", otp=code)
    assert (status, missing) == (422, {"error": "bad_input", "field": "confirmation_password", "fault": "missing"})
    assert trusted.decide("/release", otp=code) == ("accepted", None)


def test_no_wrong_or_revoked_keys(served: Served, bank: Bank) -> None:
    right = bank.key
    for key in ("wrong", right[:-1], f"{right}x", right.swapcase()):
        bank.key = key
        answer = bank.post("/verify", otp="12345678")
        assert (answer.status_code, answer.json()) == (401, {"error": "not_authentic"})
    plain = served.http.post("/api/v1/verify", json={}, headers={"Authorization": f"Basic {right}"})
    assert (plain.status_code, plain.headers["WWW-Authenticate"]) == (401, "Bearer")
    bank.key = right
    assert bank.post("/verify", otp="12345678").status_code == 200
    with served.services.store.write() as tx:
        tx.execute(update(BankClient).values(revoked_at=served.at))
    served.advance(seconds=1)  # so long is a key believed without asking again
    assert bank.post("/verify", otp="12345678").status_code == 401


def test_a_key_is_asked_for_again_when_the_clock_jumps_back(served: Served, bank: Bank) -> None:
    assert bank.post("/verify", otp="12345678").status_code == 200
    with served.services.store.write() as tx:
        tx.execute(update(BankClient).values(revoked_at=served.at))
    served.advance(seconds=-5)
    assert bank.post("/verify", otp="12345678").status_code == 401


def test_a_foreign_institution_looks_like_none(served: Served, bank: Bank, active: PlainFob) -> None:
    stranger = open_bank(served, bank.user_id, "other")
    stranger.service_id = bank.service_id
    for service_id in (bank.service_id, "99999999"):
        stranger.service_id = service_id
        for path, members in (("/verify", {"otp": "12345678"}), ("/revoke", {}), ("/credentials", SOFT)):
            status, answer = stranger.ask(path, **members)
            assert (status, answer) == (404, {"error": "not_found", "what": "institution"})
    address = f"/api/v1/customers/{bank.service_id}/{bank.user_id}"
    assert served.http.get(address, headers=stranger.headers).status_code == 404
    assert bank.state()["state"] == "active"
    stranger.service_id = "10112249"
    status, answer = stranger.ask("/credentials", kind="hard", fob_serial=active.serial)
    assert status == 404


def test_a_key_for_every_institution_serves_each(served: Served, bank: Bank) -> None:
    with served.services.store.write() as tx:
        tx.execute(update(BankClient).values(institution_id=None))
    assert bank.decide("/verify", otp="12345678") == ("refused", "not_active")
    bank.service_id = "10112249"
    assert bank.decide("/verify", otp="12345678") == ("refused", "unknown")


def test_a_fob_that_is_not_there_or_not_free_is_refused(
    bank: Bank, active: PlainFob, customer_b: Customer
) -> None:
    bank.user_id = customer_b.user_id
    assert bank.ask("/credentials", kind="hard", fob_serial="KF9")[0] == 404
    status, answer = bank.ask("/credentials", kind="hard", fob_serial=active.serial)
    assert (status, answer) == (409, {"error": "already_taken", "what": "fob"})


def test_strangers_who_flood_are_slowed_and_customers_are_not(served: Served, bank: Bank) -> None:
    headers = {"Authorization": "Bearer guess"}
    statuses = [served.http.post("/api/v1/verify", headers=headers).status_code for _ in range(52)]
    assert (statuses[:50], statuses[-1]) == ([401] * 50, 429)
    assert bank.post("/verify", otp="12345678").status_code == 200
    served.advance(seconds=5)
    assert served.http.post("/api/v1/verify", headers=headers).status_code == 401
