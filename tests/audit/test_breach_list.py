"""A drill: something was lost, and the persons affected are listed with what was protected, and how (R70)."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import JSON, LargeBinary, String

from provisioning import migrations
from provisioning.cli.compose import build_services
from provisioning.cli.group import run
from provisioning.errors import BadInput, NotFound
from provisioning.jobs.list_breach import BreachOf, ListBreachCommand, list_breach
from provisioning.jobs.record_view import RecordViewCommand, record_view
from provisioning.jobs.show_address import ShowAddressCommand, show_address
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.personal_data import FIELDS, TABLES, DataKind, Protection, deadlines
from provisioning.rules.roles import Role
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.settings_file import load_settings
from provisioning.store.address_keys import FIRST
from provisioning.store.audit import AuditRecord, record
from provisioning.store.queries.breach import Affected
from provisioning.store.tables import Base, Credential, Customer, Fob, MailState
from tests.fixtures.people import NOON, add_customer
from tests.fixtures.tokens import give_token
from tests.ground.settings_files import write_settings
from tests.staff import rows

DAY = timedelta(days=1)
TECHNICAL = {
    *(
        "id",
        "institution_id",
        "branch",
        "customer_id",
        "credential_id",
        "fob_id",
        "job_id",
        "ticket_id",
        "payee_id",
    ),
    *(
        "kind",
        "use",
        "language",
        "slot",
        "otp_type",
        "algorithm",
        "resume_state",
        "ended_how",
        "ended_by",
        "company_role",
    ),
    *(
        "kek_id",
        "address_key_id",
        "wrapped_key",
        "salt",
        "app_key_thumbprint",
        "last_reply",
        "mac",
        "nonce",
        "key_id",
        "origin",
        "result",
    ),
    *("actor_kind", "actor_id", "state", "act", "payload_hash", "subject", "job", "maker_id", "reason"),
    *(
        "approver_id",
        "closed_by",
        "public_key",
        "client_data",
        "authenticator_data",
        "signature",
        "identity_check",
    ),
    *("refusal", "taken_by", "bank"),
}
"""Columns beside what FIELDS lists of the same row: names of things, and what has no meaning by itself."""
ELSEWHERE = {"custody_entry", "batch_item", "audit_shown", "staff_fallback", "mail_password_tries"}
"""Tables that join a customer to something, and say no more of them."""


def listed(services: Services, of: BreachOf, *names: str, since: datetime = NOON - DAY) -> list[Affected]:
    command = ListBreachCommand("dual", of, names, since, NOON + DAY, NOON, SYSTEM)
    return list(list_breach(services, command, NOON).persons)


def kinds(found: list[Affected], person: Customer) -> dict[DataKind, set[tuple[Protection, str]]]:
    told: dict[DataKind, set[tuple[Protection, str]]] = {}
    for one in found:
        if one.customer_id == person.id:
            told.setdefault(one.kind, set()).add((one.protection, one.key))
    return told


def test_every_column_about_a_customer_is_listed_or_says_nothing() -> None:
    about = [table for table in Base.metadata.sorted_tables if "customer_id" in table.c] + [
        Base.metadata.tables[name] for name in ("customer", "ticket")
    ]
    assert {table.name for table in about} - set(TABLES) - ELSEWHERE == set()
    known = {(field.table, field.column) for field in FIELDS}
    speaking = {
        (table.name, column.name)
        for table in about
        if table.name not in ELSEWHERE
        for column in table.c
        if isinstance(column.type, String | LargeBinary | JSON) and column.name not in TECHNICAL
    }
    assert speaking - known == set()
    for field in FIELDS:
        assert field.column in Base.metadata.tables[field.table].c


def test_a_stolen_database_concerns_everybody_of_the_institution(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    add_customer(services, "999999990001", "other")
    give_token(services, customer_a, now)
    rows.add_mail(services, rows.add_credential(services, customer_b, TokenKind.SOFT, now), MailState.SENT, now)
    found = listed(services, BreachOf.DATABASE)
    assert {one.customer_id for one in found} == {customer_a.id, customer_b.id}
    with services.store.read() as session:
        kek = session.query(Credential.kek_id).filter(Credential.customer_id == customer_a.id).scalar()
    a, b = kinds(found, customer_a), kinds(found, customer_b)
    assert a[DataKind.TOKEN_SECRET] == {(Protection.ENCRYPTED, kek)}
    assert a[DataKind.PASSWORD] == {(Protection.HASHED, "")}
    assert a[DataKind.NAME] == {(Protection.PLAIN, "")}
    assert b[DataKind.MAIL_ADDRESS] == {(Protection.ENCRYPTED, FIRST), (Protection.KEYED_HASH, FIRST)}
    assert DataKind.TOKEN_SECRET not in b
    only = listed(services, BreachOf.TABLES, "outbox_mail")
    assert {one.place for one in only} == {
        f"outbox_mail.{name}" for name in ("sealed_address", "address_hash", "facts")
    }
    assert {one.customer_id for one in listed(services, BreachOf.KEY, kek)} == {customer_a.id}
    assert {one.customer_id for one in listed(services, BreachOf.KEY, FIRST)} == {customer_b.id}
    assert listed(services, BreachOf.KEY, "another") == []


def test_whom_somebody_with_an_account_of_staff_saw(
    services: Services, customer_a: Customer, customer_b: Customer, teller_actor: Actor, now: datetime
) -> None:
    third = add_customer(services, "123456780003")
    credential = rows.add_credential(services, customer_b, TokenKind.SOFT, now)
    mail = rows.add_mail(services, credential, MailState.SENT, now)
    record_view(services, RecordViewCommand(teller_actor, "dual", "SSR001", (customer_a.id, customer_b.id)), now)
    record_view(services, RecordViewCommand(teller_actor, "dual", "SCU001", (third.id,)), now - 2 * DAY)
    show_address(services, ShowAddressCommand("dual", mail.id, "inquiry", teller_actor), now)
    found = listed(services, BreachOf.STAFF, teller_actor.id)
    assert kinds(found, customer_a)[DataKind.MAIL_ADDRESS] == {(Protection.MASKED, "")}
    assert (Protection.PLAIN, "") in kinds(found, customer_b)[DataKind.MAIL_ADDRESS]
    assert kinds(found, third) == {}, "before that time"
    assert third.id in {
        one.customer_id for one in listed(services, BreachOf.STAFF, teller_actor.id, since=now - 3 * DAY)
    }
    (seen,) = [one for one in found if one.place == "show_address"]
    assert (seen.first_at, seen.last_at, seen.times) == (now, now, 1)


def test_an_entry_that_does_not_say_where_costs_nobody_the_list(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    with services.store.write() as tx:
        record(tx, services.audit_key, AuditRecord(now, teller_actor, "view", "shown", "dual", customer_a.id))
    assert {one.place for one in listed(services, BreachOf.STAFF, teller_actor.id)} == {"view"}


def test_whose_secrets_a_station_had(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    hard = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob)
    station = Actor(ActorKind.STATION, "5" * 32, "dual", "本店")
    with services.store.write() as tx:
        entry = AuditRecord(now, station, "claim_job", "intent", "dual", credential_id=hard.id, fob_id=fob.id)
        record(tx, services.audit_key, entry)
    (found,) = listed(services, BreachOf.STATION, station.id)
    assert (found.customer_id, found.kind, found.protection) == (
        customer_a.id,
        DataKind.TOKEN_SECRET,
        Protection.PLAIN,
    )


def test_what_does_not_exist_is_told(services: Services, now: datetime) -> None:
    with pytest.raises(BadInput):
        listed(services, BreachOf.TABLES, "fob")
    command = ListBreachCommand("nowhere", BreachOf.DATABASE, (), now, now, now, SYSTEM)
    with pytest.raises(NotFound):
        list_breach(services, command, now)


def test_the_days_until_the_authority_is_told(now: datetime) -> None:
    told = deadlines(now)
    days = [told.preliminary_from, told.preliminary_until, told.final, told.final_on_purpose]
    assert [(day - now).days for day in days] == [3, 5, 30, 60]


def test_the_drill_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_settings(tmp_path)
    services = build_services(load_settings(file, {Role.WORKER}), {Role.WORKER})
    migrations.upgrade(services.settings.store.url)
    person = add_customer(services, "123456780001")
    drill = (
        "--settings",
        str(file),
        "breach-list",
        "--institution",
        "dual",
        "--database",
        "--known",
        "2026-11-20",
    )
    target = tmp_path / "affected.csv"
    assert run([*drill, str(target)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 persons, ")
    assert "preliminary report, at the latest: 2026-11-25 UTC" in told
    assert "final report: 2026-12-20 UTC" in told
    assert target.stat().st_mode & 0o777 == 0o600
    lines = list(csv.DictReader(target.read_text(encoding="utf-8-sig").splitlines()))
    assert {(one["user_id"], one["kind"], one["protection"]) for one in lines} >= {
        (person.user_id, "name", "plain"), (person.user_id, "password", "hashed"),
    }  # fmt: skip
    assert run([*drill, str(target)]) == 1, "never over an older list"
    document = tmp_path / "affected.json"
    assert run([*drill, "--format", "json", str(document)]) == 0
    whole = json.loads(document.read_text())
    assert (whole["persons"], whole["of"], len(whole["affected"])) == (1, "database", len(lines))
    assert run([*drill, "--staff", "x", str(tmp_path / "no")]) == 2
    services.store.close()
