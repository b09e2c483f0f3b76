"""What one person asks for another one signs, word for word; then it is done, once, and in no other way (R56)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.errors import (
    ApprovalFault,
    ApprovalNeeded,
    ApprovalRefused,
    NotFound,
    PasskeyFault,
    PasskeyRefused,
    WrongState,
)
from provisioning.jobs.disable_staff import DisableStaffCommand, disable_staff
from provisioning.jobs.end_approval import expire_approvals
from provisioning.jobs.give_approval import GiveApprovalCommand, Signature, give_approval
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_in, lift_suspension
from provisioning.jobs.passkey_options import approval_options
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.approval import ApprovalPayload, ApprovalState
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import ApprovalRequest, AuditEntry, Credential, Staff, StaffFallback
from tests.approvals.conftest import Colleague, Hire, read_request
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, read_credential
from tests.staff import rows


def is_suspended(services: Services, token: Token) -> bool:
    return read_credential(services, token).state is CredentialState.SUSPENDED


def told(services: Services) -> list[tuple[str, str, str, dict[str, object]]]:
    with services.store.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.act, entry.result, entry.actor_id, entry.facts) for entry in entries]


def test_the_act_is_refused_alone_and_done_by_the_signature(
    services: Services, suspended: Token, teller_actor: Actor, asked: str, approver: Colleague, now: datetime
) -> None:
    with pytest.raises(ApprovalNeeded):
        lift_suspension(services, LiftSuspensionCommand("dual", suspended.credential_id, teller_actor), now)
    assert is_suspended(services, suspended)
    assert approver.approves(asked, now) is ApprovalState.DONE
    assert read_credential(services, suspended).state is CredentialState.ACTIVE
    acts = {act: (result, who, facts) for act, result, who, facts in told(services)}
    lifted, given = acts["lift_suspension"], acts["give_approval"]
    assert lifted[:2] == ("active", teller_actor.id)
    both = {"approver": approver.row.id, "approval_id": asked, "actor_role": "teller"}
    assert lifted[2] == both, "both persons stand in the act's row"
    assert given[:2] == ("done", approver.row.id)
    assert given[2]["maker"] == teller_actor.id


@sqlite_only
@pytest.mark.parametrize(
    ("column", "value"),
    [("payload", b"{}"), ("payload_hash", bytes(32)), ("made_at", datetime.fromisoformat("2026-01-01T00:00:00Z"))],
)
def test_a_changed_request_is_not_done(
    services: Services,
    suspended: Token,
    asked: str,
    approver: Colleague,
    now: datetime,
    column: str,
    value: object,
) -> None:
    command = approver.command(asked, now)
    rows.change(services, ApprovalRequest, asked, **{column: value})
    with pytest.raises(ApprovalRefused) as refused:
        give_approval(services, command, now)
    assert refused.value.fault is ApprovalFault.CHANGED
    assert is_suspended(services, suspended)


@sqlite_only
def test_words_of_another_request_are_not_signed_into_this_one(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    kept = read_request(services, asked)
    payload = dataclasses.replace(ApprovalPayload.decode(kept.payload), approval_id="0" * 32).encode()
    digest = hashlib.sha256(payload).digest()
    rows.change(services, ApprovalRequest, asked, payload=payload, payload_hash=digest)
    with pytest.raises(ApprovalRefused) as refused:
        approver.approves(asked, now)
    assert refused.value.fault is ApprovalFault.CHANGED
    assert is_suspended(services, suspended)


@sqlite_only
def test_nobody_approves_what_they_asked_for(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    kept = read_request(services, asked)
    payload = dataclasses.replace(ApprovalPayload.decode(kept.payload), maker_id=approver.row.id).encode()
    changed = {"payload": payload, "payload_hash": hashlib.sha256(payload).digest(), "maker_id": approver.row.id}
    rows.change(services, ApprovalRequest, asked, **changed)
    with pytest.raises(ApprovalRefused) as refused:
        approver.approves(asked, now)
    assert refused.value.fault is ApprovalFault.OWN
    assert is_suspended(services, suspended)
    assert told(services)[-1][:3] == ("give_approval", "refused", approver.row.id)


@sqlite_only
def test_nobody_approves_what_is_about_their_own_token(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    with services.store.write() as tx:
        tx.add(StaffFallback(staff_id=approver.row.id, number="10000001", holder_id=suspended.customer_id))
    with pytest.raises(ApprovalRefused) as refused:
        approver.approves(asked, now)
    assert refused.value.fault is ApprovalFault.OWN_TOKEN
    assert is_suspended(services, suspended)


@sqlite_only
@pytest.mark.parametrize("where", [{"branch": "駅前支店"}, {"at": "other"}])
def test_an_approver_of_elsewhere_finds_nothing(
    services: Services, suspended: Token, asked: str, hire: Hire, now: datetime, where: dict[str, str]
) -> None:
    stranger = hire(**where)
    with pytest.raises(NotFound):
        stranger.approves(asked, now)
    assert is_suspended(services, suspended)


@sqlite_only
@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.APPROVER])
def test_a_demoted_approver_is_refused_at_the_moment_of_signing(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime, role: StaffRole
) -> None:
    command = approver.command(asked, now)
    rows.change(services, Staff, approver.row.id, role=role)
    with pytest.raises(ApprovalRefused) as refused:
        give_approval(services, command, now)
    assert refused.value.fault is ApprovalFault.NOT_APPROVER
    assert is_suspended(services, suspended)


@sqlite_only
def test_a_disabled_approver_is_refused(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    command = approver.command(asked, now)
    disable_staff(services, DisableStaffCommand("dual", approver.row.id, SYSTEM), now)
    with pytest.raises(ApprovalRefused) as refused:
        give_approval(services, command, now)
    assert refused.value.fault is ApprovalFault.NOT_APPROVER
    assert is_suspended(services, suspended)


@sqlite_only
def test_nothing_is_done_for_a_maker_who_may_not_any_more(
    services: Services, suspended: Token, asked: str, approver: Colleague, teller_actor: Actor, now: datetime
) -> None:
    rows.change(services, Staff, teller_actor.id, role=StaffRole.AUDITOR)
    assert approver.approves(asked, now) is ApprovalState.FAILED
    assert read_request(services, asked).reason == ApprovalFault.MAKER_GONE
    assert is_suspended(services, suspended)


@sqlite_only
def test_what_waited_too_long_is_not_done(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    last = now + timedelta(hours=8)
    with pytest.raises(WrongState) as refused:
        approver.approves(asked, last)
    assert refused.value == WrongState("approval", "expired")
    assert expire_approvals(services, last - timedelta(microseconds=1)) == 0
    assert expire_approvals(services, last) == 1
    assert read_request(services, asked).state is ApprovalState.EXPIRED
    with pytest.raises(WrongState):
        approver.approves(asked, now)
    assert is_suspended(services, suspended)


@sqlite_only
def test_a_signature_is_good_once(
    services: Services, suspended: Token, asked: str, approver: Colleague, teller_actor: Actor, now: datetime
) -> None:
    command = approver.command(asked, now)
    give_approval(services, command, now)
    with pytest.raises(WrongState):
        give_approval(services, command, now)
    with services.store.read() as session:
        rows.suspend(services, session.get_one(Credential, suspended.credential_id), now)
    with pytest.raises(WrongState):
        give_approval(services, command, now)
    assert is_suspended(services, suspended)


@sqlite_only
def test_a_signature_for_other_words_or_another_purpose_approves_nothing(
    services: Services, suspended: Token, asked: str, approver: Colleague, hire: Hire, now: datetime
) -> None:
    good = approver.command(asked, now)
    other = approval_options(services, approver.row.id, bytes(32), now)
    forged = Signature(other.challenge, approver.key.sign(other.json))
    colleague = hire(name="役席 なぎさ")
    theirs = colleague.command(asked, now).signature
    unverified = dataclasses.replace(approver.key, verified=False)
    options = approval_options(services, approver.row.id, good.seen_hash, now)
    unseen = Signature(options.challenge, unverified.sign(options.json))
    for signature in (forged, theirs, unseen):
        with pytest.raises(PasskeyRefused):
            give_approval(services, dataclasses.replace(good, signature=signature), now)
    late = approver.command(asked, now)
    with pytest.raises(PasskeyRefused) as refused:
        give_approval(services, late, now + timedelta(minutes=6))
    assert refused.value.fault is PasskeyFault.TOO_LATE
    assert is_suspended(services, suspended)
    assert read_request(services, asked).state is ApprovalState.WAITING


@sqlite_only
def test_without_a_signature_nothing_is_approved_outside_a_demonstration(
    services: Services, suspended: Token, asked: str, approver: Colleague, now: datetime
) -> None:
    seen = read_request(services, asked).payload_hash
    button = GiveApprovalCommand("dual", asked, seen, approver.actor, None)
    for demo_person, demo_server in ((False, False), (True, False), (False, True)):
        rows.change(services, Staff, approver.row.id, demo=demo_person)
        server = dataclasses.replace(services.settings.server, demo=demo_server)
        elsewhere = dataclasses.replace(services, settings=dataclasses.replace(services.settings, server=server))
        with pytest.raises(ApprovalRefused) as refused:
            give_approval(elsewhere, button, now)
        assert refused.value.fault is ApprovalFault.NOT_SIGNED
    assert is_suspended(services, suspended)


@sqlite_only
def test_a_demonstrations_button_is_told_apart_for_ever(
    services: Services, asked: str, approver: Colleague, now: datetime
) -> None:
    rows.change(services, Staff, approver.row.id, demo=True)
    server = dataclasses.replace(services.settings.server, demo=True)
    demo = dataclasses.replace(services, settings=dataclasses.replace(services.settings, server=server))
    button = GiveApprovalCommand("dual", asked, read_request(services, asked).payload_hash, approver.actor, None)
    assert give_approval(demo, button, now) is ApprovalState.DONE
    kept = read_request(services, asked)
    assert (kept.by_demo, kept.signature) == (True, None)
    facts = {act: facts for act, _, _, facts in told(services)}
    assert facts["lift_suspension"]["approved_by_demo"] is True
    assert facts["give_approval"]["by_demo"] is True


@sqlite_only
def test_where_the_state_moved_on_nothing_is_done_and_it_is_told(
    services: Services, suspended: Token, asked: str, approver: Colleague, teller_actor: Actor, now: datetime
) -> None:
    later = now + timedelta(minutes=1)
    lift = LiftSuspensionCommand("dual", suspended.credential_id, teller_actor)
    with services.store.write() as tx:
        lift_in(tx, services, lift, later)
    with services.store.read() as session:
        # suspended once more: not what the maker looked into
        rows.suspend(services, session.get_one(Credential, suspended.credential_id), later)
    assert approver.approves(asked, later) is ApprovalState.FAILED
    kept = read_request(services, asked)
    assert (kept.reason, kept.signature is not None) == (ApprovalFault.MOVED_ON, True)
    assert is_suspended(services, suspended)
    assert told(services)[-1][:3] == ("give_approval", "failed", approver.row.id)


def test_of_many_signatures_at_once_one_counts(
    services: Services, suspended: Token, asked: str, approver: Colleague, hire: Hire, now: datetime
) -> None:
    signed = [colleague.command(asked, now) for colleague in (approver, hire(), hire()) for _ in range(2)]

    def give(command: GiveApprovalCommand) -> str:
        try:
            return give_approval(services, command, now).value
        except (WrongState, PasskeyRefused) as refused:
            return type(refused).__name__

    with ThreadPoolExecutor(len(signed)) as threads:
        outcomes = Counter(threads.map(give, signed))
    assert outcomes["done"] == 1
    assert outcomes["WrongState"] == len(signed) - 1 - outcomes["PasskeyRefused"]
    assert read_credential(services, suspended).state is CredentialState.ACTIVE
    assert Counter(act for act, *_ in told(services))["lift_suspension"] == 1
