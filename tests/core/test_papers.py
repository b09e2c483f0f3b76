"""Paper requests: complete or refused, and their outcome is one transaction with the act it leads to (R39)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import select

from provisioning.errors import AlreadyTaken, BadInput, InputFault, NotFound, PaperNeeded, WrongState
from provisioning.jobs.close_paper import (
    CarryOutPaperCommand,
    RefusePaperCommand,
    carry_out_paper,
    refuse_paper,
)
from provisioning.jobs.end_token import PAPERS, EndTokenCommand, end_token
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.paper_acts import ACTS
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.address_use import AddressUse
from provisioning.rules.institution import Institution
from provisioning.rules.papers import ACTS_OF, IdentityCheck, PaperAct, PaperKind, PaperState
from provisioning.rules.states import CredentialState, EndedHow, EndReason
from provisioning.services import Services
from provisioning.store.addresses import current_address
from provisioning.store.tables import AuditEntry, Customer
from tests.core.papers import ON_PAPER, carry_out, hand_in, paper_row
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mail_passwords import use_mail_password
from tests.fixtures.tokens import Token, give_token, read_credential


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper."""
    return ON_PAPER


def suspend(services: Services, token: Token, now: datetime) -> None:
    for _ in range(5):
        verify(services, VerifyCommand("dual", token.user_id, token.wrong(now), SYSTEM), now)
    assert read_credential(services, token).state is CredentialState.SUSPENDED


def acts(services: Services) -> list[tuple[str, str]]:
    with services.store.read() as tx:
        return [(row.act, row.result) for row in tx.scalars(select(AuditEntry).order_by(AuditEntry.id))]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"form_number": ""}, BadInput("form_number", InputFault.MISSING)),
        ({"form_number": " \t"}, BadInput("form_number", InputFault.MISSING)),
        ({"form_number": "A" * 33}, BadInput("form_number", InputFault.BAD_FORM)),
        ({"form_number": "A-０００１"}, BadInput("form_number", InputFault.BAD_FORM)),
        ({"form_number": "A 0001"}, BadInput("form_number", InputFault.BAD_FORM)),
        ({"form_number": "📄"}, BadInput("form_number", InputFault.BAD_FORM)),
        ({"identity_check": ""}, BadInput("identity_check", InputFault.MISSING)),
        ({"identity_check": "looked_honest"}, BadInput("identity_check", InputFault.MISSING)),
        ({"kind": ""}, BadInput("kind", InputFault.MISSING)),
        ({"kind": "wish"}, BadInput("kind", InputFault.NOT_OFFERED)),
        ({"note": "x" * 201}, BadInput("note", InputFault.WRONG_LENGTH)),
        ({"note": "two\nlines"}, BadInput("note", InputFault.BAD_FORM)),
        ({"customer_id": "0" * 32}, NotFound("customer")),
    ],
)
@sqlite_only
def test_an_incomplete_form_is_not_taken_in(
    services: Services, customer_a: Customer, now: datetime, changes: dict[str, str], refused: Exception
) -> None:
    with pytest.raises(type(refused)) as caught:
        hand_in(services, customer_a, PaperKind.SUSPENSION, now, **changes)
    assert caught.value == refused
    assert acts(services) == []


@sqlite_only
def test_a_form_is_taken_in_once_and_told_in_full(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    paper_id = hand_in(services, customer_a, PaperKind.PHONE_GONE, now, teller_actor, form_number=" a-0001 ")
    with pytest.raises(AlreadyTaken) as twice:
        hand_in(services, customer_a, PaperKind.SUSPENSION, now)
    assert twice.value.what == "form_number"
    paper = paper_row(services, paper_id)
    assert (paper.form_number, paper.identity_check, paper.taken_by) == (
        "A-0001",
        IdentityCheck.PHOTO_ID,
        teller_actor.id,
    )
    with services.store.read() as tx:
        (row,) = tx.scalars(select(AuditEntry))
    assert (row.act, row.result, row.customer_id) == ("take_paper", "phone_gone", customer_a.id)
    assert row.facts == {
        "paper_id": paper_id,
        "form_number": "A-0001",
        "identity_check": "photo_id",
        "note": "",
    }


def test_every_kind_leads_to_acts_that_exist() -> None:
    assert set(ACTS_OF) == set(PaperKind)
    assert {act for offered in ACTS_OF.values() for act in offered} == set(ACTS)


@sqlite_only
@pytest.mark.parametrize(
    ("kind", "act", "how"),
    [
        (PaperKind.FORGOTTEN_RELEASE, PaperAct.END_AS_RELEASED, EndedHow.RELEASED),
        (PaperKind.PHONE_GONE, PaperAct.END_AS_REVOKED, EndedHow.REVOKED),
        (PaperKind.PHONE_GONE, PaperAct.END_AS_LOST, EndedHow.LOST),
        (PaperKind.SUSPENSION, PaperAct.END_AS_REVOKED, EndedHow.REVOKED),
    ],
)
def test_the_token_ends_with_the_paper(
    services: Services, customer_a: Customer, now: datetime, kind: PaperKind, act: PaperAct, how: EndedHow
) -> None:
    token = give_token(services, customer_a, now)
    paper_id = hand_in(services, customer_a, kind, now)
    carry_out(services, paper_id, act, now, token.credential_id)
    assert read_credential(services, token).ended_how is how
    paper = paper_row(services, paper_id)
    assert (paper.state, paper.act, paper.credential_id) == (PaperState.DONE, act, token.credential_id)
    assert acts(services)[-2:] == [("end_credential", how.value), ("carry_out_paper", act.value)]


def test_a_suspension_is_lifted_with_the_paper_and_both_only_once(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    suspend(services, token, now)
    paper_id = hand_in(services, customer_a, PaperKind.SUSPENSION, now)
    carry_out(services, paper_id, PaperAct.LIFT_SUSPENSION, now, token.credential_id, teller_actor)
    assert read_credential(services, token).state is CredentialState.ACTIVE
    assert paper_row(services, paper_id).closed_by == teller_actor.id
    suspend(services, token, now)
    with pytest.raises(WrongState) as closed:
        carry_out(services, paper_id, PaperAct.LIFT_SUSPENSION, now, token.credential_id)
    assert closed.value == WrongState("paper", "done")
    assert read_credential(services, token).state is CredentialState.SUSPENDED


@sqlite_only
def test_an_act_that_is_refused_leaves_the_paper_open(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    token, others = give_token(services, customer_a, now), give_token(services, customer_b, now)
    paper_id = hand_in(services, customer_a, PaperKind.SUSPENSION, now)
    with pytest.raises(WrongState):
        carry_out(services, paper_id, PaperAct.LIFT_SUSPENSION, now, token.credential_id)
    with pytest.raises(NotFound):
        carry_out(services, paper_id, PaperAct.END_AS_REVOKED, now, others.credential_id)
    with pytest.raises(NotFound):
        carry_out(services, paper_id, PaperAct.END_AS_REVOKED, now, "")
    for unusual in ("", "end_as_lost", "anything"):
        with pytest.raises(BadInput):
            carry_out_paper(services, CarryOutPaperCommand("dual", paper_id, unusual, "", SYSTEM), now)
    with pytest.raises(NotFound):
        carry_out_paper(services, CarryOutPaperCommand("other", paper_id, "nothing_left", "", SYSTEM), now)
    assert paper_row(services, paper_id).state is PaperState.OPEN
    assert read_credential(services, others).state is CredentialState.ACTIVE


def test_where_the_closing_fails_the_act_is_undone(
    services: Services, customer_a: Customer, now: datetime, mocker: MockerFixture
) -> None:
    token = give_token(services, customer_a, now)
    paper_id = hand_in(services, customer_a, PaperKind.PHONE_GONE, now)
    mocker.patch("provisioning.jobs.close_paper.record", side_effect=OSError)
    with pytest.raises(OSError):
        carry_out(services, paper_id, PaperAct.END_AS_LOST, now, token.credential_id)
    assert read_credential(services, token).state is CredentialState.ACTIVE
    assert paper_row(services, paper_id).state is PaperState.OPEN


@sqlite_only
def test_a_refusal_has_its_reason(services: Services, customer_a: Customer, now: datetime) -> None:
    paper_id = hand_in(services, customer_a, PaperKind.SUSPENSION, now)
    for reason, fault in (("", InputFault.MISSING), ("x" * 201, InputFault.WRONG_LENGTH), ("\x1b", "bad_form")):
        with pytest.raises(BadInput) as refused:
            refuse_paper(services, RefusePaperCommand("dual", paper_id, reason, SYSTEM), now)
        assert (refused.value.field, refused.value.fault) == ("refusal", fault)
    refuse_paper(services, RefusePaperCommand("dual", paper_id, " 印影が違う ", SYSTEM), now)
    paper = paper_row(services, paper_id)
    assert (paper.state, paper.act, paper.refusal) == (PaperState.REFUSED, None, "印影が違う")
    assert acts(services)[-1] == ("refuse_paper", "refused")
    with pytest.raises(WrongState):
        carry_out(services, paper_id, PaperAct.NOTHING_LEFT, now)


def close_somehow(services: Services, paper_id: str, number: int, now: datetime) -> str:
    try:
        if number % 2:
            refuse_paper(services, RefusePaperCommand("dual", paper_id, "unclear", SYSTEM), now)
        else:
            carry_out(services, paper_id, PaperAct.NOTHING_LEFT, now)
    except WrongState:
        return "too late"
    return "closed"


def test_many_who_decide_at_once_decide_once(services: Services, customer_a: Customer, now: datetime) -> None:
    paper_id = hand_in(services, customer_a, PaperKind.PHONE_GONE, now)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: close_somehow(services, paper_id, number, now), range(8)))
    assert sorted(answers) == ["closed"] + ["too late"] * 7


@sqlite_only
def test_staff_do_without_a_paper_only_what_needs_none(
    services: Services, customer_a: Customer, customer_b: Customer, teller_actor: Actor, now: datetime
) -> None:
    token, lost = give_token(services, customer_a, now), give_token(services, customer_b, now)
    suspend(services, token, now)
    lift = LiftSuspensionCommand("dual", token.credential_id, teller_actor)
    with pytest.raises(PaperNeeded) as needed:
        lift_suspension(services, lift, now)
    assert needed.value.kind == PaperKind.SUSPENSION
    for reason, kind in PAPERS.items():
        with pytest.raises(PaperNeeded) as needed:
            end_token(services, EndTokenCommand("dual", token.credential_id, reason, teller_actor), now)
        assert needed.value.kind == kind
    end_token(services, EndTokenCommand("dual", lost.credential_id, EndReason.LOST, teller_actor), now)
    assert read_credential(services, lost).ended_how is EndedHow.LOST
    bank = LiftSuspensionCommand("dual", token.credential_id, SYSTEM)
    assert lift_suspension(services, bank, now) is CredentialState.ACTIVE


@sqlite_only
def test_a_mail_password_that_cannot_be_received_is_stopped_by_the_paper(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    paper_id = hand_in(services, customer_a, PaperKind.MAIL_ADDRESS, now)
    with pytest.raises(WrongState):
        carry_out(services, paper_id, PaperAct.STOP_MAIL_PASSWORD, now)
    assert paper_row(services, paper_id).state is PaperState.OPEN
    use_mail_password(services, customer_a)
    carry_out(services, paper_id, PaperAct.STOP_MAIL_PASSWORD, now, actor=teller_actor)
    with services.store.read() as tx:
        assert current_address(tx, customer_a.id, AddressUse.MAIL_PASSWORD) is None
    assert acts(services)[-2:] == [("change_mail_password", "ended"), ("carry_out_paper", "stop_mail_password")]
