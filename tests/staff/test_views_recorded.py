"""Whoever is shown a customer's name or address leaves an entry in the same request (R64, R66)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete, select, text

from provisioning.jobs.record_view import RecordViewCommand, record_view
from provisioning.rules.actor import Actor
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import JobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.timeline import timeline
from provisioning.store.tables import AuditEntry, AuditShown, Customer, MailState, Staff
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.portal.conftest import MovableClock
from tests.portal.crawl import pages_met
from tests.staff import rows
from tests.staff import test_who_may_what as who
from tests.staff.conftest import AtDesk, Colleague
from tests.staff.test_who_may_what import Things, addresses
from web.pages.staff.shown import AGAIN, GOING_ON

things = who.things  # a fixture
CANARIES = ("金糸雀 一子", "金糸雀 二子")
STARTS = (
    "/staff/",
    "/staff/search/?q=カナリア",
    "/staff/mails/",
    "/staff/programming/",
    "/staff/stock/",
    "/staff/batches/",
)


@pytest.fixture
def canaries(services: Services, customer_a: Customer, customer_b: Customer) -> dict[str, str]:
    """Row ids of two customers by names that nothing else bears."""
    with services.store.write() as tx:
        for row, name in zip((customer_a, customer_b), CANARIES, strict=True):
            tx.get_one(Customer, row.id).name = name
            tx.get_one(Customer, row.id).name_kana = "カナリア"
    return dict(zip(CANARIES, (customer_a.id, customer_b.id), strict=True))


def forget(services: Services) -> None:
    """Nobody has seen anybody."""
    with services.store.write() as tx:
        tx.execute(delete(AuditEntry).where(AuditEntry.act == "view"))
        tx.execute(delete(AuditShown))


def views(services: Services) -> Iterator[tuple[str, set[str]]]:
    """Where somebody looked, and whom it showed."""
    with services.store.read() as session:
        for row in session.scalars(select(AuditEntry).where(AuditEntry.act == "view").order_by(AuditEntry.id)):
            yield row.facts["place"], {row.customer_id} if row.customer_id else set(row.facts["shown"])


def paths(app: Flask, things: Things) -> list[str]:
    """Every page of the console, about the rows there are."""
    with app.test_request_context():
        plain = [
            rule.rule
            for rule in app.url_map.iter_rules()
            if rule.rule.startswith("/staff/") and not rule.arguments and "GET" in (rule.methods or ())
        ]
    about = [path for method, path in addresses(app, things) if method == "GET"]
    return [*plain, *about, *STARTS]


def own_entries(services: Services) -> list[AuditEntry]:
    """What whoever goes through all the pages has left in the log but for their sign-in."""
    me = select(Staff.id).where(Staff.name == "通し 番")
    own = select(AuditEntry).where(AuditEntry.actor_id.in_(me), AuditEntry.act != "sign_in")
    with services.store.read() as session:
        return list(session.scalars(own))


@sqlite_only
@pytest.mark.parametrize("role", [StaffRole.APPROVER, StaffRole.AUDITOR, StaffRole.ADMINISTRATOR])
def test_no_page_shows_a_customer_without_an_entry(
    app: Flask,
    services: Services,
    things: Things,
    canaries: dict[str, str],
    at_desk: AtDesk,
    role: StaffRole,
) -> None:
    desk = at_desk(role=role, name="通し 番")
    shown: set[str] = set()
    entries: list[AuditEntry] = []
    met = [page for page in pages_met(desk, *STARTS) if "sign-in" not in page]
    for path in dict.fromkeys([*paths(app, things), *met]):
        if path.endswith("/out"):
            continue
        forget(services)
        answer = desk.client.get(path, base_url=desk.base)
        told = answer.get_data().decode("utf-8", "replace")
        wanted = {canaries[name] for name in CANARIES if name in told}
        if wanted:
            shown.add(path)
            (view,) = views(services)
            assert wanted <= view[1], path
        entries += own_entries(services)
    expected = {StaffRole.ADMINISTRATOR: 0, StaffRole.AUDITOR: 12}.get(role, 15)
    assert len(shown) >= expected, sorted(shown)
    assert not (role is StaffRole.ADMINISTRATOR and shown)
    assert entries or role is StaffRole.ADMINISTRATOR
    for entry in entries:
        assert entry.facts["actor_role"] == role.value, entry.act
        assert entry.branch, entry.act
        assert entry.origin, entry.act


@sqlite_only
def test_an_answer_to_a_form_that_shows_somebody_leaves_an_entry(
    services: Services, teller_desk: Colleague, canaries: dict[str, str], clock: MovableClock, customer_b: Customer
) -> None:
    credential = rows.add_credential(services, customer_b, TokenKind.SOFT, clock())
    mail = rows.add_mail(services, credential, MailState.FAILED, clock())
    path = f"/staff/mails/{mail.id}/address"
    teller_desk.get(path)
    forget(services)
    teller_desk.post(path, {"csrf_token": teller_desk.form(path)["csrf_token"]})
    assert teller_desk.says(CANARIES[1], "表示する理由")
    assert list(views(services)) == [("SMA002", {canaries[CANARIES[1]]})]


@sqlite_only
def test_the_same_page_again_within_a_minute_is_one_view(
    services: Services, teller_desk: Colleague, canaries: dict[str, str], clock: MovableClock
) -> None:
    first, second = canaries.values()
    page = f"/staff/customers/{first}/"
    for _ in range(3):
        teller_desk.get(page)
    assert list(views(services)) == [("SCU001", {first})]
    teller_desk.get(f"/staff/customers/{second}/")
    clock.advance(seconds=AGAIN.total_seconds() + 1)
    teller_desk.get(page)
    assert list(views(services)) == [("SCU001", {first}), ("SCU001", {second}), ("SCU001", {first})]


@sqlite_only
def test_a_list_that_renews_itself_is_a_view_again_when_somebody_new_is_on_it(
    services: Services,
    teller_desk: Colleague,
    canaries: dict[str, str],
    clock: MovableClock,
    things: Things,
) -> None:
    (first, _) = canaries.values()
    forget(services)
    for _ in range(20):
        teller_desk.get("/staff/programming/live")
        clock.advance(seconds=2)
    assert list(views(services)) == [("SPR002", {first})]
    third = add_customer(services, "123456780003")
    hard = rows.add_credential(services, third, TokenKind.HARD, clock(), add_fob(services, "KF-0000099"))
    rows.add_job(services, hard, JobState.QUEUED, clock())
    teller_desk.get("/staff/programming/live")
    assert list(views(services))[1:] == [("SPR002", {first, third.id})]
    clock.advance(seconds=GOING_ON.total_seconds() - 60)
    teller_desk.get("/staff/programming/live")
    assert len(list(views(services))) == 2


@sqlite_only
def test_a_list_is_one_entry_that_each_of_its_people_is_found_by(
    services: Services, teller_desk: Colleague, canaries: dict[str, str]
) -> None:
    teller_desk.get("/staff/search/?q=カナリア")
    assert list(views(services)) == [("SSR001", set(canaries.values()))]
    with services.store.read() as session:
        found = session.scalars(select(AuditShown.customer_id)).all()
    assert set(found) == set(canaries.values())
    first = next(iter(canaries.values()))
    assert [event.act for event in timeline(services.store, "dual", first).others] == [], "counters do not see it"


@sqlite_only
def test_what_cannot_be_recorded_is_not_shown(
    services: Services, teller_desk: Colleague, canaries: dict[str, str]
) -> None:
    """The audit log cannot be written: no page about anybody opens (R71)."""
    with services.store.write_connection() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'full'); END")
        )
    for path in (f"/staff/customers/{next(iter(canaries.values()))}/", "/staff/search/?q=カナリア"):
        teller_desk.get(path)
        assert teller_desk.page.status_code >= 500, path
        assert not any(name in teller_desk.page.text for name in CANARIES)


def test_both_databases_keep_a_view(
    services: Services, teller_actor: Actor, customer_a: Customer, customer_b: Customer, clock: MovableClock
) -> None:
    both = (customer_a.id, customer_b.id)
    command = RecordViewCommand(
        replace(teller_actor, role="teller"), "dual", "SSR001", (*both, customer_a.id), AGAIN
    )
    assert record_view(services, command, clock())
    assert not record_view(services, replace(command, customer_ids=both[:1]), clock())
    assert record_view(services, replace(command, place="SMA001"), clock())
    assert not record_view(services, replace(command, customer_ids=()), clock())
    assert [shown for _, shown in views(services)] == [set(both)] * 2
    with services.store.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "view")).first()
    assert entry is not None
    assert (entry.branch, entry.origin, entry.facts["actor_role"]) == ("本店", teller_actor.origin, "teller")
