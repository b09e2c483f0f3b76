"""The waiting rules as the bank hears of them, where the profile asks for them (R36)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from provisioning.errors import TooEarly
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.rules.timetable import day_begins
from provisioning.rules.verdict import Reason
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from provisioning.store.waiting import issuable_from
from tests.fixtures.tokens import Token, give_token

WAIT = timedelta(minutes=20)


@pytest.fixture
def services(services: Services, institutions: dict[str, Institution]) -> Services:
    """The institution `dual`, with the wait after a revocation."""
    waiting = replace(institutions["dual"], wait_after_revocation=True)
    return replace(services, institutions={**institutions, "dual": waiting})


def reason(services: Services, token: Token, now: datetime) -> Reason | None:
    """Why a code is refused."""
    return verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now).reason


def plant_ends(services: Services, customer: Customer, *ends: tuple[EndedHow, datetime]) -> None:
    """Tokens of this customer that ended so, each at its instant."""
    never = replace(services.institution("dual"), reissue_next_day=False, wait_after_revocation=False)
    lenient = replace(services, institutions={"dual": never})
    for how, at in ends:
        token = give_token(lenient, customer, at)
        with services.store.write() as tx:
            of_it = update(Credential).where(Credential.id == token.credential_id)
            tx.execute(of_it.values(state=CredentialState.ENDED, ended_how=how, ended_at=at))


def test_a_revoked_customer_waits_and_the_bank_hears_it(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)
    last_second = now + WAIT - timedelta(seconds=1)
    assert reason(services, token, last_second) is Reason.WAITING
    assert reason(services, token, now + WAIT) is Reason.NOT_ACTIVE


def test_a_new_credential_waits_as_long(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", token.credential_id, EndedHow.REVOKED, SYSTEM), now)
    with pytest.raises(TooEarly) as early, services.store.write() as tx:
        open_credential(tx, services, customer_a, TokenKind.SOFT, now, SYSTEM)
    assert early.value.until == now + WAIT
    with services.store.write() as tx:
        open_credential(tx, services, customer_a, TokenKind.SOFT, now + WAIT, SYSTEM)


def test_of_several_ends_and_rules_the_latest_counts(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    def issuable() -> datetime | None:
        with services.store.read() as tx:
            return issuable_from(tx, services.institution("dual"), customer_a.id)

    assert issuable() is None
    ends = [(EndedHow.RELEASED, now - timedelta(days=1)), (EndedHow.RELEASED, now - timedelta(days=9))]
    plant_ends(services, customer_a, *ends)
    assert issuable() == day_begins(now)
    plant_ends(services, customer_a, (EndedHow.REVOKED, now), (EndedHow.LOST, now + timedelta(days=3)))
    assert issuable() == now + WAIT
    plant_ends(services, customer_a, (EndedHow.RELEASED, now))
    assert issuable() == day_begins(now + timedelta(days=1))


@pytest.mark.parametrize("how", [EndedHow.LOST, EndedHow.CANCELLED])
def test_other_ends_make_nobody_wait(
    services: Services, customer_a: Customer, now: datetime, how: EndedHow
) -> None:
    token = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", token.credential_id, how, SYSTEM), now)
    assert reason(services, token, now) is Reason.NOT_ACTIVE
