"""The auditors' pages, and an address shown in full: each in both languages and both widths."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from provisioning.jobs.seal_audit import seal_audit
from provisioning.rules.actor import Actor
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.tables import AuditEntry, Customer, Fob, MailState
from tests.browser.conftest import LANGUAGES, Live, OpenPage, is_well_made, press
from tests.fixtures.databases import sqlite_only
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at
from tests.staff import rows

pytestmark = sqlite_only


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_auditors_look_at_is_well_made(
    live: Live,
    open_page: OpenPage,
    customer_a: Customer,
    customer_b: Customer,
    fob: Fob,
    teller_actor: Actor,
    language: str,
) -> None:
    services, now = live.services, live.clock()
    rows.add_credential(services, customer_a, TokenKind.HARD, now, fob)
    soft = rows.add_credential(services, customer_b, TokenKind.SOFT, now)
    mail = rows.add_mail(services, soft, MailState.SENT, now)
    number = an_entry(services, customer_a, customer_b, teller_actor, now)
    page = open_page(language)
    auditor = new_staff(services, now, role=StaffRole.AUDITOR)
    sit_down_at(page, live.url(""), session_of(services, auditor, now))
    for path, name in {
        "": "entries",
        "?customer=nobody&first_day=x": "entries-refused",
        f"entries/{number}/": "entry",
        f"customers/{customer_a.id}/": "customer",
        f"fobs/{fob.id}/": "fob",
    }.items():
        page.goto(live.url(f"/staff/audit/{path}"))
        is_well_made(page, f"audit-{name}-{language}")
    teller = open_page(language)
    sit_down_at(teller, live.url(""), session_of(services, new_staff(services, now), now))
    teller.goto(live.url(f"/staff/mails/{mail.id}/address"))
    is_well_made(teller, f"address-{language}")
    press(teller, "main form button")
    is_well_made(teller, f"address-refused-{language}")
    teller.locator("main input[type=radio]").first.check()
    press(teller, "main form button")
    is_well_made(teller, f"address-shown-{language}")


def an_entry(services: Services, about: Customer, shown: Customer, actor: Actor, now: datetime) -> int:
    """One with a long note, sealed; its number."""
    facts = {"reason": "lost", "note": "長い" * 90, "approver": actor.id, "shown": [about.id, shown.id]}
    entry = AuditRecord(now, actor, "end_token", "lost", "dual", about.id, facts=facts)
    with services.store.write() as tx:
        record(tx, services.audit_key, entry)
        number = tx.scalar(select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(1))
    seal_audit(services, now)
    assert number is not None
    return number
