"""A transfer asks for what the institution says, spends it once, and keeps within the limit (manuals 001-003)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from provisioning.errors import BadInput, InputFault, NotFound, OverLimit
from provisioning.jobs import prove_purpose
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.jobs.make_transfer import MakeTransferCommand, TransferMade, make_transfer
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.money_transfer import Account, read_account, read_amount_yen
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import Customer, MoneyTransfer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import LOGIN, ask, use_mail_password, wrong
from tests.fixtures.people import add_customer, customer_actor
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token

ELSEWHERE = Account("例題銀行", "東支店", "7654321", "レイダイ ジロウ")
LIMIT = 1_000_000
CAP = 200_000


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    asked = replace(
        DUAL, asks_otp_at=tuple(OtpPurpose), mail_password=True, transfer_limit_cap_yen=CAP, failure_limit=3
    )
    return {DUAL.id: asked}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000063", transfer_limit_yen=LIMIT)


@pytest.fixture
def payee_id(services: Services, customer: Customer, now: datetime) -> str:
    account = Account("見本銀行", "本店", "1234567", "ミホン ハナコ")
    return add_payee(services, AddPayeeCommand(DUAL.id, customer.id, account, SYSTEM), now)


def transfer(services: Services, customer: Customer, now: datetime, **typed: Any) -> TransferMade:
    command = MakeTransferCommand(
        institution_id=DUAL.id,
        customer_id=customer.id,
        amount_yen=typed.pop("amount_yen", 10_000),
        login=LOGIN,
        actor=customer_actor(customer),
    )
    return make_transfer(services, replace(command, **typed), now)


def made(services: Services, customer: Customer) -> list[int]:
    with services.store.read() as tx:
        rows = tx.query(MoneyTransfer).filter(MoneyTransfer.customer_id == customer.id)
        return sorted(row.amount_yen for row in rows)


def test_with_a_token_every_transfer_spends_a_one_time_password(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    token = give_token(services, customer, now)
    with pytest.raises(BadInput) as missing:
        transfer(services, customer, now, payee_id=payee_id)
    assert missing.value == BadInput("otp", InputFault.MISSING)
    done = transfer(services, customer, now, payee_id=payee_id, otp=token.code(now))
    assert done.proved.outcome is Outcome.ACCEPTED
    assert done.number is not None
    assert done.number.startswith("261120-")
    again = transfer(services, customer, now, account=ELSEWHERE, otp=token.code(now))
    assert (again.proved.reason, again.number) == (Reason.USED, None)
    assert made(services, customer) == [10_000]


@pytest.mark.parametrize("with_token", [True, False])
def test_a_number_that_another_transfer_has_is_drawn_again(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch, with_token: bool
) -> None:
    numbers = ["261120-00000001", "261120-00000001", "261120-00000002"]
    draw = iter(numbers)
    monkeypatch.setattr("provisioning.jobs.make_transfer.draw_receipt_number", lambda *_: next(draw))
    assert transfer(services, customer, now, account=ELSEWHERE).number == numbers[0]
    otp = give_token(services, customer, now).code(now) if with_token else ""
    assert transfer(services, customer, now, account=ELSEWHERE, otp=otp).number == numbers[2]
    assert made(services, customer) == [10_000, 10_000]


def test_a_token_that_comes_into_force_meanwhile_must_be_proved(
    services: Services, customer: Customer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = give_token(services, customer, now, CredentialState.SET_UP)
    looks, look = count(1), prove_purpose.has_token_in_use

    def and_then_it_is(*given: Any) -> bool:
        found = look(*given)
        if next(looks) == 2:  # the form was looked at before
            command = ActivateCommand(DUAL.id, token.user_id, token.code(now), SYSTEM)
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(activate, services, command, now).result()
        return found

    monkeypatch.setattr(prove_purpose, "has_token_in_use", and_then_it_is)
    with pytest.raises(BadInput) as missing:
        transfer(services, customer, now, account=ELSEWHERE)
    assert missing.value == BadInput("otp", InputFault.MISSING)
    assert made(services, customer) == []


@sqlite_only
def test_a_code_spent_at_login_approves_no_transfer(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    token = give_token(services, customer, now)
    verify(services, VerifyCommand(DUAL.id, token.user_id, token.code(now), SYSTEM), now)
    refused = transfer(services, customer, now, payee_id=payee_id, otp=token.code(now))
    assert refused.proved.reason is Reason.USED
    assert made(services, customer) == []


@sqlite_only
def test_wrong_codes_at_transfers_suspend_as_at_login(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    token = give_token(services, customer, now)
    for _ in range(2):
        transfer(services, customer, now, payee_id=payee_id, otp=token.wrong(now))
    assert transfer(services, customer, now, payee_id=payee_id, otp=token.wrong(now)).proved.suspended_now
    refused = transfer(services, customer, now, payee_id=payee_id, otp=token.code(now))
    assert refused.proved.reason is Reason.SUSPENDED


@sqlite_only
def test_a_token_not_in_use_yet_is_not_asked_for(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    give_token(services, customer, now, CredentialState.SET_UP)
    assert transfer(services, customer, now, payee_id=payee_id).number
    with pytest.raises(BadInput) as refused:
        transfer(services, customer, now, payee_id=payee_id, otp="12345678")
    assert refused.value == BadInput("otp", InputFault.NOT_OFFERED)


@sqlite_only
def test_the_mail_password_is_asked_for_where_the_payee_was_not_registered(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    use_mail_password(services, customer)
    assert transfer(services, customer, now, payee_id=payee_id).number
    with pytest.raises(BadInput) as missing:
        transfer(services, customer, now, account=ELSEWHERE)
    assert missing.value == BadInput("mail_password", InputFault.MISSING)
    code = ask(services, customer, now)
    refused = transfer(services, customer, now, account=ELSEWHERE, mail_password=wrong(code))
    assert (refused.proved.reason, refused.number) == (Reason.MAIL_PASSWORD_WRONG, None)
    for _ in range(2):  # good until logout
        assert transfer(services, customer, now, account=ELSEWHERE, mail_password=code).number
    assert made(services, customer) == [10_000] * 3


@sqlite_only
def test_nothing_is_spent_where_the_limit_refuses(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    token = give_token(services, customer, now)
    with pytest.raises(OverLimit) as refused:
        transfer(services, customer, now, payee_id=payee_id, amount_yen=LIMIT + 1, otp=token.code(now))
    assert refused.value == OverLimit(LIMIT, LIMIT)
    assert transfer(services, customer, now, payee_id=payee_id, amount_yen=LIMIT, otp=token.code(now)).number


@sqlite_only
def test_the_limit_is_a_days_in_japan(services: Services, customer: Customer, payee_id: str) -> None:
    midnight = datetime(2026, 12, 31, 15, tzinfo=UTC)
    last_second = midnight - timedelta(seconds=1)
    transfer(services, customer, last_second, payee_id=payee_id, amount_yen=900_000)
    with pytest.raises(OverLimit) as refused:
        transfer(services, customer, last_second, payee_id=payee_id, amount_yen=100_001)
    assert refused.value == OverLimit(LIMIT, 100_000)
    assert transfer(services, customer, midnight, payee_id=payee_id, amount_yen=LIMIT).number


@sqlite_only
def test_the_end_of_a_token_lowers_what_may_be_transferred(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    token = give_token(services, customer, now)
    revoke(services, RevokeCommand(DUAL.id, token.credential_id, EndedHow.LOST, SYSTEM), now)
    with pytest.raises(OverLimit) as refused:
        transfer(services, customer, now, payee_id=payee_id, amount_yen=CAP + 1)
    assert refused.value == OverLimit(CAP, CAP)
    assert transfer(services, customer, now, payee_id=payee_id, amount_yen=CAP).number


def test_transfers_at_once_keep_within_the_limit_together(
    services: Services, customer: Customer, payee_id: str, now: datetime
) -> None:
    def try_it(_: int) -> bool:
        try:
            return transfer(services, customer, now, payee_id=payee_id, amount_yen=300_000).number is not None
        except OverLimit:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 3
    assert made(services, customer) == [300_000] * 3


@sqlite_only
def test_no_limit_is_kept_where_the_bank_keeps_it(services: Services, now: datetime) -> None:
    assert transfer(
        services, add_customer(services, "999800000064"), now, account=ELSEWHERE, amount_yen=10**9
    ).number


@sqlite_only
def test_another_customers_payee_is_not_found(
    services: Services, customer_a: Customer, payee_id: str, now: datetime
) -> None:
    with pytest.raises(NotFound):
        transfer(services, customer_a, now, payee_id=payee_id)


@sqlite_only
def test_a_payee_is_named_one_way(services: Services, customer: Customer, payee_id: str, now: datetime) -> None:
    for both in ({}, {"payee_id": payee_id, "account": ELSEWHERE}):
        with pytest.raises(BadInput) as refused:
            transfer(services, customer, now, **both)
        assert refused.value.field == "payee"


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1), ("10000", 10_000), ("10,000", 10_000), (" 200000 ", 200_000), ("1000000000", 10**9)],
)
def test_amounts_are_whole_yen(text: str, amount: int) -> None:
    assert read_amount_yen(text) == amount


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1.5", "１０００", "1e3", "1000000001", "9" * 10_000, "💴", "一万", "1 000"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_amount_yen(text)
    assert refused.value.field == "amount_yen"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("bank", ""),
        ("bank", "銀" * 61),
        ("branch", "🏦"),
        ("holder", "ミホン\u202eハナコ"),
        ("holder", "x\ny"),
        ("account_number", "123456"),
        ("account_number", "１２３４５６７"),
        ("account_number", ""),
    ],
)
def test_what_is_no_account_is_refused(field: str, text: str) -> None:
    typed = {"bank": "例題銀行", "branch": "東支店", "account_number": "7654321", "holder": "レイダイ（カ"}
    assert read_account(**typed)[1] == ()
    (fault,) = read_account(**typed | {field: text})[1]
    assert fault.field == field
