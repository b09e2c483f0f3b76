"""The end of a token lowers the transfer limit: warned before, done with it, told after (manual 003)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock, SignIn

pytestmark = sqlite_only

RELEASE = "/portal/token/release/"
CAP = 200_000


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """One that lowers to 200,000 yen, unless the test asks for another cap."""
    return {DUAL.id: replace(DUAL, transfer_limit_cap_yen=getattr(request, "param", CAP))}


@pytest.fixture
def customer(services: Services) -> Customer:
    return add_customer(services, "999800000077", transfer_limit_yen=1_000_000)


def limit(services: Services, customer: Customer) -> int | None:
    with services.store.read() as tx:
        return tx.get_one(Customer, customer.id).transfer_limit_yen


def test_a_release_lowers_it_as_warned_and_says_so(
    sign_in: SignIn, customer: Customer, services: Services, clock: MovableClock
) -> None:
    token = give_token(services, customer, clock())
    browser = sign_in(customer, token.code(clock()))
    assert "1,000,000円" in browser.text
    clock.advance(minutes=1)
    assert "いまの1,000,000円から200,000円まで自動的に引き下げます" in browser.get(RELEASE).text
    browser.submit(RELEASE, confirmation_password="Chigau99", otp=token.code(clock()))
    assert limit(services, customer) == 1_000_000, "a refused release changes nothing"
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert browser.path == RELEASE + "done"
    assert "振込・振替限度額を200,000円に引き下げました" in browser.text
    assert limit(services, customer) == CAP
    with services.store.read() as tx:
        (entry,) = tx.scalars(select(AuditEntry).where(AuditEntry.act == "lower_transfer_limit"))
    assert entry.facts == {"from_yen": 1_000_000, "to_yen": CAP}
    assert (entry.customer_id, entry.credential_id) == (customer.id, token.credential_id)


@pytest.mark.parametrize("how", [EndedHow.REVOKED, EndedHow.LOST])
def test_so_do_revocation_and_loss(
    customer: Customer, services: Services, clock: MovableClock, how: EndedHow
) -> None:
    token = give_token(services, customer, clock())
    revoke(services, RevokeCommand(DUAL.id, token.credential_id, how, SYSTEM), clock())
    assert limit(services, customer) == CAP


def test_a_token_that_was_never_in_use_lowers_nothing(
    customer: Customer, services: Services, clock: MovableClock
) -> None:
    give_token(services, customer, clock(), CredentialState.SET_UP)
    expire_credentials(services, clock() + timedelta(days=365))
    assert limit(services, customer) == 1_000_000


@pytest.mark.parametrize("before", [None, 0, CAP])
def test_a_limit_that_is_not_higher_stays_and_nothing_is_said(
    sign_in: SignIn, services: Services, clock: MovableClock, before: int | None
) -> None:
    customer = add_customer(services, "999800000078", transfer_limit_yen=before)
    token = give_token(services, customer, clock())
    browser = sign_in(customer, token.code(clock()))
    clock.advance(minutes=1)
    assert "200,000円を超えている場合" in browser.get(RELEASE).text
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert browser.path == RELEASE + "done"
    assert "引き下げました" not in browser.text
    assert limit(services, customer) == before


@pytest.mark.parametrize("institutions", [None], indirect=True)
def test_an_institution_without_the_rule_neither_warns_nor_lowers(
    sign_in: SignIn, services: Services, clock: MovableClock, customer: Customer
) -> None:
    token = give_token(services, customer, clock())
    browser = sign_in(customer, token.code(clock()))
    clock.advance(minutes=1)
    assert "限度額" not in browser.get(RELEASE).text
    browser.submit(RELEASE, confirmation_password=CONFIRMATION_PASSWORD, otp=token.code(clock()))
    assert browser.path == RELEASE + "done"
    assert limit(services, customer) == 1_000_000
