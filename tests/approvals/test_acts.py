"""Each act that a second person may be asked for: refused alone, tried at once, done by the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from provisioning.errors import (
    AlreadyTaken,
    ApprovalFault,
    ApprovalNeeded,
    ApprovalRefused,
    BadInput,
    InputFault,
    NotFound,
    Refused,
    WrongState,
)
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.asked_jobs import Askable
from provisioning.jobs.close_paper import CarryOutPaperCommand, carry_out_paper
from provisioning.jobs.end_approval import (
    ApprovalCommand,
    RefuseApprovalCommand,
    expire_approvals,
    note_told,
    refuse_approval,
    withdraw_approval,
)
from provisioning.jobs.end_token import EndReason, EndTokenCommand, end_token
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft, refuse_without_grant
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.open_batch import OpenBatchCommand, open_batch
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.approval import ApprovalPayload, ApprovalRules, ApprovalState, ApprovedAct
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperAct, PaperKind, PaperState
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndedHow, FobState
from provisioning.services import Services
from provisioning.store.audit import Actor, ActorKind
from provisioning.store.queries.approvals import ApprovalCounts, approval_counts
from provisioning.store.tables import AuditEntry, Batch, BatchItem, Credential, Customer, Fob, ProgrammingJob
from tests.approvals.conftest import EVERYTHING, Colleague, Hire, read_request
from tests.core.papers import ON_PAPER, hand_in, paper_row
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.fixtures.services import DUAL, OTHER
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fobs.desk import open_desk

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper and with a second person."""
    return {DUAL.id: replace(ON_PAPER[DUAL.id], approval=EVERYTHING), OTHER.id: OTHER}


BANK = Actor(ActorKind.BANK, "host", "dual")


def count(services: Services, table: type[Credential | ProgrammingJob | Batch]) -> int:
    with services.store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def soft(customer: Customer, actor: Actor, address: str = "hanako@carrier.example") -> IssueSoftCommand:
    return IssueSoftCommand("dual", customer.id, address, "48210937", "ja", actor)


def test_a_fob_is_issued_by_two(
    services: Services, customer_a: Customer, fob: Fob, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    command = ReserveFobCommand("dual", customer_a.id, fob.id, teller_actor)
    with pytest.raises(ApprovalNeeded) as needed:
        reserve_fob(services, command, now)
    assert needed.value.acts == ("issue_hard",)
    asked = ask_approval(services, command, now)
    assert (count(services, Credential), count(services, ProgrammingJob)) == (0, 0), "trying leaves nothing"
    assert approver.approves(asked, now) is ApprovalState.DONE
    with services.store.read() as session:
        job = session.scalars(select(ProgrammingJob)).one()
        assert (job.requested_by, session.get_one(Fob, fob.id).state) == (teller_actor.id, FobState.RESERVED)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "reserve_fob")).one()
        assert (entry.actor_id, entry.facts["approver"]) == (teller_actor.id, approver.row.id)


def test_the_banks_systems_and_customers_need_nobody(
    services: Services, customer_a: Customer, customer_b: Customer, suspended: Token, fob: Fob, now: datetime
) -> None:
    reserve_fob(services, ReserveFobCommand("dual", customer_b.id, fob.id, BANK), now)
    lift_suspension(services, LiftSuspensionCommand("dual", suspended.credential_id, BANK), now)
    assert read_credential(services, suspended).state is CredentialState.ACTIVE


def test_a_fob_that_somebody_took_meanwhile_is_not_issued_twice(
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    fob: Fob,
    teller_actor: Actor,
    approver: Colleague,
    now: datetime,
) -> None:
    asked = ask_approval(services, ReserveFobCommand("dual", customer_a.id, fob.id, teller_actor), now)
    reserve_fob(services, ReserveFobCommand("dual", customer_b.id, fob.id, BANK), now)
    assert approver.approves(asked, now) is ApprovalState.FAILED
    assert count(services, Credential) == 1


def test_what_could_not_be_done_anyhow_is_not_asked_for(
    services: Services, suspended: Token, customer_b: Customer, fob: Fob, teller_actor: Actor, now: datetime
) -> None:
    active = give_token(services, customer_b, now)
    commands: list[tuple[Askable, Refused]] = [
        (ReserveFobCommand("dual", suspended.customer_id, fob.id, teller_actor), AlreadyTaken("credential")),
        (ReserveFobCommand("dual", "0" * 32, fob.id, teller_actor), NotFound("customer")),
        (ReserveFobCommand("dual", customer_b.id, "0" * 32, teller_actor), NotFound("fob")),
        (OpenBatchCommand("dual", "0" * 32, (customer_b.id,), teller_actor), NotFound("station")),
        (CarryOutPaperCommand("dual", "0" * 32, "nothing_left", "", teller_actor), NotFound("paper")),
        (LiftSuspensionCommand("other", suspended.credential_id, teller_actor), NotFound("credential")),
        (soft(customer_b, teller_actor, "nobody"), BadInput("mail_address", InputFault.BAD_FORM)),
    ]
    for command, refused in commands:
        with pytest.raises(type(refused)) as found:
            ask_approval(services, command, now)
        assert found.value == refused
    paper = hand_in(services, customer_b, PaperKind.SUSPENSION, now)
    not_suspended = CarryOutPaperCommand("dual", paper, "lift_suspension", active.credential_id, teller_actor)
    with pytest.raises(WrongState):
        ask_approval(services, not_suspended, now)


def test_the_same_is_asked_for_once(services: Services, suspended: Token, hire: Hire, now: datetime) -> None:
    # on paper only, the suspension is no matter of a button
    paper = hand_in(services, _customer(services, suspended), PaperKind.SUSPENSION, now)
    tellers = [hire(StaffRole.TELLER, name).actor for name in ("窓口 一郎", "窓口 二郎")]
    commands = [
        CarryOutPaperCommand("dual", paper, "lift_suspension", suspended.credential_id, who) for who in tellers
    ]
    first = ask_approval(services, commands[0], now)
    with pytest.raises(AlreadyTaken) as refused:
        ask_approval(services, commands[1], now)
    assert refused.value == AlreadyTaken("approval")
    withdraw_approval(services, ApprovalCommand("dual", first, tellers[0]), now)
    assert ask_approval(services, commands[1], now) != first


def _customer(services: Services, token: Token) -> Customer:
    with services.store.read() as session:
        return session.get_one(Customer, token.customer_id)


def test_a_batch_is_allowed_as_a_whole(
    services: Services,
    customer_a: Customer,
    customer_b: Customer,
    fob: Fob,
    teller_actor: Actor,
    approver: Colleague,
    now: datetime,
) -> None:
    desk = open_desk(services, now)
    command = OpenBatchCommand("dual", desk.station_id, (customer_b.id, customer_a.id), teller_actor)
    with pytest.raises(ApprovalNeeded):
        open_batch(services, command, now)
    asked = ask_approval(services, command, now)
    assert [one["user_id"] for one in _facts(services, asked)["customers"]] == [
        customer_b.user_id,
        customer_a.user_id,
    ]
    assert approver.approves(asked, now) is ApprovalState.DONE
    desk.plug(fob)
    desk.work()
    with services.store.read() as session:
        credential = session.scalars(select(Credential)).one()
        assert credential.customer_id == customer_b.id
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "reserve_fob")).one()
        assert entry.facts == {"approver": approver.row.id, "approval_id": asked}


def test_a_batch_that_nobody_allowed_passes_over_whom_it_may_not_issue_to(
    services: Services, customer_a: Customer, fob: Fob, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    desk = open_desk(services, now)
    command = OpenBatchCommand("dual", desk.station_id, (customer_a.id,), teller_actor)
    before = replace(services, institutions={DUAL.id: DUAL})
    open_batch(before, command, now)
    desk.plug(fob)
    desk.work()
    assert count(services, Credential) == 0
    with services.store.read() as session:
        assert session.scalars(select(BatchItem.reason)).one() == "approval"


REISSUE = ApprovalRules((ApprovedAct.REISSUE,))


@pytest.fixture
def careful(services: Services) -> Services:
    """Only a token without release takes a second person."""
    return replace(services, institutions={DUAL.id: replace(DUAL, approval=REISSUE, reissue_next_day=False)})


def end(services: Services, token: Token, reason: EndReason, actor: Actor, now: datetime) -> None:
    end_token(services, EndTokenCommand("dual", token.credential_id, reason, actor), now)


def test_a_soft_token_without_release_is_issued_on_a_grant(
    careful: Services, customer_a: Customer, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    assert issue_soft(careful, soft(customer_a, teller_actor), now), "the first one takes nobody"
    cancel_first(careful, now, teller_actor)
    end(careful, give_token(careful, customer_a, now), EndReason.LOST, teller_actor, now)
    command = soft(customer_a, teller_actor)
    for refused in (refuse_without_grant, issue_soft):
        with pytest.raises(ApprovalNeeded) as needed:
            refused(careful, command, now)
        assert needed.value.acts == ("reissue_without_release",)
    asked = ask_approval(careful, command, now)
    words = read_request(careful, asked).payload
    assert b"48210937" not in words, "the password is the customer's alone"
    assert b"hanako@" not in words
    assert _facts(careful, asked)["unreleased"] == "lost"
    approver.services = careful
    assert approver.approves(asked, now) is ApprovalState.GRANTED
    with pytest.raises(ApprovalRefused) as changed:
        issue_soft(careful, soft(customer_a, teller_actor, "other@carrier.example"), now)
    assert changed.value.fault is ApprovalFault.MOVED_ON
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, soft(customer_a, approver.actor), now)
    refuse_without_grant(careful, command, now)
    issued = issue_soft(careful, command, now)
    assert read_request(careful, asked).state is ApprovalState.DONE
    with careful.store.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.act == "issue_soft").order_by(AuditEntry.id.desc())
        )
        assert entry.first().facts["approver"] == approver.row.id  # type: ignore[union-attr]
    end_token(careful, EndTokenCommand("dual", issued.credential_id, EndReason.WRONGLY_ISSUED, teller_actor), now)
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, command, now)


def cancel_first(services: Services, now: datetime, actor: Actor) -> None:
    with services.store.read() as session:
        first = session.scalars(select(Credential.id)).one()
    end_token(services, EndTokenCommand("dual", first, EndReason.WRONGLY_ISSUED, actor), now)


def test_a_grant_expires_unspent(
    careful: Services, customer_a: Customer, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    end(careful, give_token(careful, customer_a, now), EndReason.STOLEN, teller_actor, now)
    asked = ask_approval(careful, soft(customer_a, teller_actor), now)
    approver.services = careful
    approver.approves(asked, now)
    later = now + timedelta(hours=8)
    with pytest.raises(ApprovalNeeded):
        issue_soft(careful, soft(customer_a, teller_actor), later)
    assert expire_approvals(careful, later) == 1


@pytest.mark.parametrize(
    ("reason", "acts"),
    [
        (EndReason.LOST, ("reissue_without_release",)),
        (EndReason.SUSPICION, ("reissue_without_release",)),
        (EndReason.CUSTOMERS_WISH, ("reissue_without_release",)),
        (EndReason.WRONGLY_ISSUED, ()),
    ],
)
def test_what_staff_ended_is_no_release(
    careful: Services,
    customer_a: Customer,
    fob: Fob,
    teller_actor: Actor,
    now: datetime,
    reason: EndReason,
    acts: tuple[str, ...],
) -> None:
    end(careful, give_token(careful, customer_a, now), reason, teller_actor, now)
    assert needed(careful, customer_a, fob, teller_actor, now) == acts


def test_what_the_customer_released_is_one(
    careful: Services, customer_a: Customer, fob: Fob, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(careful, customer_a, now)
    command = ReleaseCommand(
        "dual", customer_a.user_id, token.code(now), CONFIRMATION_PASSWORD, customer_actor(customer_a)
    )
    release(careful, command, now)
    assert read_credential(careful, token).ended_how is EndedHow.RELEASED
    assert needed(careful, customer_a, fob, teller_actor, now) == ()


def needed(services: Services, customer: Customer, fob: Fob, actor: Actor, now: datetime) -> tuple[str, ...]:
    try:
        reserve_fob(services, ReserveFobCommand("dual", customer.id, fob.id, actor), now)
    except ApprovalNeeded as refused:
        return refused.acts
    return ()


OF_PAPERS = [
    (PaperKind.FORGOTTEN_RELEASE, PaperAct.END_AS_RELEASED, ("close_paper",)),
    (PaperKind.SUSPENSION, PaperAct.LIFT_SUSPENSION, ("close_paper", "lift_suspension")),
    (PaperKind.PHONE_GONE, PaperAct.END_AS_REVOKED, ("close_paper",)),
    (PaperKind.PHONE_GONE, PaperAct.END_AS_LOST, ()),
    (PaperKind.ISSUE_RESTRICTION, PaperAct.LIFT_RESTRICTION, ("close_paper", "lift_restriction")),
    (PaperKind.MAIL_ADDRESS, PaperAct.NOTHING_LEFT, ()),
]


@pytest.mark.parametrize(("kind", "act", "acts"), OF_PAPERS)
def test_a_paper_that_frees_somebody_takes_two(
    services: Services,
    suspended: Token,
    teller_actor: Actor,
    now: datetime,
    kind: PaperKind,
    act: PaperAct,
    acts: tuple[str, ...],
) -> None:
    paper = hand_in(services, _customer(services, suspended), kind, now)
    command = CarryOutPaperCommand("dual", paper, act, suspended.credential_id, teller_actor)
    try:
        carry_out_paper(services, command, now)
        found: tuple[str, ...] = ()
    except ApprovalNeeded as refused:
        found = refused.acts
    assert found == acts
    assert {one for _, one, _ in OF_PAPERS} | {PaperAct.STOP_MAIL_PASSWORD} == set(PaperAct)


def test_the_words_of_a_paper_are_the_form_its_bearer_and_the_act(
    services: Services, suspended: Token, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    paper = hand_in(services, _customer(services, suspended), PaperKind.SUSPENSION, now, teller_actor, note="来店")
    command = CarryOutPaperCommand("dual", paper, "lift_suspension", suspended.credential_id, teller_actor)
    asked = ask_approval(services, command, now)
    facts = _facts(services, asked)
    told = {name: facts[name] for name in ("form_number", "identity_check", "note", "taken_by", "act", "failures")}
    assert told == {
        "form_number": "A-0001",
        "identity_check": "photo_id",
        "note": "来店",
        "taken_by": "窓口 花子",
        "act": "lift_suspension",
        "failures": 5,
    }
    assert approver.approves(asked, now) is ApprovalState.DONE
    assert read_credential(services, suspended).state is CredentialState.ACTIVE
    closed = paper_row(services, paper)
    assert (closed.state, closed.closed_by) == (PaperState.DONE, teller_actor.id)


def test_a_loss_never_waits_for_anybody(
    services: Services, suspended: Token, teller_actor: Actor, now: datetime
) -> None:
    end(services, suspended, EndReason.LOST, teller_actor, now)
    assert read_credential(services, suspended).ended_how is EndedHow.LOST


def ask_about_paper(services: Services, token: Token, actor: Actor, now: datetime) -> str:
    paper = hand_in(services, _customer(services, token), PaperKind.SUSPENSION, now)
    command = CarryOutPaperCommand("dual", paper, "lift_suspension", token.credential_id, actor)
    return ask_approval(services, command, now)


def test_an_approver_refuses_with_a_reason_and_others_may_not(
    services: Services, suspended: Token, teller_actor: Actor, approver: Colleague, hire: Hire, now: datetime
) -> None:
    asked = ask_about_paper(services, suspended, teller_actor, now)

    def refuse(actor: Actor, reason: str = "本人確認が足りない") -> None:
        refuse_approval(services, RefuseApprovalCommand("dual", asked, reason, actor), now)

    for actor, refused in (
        (teller_actor, ApprovalRefused(ApprovalFault.NOT_APPROVER)),
        (hire(branch="駅前支店").actor, NotFound("approval")),
    ):
        with pytest.raises(type(refused)) as found:
            refuse(actor)
        assert found.value == refused
    with pytest.raises(BadInput):
        refuse(approver.actor, " ")
    refuse(approver.actor)
    with pytest.raises(WrongState):
        refuse(approver.actor)
    kept = read_request(services, asked)
    assert (kept.state, kept.reason, kept.closed_by) == (
        ApprovalState.REFUSED,
        "本人確認が足りない",
        approver.row.id,
    )
    with pytest.raises(WrongState):
        approver.approves(asked, now)


def test_the_maker_withdraws_and_is_told_once(
    services: Services, suspended: Token, teller_actor: Actor, approver: Colleague, now: datetime
) -> None:
    asked = ask_about_paper(services, suspended, teller_actor, now)
    mine = ApprovalCommand("dual", asked, teller_actor)
    with pytest.raises(NotFound):
        withdraw_approval(services, replace(mine, actor=approver.actor), now)
    counted = partial(approval_counts, services.store, "dual", "本店")
    assert counted(approver.row.id, now) == ApprovalCounts(waiting=1, told=0)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=0), "nobody signs their own"
    refuse_approval(services, RefuseApprovalCommand("dual", asked, "印影が違う", approver.actor), now)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=1)
    note_told(services, mine, now)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=0)
    with pytest.raises(WrongState):
        withdraw_approval(services, mine, now)


def _facts(services: Services, approval_id: str) -> dict[str, object]:
    return dict(ApprovalPayload.decode(read_request(services, approval_id).payload).facts)
