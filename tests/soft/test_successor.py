"""A second soft token beside the one in use: the new phone's app gets the new ticket's seed (R43)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import select

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Credential, Customer
from tests.core.test_replacement import SUCCEEDING
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient, Token
from tests.soft.issuing import credential, issue
from tests.soft.serving import MovableClock, Served
from tests.soft.trying import refusal


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual`, where a second token may stand beside the one in use."""
    return SUCCEEDING


def put_in_force(server: Served, token: Token, customer: Customer, clock: MovableClock) -> Outcome:
    command = ActivateCommand("dual", customer.user_id, token.code(clock()), SYSTEM)
    return activate(server.services, command, clock()).outcome


def test_a_new_phone_is_set_up_while_the_old_one_is_in_use(
    server: Served, client: IndependentClient, customer_a: Customer, clock: MovableClock
) -> None:
    old = client.set_up()
    assert put_in_force(server, old, customer_a, clock) is Outcome.ACCEPTED
    second = issue(server.services, customer_a, clock(), activation_password="730962")
    new_app = app_for(server, second, "730962")
    assert refusal(client.set_up)[0] == 403, "the old password opens nothing"
    new = new_app.set_up()
    assert credential(server.services, second.credential_id).state is CredentialState.SET_UP
    clock.advance(minutes=1)
    assert put_in_force(server, new, customer_a, clock) is Outcome.ACCEPTED
    row = credential(server.services, second.credential_id)
    assert (row.state, row.ended_how) == (CredentialState.ACTIVE, None)
    with server.services.store.read() as tx:
        ended = tx.scalars(select(Credential).where(Credential.ended_how.is_not(None))).one()
    assert ended.ended_how is EndedHow.REPLACED
