"""Entries that lack what today's jobs write into them, or say what nobody knows: every page tells the rest."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.rules.actor import Actor
from provisioning.rules.permissions import StaffRole
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import AuditEntry, Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from web.pages.audit.entry_words import LINES
from web.pages.staff.act_words import ACTS, OF_MAILS

pytestmark = sqlite_only

NEW = {
    "kind": "of tomorrow",
    "reason": "of tomorrow",
    "to": "of tomorrow",
    "role": "of tomorrow",
    "form_number": "Z-1",
}
NEW_ACTS = ("of_tomorrow", *LINES)
ON_THEIR_OWN = {"of_tomorrow", "view", "verify_audit", *OF_MAILS}
"""Acts whose line is not the act's alone; the others differ by nothing but their words."""


@pytest.fixture(params=[{}, NEW], ids=["nothing", "unknown"])
def numbers(
    request: pytest.FixtureRequest, services: Services, clock: MovableClock, customer_a: Customer, fob: Fob,
    teller_actor: Actor,
) -> list[tuple[str, int]]:  # fmt: skip
    """One entry of every act, each about a customer and a fob, with hardly a fact."""
    about = ("dual", customer_a.id, None, fob.id, None, request.param)
    with services.store.write() as tx:
        for act in NEW_ACTS:
            record(tx, services.audit_key, AuditRecord(clock(), teller_actor, act, "of_tomorrow", *about))
        return [(row.act, row.id) for row in tx.query(AuditEntry).filter_by(result="of_tomorrow")]


def open_all(browser: Colleague, paths: list[str]) -> None:
    """Each is shown."""
    for path in paths:
        assert browser.get(path).page.status_code == 200, path


def test_every_page_tells_the_rest(
    at_desk: AtDesk, numbers: list[tuple[str, int]], customer_a: Customer, fob: Fob
) -> None:
    acts = [number for act, number in numbers if any(name.split()[0] == act for name in ACTS)]
    assert len(acts) > 15
    teller = at_desk()
    open_all(teller, [f"/staff/acts/{number}" for number in acts])
    open_all(teller, [f"/staff/customers/{customer_a.id}/", f"/staff/stock/{fob.id}/"])
    auditor = at_desk(role=StaffRole.AUDITOR)
    open_all(auditor, [f"/staff/audit/customers/{customer_a.id}/", f"/staff/audit/fobs/{fob.id}/"])
    open_all(auditor, [f"/staff/audit/entries/{number}/" for act, number in numbers if act in ON_THEIR_OWN])


@pytest.mark.parametrize(
    ("facts", "line"), [({}, "（種類の記録なし）のメールを送信"), (NEW, "of tomorrowのメールを送信")]
)
def test_a_mail_of_which_no_kind_is_known(
    at_desk: AtDesk,
    services: Services,
    clock: MovableClock,
    customer_a: Customer,
    facts: dict[str, Any],
    line: str,
) -> None:
    rows.add_act(services, customer_a, "send_mail", clock(), facts=facts)
    assert at_desk().get(f"/staff/customers/{customer_a.id}/").says(line)
    assert at_desk(role=StaffRole.AUDITOR).get(f"/staff/audit/customers/{customer_a.id}/").says(line)
