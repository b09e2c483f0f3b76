"""書面による手続き at the console: taken in, carried out or refused, and the one way where a paper is demanded."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndedHow
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer
from tests.core.papers import LIMIT, ON_PAPER, hand_in
from tests.core.test_issuance_limit import use_up
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import give_token, read_credential
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only

WORK = "/staff/"
LIST = "/staff/requests/"


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper; `other` takes none."""
    return {**ON_PAPER, OTHER.id: OTHER}


def page_of(customer: Customer) -> str:
    return f"/staff/customers/{customer.id}/"


def form_of(customer: Customer) -> str:
    return f"/staff/customers/{customer.id}/requests/new"


def take_in(desk: Colleague, customer: Customer, kind: PaperKind, /, **typed: str) -> Colleague:
    """By the form; leads to the request's own page."""
    desk.get(form_of(customer))
    whole = {"kind": kind, "form_number": "A-0001", "identity_check": "photo_id", "note": ""} | typed
    return desk.press(form_of(customer), **whole)


def test_a_suspension_is_lifted_by_the_paper_and_in_no_other_way(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, token.credential_id), clock())
    teller_desk.get(page_of(customer_a))
    assert page_of(customer_a) + "lift" not in {form.action for form in teller_desk.forms}
    assert f"{form_of(customer_a)}?kind=suspension" in teller_desk.links
    csrf = teller_desk.form("/staff/sign-in/out")["csrf_token"]
    teller_desk.post(page_of(customer_a) + "lift", {"csrf_token": csrf, "credential_id": token.credential_id})
    assert teller_desk.says("この手続きには書面が必要です")
    assert read_credential(services, token).state is CredentialState.SUSPENDED
    take_in(teller_desk, customer_a, PaperKind.SUSPENSION, form_number=" ａ－0001 ", note="来店")
    assert teller_desk.says("書面を受け付けました", "A-0001", "来店", "窓口 花子", "利用停止を解除する")
    request = teller_desk.path
    assert teller_desk.get(WORK).says("書面 1", "A-0001", "利用停止の解除")
    assert request in teller_desk.get(page_of(customer_a)).links
    teller_desk.get(request).press(request + "carry-out", act="lift_suspension")
    assert teller_desk.says("書面により、利用停止を解除しました", "A-0001", "お客さまへ")
    assert read_credential(services, token).state is CredentialState.ACTIVE
    assert teller_desk.get(request).says("手続き済み", "利用停止を解除しました")
    assert request + "carry-out" not in {form.action for form in teller_desk.forms}
    assert teller_desk.get(LIST).says("手続き待ち 0", "手続きを待っている書面はありません", "A-0001")


def test_the_restriction_of_issuances_is_lifted_by_the_paper(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    use_up(services, customer_a, clock())
    teller_desk.get(page_of(customer_a))
    assert teller_desk.says("書面をお預かりして、発行規制を解除する", f"トークンの発行が{LIMIT}回になりました")
    assert teller_desk.get(page_of(customer_a) + "issue/").path == page_of(customer_a)
    assert teller_desk.says("発行規制中のため、発行できません")
    take_in(teller_desk, customer_a, PaperKind.ISSUE_RESTRICTION)
    teller_desk.press(teller_desk.path + "carry-out", act="lift_restriction")
    assert teller_desk.says("書面により、発行規制を解除しました")
    assert teller_desk.get(page_of(customer_a)).says("トークンの種類をお客さまと選ぶ")


def test_a_broken_phone_needs_a_paper_and_a_lost_one_does_not(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    end = page_of(customer_a) + "end"
    assert teller_desk.get(end).says("書面が必要です")
    assert f"{form_of(customer_a)}?kind=phone_gone" in teller_desk.links
    teller_desk.press(end, reason="broken", note="")
    assert teller_desk.says("この手続きには書面が必要です")
    assert read_credential(services, token).state is CredentialState.ACTIVE
    assert f"{end}?reason=lost" in teller_desk.links
    teller_desk.get(f"{end}?reason=lost").press(end, reason="lost", note="電話で届出")
    assert teller_desk.says("トークンを終了しました")
    assert read_credential(services, token).ended_how is EndedHow.LOST
    take_in(teller_desk, customer_a, PaperKind.PHONE_GONE)
    request = teller_desk.path
    assert not teller_desk.says("トークンを終了する（失効）"), "there is none any more"
    teller_desk.press(request + "carry-out", act="nothing_left")
    assert teller_desk.says("書面の手続きを終えました")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"form_number": ""}, "書面の番号を入力してください。"),
        ({"form_number": "A_1"}, "英数字とハイフンで32文字以内"),
        ({"form_number": "😀"}, "英数字とハイフンで32文字以内"),
        ({"form_number": "9" * 10_000}, "英数字とハイフンで32文字以内"),
        ({"form_number": "A-0009"}, "この番号の書面は、もう受け付けています。"),
        ({"identity_check": ""}, "本人確認の方法を選んでください。"),
        ({"kind": "other"}, "何の手続きかを選んでください。"),
        ({"note": "あ" * 201}, "メモは200文字以内"),
    ],
)
def test_an_incomplete_form_comes_back_as_it_was_typed(
    teller_desk: Colleague,
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    clock: MovableClock,
    typed: dict[str, str],
    sentence: str,
) -> None:
    hand_in(services, customer_b, PaperKind.PHONE_GONE, clock(), form_number="A-0009")
    take_in(teller_desk, customer_a, PaperKind.PHONE_GONE, **{"note": "来店", **typed})
    assert (teller_desk.path, teller_desk.says(sentence)) == (form_of(customer_a), True)
    assert teller_desk.form(form_of(customer_a))["note"] == typed.get("note", "来店")
    assert teller_desk.get(LIST).says("手続き待ち 1")


def test_a_refusal_has_its_reason_and_is_told(teller_desk: Colleague, customer_a: Customer) -> None:
    take_in(teller_desk, customer_a, PaperKind.MAIL_ADDRESS)
    request = teller_desk.path
    teller_desk.press(request + "refuse", refusal="")
    assert (teller_desk.path, teller_desk.says("お断りの理由を入力してください。")) == (request, True)
    teller_desk.press(request + "refuse", refusal="印影が違う")
    assert teller_desk.says("書面の手続きをお断りしました", "印影が違う")
    assert teller_desk.get(request).says("お断りしました ― 印影が違う")


def test_two_tellers_close_one_paper_once(
    at_desk: AtDesk, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    token = give_token(services, customer_a, clock())
    request = f"{LIST}{hand_in(services, customer_a, PaperKind.FORGOTTEN_RELEASE, clock())}/"
    first, second = at_desk(name="窓口 一郎"), at_desk(name="窓口 二郎")
    for desk in (first, second):
        desk.get(request)
    clock.advance(seconds=1)
    first.press(request + "carry-out", act="end_as_released")
    assert first.says("書面により、トークンを終了しました", "アプリに残ったトークン")
    second.press(request + "refuse", refusal="記入が足りない")
    assert second.says("この書面の手続きは、もう終わっています", "手続き済み")
    assert read_credential(services, token).ended_how is EndedHow.RELEASED


def test_auditors_see_papers_and_other_institutions_take_none(
    at_desk: AtDesk, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    request = f"{LIST}{hand_in(services, customer_a, PaperKind.PHONE_GONE, clock())}/"
    auditor = at_desk(role=StaffRole.AUDITOR).get(request)
    assert auditor.says("A-0001", "手続き待ち")
    assert request + "refuse" not in {form.action for form in auditor.forms}
    far = at_desk(branch=DUAL.branches[1])
    assert far.get(request).page.status_code == 404
    assert far.get(LIST).says("手続き待ち 0")
    other = at_desk(institution_id=OTHER.id).get(WORK)
    assert LIST not in other.links
