"""The life of each credential, told from its row, its jobs, its mails and what was audited."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioning.errors import NotFound
from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.states import EndedHow, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.queries.timeline import Stage, StageName, event, number_of_act, timeline
from provisioning.store.tables import Credential, Customer, Fob, MailState
from tests.staff import rows

MINUTE = timedelta(minutes=1)


def test_the_stages_of_a_fob(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    rows.add_application(services, customer_a, "H1", now - MINUTE)
    credential = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob, set_up_at=now + 2 * MINUTE)
    times = {"recorded_at": now + MINUTE, "proved_at": now + 2 * MINUTE, "closed_at": now + 2 * MINUTE}
    rows.add_job(services, credential, JobState.PROVED, now, **times)
    with services.store.write() as tx:
        for act, at in (("hand_over", now + 3 * MINUTE), ("take_into_stock", now - MINUTE)):
            record(tx, services.audit_key, AuditRecord(at, SYSTEM, act, "done", "dual", fob_id=fob.id))
    (life,) = timeline(services.store, "dual", customer_a.id).lives
    assert life.stages == (
        Stage(StageName.APPLIED, now - MINUTE),
        Stage(StageName.ISSUED, now),
        Stage(StageName.WRITTEN, now + MINUTE),
        Stage(StageName.PROVED, now + 2 * MINUTE),
        Stage(StageName.HANDED_OVER, now + 3 * MINUTE),
        Stage(StageName.ACTIVATED, None),
    )
    assert (life.serial, [item.act for item in life.events]) == (fob.serial, ["hand_over", "open_credential"])


def test_a_fob_that_its_proof_handed_over(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob, set_up_at=now + MINUTE)
    times = {"recorded_at": now, "proved_at": now + MINUTE, "closed_at": now + MINUTE}
    rows.add_job(services, credential, JobState.PROVED, now, **times, hand_over_on_proof=True)
    (life,) = timeline(services.store, "dual", customer_a.id).lives
    assert Stage(StageName.HANDED_OVER, now + MINUTE) in life.stages


def test_the_stages_of_a_soft_token_to_its_end(services: Services, customer_a: Customer, now: datetime) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    rows.add_mail(services, credential, MailState.SENT, now, sent_at=now + MINUTE)
    with services.store.write() as tx:
        row = tx.get_one(Credential, credential.id)
        end_credential(tx, services, row, EndedHow.CANCELLED, SYSTEM, now + 2 * MINUTE)
    (life,) = timeline(services.store, "dual", customer_a.id).lives
    assert life.stages == (
        Stage(StageName.ISSUED, now),
        Stage(StageName.MAILED, now + MINUTE),
        Stage(StageName.SET_UP, None),
        Stage(StageName.ACTIVATED, None),
        Stage(StageName.ENDED, now + 2 * MINUTE),
    )
    assert life.ended_how is EndedHow.CANCELLED


def test_newest_life_first_and_other_acts_apart(services: Services, customer_a: Customer, now: datetime) -> None:
    old = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    with services.store.write() as tx:
        end_credential(tx, services, tx.get_one(Credential, old.id), EndedHow.REVOKED, SYSTEM, now)
    new = rows.add_credential(services, customer_a, TokenKind.SOFT, now + MINUTE)
    rows.add_act(services, customer_a, "sign_in", now)
    story = timeline(services.store, "dual", customer_a.id)
    assert [life.credential_id for life in story.lives] == [new.id, old.id]
    assert [item.act for item in story.others] == ["sign_in"]
    assert timeline(services.store, "other", customer_a.id).lives == ()
    assert timeline(services.store, "other", customer_a.id).others == ()


def test_an_act_has_a_number_and_a_name(
    services: Services, customer_a: Customer, teller_actor: Actor, now: datetime
) -> None:
    with services.store.write() as tx:
        entry = AuditRecord(
            now, teller_actor, "revoke", "revoked", customer_id=customer_a.id, facts={"reason": "lost"}
        )
        record(tx, services.audit_key, entry)
    number = number_of_act(services.store, "dual", teller_actor.id, now)
    act = event(services.store, "dual", number, "本店")
    assert (act.act, act.actor_kind, act.actor_name) == ("revoke", ActorKind.STAFF, "窓口 花子")
    assert (act.customer_id, act.facts) == (customer_a.id, {"reason": "lost"})
    for institution, branch in (("other", None), ("dual", "駅前支店")):
        with pytest.raises(NotFound):
            event(services.store, institution, number, branch)
    with pytest.raises(NotFound):
        number_of_act(services.store, "dual", teller_actor.id, now + MINUTE)


def test_what_a_fob_did_in_other_hands_is_not_told(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    first = rows.add_credential(services, customer_a, TokenKind.HARD, now, fob)
    with services.store.write() as tx:
        end_credential(tx, services, tx.get_one(Credential, first.id), EndedHow.REVOKED, SYSTEM, now + MINUTE)
        record(
            tx, services.audit_key, AuditRecord(now + MINUTE, SYSTEM, "take_back", "done", "dual", fob_id=fob.id)
        )
    rows.add_credential(services, customer_b, TokenKind.HARD, now + 2 * MINUTE, fob)
    with services.store.write() as tx:
        entry = AuditRecord(now + 3 * MINUTE, SYSTEM, "hand_over", "done", "dual", fob_id=fob.id)
        record(tx, services.audit_key, entry)
    (old,) = timeline(services.store, "dual", customer_a.id).lives
    (new,) = timeline(services.store, "dual", customer_b.id).lives
    assert [item.act for item in old.events] == ["take_back", "end_credential", "open_credential"]
    assert [item.act for item in new.events] == ["hand_over", "open_credential"]
    taken_back, handed_over = old.events[0].number, new.events[0].number
    assert event(services.store, "dual", taken_back).customer_id == customer_a.id
    assert event(services.store, "dual", handed_over).customer_id == customer_b.id
