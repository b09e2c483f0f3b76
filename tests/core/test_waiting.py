"""The waiting rules as the bank hears of them, where the profile asks for them (R36)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioning.errors import TooEarly
from provisioning.jobs.open_credential import open_credential
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import Reason, VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import EndedHow, TokenKind
from provisioning.services import Services
from provisioning.store.tables import Customer
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


@pytest.mark.parametrize("how", [EndedHow.LOST, EndedHow.CANCELLED])
def test_other_ends_make_nobody_wait(
    services: Services, customer_a: Customer, now: datetime, how: EndedHow
) -> None:
    token = give_token(services, customer_a, now)
    revoke(services, RevokeCommand("dual", token.credential_id, how, SYSTEM), now)
    assert reason(services, token, now) is Reason.NOT_ACTIVE
