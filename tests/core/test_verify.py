"""Verification: a code counts once, wrong ones are counted and suspend, everything else changes nothing."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import func, select

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.verify import VerifyCommand, VerifyResult, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.parameters import Algorithm, OtpParameters
from provisioning.rules.states import CredentialState, FobState, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential

MINUTE = timedelta(minutes=1)


def submit(services: Services, token: Token, otp: str, now: datetime) -> VerifyResult:
    return verify(services, VerifyCommand(token.institution_id, token.user_id, otp, SYSTEM), now)


def submit_first(services: Services, token: Token, otp: str, now: datetime) -> VerifyResult:
    return activate(services, ActivateCommand(token.institution_id, token.user_id, otp, SYSTEM), now)


def audit_results(services: Services, act: str) -> list[tuple[str, str | None]]:
    with services.store.read() as tx:
        rows = tx.scalars(select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))
        return [(row.result, row.facts.get("reason")) for row in rows]


def test_what_was_typed_is_in_no_text_of_the_command() -> None:
    assert "87654321" not in repr(VerifyCommand("dual", "123456780001", "87654321", SYSTEM))


def test_where_no_seed_was_drawn_yet_no_code_is_compared(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    with services.store.write() as tx:
        credential = open_credential(tx, services, customer_a, TokenKind.SOFT, now, SYSTEM)
    token = Token("dual", customer_a.user_id, customer_a.id, credential.id, credential.parameters, bytes(20))
    for judged in (submit(services, token, "12345678", now), submit_first(services, token, "12345678", now)):
        assert (judged.outcome, judged.reason) == (Outcome.REFUSED, Reason.NOT_ACTIVE)
    with services.store.read() as tx:
        assert tx.get_one(Credential, credential.id).failures == 0


def test_a_code_is_accepted_once(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    assert submit(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    again = submit(services, token, token.code(now), now)
    assert (again.outcome, again.reason, again.tries_left) == (Outcome.REFUSED, Reason.USED, 5)
    assert read_credential(services, token).failures == 0
    assert audit_results(services, "verify") == [("accepted", None), ("refused", "used")]


@sqlite_only
@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("digits", [6, 8])
@pytest.mark.parametrize("period_s", [30, 60])
def test_hash_length_and_life_are_the_credentials_own(
    services: Services, customer_a: Customer, now: datetime, algorithm: Algorithm, digits: int, period_s: int
) -> None:
    own = OtpParameters(algorithm=algorithm, digits=digits, period_s=period_s)
    token = give_token(services, customer_a, now, parameters=own)
    assert len(token.seed) == own.seed_bytes
    last_moment = now + timedelta(seconds=period_s - 1)
    assert submit(services, token, token.code(now), last_moment).outcome is Outcome.ACCEPTED
    assert submit(services, token, token.code(now), last_moment).reason is Reason.USED
    assert submit(services, token, token.code(now, 2), last_moment).reason is Reason.WRONG
    assert (
        submit(services, token, token.code(now, 2), last_moment + timedelta(seconds=1)).outcome is Outcome.ACCEPTED
    )
    with pytest.raises(BadInput):
        submit(services, token, "123456" if digits == 8 else "12345678", now)


def test_a_used_code_is_not_counted_even_long_after(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    code = token.code(now)
    submit(services, token, code, now)
    for minutes in (1, 2, 30, 600):
        assert submit(services, token, code, now + minutes * MINUTE).reason is Reason.USED
    assert read_credential(services, token).failures == 0


def test_an_older_unused_code_is_refused_after_a_newer(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    older, newer = token.code(now), token.code(now + MINUTE)
    assert submit(services, token, newer, now + MINUTE).outcome is Outcome.ACCEPTED
    assert submit(services, token, older, now + MINUTE).reason is Reason.USED


def test_wrong_codes_suspend_at_the_limit_and_time_does_not_lift(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    results = [submit(services, token, token.wrong(now), now) for _ in range(5)]
    assert [result.tries_left for result in results] == [4, 3, 2, 1, 0]
    assert [result.suspended_now for result in results] == [False] * 4 + [True]
    assert submit(services, token, token.code(now), now).reason is Reason.SUSPENDED
    year_later = now + timedelta(days=365)
    assert submit(services, token, token.code(year_later), year_later).reason is Reason.SUSPENDED
    row = read_credential(services, token)
    assert (row.state, row.resume_state, row.failures) == (CredentialState.SUSPENDED, CredentialState.ACTIVE, 5)
    assert row.suspended_at == now


@pytest.mark.parametrize("right", [True, False])
def test_a_limit_lowered_below_what_was_counted_leaves_one_try(
    services: Services, customer_a: Customer, now: datetime, right: bool
) -> None:
    token = give_token(services, customer_a, now)
    for _ in range(4):
        submit(services, token, token.wrong(now), now)
    strict = {**services.institutions, "dual": replace(services.institution("dual"), failure_limit=3)}
    lowered = replace(services, institutions=strict)
    result = submit(lowered, token, token.code(now) if right else token.wrong(now), now)
    if right:
        assert (result.outcome, result.tries_left) == (Outcome.ACCEPTED, 3)
        assert read_credential(services, token).failures == 0
    else:
        assert (result.reason, result.suspended_now, result.tries_left) == (Reason.WRONG, True, 0)
        assert submit(lowered, token, token.code(now), now).reason is Reason.SUSPENDED


def test_a_right_code_clears_the_count(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    for _ in range(4):
        submit(services, token, token.wrong(now), now)
    assert submit(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    assert read_credential(services, token).failures == 0


def test_activation_puts_credential_and_fob_in_force(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob)
    assert submit(services, token, token.code(now), now).reason is Reason.NOT_ACTIVE
    assert submit_first(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    row = read_credential(services, token)
    assert (row.state, row.activated_at) == (CredentialState.ACTIVE, now)
    with services.store.read() as tx:
        assert tx.get_one(Fob, fob.id).state is FobState.IN_USE
    assert submit_first(services, token, token.code(now), now).reason is Reason.USED
    assert submit(services, token, token.code(now), now).reason is Reason.USED


def test_wrong_codes_at_activation_count_and_suspend(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP)
    results = [submit_first(services, token, token.wrong(now), now) for _ in range(5)]
    assert results[-1].suspended_now
    row = read_credential(services, token)
    assert (row.state, row.resume_state) == (CredentialState.SUSPENDED, CredentialState.SET_UP)
    assert submit_first(services, token, token.code(now), now).reason is Reason.SUSPENDED


def test_activation_after_the_last_day_is_expired(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP)
    last = now + timedelta(days=30)
    assert submit_first(services, token, token.code(last), last).reason is Reason.EXPIRED


def test_unknown_user_and_user_without_token_touch_no_counter(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    unknown = VerifyCommand("dual", "999999999999", "12345678", SYSTEM)
    assert verify(services, unknown, now) == VerifyResult(Outcome.REFUSED, Reason.UNKNOWN)
    without = verify(services, VerifyCommand("dual", customer_b.user_id, "12345678", SYSTEM), now)
    assert (without.reason, without.credential_id) == (Reason.NOT_ACTIVE, None)
    elsewhere = VerifyCommand("other", token.user_id, token.code(now), SYSTEM)
    assert verify(services, elsewhere, now).reason is Reason.UNKNOWN
    assert read_credential(services, token).failures == 0


def test_an_unknown_user_costs_as_much_as_a_wrong_code(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime, mocker: MockerFixture
) -> None:
    wide = {
        **services.institutions,
        "dual": replace(services.institution("dual"), window_steps=2, resync_steps=90),
    }
    services = replace(services, institutions=wide)
    token = give_token(services, customer_a, now)
    compared = mocker.spy(hmac, "compare_digest")
    costs = []
    for user_id in (token.user_id, customer_b.user_id, "999999999999"):
        verify(services, VerifyCommand("dual", user_id, token.wrong(now), SYSTEM), now)
        costs.append(compared.call_count)
        compared.reset_mock()
    assert costs == [5 + 181] * 3


@pytest.mark.parametrize("user_id", ["", " ", "　"])
def test_empty_user_name_touches_no_counter(
    services: Services, customer_a: Customer, now: datetime, user_id: str
) -> None:
    token = give_token(services, customer_a, now)
    with pytest.raises(BadInput) as refused:
        verify(services, VerifyCommand("dual", user_id, token.wrong(now), SYSTEM), now)
    assert refused.value == BadInput("user_id", InputFault.MISSING)
    with services.store.read() as tx:
        assert tx.scalar(select(func.sum(Credential.failures))) == 0
        assert tx.scalar(select(func.sum(Customer.password_failures + Customer.confirmation_failures))) == 0
    assert audit_results(services, "verify") == []


@pytest.mark.parametrize(
    ("otp", "fault"),
    [
        ("", InputFault.MISSING),
        ("１２３４５６７８", InputFault.NOT_DIGITS),
        ("1234 5678", InputFault.NOT_DIGITS),
        ("12345678\n", InputFault.NOT_DIGITS),
        ("1234567", InputFault.WRONG_LENGTH),
        ("123456789", InputFault.WRONG_LENGTH),
        ("123456", InputFault.WRONG_LENGTH),
        ("1234567a", InputFault.NOT_DIGITS),
        ("²³¹²³¹²³", InputFault.NOT_DIGITS),
    ],
)
def test_malformed_codes_are_not_counted(
    services: Services, customer_a: Customer, now: datetime, otp: str, fault: InputFault
) -> None:
    token = give_token(services, customer_a, now)
    with pytest.raises(BadInput) as refused:
        submit(services, token, otp, now)
    assert refused.value == BadInput("otp", fault)
    assert read_credential(services, token).failures == 0
    with pytest.raises(BadInput):
        verify(services, VerifyCommand("dual", "999999999999", otp, SYSTEM), now)
    assert audit_results(services, "verify") == []
