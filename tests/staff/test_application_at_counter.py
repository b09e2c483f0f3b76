"""The teller enters the application for a soft token; the customer's issuance fulfils it (manual 000)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.errors import AlreadyTaken, BadInput
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.rules.institution import Institution
from provisioning.rules.issuance import Issuance, OpensAtLogin
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.queries.work import open_applications
from provisioning.store.tables import Application, ApplicationState, Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import customer_actor
from tests.fixtures.services import DUAL, OTHER
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

AT_COUNTER = Issuance(mail_entries=1, password_entries=1, opens_at_login=OpensAtLogin.AFTER_APPLICATION)


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One takes applications at its counter, the other does not."""
    return {DUAL.id: replace(DUAL, issuance=AT_COUNTER), OTHER.id: OTHER}


def page_of(customer: Customer, path: str = "") -> str:
    """An address of the customer's page."""
    return f"/staff/customers/{customer.id}/{path}"


def enter(services: Services, customer: Customer, clock: MovableClock, kind: TokenKind = TokenKind.SOFT) -> str:
    """What the teller's button does; the application's number."""
    command = ApplyCommand(customer.institution_id, customer.id, kind, customer_actor(customer))
    return apply(services, command, clock()).number


@sqlite_only
def test_the_teller_enters_it_and_it_waits_in_the_work_list(
    teller_desk: Colleague, customer_a: Customer, services: Services
) -> None:
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("ソフトウェアトークンの利用申込を登録する", "窓口で発行する")
    teller_desk.press(page_of(customer_a, "apply"))
    (waiting,) = open_applications(services.store, "dual", "本店")
    assert (waiting.kind, waiting.customer_id) == (TokenKind.SOFT, customer_a.id)
    assert teller_desk.says(
        "利用申込を登録しました", waiting.number, "ワンタイムパスワード利用開始登録の画面が開きます"
    )
    teller_desk.get("/staff/")
    assert teller_desk.says(waiting.number, "ソフトウェアトークン", customer_a.name)
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("お客さまのログインを待つ", waiting.number)
    assert page_of(customer_a, "apply") not in [form.action for form in teller_desk.forms]
    teller_desk.press(page_of(customer_a, "cancel-application"))
    assert teller_desk.says("申込を取り消しました")
    assert open_applications(services.store, "dual", "本店") == ()


@sqlite_only
def test_a_button_pressed_on_two_pages_enters_one(
    teller_desk: Colleague, customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    teller_desk.get(page_of(customer_a))
    enter(services, customer_a, clock)
    teller_desk.press(page_of(customer_a, "apply"))
    assert teller_desk.path == page_of(customer_a)
    assert len(open_applications(services.store, "dual", "本店")) == 1


@sqlite_only
def test_only_a_teller_enters_it_and_only_where_the_counter_takes_it(
    teller_desk: Colleague, at_desk: AtDesk, customer_a: Customer, services: Services
) -> None:
    csrf = teller_desk.get(page_of(customer_a)).form(page_of(customer_a, "apply"))["csrf_token"]
    auditor = at_desk(role=StaffRole.AUDITOR, name="監査 次郎").get(page_of(customer_a))
    assert page_of(customer_a, "apply") not in [form.action for form in auditor.forms]
    teller_desk.post(page_of(customer_a, "apply"), {"csrf_token": csrf, "kind": "hard"})
    assert teller_desk.page.status_code == 422
    elsewhere = at_desk(institution_id="other")
    elsewhere.get("/staff/")
    csrf = next(form.fields["csrf_token"] for form in elsewhere.forms if "csrf_token" in form.fields)
    elsewhere.post(page_of(customer_a, "apply"), {"csrf_token": csrf})
    assert elsewhere.page.status_code == 404
    assert open_applications(services.store, "dual", None) == ()


@sqlite_only
def test_a_batch_of_fobs_is_for_who_applied_for_a_fob(
    customer_a: Customer, customer_b: Customer, services: Services, clock: MovableClock
) -> None:
    rows.add_application(services, customer_a, "S1", clock(), TokenKind.SOFT)
    rows.add_application(services, customer_b, "H1", clock())
    for_fobs = open_applications(services.store, "dual", "本店", TokenKind.HARD)
    assert [who.customer_id for who in for_fobs] == [customer_b.id]


def test_the_issuance_fulfils_it(customer_a: Customer, services: Services, clock: MovableClock) -> None:
    number = enter(services, customer_a, clock)
    with pytest.raises(AlreadyTaken):
        enter(services, customer_a, clock, TokenKind.HARD)
    command = IssueSoftCommand(
        "dual", customer_a.id, "taro@sample.example", "482193", "ja", customer_actor(customer_a)
    )
    issue_soft(services, command, clock())
    with services.store.read() as tx:
        row = tx.query(Application).one()
    assert (row.number, row.state, row.closed_at) == (number, ApplicationState.FULFILLED, clock())


@sqlite_only
def test_what_the_institution_has_not_is_not_applied_for(
    customer_a: Customer, services: Services, clock: MovableClock
) -> None:
    hard_only = replace(services, institutions={"dual": replace(DUAL, kinds=(TokenKind.HARD,))})
    with pytest.raises(BadInput):
        enter(hard_only, customer_a, clock)
