"""While an approver is asked: nobody asks for the same again, and whoever has no passkey is not asked for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask

from provisioning.rules.approval import ApprovalRules, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.rules.staff_proof import SignInProof
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """`dual` demands a second person for lifting suspensions."""
    return {DUAL.id: replace(DUAL, approval=ApprovalRules((ApprovedAct.LIFT_SUSPENSION,)))}


@pytest.fixture
def request_of(teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock) -> str:
    """The address of the teller's request to lift A's suspension."""
    token = give_token(services, customer_a, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    page = f"/staff/customers/{customer_a.id}/"
    return teller_desk.get(page).press(page + "lift").path


def test_while_an_approver_is_asked_the_page_says_to_wait(
    teller_desk: Colleague, customer_a: Customer, request_of: str
) -> None:
    page, request = f"/staff/customers/{customer_a.id}/", request_of
    teller_desk.get(page)
    assert teller_desk.says("役席者の承認を待つ", "承認されるまで、何も変更されません。")
    assert request in teller_desk.links
    assert page + "lift" not in [form.action for form in teller_desk.forms]
    teller_desk.get(request).press(request + "withdraw")
    teller_desk.get(page)
    assert page + "lift" in [form.action for form in teller_desk.forms]


@pytest.mark.parametrize(
    ("proof", "first", "second"),
    [
        (SignInProof.DEMO, "パスキーなしで承認する（デモ）", "署名して承認する"),
        (SignInProof.PASSKEY, "署名して承認する", "パスキーなしで承認する（デモ）"),
    ],
)
def test_who_came_by_a_demonstrations_link_has_its_button_first(
    app: Flask,
    services: Services,
    clock: MovableClock,
    request_of: str,
    proof: SignInProof,
    first: str,
    second: str,
) -> None:
    """They have no passkey: the button that wants one would lead nowhere."""
    face = app.extensions["kagiya"]
    server = replace(services.settings.server, demo=True)
    shown = replace(services, settings=replace(services.settings, server=server))
    app.extensions["kagiya"] = replace(face, services=shown)
    approver = Colleague(app)
    staff_id = new_staff(services, clock(), StaffRole.APPROVER, name="役席 つばさ")
    sit_down(approver, session_of(services, staff_id, clock(), proof))
    approver.get(request_of)
    assert re.search(f'button--main *">{first}<', approver.page.text)
    assert re.search(f'"button *">{second}<', approver.page.text)
    assert approver.text.index(first) < approver.text.index(second)
