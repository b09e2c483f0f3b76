"""How far a fob's clock was off, and when that was learned, mended or forgotten: the help desk sees it all."""

from __future__ import annotations

from datetime import datetime, timedelta

from provisioning.jobs.reset_drift import ResetDriftCommand, reset_drift
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.queries.drift import drift_history
from provisioning.store.tables import Customer, Fob
from tests.fixtures.people import add_fob, customer_actor
from tests.fixtures.tokens import Token, give_token

DAY = timedelta(days=1)


def log_in(services: Services, token: Token, customer: Customer, now: datetime) -> None:
    command = VerifyCommand("dual", token.user_id, token.code(now), customer_actor(customer))
    assert verify(services, command, now).outcome is Outcome.ACCEPTED


def test_the_whole_way_of_a_clock(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, teller_actor: Actor, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    log_in(services, token, customer_a, now)
    assert drift_history(services.store, "dual", fob.id) == ()
    token.clock_offset_s = 60
    log_in(services, token, customer_a, now + DAY)
    log_in(services, token, customer_a, now + 2 * DAY)
    token.clock_offset_s = 30 * 60
    refused = (token.wrong(now + 3 * DAY), token.code(now + 3 * DAY))
    resync(services, ResyncCommand("dual", token.credential_id, *refused, teller_actor), now + 3 * DAY)
    later = now + 3 * DAY + timedelta(minutes=3)
    fresh = (token.code(later, -1), token.code(later))
    resync(services, ResyncCommand("dual", token.credential_id, *fresh, teller_actor), later)
    reset_drift(services, ResetDriftCommand("dual", token.credential_id, teller_actor), now + 4 * DAY)
    history = drift_history(services.store, "dual", fob.id)
    assert [(one.at, one.act, one.drift_s, one.actor_kind, one.actor_name) for one in history] == [
        (now + 4 * DAY, "reset_drift", 0, ActorKind.STAFF, "窓口 花子"),
        (later, "resync", 30 * 60, ActorKind.STAFF, "窓口 花子"),
        (now + DAY, "verify", 60, ActorKind.CUSTOMER, ""),
    ]
    assert drift_history(services.store, "other", fob.id) == ()


def test_a_codes_refusal_teaches_nothing(services: Services, customer_a: Customer, now: datetime) -> None:
    fob = add_fob(services, "KF0000009")
    token = give_token(services, customer_a, now, fob=fob)
    verify(services, VerifyCommand("dual", token.user_id, token.wrong(now), SYSTEM), now)
    assert drift_history(services.store, "dual", fob.id) == ()
