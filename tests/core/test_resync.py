"""Drift, look-ahead, resynchronisation and proof on stored credentials (R05, R07, R29)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from provisioning.clock import ClockGuard
from provisioning.errors import BadInput, ClockUntrusted, InputFault, NotFound, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.check_code import check_code, store_checked
from provisioning.jobs.reset_drift import ResetDriftCommand, reset_drift
from provisioning.jobs.resync import ResyncCommand, ResyncResult, resync
from provisioning.jobs.verify import VerifyCommand, VerifyResult, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob
from tests.fixtures.tokens import Token, give_token, read_credential

MINUTE = timedelta(minutes=1)
HOTP = OtpParameters(OtpType.HOTP, digits=6, period_s=0)


def submit(services: Services, token: Token, otp: str, now: datetime) -> VerifyResult:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now)


def show_two(services: Services, token: Token, codes: tuple[str, str], now: datetime) -> ResyncResult:
    return resync(services, ResyncCommand("dual", token.credential_id, *codes, SYSTEM), now)


def prove(services: Services, token: Token, code: str, now: datetime) -> bool:
    checked = check_code(services, read_credential(services, token), None, code, now)
    with services.store.write() as tx:
        return store_checked(tx, checked)


def test_a_drifting_fob_is_followed(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    for day in range(1, 9):
        token.clock_offset_s = 60 * day
        at = now + timedelta(days=day)
        assert submit(services, token, token.code(at), at).outcome is Outcome.ACCEPTED
    assert read_credential(services, token).drift_steps == 8


def test_a_phone_is_not_followed(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    token.clock_offset_s = 60
    assert submit(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    token.clock_offset_s = 120
    assert submit(services, token, token.code(now), now).reason is Reason.WRONG
    assert read_credential(services, token).drift_steps == 0


def test_the_linotp_110_table(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    """One code at 17:35:32, 17:53:49 and 17:56:04: the third time it was accepted there, and moved the clock."""
    token = give_token(services, customer_a, now, fob=fob)
    times = [now.replace(hour=17, minute=m, second=s) for m, s in ((35, 32), (53, 49), (56, 4))]
    code = token.code(times[0])
    reasons = [submit(services, token, code, at).reason for at in times]
    assert reasons == [None, Reason.USED, Reason.USED]
    assert read_credential(services, token).drift_steps == 0


def test_a_stray_fob_is_found_by_two_fresh_codes(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    token.clock_offset_s = 30 * 60
    assert submit(services, token, token.code(now), now).reason is Reason.WRONG
    seen = (token.code(now), token.code(now, 1))
    assert show_two(services, token, seen, now) == ResyncResult(Outcome.REFUSED)
    later = now + 3 * MINUTE
    fresh = (token.code(later, -1), token.code(later))
    assert show_two(services, token, fresh, later) == ResyncResult(Outcome.ACCEPTED, 30)
    assert show_two(services, token, fresh, later) == ResyncResult(Outcome.REFUSED)
    for code in fresh:
        assert submit(services, token, code, later).reason is Reason.USED
    next_day = now + timedelta(days=1)
    assert submit(services, token, token.code(next_day), next_day).outcome is Outcome.ACCEPTED
    assert read_credential(services, token).drift_steps == 30


def test_a_right_code_forgets_none_that_was_seen(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    assert submit(services, token, token.code(now, 30), now).reason is Reason.WRONG
    assert submit(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    assert show_two(services, token, (token.code(now, 30), token.code(now, 31)), now).outcome is Outcome.REFUSED


def test_codes_given_to_a_refused_resynchronisation_prove_nothing_later(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    token.clock_offset_s = 30 * 60
    first, second = token.code(now), token.code(now, 1)
    assert show_two(services, token, (second, first), now).outcome is Outcome.REFUSED
    assert show_two(services, token, (first, second), now).outcome is Outcome.REFUSED
    assert read_credential(services, token).failures == 0


def suspend(services: Services, token: Token, now: datetime) -> None:
    for _ in range(5):
        submit(services, token, token.wrong(now), now)


def log_in(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return submit(services, token, otp, now).reason


def put_in_force(services: Services, token: Token, otp: str, now: datetime) -> Reason | None:
    return activate(services, ActivateCommand("dual", token.user_id, otp, SYSTEM), now).reason


@pytest.mark.parametrize(
    ("state", "use", "reason"),
    [
        (CredentialState.SUSPENDED, log_in, Reason.SUSPENDED),
        (CredentialState.SUSPENDED, put_in_force, Reason.SUSPENDED),
        (CredentialState.SET_UP, log_in, Reason.NOT_ACTIVE),
        (CredentialState.ACTIVE, put_in_force, Reason.USED),
        (CredentialState.ISSUED, log_in, Reason.NOT_ACTIVE),
    ],
)
def test_codes_shown_where_none_is_judged_prove_nothing_later(
    services: Services,
    customer_a: Customer,
    fob: Fob,
    now: datetime,
    state: CredentialState,
    use: Callable[[Services, Token, str, datetime], Reason | None],
    reason: Reason,
) -> None:
    token = give_token(services, customer_a, now, CredentialState.ACTIVE, fob)
    with services.store.write() as tx:
        tx.get_one(Credential, token.credential_id).state = state
    pair = (token.code(now, 20), token.code(now, 21))
    for code in pair:
        assert use(services, token, code, now) is reason
    assert show_two(services, token, pair, now) == ResyncResult(Outcome.REFUSED)
    fresh = (token.code(now, 22), token.code(now, 23))
    assert show_two(services, token, fresh, now) == ResyncResult(Outcome.ACCEPTED, 23)
    row = read_credential(services, token)
    assert (row.state, row.failures) == (state, 0)


def test_a_clock_in_doubt_sees_nothing(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    submit(services, token, token.code(now), now)
    seen = read_credential(services, token).highest_seen_step
    back = now - timedelta(days=1)
    assert submit(services, token, token.code(back, 3), back).reason is Reason.CLOCK
    assert read_credential(services, token).highest_seen_step == seen


def test_nothing_is_learned_while_the_clock_is_in_doubt(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    submit(services, token, token.code(now), now)
    seen = read_credential(services, token).highest_seen_step
    back = now - timedelta(days=1)
    # it follows no time source; it follows one, and is behind what was accepted before this process began
    for clock, at in ((ClockGuard(lambda: False), now), (ClockGuard(), back)):
        doubtful = replace(services, clock=clock)
        with pytest.raises(ClockUntrusted):
            show_two(doubtful, token, (token.code(at, 5), token.code(at, 6)), at)
    assert read_credential(services, token).highest_seen_step == seen


def test_resynchronising_lifts_no_suspension(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    suspend(services, token, now)
    pair = (token.code(now, 5), token.code(now, 6))
    assert show_two(services, token, pair, now).outcome is Outcome.ACCEPTED
    assert read_credential(services, token).state is CredentialState.SUSPENDED


def test_what_cannot_be_resynchronised(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    phone = give_token(services, customer_a, now)
    pair = (phone.code(now), phone.code(now, 1))
    with pytest.raises(WrongState):
        show_two(services, phone, pair, now)
    token = give_token(services, customer_b, now, fob=fob)
    with pytest.raises(BadInput) as refused:
        show_two(services, token, ("12345678", "1234"), now)
    assert refused.value == BadInput("second", InputFault.WRONG_LENGTH)
    with pytest.raises(NotFound):
        resync(services, ResyncCommand("other", token.credential_id, *pair, SYSTEM), now)
    submit(services, token, token.code(now), now)
    with pytest.raises(ClockUntrusted):
        show_two(services, token, pair, now - timedelta(days=1))


def test_staff_set_the_drift_back(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    token = give_token(services, customer_a, now, fob=fob)
    token.clock_offset_s = 60
    submit(services, token, token.code(now), now)
    assert reset_drift(services, ResetDriftCommand("dual", token.credential_id, SYSTEM), now) == 1
    row = read_credential(services, token)
    assert (row.drift_steps, row.last_step >= 0) == (0, True)
    with services.store.read() as tx:
        entry = tx.scalars(select(AuditEntry).where(AuditEntry.act == "reset_drift")).one()
    assert entry.facts == {"drift_steps_before": 1}


def test_hotp_end_to_end(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> None:
    token = give_token(services, customer_a, now, fob=fob, parameters=HOTP)
    assert submit(services, token, token.counted(0), now).outcome is Outcome.ACCEPTED
    assert submit(services, token, token.counted(0), now).reason is Reason.USED
    assert submit(services, token, token.counted(10), now).outcome is Outcome.ACCEPTED
    assert submit(services, token, token.counted(5), now).reason is Reason.USED
    assert submit(services, token, token.counted(21), now).reason is Reason.WRONG
    assert show_two(services, token, (token.counted(21), token.counted(22)), now).outcome is Outcome.REFUSED
    assert show_two(services, token, (token.counted(23), token.counted(24)), now).outcome is Outcome.ACCEPTED
    assert submit(services, token, token.counted(24), now).reason is Reason.USED
    assert submit(services, token, token.counted(25), now).outcome is Outcome.ACCEPTED


def test_a_proof_consumes_no_totp_step_but_an_hotp_counter(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, now: datetime
) -> None:
    timed = give_token(services, customer_a, now, CredentialState.SET_UP)
    assert not prove(services, timed, timed.wrong(now), now)
    assert prove(services, timed, timed.code(now), now)
    assert prove(services, timed, timed.code(now), now)
    assert read_credential(services, timed).last_step == -1
    counted = give_token(services, customer_b, now, CredentialState.SET_UP, fob, HOTP)
    assert prove(services, counted, counted.counted(3), now)
    assert not prove(services, counted, counted.counted(3), now)
    assert read_credential(services, counted).last_step == 3
    assert read_credential(services, timed).failures == read_credential(services, counted).failures == 0


def test_codes_shown_as_proof_do_not_resynchronise(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob)
    assert not prove(services, token, token.code(now, 20), now)
    assert not prove(services, token, token.code(now, 21), now)
    assert show_two(services, token, (token.code(now, 20), token.code(now, 21)), now).outcome is Outcome.REFUSED
    assert prove(services, token, token.code(now), now)
    assert read_credential(services, token).last_step == -1
    assert put_in_force(services, token, token.code(now), now) is None


def test_an_hotp_proof_forgets_no_code_that_was_seen(
    services: Services, customer_a: Customer, fob: Fob, now: datetime
) -> None:
    token = give_token(services, customer_a, now, CredentialState.SET_UP, fob, HOTP)
    assert not prove(services, token, token.counted(30), now)
    assert prove(services, token, token.counted(3), now)
    row = read_credential(services, token)
    assert (row.last_step, row.highest_seen_step) == (3, 30)
    assert show_two(services, token, (token.counted(30), token.counted(31)), now).outcome is Outcome.REFUSED


def test_a_credential_without_a_seed_proves_nothing(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now, CredentialState.ISSUED)
    with services.store.write() as tx:
        tx.get_one(Credential, token.credential_id).sealed_seed = None
    with pytest.raises(WrongState):
        prove(services, token, token.code(now), now)
