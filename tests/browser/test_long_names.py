"""The longest names that an account may have, without a place to break: no page grows beyond the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from playwright.sync_api import Page
from sqlalchemy import update

from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.store.tables import Customer, Staff
from tests.browser.conftest import Live, OpenPage, is_well_made
from tests.browser.test_portal_pages import log_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer
from tests.fixtures.services import DUAL
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at

pytestmark = sqlite_only

NAMES = {"ja": "寿限無" * 33, "en": "Wolfeschlegelsteinhausenbergerdorff" * 2 + "x" * 30}
BRANCH = {"ja": "見本中央南支店" * 9, "en": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"}


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """One with branches of long names."""
    return {DUAL.id: replace(DUAL, branches=(*DUAL.branches, *BRANCH.values()))}


@pytest.mark.parametrize("language", NAMES)
def test_the_longest_names_fit_on_a_phone_and_on_a_desk(open_page: OpenPage, live: Live, language: str) -> None:
    customer = add_customer(live.services, "999800000077")
    named = {"name": NAMES[language], "branch": BRANCH[language]}
    staff_id = new_staff(live.services, live.clock(), StaffRole.TELLER, BRANCH[language])
    with live.services.store.write() as tx:
        tx.execute(update(Customer).where(Customer.id == customer.id).values(**named))
        tx.execute(update(Staff).where(Staff.id == staff_id).values(**named))
    page = open_page(language)
    log_in(page, live, customer)
    walk(page, live, language, ["/portal/", "/portal/token/", "/portal/token/hard/"])
    sit_down_at(page, live.url(""), session_of(live.services, staff_id, live.clock()))
    page.goto(live.url("/staff/"))
    page.fill("#staff-search", NAMES[language][:10])
    with page.expect_navigation():
        page.press("#staff-search", "Enter")
    walk(page, live, language, ["", f"/staff/customers/{customer.id}/", f"/staff/customers/{customer.id}/hard/"])


def walk(page: Page, live: Live, language: str, paths: list[str]) -> None:
    """Look at each; an empty one is the page that is open."""
    for number, path in enumerate(paths):
        if path:
            answer = page.goto(live.url(path))
            assert answer is not None
            assert answer.status == 200
        is_well_made(page, f"long-{number}-{language}")
