"""Five institutions on one server: what one has a page about is not there for anybody of another (R58)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import pytest

from provisioning.institutions import load_institutions
from provisioning.jobs.take_paper import TakePaperCommand, take_paper
from provisioning.rules.institution import Institution
from provisioning.rules.papers import IdentityCheck, PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import SYSTEM
from provisioning.store.tables import Customer, MailState, Station
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


def furnish(services: Services, institution: Institution, now: datetime) -> list[Customer]:
    """Something of everything that has a page of its own."""
    people = [add_customer(services, f"99980000000{number}", institution.id) for number in range(3)]
    give_token(services, people[0], now)
    give_token(services, people[1], now, CredentialState.SUSPENDED)
    credential = rows.add_credential(services, people[2], TokenKind.SOFT, now)
    rows.add_mail(services, credential, MailState.FAILED, now)
    add_fob(services, f"KF-9{institution.service_id[-3:]}", institution.id)
    with services.store.write() as tx:
        tx.add(Station(institution_id=institution.id, branch="本店", name="窓口1"))
    if institution.papers:
        command = TakePaperCommand(
            institution.id, people[1].id, PaperKind.SUSPENSION, "A-1", IdentityCheck.PHOTO_ID, SYSTEM
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
