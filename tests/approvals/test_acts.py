"""Each act that a second person may be asked for: refused alone, tried at once, done by the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import func, select

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    InputFault,
    NotFound,
    Refused,
    WrongState,
)
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.asked_jobs import Askable
from provisioning.jobs.close_paper import CarryOutPaperCommand
from provisioning.jobs.end_approval import (
    ApprovalCommand,
    withdraw_approval,
)
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_suspension
from provisioning.jobs.open_batch import OpenBatchCommand, open_batch
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.approval import ApprovalState
from provisioning.rules.institution import Institution
from provisioning.rules.papers import PaperKind
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, FobState
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Batch, BatchItem, Credential, Customer, Fob, ProgrammingJob
from tests.approvals.conftest import Colleague, Hire
from tests.approvals.steps import EVERY_PAPER, customer_of, facts_of, soft
from tests.core.papers import hand_in
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fobs.desk import open_desk

pytestmark = sqlite_only


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    """Everything on paper and with a second person."""
    return EVERY_PAPER


BANK = Actor(ActorKind.BANK, "host", "dual")


def count(services: Services, table: type[Credential | ProgrammingJob | Batch]) -> int:
    with services.store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


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
    paper = hand_in(services, customer_of(services, suspended), PaperKind.SUSPENSION, now)
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
    assert [one["user_id"] for one in facts_of(services, asked)["customers"]] == [
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
        assert entry.facts == {"approver": approver.row.id, "approval_id": asked, "actor_role": "teller"}


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
