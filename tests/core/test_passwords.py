"""Login and confirmation password: own counters, own locks, mended only by staff (R13)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.jobs.passwords import (
    CheckConfirmationCommand,
    CheckLoginCommand,
    PasswordResult,
    UnlockPasswordsCommand,
    check_confirmation,
    check_login,
    hash_password,
    unlock_passwords,
)
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.fixtures.tokens import give_token, read_credential


def log_in(services: Services, customer: Customer, password: str, now: datetime) -> PasswordResult:
    return check_login(services, CheckLoginCommand("dual", customer.login_id, password, SYSTEM), now)


def confirm(services: Services, customer: Customer, password: str, now: datetime) -> PasswordResult:
    return check_confirmation(services, CheckConfirmationCommand("dual", customer.id, password, SYSTEM), now)


def test_each_password_opens_its_own_door(services: Services, customer_a: Customer, now: datetime) -> None:
    assert log_in(services, customer_a, PASSWORD, now) == PasswordResult(
        Outcome.ACCEPTED, customer_a.id, tries_left=5
    )
    assert confirm(services, customer_a, CONFIRMATION_PASSWORD, now).outcome is Outcome.ACCEPTED
    assert log_in(services, customer_a, CONFIRMATION_PASSWORD, now).tries_left == 4
    assert confirm(services, customer_a, PASSWORD, now).tries_left == 4


def test_a_lock_stays_until_staff_mend_it(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    results = [log_in(services, customer_a, "Chigau2026", now) for _ in range(5)]
    assert [result.tries_left for result in results] == [4, 3, 2, 1, 0]
    assert [result.locked for result in results] == [False] * 4 + [True]
    year_later = now + timedelta(days=365)
    assert log_in(services, customer_a, PASSWORD, year_later) == PasswordResult(
        Outcome.REFUSED, customer_a.id, locked=True, tries_left=0
    )
    assert confirm(services, customer_a, CONFIRMATION_PASSWORD, now).outcome is Outcome.ACCEPTED
    assert read_credential(services, token).failures == 0
    unlock_passwords(services, UnlockPasswordsCommand("dual", customer_a.id, teller_actor), now)
    assert log_in(services, customer_a, PASSWORD, now).outcome is Outcome.ACCEPTED


def test_a_right_password_clears_its_count(services: Services, customer_a: Customer, now: datetime) -> None:
    for _ in range(4):
        log_in(services, customer_a, "Chigau2026", now)
    assert log_in(services, customer_a, PASSWORD, now).tries_left == 5


def test_unknown_login_and_empty_fields_touch_no_counter(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    unknown = check_login(services, CheckLoginCommand("dual", "nobody", PASSWORD, SYSTEM), now)
    assert unknown == PasswordResult(Outcome.REFUSED)
    elsewhere = check_login(services, CheckLoginCommand("other", customer_a.login_id, PASSWORD, SYSTEM), now)
    assert elsewhere == PasswordResult(Outcome.REFUSED)
    with pytest.raises(BadInput) as nameless:
        check_login(services, CheckLoginCommand("dual", " ", PASSWORD, SYSTEM), now)
    assert nameless.value == BadInput("login_id", InputFault.MISSING)
    with pytest.raises(BadInput) as empty:
        log_in(services, customer_a, "", now)
    assert empty.value == BadInput("password", InputFault.MISSING)
    with pytest.raises(NotFound):
        check_confirmation(services, CheckConfirmationCommand("other", customer_a.id, "x", SYSTEM), now)
    with pytest.raises(NotFound):
        unlock_passwords(services, UnlockPasswordsCommand("other", customer_a.id, SYSTEM), now)
    assert log_in(services, customer_a, "Chigau2026", now).tries_left == 4


def test_hashes_are_argon2id_and_differ_each_time() -> None:
    first, second = hash_password("Sakura2026"), hash_password("Sakura2026")
    assert first != second
    assert first.startswith("$argon2id$")


def test_commands_hide_passwords() -> None:
    assert "Sakura2026" not in repr(CheckLoginCommand("dual", "login", "Sakura2026", SYSTEM))
