"""Five institutions on one server: what one has a page about is not there for anybody of another (R58)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from provisioning.institutions import load_institutions
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.actor import SYSTEM
from provisioning.rules.institution import Institution
from provisioning.rules.papers import IdentityCheck, PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.tables import Application, BatchItem, Credential, Customer, Fob, MailState, Station
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.portal.crawl import forms_met, pages_met
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

SHIPPED = ("counter", "dual", "mail-password", "limit-lowering", "corporate")
STARTS = ("/staff/", "/staff/stock/", "/staff/stations/", "/staff/mails/", "/staff/search/?q=9998")


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return load_institutions()


def furnish(
    services: Services, institution: Institution, now: datetime, user_ids: str = "99980000000"
) -> list[Customer]:
    """Something of everything that has a page of its own."""
    people = [add_customer(services, f"{user_ids}{number}", institution.id) for number in range(3)]
    give_token(services, people[0], now)
    give_token(services, people[1], now, CredentialState.SUSPENDED)
    credential = rows.add_credential(services, people[2], TokenKind.SOFT, now)
    rows.add_mail(services, credential, MailState.FAILED, now)
    add_fob(services, f"KF-{user_ids[3]}{institution.service_id[-3:]}", institution.id)
    with services.store.write() as tx:
        tx.add(Station(institution_id=institution.id, branch="本店", name="窓口1"))
    if institution.papers:
        command = TakePaperCommand(
            institution.id, people[1].id, PaperKind.SUSPENSION, f"A-{user_ids[3]}", IdentityCheck.PHOTO_ID, SYSTEM
        )
        take_paper(services, command, now)
    return people


def places(desk: Colleague, *starts: str) -> tuple[set[str], set[str]]:
    """Addresses with an id in them: of pages, and of forms."""
    pages = set(pages_met(desk, *starts))
    forms = {met.form.action for met in forms_met(desk, *starts)}
    return {one for one in pages if has_id(one)}, {one for one in forms if has_id(one)}


def has_id(address: str) -> bool:
    return any(len(part) == 32 for part in address.split("/"))


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_of_one_institution_is_there_for_the_staff_of_another(
    services: Services, clock: MovableClock, at_desk: AtDesk, name: str
) -> None:
    people = furnish(services, services.institutions[name], clock())
    stranger = SHIPPED[SHIPPED.index(name) - 1]
    starts = (*STARTS, *(f"/staff/customers/{one.id}/" for one in people))
    pages, forms = places(at_desk(institution_id=name), *starts)
    assert len(pages) >= 5
    assert len(forms) >= 5
    for role in (StaffRole.TELLER, StaffRole.AUDITOR):
        desk = at_desk(institution_id=stranger, role=role, name=f"よその {role.value}")
        for page in pages:
            assert desk.get(page).page.status_code in (403, 404), page
        token = {
            "csrf_token": next(
                form.fields["csrf_token"] for form in desk.get("/staff/search/").forms if form.posts
            )
        }
        for action in forms:
            answers = []
            for address in (action, re.sub("[0-9a-f]{32}", "0" * 32, action)):
                desk.post(address, token)
                answers.append((desk.answer.status_code, desk.text))
            assert answers[0] == answers[1], "as where nothing is"
            assert answers[0][0] in (403, 404, 422)


ROWS: dict[str, Any] = {
    "credential_id": Credential,
    "fob_id": Fob,
    "station_id": Station,
    "station": Station,
    "application_id": Application,
}
"""What the fields of forms name."""


def of_others(services: Services, here: Institution) -> dict[str, list[str]]:
    """Ids by field of what another institution or another branch has."""
    found: dict[str, list[str]] = {}
    with services.store.read() as tx:
        elsewhere = {one.id for one in tx.query(Customer) if one.institution_id != here.id or one.branch != "本店"}
        for field, table in ROWS.items():
            rows_there = [
                one.id
                for one in tx.query(table)
                if getattr(one, "customer_id", None) in elsewhere
                or one.institution_id != here.id
                or getattr(one, "branch", "本店") != "本店"
            ]
            found[field] = rows_there
        found |= {f"customer-{one}": ["on"] for one in elsewhere}
    return found


def standing_of_others(services: Services, ids: Mapping[str, list[str]]) -> object:
    """What nobody here may change."""
    known = {one for found in ids.values() for one in found} | {name.removeprefix("customer-") for name in ids}
    with services.store.read() as tx:
        return {
            "credentials": [(one.id, one.state, one.failures) for one in tx.query(Credential) if one.id in known],
            "issued": [one.id for one in tx.query(Credential) if one.customer_id in known],
            "fobs": [(one.id, one.state, one.branch) for one in tx.query(Fob) if one.id in known],
            "applications": [(one.id, one.state) for one in tx.query(Application) if one.id in known],
            "stations": [(one.id, one.revoked_at) for one in tx.query(Station) if one.id in known],
            "batches": [one.customer_id for one in tx.query(BatchItem) if one.customer_id in known],
        }


def test_no_field_of_a_form_reaches_elsewhere(services: Services, clock: MovableClock, at_desk: AtDesk) -> None:
    """Every form that a teller meets, with the ids of others in it."""
    here, other = services.institutions["dual"], services.institutions["counter"]
    far = furnish(services, here, clock())
    with services.store.write() as tx:
        for table in (Customer, Fob, Station):
            tx.execute(update(table).values(branch="駅前支店"))
    people = [*furnish(services, here, clock(), "99970000111"), *furnish(services, other, clock())]
    for number, customer in enumerate((far[0], people[0], people[-1])):
        rows.add_application(services, customer, f"261120-00000{number}", clock())
    ids = of_others(services, here)
    assert all(ids.values())
    before, tried = standing_of_others(services, ids), 0
    desk = at_desk()
    starts = (*STARTS, "/staff/batches/", *(f"/staff/customers/{one.id}/" for one in people[:3]))
    for met in forms_met(desk, *starts):
        whole = desk.form(met.form.action)
        foreign = [(field, one) for field in {*whole, *ids} & {*ids} for one in ids[field]]
        for field, one in foreign if "batches" in met.kind else [pair for pair in foreign if pair[0] in whole]:
            desk.get(met.page)
            if met.form.action in {form.action for form in desk.forms}:
                desk.post(met.form.action, desk.form(met.form.action) | {field: one})
                assert desk.page.status_code < 500, (met.kind, field)
                assert standing_of_others(services, ids) == before, (met.kind, field)
                tried += 1
    assert tried >= 15
