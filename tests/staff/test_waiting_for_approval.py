"""The customer's page while an approver is asked: nobody asks for the same a second time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual` demands a second person for lifting suspensions."""
    return {DUAL.id: replace(DUAL, approval=ApprovalRules((ApprovedAct.LIFT_SUSPENSION,)))}


def test_while_an_approver_is_asked_the_page_says_to_wait(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    page = f"/staff/customers/{customer_a.id}/"
    teller_desk.get(page).press(page + "lift")
    request = teller_desk.path
    teller_desk.get(page)
    assert teller_desk.says("役席者の承認を待つ", "承認されるまで、何も変更されません。")
    assert request in teller_desk.links
    assert page + "lift" not in [form.action for form in teller_desk.forms]
    teller_desk.get(request).press(request + "withdraw")
    teller_desk.get(page)
    assert page + "lift" in [form.action for form in teller_desk.forms]
