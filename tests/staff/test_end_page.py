"""SEN001: what each reason for ending a token means is told as the institution has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from provisioning.rules.institution import Institution
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.staff.conftest import Colleague

pytestmark = sqlite_only


@pytest.fixture
def institutions(request: pytest.FixtureRequest) -> Mapping[str, Institution]:
    """After a release it issues anew on the next day, or at once."""
    return {DUAL.id: replace(DUAL, reissue_next_day=request.param)}


@pytest.mark.parametrize("institutions", [True, False], indirect=True)
def test_only_where_it_is_so_a_new_token_has_to_wait_for_the_next_day(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    give_token(services, customer_a, clock())
    teller_desk.get(f"/staff/customers/{customer_a.id}/end")
    assert teller_desk.says("トークンの終了")
    assert teller_desk.says("再発行は翌日から") is services.institution("dual").reissue_next_day
