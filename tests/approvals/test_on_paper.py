"""Paper requests that free somebody take two; an approver may refuse, and a maker withdraw and be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from provisioning.errors import (
    ApprovalFault,
    ApprovalNeeded,
    ApprovalRefused,
    BadInput,
    NotFound,
    WrongState,
)
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.close_paper import CarryOutPaperCommand, carry_out_paper
from provisioning.jobs.end_approval import (
    ApprovalCommand,
    RefuseApprovalCommand,
    note_told,
    refuse_approval,
    withdraw_approval,
)
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovalState
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperAct, PaperKind, PaperState
from provisioning.rules.states import CredentialState, EndedHow, EndReason
from provisioning.services import Services
from provisioning.store.queries.approvals import ApprovalCounts, ApprovalFilter, approval_counts
from tests.approvals.conftest import Colleague, Hire, read_request
from tests.approvals.steps import EVERY_PAPER, ask_about_paper, customer_of, facts_of
from tests.core.papers import hand_in, paper_row
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, read_credential

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper and with a second person."""
    return EVERY_PAPER


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
    paper = hand_in(services, customer_of(services, suspended), kind, now)
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
    paper = hand_in(
        services, customer_of(services, suspended), PaperKind.SUSPENSION, now, teller_actor, note="来店"
    )
    command = CarryOutPaperCommand("dual", paper, "lift_suspension", suspended.credential_id, teller_actor)
    asked = ask_approval(services, command, now)
    facts = facts_of(services, asked)
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
    end_token(services, EndTokenCommand("dual", suspended.credential_id, EndReason.LOST, teller_actor), now)
    assert read_credential(services, suspended).ended_how is EndedHow.LOST


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
    counted = partial(approval_counts, services.store, "dual", ApprovalFilter(branch="本店"))
    assert counted(approver.row.id, now) == ApprovalCounts(waiting=1, told=0)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=0), "nobody signs their own"
    refuse_approval(services, RefuseApprovalCommand("dual", asked, "印影が違う", approver.actor), now)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=1)
    note_told(services, mine, now)
    assert counted(teller_actor.id, now) == ApprovalCounts(waiting=0, told=0)
    with pytest.raises(WrongState):
        withdraw_approval(services, mine, now)
