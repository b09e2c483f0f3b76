"""Passwords by mail, addresses and transfers through the bank API (manual 002)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.proofs import OtpPurpose
from provisioning.store.tables import Customer
from tests.api.bank import Bank, open_bank
from tests.api.conftest import Served
from tests.api.planted import WITH_EVERYTHING
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import ADDRESS, read_code, use_mail_password
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.tokens import give_token

pytestmark = sqlite_only
LOGIN = {"login": "session-7f3a"}
CONFIRMED = {"confirmation_password": CONFIRMATION_PASSWORD}
NAMED = {"bank": "見本銀行", "branch": "本店", "account_number": "1234567", "holder": "ミホン ハナコ"}
OVER = ("refused", "mail_password_over")


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Passwords by mail; a one-time password at transfers and at changes of information."""
    asks = (OtpPurpose.TRANSFER, OtpPurpose.INFORMATION)
    return {"dual": replace(WITH_EVERYTHING, asks_otp_at=asks)}


@pytest.fixture
def customer_a(served: Served) -> Customer:
    """With a transfer limit that is kept here."""
    return add_customer(served.services, "123456780001", transfer_limit_yen=500_000)


def test_the_mail_password_is_taken_up_used_and_ended(served: Served, bank: Bank) -> None:
    def read() -> dict[str, str]:
        return {"mail_password": read_code(served.services, served.at)}

    status, proposed = bank.ask("/addresses", use="mail_password", mail_address=ADDRESS, **LOGIN)
    assert (status, proposed["outcome"]) == (200, "accepted")
    confirm = {"address_id": proposed["address_id"], **LOGIN, **read()}
    assert (
        bank.decide("/addresses/confirm", **confirm, confirmation_password="Kakunin00")[1] == "confirmation_wrong"
    )
    assert bank.decide("/addresses/confirm", **confirm, **CONFIRMED) == ("accepted", None)

    assert bank.decide("/mail-password/check", **LOGIN, mail_password="00000000") == (
        "refused",
        "mail_password_wrong",
    )
    assert bank.ask("/mail-password/send", **LOGIN)[0] == 200
    sent = read()
    assert bank.decide("/mail-password/check", **LOGIN, **sent) == ("accepted", None)
    assert bank.decide("/mail-password/check", login="another", **sent) == OVER
    assert bank.decide("/mail-password/end", **LOGIN, **sent, **CONFIRMED) == ("accepted", None)
    status, refused = bank.ask("/mail-password/send", **LOGIN)
    assert (status, refused) == (409, {"error": "wrong_state", "what": "mail_password", "state": "none"})


def test_a_password_is_over_with_the_login_and_is_no_other_systems(
    served: Served, bank: Bank, customer_a: Customer
) -> None:
    use_mail_password(served.services, customer_a)
    bank.ask("/mail-password/send", **LOGIN)
    sent = {"mail_password": read_code(served.services, served.at)}
    other = open_bank(served, bank.user_id)
    assert other.decide("/mail-password/check", **LOGIN, **sent) == OVER
    other.ask("/mail-password/logout", **LOGIN)
    assert bank.decide("/mail-password/check", **LOGIN, **sent) == ("accepted", None)
    bank.ask("/mail-password/logout", **LOGIN)
    assert bank.decide("/mail-password/check", **LOGIN, **sent) == OVER


def test_addresses_are_told_masked(served: Served, bank: Bank, customer_a: Customer) -> None:
    assert bank.get("/addresses") == {"addresses": []}
    use_mail_password(served.services, customer_a)
    assert bank.state()["uses_mail_password"] is True
    (told,) = bank.get("/addresses")["addresses"]
    assert told["use"] == "mail_password"
    assert ADDRESS not in told["masked_address"]


def test_with_a_token_there_is_no_mail_password(served: Served, bank: Bank, customer_a: Customer) -> None:
    give_token(served.services, customer_a, served.at)
    status, refused = bank.ask("/addresses", use="mail_password", mail_address=ADDRESS, **LOGIN)
    assert (status, refused) == (409, {"error": "wrong_state", "what": "credential", "state": "active"})


def test_an_address_for_notices_takes_the_one_time_password(
    served: Served, bank: Bank, customer_a: Customer
) -> None:
    token = give_token(served.services, customer_a, served.at)
    proposed = bank.ask("/addresses", use="notices", mail_address=ADDRESS, **LOGIN)[1]
    confirm = {"address_id": proposed["address_id"], **LOGIN, **CONFIRMED}
    confirm["mail_password"] = read_code(served.services, served.at)
    assert bank.ask("/addresses/confirm", **confirm)[1]["field"] == "otp"
    assert bank.decide("/addresses/confirm", **confirm, otp=token.wrong(served.at)) == ("refused", "wrong")
    assert bank.decide("/addresses/confirm", **confirm, otp=token.code(served.at)) == ("accepted", None)
    assert bank.decide("/verify", otp=token.code(served.at)) == ("refused", "used")


def test_transfers_are_made_within_the_limit(served: Served, bank: Bank, customer_a: Customer) -> None:
    payee_id = bank.ask("/payees", **NAMED)[1]["payee_id"]
    use_mail_password(served.services, customer_a)
    status, made = bank.ask("/transfers", **LOGIN, amount_yen="300000", payee_id=payee_id)
    assert (status, made["outcome"], "number" in made) == (200, "accepted", True)
    status, missing = bank.ask("/transfers", **LOGIN, amount_yen="1000", **NAMED)
    assert (status, missing["field"], missing["fault"]) == (422, "mail_password", "missing")
    assert bank.decide("/transfers", **LOGIN, amount_yen="1000", **NAMED, mail_password="12345678") == OVER
    status, over = bank.ask("/transfers", **LOGIN, amount_yen="200001", payee_id=payee_id)
    assert (status, over) == (409, {"error": "over_limit", "limit_yen": 500_000, "left_yen": 200_000})
    assert bank.get("/transfers") == {"left_yen": 200_000, "payees": [{"payee_id": payee_id, **NAMED}]}


def test_a_transfer_is_made_once_under_an_idempotency_key(bank: Bank) -> None:
    payee_id = bank.ask("/payees", **NAMED)[1]["payee_id"]
    made = [bank.ask("/transfers", key="k", **LOGIN, amount_yen="1000", payee_id=payee_id) for _ in range(2)]
    assert made[0] == made[1]
    assert bank.get("/transfers")["left_yen"] == 499_000


def test_a_transfer_takes_the_one_time_password(served: Served, bank: Bank, customer_a: Customer) -> None:
    token = give_token(served.services, customer_a, served.at)
    payee_id = bank.ask("/payees", **NAMED)[1]["payee_id"]
    transfer = {**LOGIN, "amount_yen": "1000", "payee_id": payee_id}
    assert bank.ask("/transfers", **transfer)[1]["field"] == "otp"
    assert bank.decide("/transfers", **transfer, otp=token.code(served.at)) == ("accepted", None)
    assert bank.decide("/transfers", **transfer, otp=token.code(served.at)) == ("refused", "used")


@pytest.mark.parametrize("amount", ["0", "-1", "１００円", "1.5", "9" * 20])
def test_a_malformed_amount_is_named(bank: Bank, amount: str) -> None:
    status, answer = bank.ask("/transfers", **LOGIN, amount_yen=amount, **NAMED)
    assert (status, answer["field"]) == (422, "amount_yen")
