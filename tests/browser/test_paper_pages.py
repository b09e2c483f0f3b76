"""The pages of paper requests in Chromium, in both languages, wide and narrow, with axe."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.rules.actor import Actor
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.browser.conftest import Live
from tests.browser.test_staff_pages import Looker, looker
from tests.core.papers import ON_PAPER, hand_in
from tests.core.test_issuance_limit import use_up
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import give_token
from tests.staff import rows

__all__ = ["looker"]
pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper."""
    return ON_PAPER


def test_a_form_from_the_counter_to_its_outcome(
    looker: Looker,
    live: Live,
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    teller_actor: Actor,
) -> None:
    now = live.clock()
    token = give_token(services, customer_a, now)
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), now)
    use_up(services, customer_b, now)
    looker.sign_in()
    looker.open("/staff/requests/", "SPP001", "-empty")
    looker.open(f"/staff/customers/{customer_b.id}/", "SCU001", "-restricted")
    looker.open(f"/staff/customers/{customer_a.id}/", "SCU001", "-on-paper")
    looker.press()
    looker.press()
    looker.at("SPP002", "-refused")
    looker.page.fill("[name=form_number]", "A-2026-0001")
    looker.page.check("[value=photo_id]")
    looker.press()
    looker.at("SPP003")
    hand_in(services, customer_b, PaperKind.PHONE_GONE, now, teller_actor, form_number="B-77")
    looker.open("/staff/", "SWK001", "-papers")
    looker.press("text=A-2026-0001")
    looker.press()
    looker.at("SAC001", "-on-paper")
    looker.open("/staff/requests/", "SPP001")
    looker.open(f"/staff/customers/{customer_a.id}/end", "SEN001", "-on-paper")
