"""Every form that people of the shipped institutions meet, filled in by somebody who means harm (R60).

The pages are crawled: whatever form stands on a page that a link leads to is sent with an unknown field, with its
fields left out, and with every field hostile. Nothing breaks, nothing changes, and the page says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask

from provisioning.institutions import load_institutions
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.lift_suspension import LiftSuspensionCommand
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.tables import (
    Application,
    ApprovalRequest,
    Credential,
    Customer,
    Fob,
    PaperRequest,
    Ticket,
)
from tests.core.papers import hand_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, add_customer, add_fob
from tests.fixtures.staff_sessions import new_staff
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.portal.crawl import Met, forms_met
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.conftest import AtDesk

pytestmark = sqlite_only

HOSTILE = (
    "１２３４５６７８",
    "😀" * 12,
    "x" * 10_000,
    "<b>' OR 1=1 --\u202e",
    "\0",
    "é%00\r\nBcc: all@mihon.example",
)
NO_TEXT = ("x" * 10_000, "\0", "é%00\r\nBcc: all@mihon.example")
"""What cannot be taken for a reason in somebody's own words, either."""
FRAME = frozenset({"csrf_token", "step"})
TELLS = ('role="alert"', "error-summary", "notice", "BER001")


def standing(services: Services) -> object:
    """What no refused form may change: who has what, and how far it is."""
    with services.store.read() as session:
        return {
            "credentials": [(one.id, one.state, one.failures) for one in session.query(Credential)],
            "fobs": [(one.id, one.state, one.branch) for one in session.query(Fob)],
            "applications": [(one.id, one.state) for one in session.query(Application)],
            "papers": [(one.id, one.state) for one in session.query(PaperRequest)],
            "approvals": [(one.id, one.state) for one in session.query(ApprovalRequest)],
            "tickets": [(one.id, one.state) for one in session.query(Ticket)],
            "customers": [(one.id, one.transfer_limit_yen, one.password_hash) for one in session.query(Customer)],
        }


def attack_all(browser: Visitor, services: Services, *starts: str) -> int:
    """Every harm at every form that is met; how many there are."""
    every = 0
    for met in forms_met(browser, *starts):
        attack(browser, met, services)
        every += 1
    return every


def attack_page(browser: Visitor, services: Services, page: str) -> int:
    """Every harm at every form of this page but the way out; how many there are."""
    found = [
        form for form in browser.get(page).forms if form.posts and not form.action.endswith(("/out", "sign-out"))
    ]
    assert browser.path == page
    for form in found:
        attack(browser.get(page), Met(page, form), services)
    return len(found)


def attack(browser: Visitor, met: Met, services: Services) -> None:
    """Every harm at this form."""
    whole = browser.form(met.form.action)
    typed = [name for name in whole if name not in FRAME]
    before = standing(services)
    browser.post(met.form.action, whole | {"surprise": "1"})
    assert browser.answer.status_code == 422, met.kind
    if not typed:
        return
    hostile = NO_TEXT if met.form.action.endswith("/refuse") else HOSTILE
    for values in ({}, *(dict.fromkeys(typed, value) for value in hostile)):
        browser.get(met.page)
        frame = {name: text for name, text in browser.form(met.form.action).items() if name in FRAME}
        browser.post(met.form.action, frame | values)
        harm = (met.kind, str(values)[:60], browser.answer.status_code)
        assert browser.page.status_code < 500, harm
        assert standing(services) == before, harm
        assert browser.answer.status_code == 413 or any(sign in browser.page.text for sign in TELLS), harm


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return load_institutions()


ON_THE_WAY = (CredentialState.ISSUED, CredentialState.SET_UP)
BEFORE_AND_AFTER = (None, CredentialState.ACTIVE)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        *((name, state) for name in ("counter", "dual") for state in ON_THE_WAY),
        *(
            (name, state)
            for name in ("counter", "dual", "mail-password", "limit-lowering")
            for state in BEFORE_AND_AFTER
        ),
    ],
)
def test_portal(
    app: Flask, services: Services, clock: MovableClock, name: str, state: CredentialState | None
) -> None:
    customer = add_customer(services, "999800000001", name, transfer_limit_yen=500_000)
    browser = Visitor(app).get(f"/portal/sign-in/{name}")
    token = give_token(services, customer, clock(), state) if state else None
    if token is None and services.institution(name).issuance.needs_application:
        apply(services, ApplyCommand(name, customer.id, TokenKind.SOFT, SYSTEM), clock())
    browser.submit(browser.path, login_id=customer.login_id, password=PASSWORD)
    if token and state is CredentialState.ACTIVE:
        browser.submit("/portal/sign-in-code", otp=token.code(clock()))
    assert attack_all(browser, services, "/portal/")


@pytest.mark.parametrize(
    ("name", "role"),
    [("dual", StaffRole.TELLER), ("mail-password", StaffRole.TELLER), ("dual", StaffRole.ADMINISTRATOR)],
)
def test_staff(services: Services, clock: MovableClock, at_desk: AtDesk, name: str, role: StaffRole) -> None:
    customers = [add_customer(services, f"99980000000{number}", name) for number in range(4)]
    states = (CredentialState.ISSUED, CredentialState.ACTIVE, CredentialState.SUSPENDED)
    for customer, state in zip(customers[1:], states, strict=True):
        give_token(services, customer, clock(), state)
    add_fob(services, "KF-000009", name)
    browser = at_desk(role=role, institution_id=name)
    starts = [
        "/staff/",
        *(f"/staff/customers/{one.id}/" for one in customers),
        "/staff/stock/",
        "/staff/stations/",
    ]
    if role is StaffRole.ADMINISTRATOR:
        starts = ["/staff/stations/"]
    assert attack_all(browser, services, *starts)


def test_what_waits_for_an_outcome(services: Services, clock: MovableClock, at_desk: AtDesk) -> None:
    """A paper before its teller, and a request before its approver."""
    customer = add_customer(services, "999800000001", "mail-password")
    give_token(services, customer, clock(), CredentialState.SUSPENDED)
    paper_id = hand_in(services, customer, PaperKind.SUSPENSION, clock())
    assert attack_page(at_desk(institution_id="mail-password"), services, f"/staff/requests/{paper_id}/") >= 2
    other = add_customer(services, "999800000002", "limit-lowering")
    token = give_token(services, other, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    staff_id = new_staff(services, clock(), institution_id="limit-lowering")
    maker = Actor(ActorKind.STAFF, staff_id, "limit-lowering", "本店", "127.0.0.1")
    command = LiftSuspensionCommand("limit-lowering", token.credential_id, maker)
    request = f"/staff/approvals/{ask_approval(services, command, clock())}/"
    approver = at_desk(role=StaffRole.APPROVER, institution_id="limit-lowering")
    assert attack_page(approver, services, request) >= 2
