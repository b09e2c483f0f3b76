"""Auditors look up who did what to whom at their institution, and take proofs and files away (R61, R64, R65)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import select

from provisioning.jobs.seal_audit import seal_audit
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.checkpoints import CheckpointFolder, CheckpointSigner
from provisioning.store.tables import AuditEntry, Customer, Fob, Staff
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague
from web.pages.audit.entry_words import acts

pytestmark = sqlite_only

MINUTE = timedelta(minutes=1)


@pytest.fixture
def services(services: Services, tmp_path: Path) -> Services:
    """With the worker's signing key and its directory."""
    private_key = Ed25519PrivateKey.generate()
    keys = {"checkpoint-1": private_key.public_key().public_bytes_raw()}
    folder = CheckpointFolder(tmp_path / "checkpoints", "test", keys)
    return replace(
        services, checkpoints=folder, checkpoint_signer=CheckpointSigner("test", "checkpoint-1", private_key)
    )


@pytest.fixture
def auditor(at_desk: AtDesk) -> Colleague:
    """An auditor of `dual`, who sits at another branch."""
    return at_desk(role=StaffRole.AUDITOR, branch="駅前支店", name="監査 一郎")


def write(services: Services, *entries: AuditRecord) -> list[int]:
    """Numbers of the entries, in their order."""
    with services.store.write() as tx:
        for entry in entries:
            record(tx, services.audit_key, entry)
        query = select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(len(entries))
        return list(tx.scalars(query))[::-1]


def lines(desk: Colleague) -> list[str]:
    """Addresses of the entries on the page."""
    return [link for link in desk.links if link.startswith("/staff/audit/entries/") and not link.endswith("proof")]


def acts_on(desk: Colleague, services: Services) -> list[str]:
    """Names of the acts on the page, views left out."""
    with services.store.read() as session:
        numbers = [int(link.split("/")[-2]) for link in lines(desk)]
        found = [session.get_one(AuditEntry, number).act for number in numbers]
    return [act for act in found if act != "view"]


@pytest.fixture
def said(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, teller: Staff, clock: MovableClock
) -> None:
    """Some acts: on A by a teller yesterday, on B by herself, on a fob, elsewhere, and of the whole system."""
    now, day = clock(), timedelta(days=1)
    at_counter = Actor(ActorKind.STAFF, teller.id, "dual", "本店", "192.0.2.7", role="teller")
    herself = Actor(ActorKind.CUSTOMER, customer_b.id, "dual", None, "198.51.100.9")
    write(
        services,
        AuditRecord(now - day, at_counter, "lift_suspension", "active", customer_id=customer_a.id),
        AuditRecord(now, herself, "activate", "accepted", customer_id=customer_b.id),
        AuditRecord(now, at_counter, "take_into_stock", "taken", fob_id=fob.id, facts={"serial": fob.serial}),
        AuditRecord(now, SYSTEM, "make_transfer", "accepted", "other", "0" * 32),
        AuditRecord(now, SYSTEM, "archive_audit", "archived", facts={"size": 256}),
    )


@pytest.mark.usefixtures("said")
def test_entries_are_found_by_who_what_customer_fob_and_day(
    services: Services, auditor: Colleague, customer_a: Customer, customer_b: Customer, fob: Fob, teller: Staff
) -> None:
    def found(**asked: str) -> list[str]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        acts = acts_on(auditor.get(f"/staff/audit/?{query}"), services)
        assert auditor.page.status_code == 200
        return [
            act for act in acts if act not in ("sign_in", "add_staff", "make_sign_in_link", "follow_sign_in_link")
        ]

    everything = found()
    assert {"take_into_stock", "activate", "lift_suspension"} <= set(everything)
    assert not {"make_transfer", "archive_audit"} & set(everything)
    assert found(who=f"staff:{teller.id}") == ["take_into_stock", "lift_suspension"]
    assert found(who=f"staff:{teller.id}", act="lift_suspension") == ["lift_suspension"]
    assert found(act="activate") == ["activate"]
    assert found(who="kind:customer") == ["activate"]
    assert found(customer=customer_a.user_id) == ["lift_suspension"]
    assert found(customer=customer_b.login_id, act="activate") == ["activate"]
    assert found(fob=fob.serial) == ["take_into_stock"]
    assert "lift_suspension" not in found(first_day="2026-11-20", last_day="2026-11-20")
    assert found(last_day="2026-11-19") == ["lift_suspension"]
    assert found(whole="1") == ["archive_audit"]


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("customer=999", "このユーザIDまたはログインIDのお客さまはいません。"),
        ("fob=NONE", "このシリアル番号のフォブはありません。"),
        ("who=nobody:1", "だれが行ったかを選んでください。"),
        ("first_day=yesterday", "日付を年月日で入力してください。"),
        ("last_day=9999-12-31", "日付を年月日で入力してください。"),
        ("before=x", "行ったこと"),
    ],
)
def test_what_names_nothing_is_told(auditor: Colleague, query: str, sentence: str) -> None:
    assert auditor.get(f"/staff/audit/?{query}").says(sentence)
    assert auditor.page.status_code == 200


def test_a_page_follows_on_the_one_before(services: Services, auditor: Colleague, clock: MovableClock) -> None:
    record_of = [AuditRecord(clock() - MINUTE, SYSTEM, "apply", "open", "dual") for _ in range(120)]
    write(services, *record_of)
    seen: list[str] = []
    auditor.get("/staff/audit/?act=apply")
    while True:
        seen += lines(auditor)
        following = [link for link in auditor.links if "before=" in link]
        if not following:
            break
        auditor.get(following[0])
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.usefixtures("said")
def test_one_entry_says_all_that_it_keeps(
    services: Services, auditor: Colleague, clock: MovableClock, teller: Staff, customer_a: Customer
) -> None:
    actor = Actor(ActorKind.STAFF, teller.id, "dual", "本店", "192.0.2.7", role="teller")
    facts = {"reason": "lost", "note": "電話で\r\n確認\u202e済", "approver": teller.id}
    (number,) = write(
        services, AuditRecord(clock(), actor, "end_token", "lost", customer_id=customer_a.id, facts=facts)
    )
    auditor.get(f"/staff/audit/entries/{number}/")
    assert auditor.says(
        "窓口でトークンを終了", "紛失", "窓口 花子", "窓口担当", "本店", "192.0.2.7", "見本 0001 様"
    )
    assert auditor.says("2026年11月20日 12:00:00", "2026-11-20T03:00:00+00:00")
    assert auditor.says("電話で\\u000d\\u000a確認\\u202e済"), "harmlessly"
    assert "\u202e" not in auditor.page.text


def test_the_proof_of_an_entry_is_handed_out_once_it_is_signed(
    services: Services, auditor: Colleague, clock: MovableClock
) -> None:
    (number,) = write(services, AuditRecord(clock(), SYSTEM, "apply", "open", "dual"))
    page = f"/staff/audit/entries/{number}/"
    assert auditor.get(page).says("まだ封をされていません")
    seal_audit(services, clock())
    assert auditor.get(page).says("番目の記録として封をしました", "まだ含まれていません")
    assert auditor.get(page + "proof").says("まだ署名に入っていない記録です")
    write_checkpoint(services, clock())
    assert auditor.get(page).says("最新の署名")
    proof = json.loads(auditor.get(page + "proof").page.text)
    assert json.loads(proof["leaf"])["number"] == number
    assert auditor.page.headers["Content-Disposition"] == f'attachment; filename="audit-{number}.json"'
    handed_out = acts_on(auditor.get("/staff/audit/?act=hand_out_proof"), services)
    assert handed_out == ["hand_out_proof"]


@pytest.mark.usefixtures("said")
def test_a_file_has_what_the_filter_finds_and_that_is_recorded(
    services: Services, auditor: Colleague, clock: MovableClock, customer_a: Customer
) -> None:
    named = {"name": "=HYPERLINK(1)"}
    write(
        services,
        AuditRecord(clock(), replace(SYSTEM, origin="=1+1"), "apply", "open", "dual", customer_a.id, facts=named),
    )
    auditor.get("/staff/audit/?act=apply")
    auditor.press("/staff/audit/export", form="csv")
    text = auditor.page.get_data().decode("utf-8")
    assert text.startswith("\ufeff記録番号,")
    header, line = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    told = dict(zip(header, line, strict=True))
    assert (told["行ったこと"], told["お客さまのユーザID"], told["どこから"]) == (
        "利用申込",
        customer_a.user_id,
        "'=1+1",
    )
    auditor.get("/staff/audit/?act=apply")
    auditor.press("/staff/audit/export", form="jsonl")
    (entry,) = [json.loads(one) for one in auditor.page.text.splitlines()]
    assert (entry["act"], entry["facts"], entry["user_id"]) == ("apply", named, customer_a.user_id)
    with services.store.read() as session:
        exported = list(session.scalars(select(AuditEntry).where(AuditEntry.act == "export_audit")))
    assert [row.facts["filter"] for row in exported] == [{"act": "apply"}] * 2
    assert {row.facts["actor_role"] for row in exported} == {"auditor"}


def test_a_whole_life_has_every_entry_and_who_looked(
    services: Services, at_desk: AtDesk, auditor: Colleague, customer_a: Customer, fob: Fob, clock: MovableClock
) -> None:
    hard = rows.add_credential(services, customer_a, TokenKind.HARD, clock(), fob)
    write(services, AuditRecord(clock(), SYSTEM, "verify", "accepted", "dual", customer_a.id, hard.id))
    at_desk(name="窓口 二郎").get(f"/staff/customers/{customer_a.id}/")
    auditor.get(f"/staff/audit/customers/{customer_a.id}/")
    assert auditor.says(
        "見本 0001 様の記録", "お客さまの情報を閲覧", "窓口 二郎", "トークンの枠を作成", fob.serial
    )
    auditor.get(f"/staff/audit/fobs/{fob.id}/")
    assert auditor.says("トークンの枠を作成", "ワンタイムパスワードの確認")


@pytest.mark.usefixtures("said")
def test_these_pages_are_for_auditors_of_the_institution_alone(
    services: Services, at_desk: AtDesk, clock: MovableClock, customer_a: Customer, fob: Fob
) -> None:
    (number,) = write(services, AuditRecord(clock(), SYSTEM, "apply", "open", "dual"))
    about = (f"entries/{number}/", f"entries/{number}/proof", f"customers/{customer_a.id}/", f"fobs/{fob.id}/")
    stranger = at_desk(role=StaffRole.AUDITOR, institution_id="other")
    for path in about:
        assert stranger.get(f"/staff/audit/{path}").page.status_code == 404, path
    assert stranger.get(f"/staff/audit/?customer={customer_a.user_id}").says("お客さまはいません")
    for role in (StaffRole.TELLER, StaffRole.APPROVER, StaffRole.ADMINISTRATOR):
        desk = at_desk(role=role)
        for path in ("", *about):
            assert desk.get(f"/staff/audit/{path}").page.status_code == 403, (role, path)


def test_what_is_wrong_with_the_log_stands_on_the_first_page(
    services: Services, clock: MovableClock, auditor: Colleague
) -> None:
    write(services, AuditRecord(clock(), SYSTEM, "apply", "open", "dual"))
    clock.advance(minutes=6)
    assert auditor.get("/staff/audit/").says("封をされていない記録が、5分を超えて残っています。")


def test_every_act_can_be_chosen_in_both_languages(app: Flask) -> None:
    for language in ("ja", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert all(words and "%(" not in words for _, words in acts())
