"""Every form that people of the shipped institutions meet, filled in by somebody who means harm (R60).

The pages are crawled: whatever form stands on a page that a link leads to is sent with an unknown field, with its
fields left out, and with every field hostile. Nothing breaks, nothing changes, and the page says what is wrong.
"""

from __future__ import annotations

import re
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
from provisioning.rules.states import CredentialState, FobState, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.tables import (
    Application,
    ApprovalRequest,
    Batch,
    Credential,
    Customer,
    Fob,
    MailState,
    OutboxMail,
    PaperRequest,
    ProgrammingJob,
    Ticket,
)
from tests.core.papers import hand_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import PASSWORD, add_customer, add_fob
from tests.fixtures.staff_sessions import new_staff
from tests.fixtures.tokens import give_token
from tests.fobs.desk import Desk
from tests.portal.conftest import MovableClock
from tests.portal.crawl import Met, forms_met
from tests.portal.visitor import Visitor
from tests.staff import rows
from tests.staff.conftest import AtDesk

pytestmark = sqlite_only

HOSTILE = (
    "१२३४५६७८",
    "😀" * 12,
    "x" * 10_000,
    "<b>' OR 1=1 --\u202e",
    "\0",
    "é%00\r\nBcc: all@mihon.example",
)
NO_TEXT = ("x" * 10_000, "\0", "é%00\r\nBcc: all@mihon.example")
"""What cannot be taken for a reason in somebody's own words, either."""
MAY_BE_EMPTY = "/again"
"""A mail is sent again to where it went before, unless another address is typed."""
FRAME = frozenset({"csrf_token", "step"})
LED_TO = re.compile(r'href="#(field-[^"]+)"')
"""Where the summary of errors leads."""
FIELDS = re.compile(r'id="(field-[^"]+)"')
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
            "jobs": [(one.id, one.state, one.closed_at) for one in session.query(ProgrammingJob)],
            "batches": [(one.id, one.pressed_at, one.closed_at) for one in session.query(Batch)],
            "mails": [(one.id, one.state) for one in session.query(OutboxMail)],
            "on_way": [(one.id, one.transfer_id) for one in session.query(Fob)],
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
    assert browser.path == page.partition("?")[0]
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
    empty: list[dict[str, str]] = [] if met.form.action.endswith(MAY_BE_EMPTY) else [{}]
    for values in (*empty, *(dict.fromkeys(typed, value) for value in hostile)):
        browser.get(met.page)
        frame = {name: text for name, text in browser.form(met.form.action).items() if name in FRAME}
        browser.post(met.form.action, frame | values)
        harm = (met.kind, str(values)[:60], browser.answer.status_code)
        assert browser.page.status_code < 500, harm
        assert standing(services) == before, harm
        assert browser.answer.status_code == 413 or any(sign in browser.page.text for sign in TELLS), harm
        assert set(LED_TO.findall(browser.page.text)) <= set(FIELDS.findall(browser.page.text)), harm


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


def test_the_drawer(
    services: Services, at_desk: AtDesk, station_desk: Desk, fob: Fob, customer_a: Customer
) -> None:
    """Fobs that are counted, taken in, sent away and received, and written one after another."""
    add_fob(services, "KF0000002")
    rows.change(services, Fob, fob.id, profile="kagiya-fob", numbering="kagiya-fob")
    teller, elsewhere = at_desk(), at_desk(branch="駅前支店")
    teller.get("/staff/transfers/").press(
        "/staff/transfers/", to_branch="駅前支店", serials="KF0000002", packed="1"
    )
    assert attack_page(elsewhere, services, teller.path) == 1
    teller.get("/staff/batches/").press(
        "/staff/batches/", station=station_desk.station_id, at_once="1", user_ids=customer_a.user_id
    )
    forms = [
        attack_page(teller, services, page)
        for page in (
            teller.path,
            "/staff/batches/",
            "/staff/closings/",
            "/staff/transfers/",
            "/staff/ranges/?profile=kagiya-fob&lowest=KF0000001&highest=KF0000005",
        )
    ]
    assert all(forms), forms


def test_a_fob_on_its_way(
    services: Services, clock: MovableClock, at_desk: AtDesk, fob: Fob, customer_a: Customer, customer_b: Customer
) -> None:
    """Its code is typed to prove it; two are typed to bring it into step; and a mail that came back is mended."""
    given = give_token(services, customer_a, clock(), fob=fob)
    other = add_fob(services, "KF0000002")
    credential = rows.add_credential(services, customer_b, TokenKind.HARD, clock(), other)
    rows.move_fob_row(services, other, FobState.PROGRAMMING)
    job_id = rows.add_job(services, credential, JobState.WRITTEN, clock(), recorded_at=clock())
    third = add_customer(services, "123456780003")
    soft = rows.add_credential(services, third, TokenKind.SOFT, clock())
    mail = rows.add_mail(services, soft, MailState.FAILED, clock(), attempts=6, last_reply="550 5.1.1")
    pages = (
        f"/staff/programming/{job_id}/",
        f"/staff/customers/{given.customer_id}/resync",
        f"/staff/mails/{mail.id}/again",
    )
    forms = [attack_page(at_desk(), services, page) for page in pages]
    assert all(forms), forms


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
