"""Every decision about a typed code, whole: what is answered, what the row says after it, what the log keeps.

One row of the table for each way that a judgement can go (R06, R07, R09, R11, R12).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_mock import MockerFixture
from sqlalchemy import select, update

from provisioning.errors import StoreUnavailable
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.check_code import check_code, store_checked
from provisioning.jobs.judge_code import TypedCode, Use, VerifyResult, judge_code
from provisioning.jobs.resync import ResyncCommand, ResyncResult, resync
from provisioning.jobs.revoke import RevokeCommand, revoke
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.mail_kind import MailKind
from provisioning.rules.otp import step_at
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.states import CredentialState, EndedHow, FobState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.store.line import JoinedLine
from provisioning.store.tables import AuditEntry, Credential, Customer, Fob, OutboxMail
from provisioning.store.verification import current_is_suspended
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token, read_credential

pytestmark = sqlite_only

MINUTE = timedelta(minutes=1)
ACCEPTED, REFUSED = Outcome
ACTIVE, SET_UP, SUSPENDED = CredentialState.ACTIVE, CredentialState.SET_UP, CredentialState.SUSPENDED


@dataclass
class Bench:
    """A fob token of customer A; its clock is a step ahead, which its row does not know yet."""

    services: Services
    token: Token
    fob: Fob
    now: datetime

    @property
    def step(self) -> int:
        """The server's."""
        return step_at(self.now, 60)

    def submit(self, otp: str, use: Use = Use.VERIFY) -> VerifyResult:
        """As a host does at login, or the customer the first time, or at the end (with nothing that follows)."""
        if use is Use.ACTIVATE:
            return activate(self.services, ActivateCommand("dual", self.token.user_id, otp, SYSTEM), self.now)
        if use is Use.RELEASE:
            typed = TypedCode(use, "dual", self.token.user_id, otp, SYSTEM, lambda line, standing: None)
            return judge_code(self.services, typed, self.now)
        return verify(self.services, VerifyCommand("dual", self.token.user_id, otp, SYSTEM), self.now)

    def row(self) -> Credential:
        """As it stands."""
        return read_credential(self.services, self.token)

    def counters(self) -> tuple[int, int, int, int]:
        """Last step, highest seen, drift, failures."""
        row = self.row()
        return row.last_step, row.highest_seen_step, row.drift_steps, row.failures

    def put(self, **values: Any) -> None:
        """Into the row."""
        with self.services.store.write() as tx:
            tx.execute(update(Credential).where(Credential.id == self.token.credential_id).values(**values))

    def entry(self) -> tuple[str, str, str | None, str | None, str | None, dict[str, Any]]:
        """The last one of the log: act, result, customer, credential, fob, facts."""
        with self.services.store.read() as tx:
            entry = tx.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (entry.institution_id, entry.at) == ("dual", self.now)
        return entry.act, entry.result, entry.customer_id, entry.credential_id, entry.fob_id, entry.facts

    def decided(self, act: str, result: str, **facts: Any) -> bool:
        """Whether that is what the log says last, of this token."""
        token = self.token
        told = (act, result, token.customer_id, token.credential_id, self.fob.id, facts)
        return self.entry() == told

    def result(self, reason: Reason | None, left: int | None, *, suspended: bool = False) -> VerifyResult:
        """An answer about this token."""
        outcome = ACCEPTED if reason is None else REFUSED
        return VerifyResult(outcome, reason, self.token.customer_id, self.token.credential_id, suspended, left)


@pytest.fixture
def bench(services: Services, customer_a: Customer, fob: Fob, now: datetime) -> Bench:
    token = give_token(services, customer_a, now, ACTIVE, fob)
    return Bench(services, token, fob, now)


def test_a_right_code_takes_its_step_and_teaches_the_drift(bench: Bench) -> None:
    bench.put(failures=3, highest_seen_step=bench.step + 40)
    assert bench.submit(bench.token.code(bench.now, 1)) == bench.result(None, 5)
    assert bench.counters() == (bench.step + 1, bench.step + 40, 1, 0)
    assert bench.decided("verify", "accepted", drift_steps=1)
    bench.now += MINUTE
    assert bench.submit(bench.token.code(bench.now, 1)) == bench.result(None, 5)
    assert bench.counters() == (bench.step + 1, bench.step + 39, 1, 0)
    assert bench.decided("verify", "accepted")
    assert bench.row().activated_at == bench.now - MINUTE


def test_a_wrong_code_is_counted_and_the_last_one_suspends(bench: Bench) -> None:
    bench.put(highest_seen_step=bench.step - 30)
    for failures in range(1, 5):
        assert bench.submit(bench.token.wrong(bench.now)) == bench.result(Reason.WRONG, 5 - failures)
        assert bench.counters() == (-1, bench.step - 30, 0, failures)
        assert bench.decided("verify", "refused", reason="wrong", failures=failures, suspended=False)
        assert (bench.row().state, bench.row().resume_state, bench.row().suspended_at) == (ACTIVE, None, None)
    assert notices(bench) == []
    assert bench.submit(bench.token.wrong(bench.now)) == bench.result(Reason.WRONG, 0, suspended=True)
    assert bench.decided("verify", "refused", reason="wrong", failures=5, suspended=True)
    assert (bench.row().state, bench.row().resume_state) == (SUSPENDED, ACTIVE)
    assert bench.row().suspended_at == bench.now
    bench.put(highest_seen_step=-1)
    assert bench.submit(bench.token.code(bench.now)) == bench.result(Reason.SUSPENDED, 0)
    assert bench.decided("verify", "refused", reason="suspended")
    assert bench.counters() == (-1, bench.step, 0, 5)  # seen is seen, also where nothing is judged


def test_a_code_from_outside_the_window_is_wrong_and_remembered(bench: Bench) -> None:
    assert bench.submit(bench.token.code(bench.now, 30)) == bench.result(Reason.WRONG, 4)
    assert bench.counters() == (-1, bench.step + 30, 0, 1)
    assert bench.submit(bench.token.code(bench.now, 20)) == bench.result(Reason.WRONG, 3)
    assert bench.counters() == (-1, bench.step + 30, 0, 2)


def test_a_used_code_is_refused_and_counts_nothing(bench: Bench) -> None:
    code = bench.token.code(bench.now)
    bench.put(failures=2, last_step=bench.step, highest_seen_step=bench.step)
    assert bench.submit(code) == bench.result(Reason.USED, 3)
    assert bench.counters() == (bench.step, bench.step, 0, 2)
    assert bench.decided("verify", "refused", reason="used")


@pytest.mark.parametrize(
    ("state", "use", "reason"),
    [
        (CredentialState.ISSUED, Use.VERIFY, Reason.NOT_ACTIVE),
        (CredentialState.ISSUED, Use.ACTIVATE, Reason.NOT_ACTIVE),
        (CredentialState.ISSUED, Use.RELEASE, Reason.NOT_ACTIVE),
        (SET_UP, Use.VERIFY, Reason.NOT_ACTIVE),
        (SET_UP, Use.RELEASE, Reason.NOT_ACTIVE),
        (SUSPENDED, Use.VERIFY, Reason.SUSPENDED),
        (SUSPENDED, Use.RELEASE, Reason.SUSPENDED),
        (SUSPENDED, Use.ACTIVATE, Reason.SUSPENDED),
        (ACTIVE, Use.ACTIVATE, Reason.USED),
    ],
)
def test_a_token_in_another_state_is_refused_by_it(
    bench: Bench, state: CredentialState, use: Use, reason: Reason
) -> None:
    bench.put(state=state, failures=1)
    assert bench.submit(bench.token.code(bench.now), use) == bench.result(reason, 4)
    assert bench.decided(use.value, "refused", reason=reason.value)
    assert (bench.row().state, bench.counters()) == (state, (-1, bench.step, 0, 1))


def test_the_first_code_puts_the_token_in_force(bench: Bench) -> None:
    bench.put(state=SET_UP, activated_at=None)
    with bench.services.store.write() as tx:
        tx.execute(update(Fob).values(state=FobState.HANDED_OVER))
    assert bench.submit(bench.token.code(bench.now), Use.ACTIVATE) == bench.result(None, 5)
    row = bench.row()
    assert (row.state, row.activated_at, row.last_step) == (ACTIVE, bench.now, bench.step)
    assert bench.decided("activate", "accepted")


def test_the_last_code_is_not_another_first_one(bench: Bench) -> None:
    bench.put(activated_at=bench.now - MINUTE)
    assert bench.submit(bench.token.code(bench.now), Use.RELEASE) == bench.result(None, 5)
    assert bench.row().activated_at == bench.now - MINUTE
    assert bench.decided("release", "accepted")


def test_a_token_that_was_not_activated_in_time_has_expired(bench: Bench) -> None:
    bench.put(state=SET_UP, activate_by=bench.now)
    assert bench.submit(bench.token.code(bench.now), Use.ACTIVATE).reason is Reason.EXPIRED
    bench.put(activate_by=bench.now + timedelta(microseconds=1))
    with bench.services.store.write() as tx:
        tx.execute(update(Fob).values(state=FobState.HANDED_OVER))
    assert bench.submit(bench.token.code(bench.now), Use.ACTIVATE).outcome is ACCEPTED


def test_a_token_in_force_heeds_no_day_of_activation(bench: Bench) -> None:
    bench.put(activate_by=bench.now - MINUTE)
    assert bench.submit(bench.token.code(bench.now)).outcome is ACCEPTED


def test_a_fob_past_its_day_has_expired(bench: Bench) -> None:
    def expires(at: datetime) -> None:
        with bench.services.store.write() as tx:
            tx.execute(update(Fob).values(expires_at=at))

    expires(bench.now)
    assert bench.submit(bench.token.code(bench.now)) == bench.result(Reason.EXPIRED, 5)
    expires(bench.now + timedelta(microseconds=1))
    assert bench.submit(bench.token.code(bench.now)) == bench.result(None, 5)


@pytest.mark.parametrize("use", [Use.VERIFY, Use.ACTIVATE])
def test_whoever_always_loses_is_told_after_eight_rounds_that_nothing_was_written(
    bench: Bench, mocker: MockerFixture, use: Use
) -> None:
    bench.put(state=ACTIVE if use is Use.VERIFY else SET_UP)
    lost = mocker.patch(
        f"provisioning.jobs.judge_code.{'accept_and_record' if use is Use.VERIFY else 'accept'}",
        return_value=False,
    )
    with pytest.raises(StoreUnavailable):
        bench.submit(bench.token.code(bench.now), use)
    assert lost.call_count == 8
    assert bench.counters() == (-1, -1, 0, 0)


def test_a_wrong_code_that_meets_another_row_is_judged_anew(bench: Bench, mocker: MockerFixture) -> None:
    lost = mocker.patch("provisioning.jobs.judge_code.count_wrong", return_value=None)
    with pytest.raises(StoreUnavailable):
        bench.submit(bench.token.wrong(bench.now))
    assert lost.call_count == 8


def test_nothing_that_holds_a_code_shows_it(bench: Bench) -> None:
    assert "83920571" not in repr(TypedCode(Use.VERIFY, "dual", "1", "83920571", SYSTEM))
    assert "83920571" not in repr(VerifyCommand("dual", "1", "83920571", SYSTEM))
    command = ResyncCommand("dual", "1", "83920571", "83920571", SYSTEM)
    assert "83920571" not in repr(command)


def test_a_clock_that_went_back_judges_nothing(bench: Bench) -> None:
    bench.put(last_step=bench.step + 62)
    assert bench.submit(bench.token.code(bench.now)) == bench.result(Reason.CLOCK, 5)
    assert bench.decided("verify", "refused", reason="clock")
    assert bench.counters() == (bench.step + 62, -1, 0, 0)


@pytest.mark.parametrize(
    ("how", "waits", "later", "reason"),
    [
        (EndedHow.EXPIRED, True, MINUTE, Reason.EXPIRED),
        (EndedHow.REVOKED, True, 20 * MINUTE - timedelta(seconds=1), Reason.WAITING),
        (EndedHow.REVOKED, True, 20 * MINUTE, Reason.NOT_ACTIVE),
        (EndedHow.REVOKED, False, MINUTE, Reason.NOT_ACTIVE),
        (EndedHow.LOST, True, MINUTE, Reason.NOT_ACTIVE),
    ],
)
def test_after_the_end_the_way_it_ended_tells(
    bench: Bench, how: EndedHow, waits: bool, later: timedelta, reason: Reason
) -> None:
    dual = replace(bench.services.institution("dual"), wait_after_revocation=waits)
    bench.services = replace(bench.services, institutions={"dual": dual})
    revoke(bench.services, RevokeCommand("dual", bench.token.credential_id, how, SYSTEM), bench.now)
    bench.now += later
    told = bench.submit("12345678")
    assert told == VerifyResult(REFUSED, reason, bench.token.customer_id)
    assert bench.entry() == ("verify", "refused", bench.token.customer_id, None, None, {"reason": reason.value})


def test_nobody_is_unknown(bench: Bench) -> None:
    bench.token.user_id = "999999999999"
    assert bench.submit("12345678") == VerifyResult(REFUSED, Reason.UNKNOWN)
    assert bench.entry() == ("verify", "refused", None, None, None, {"reason": "unknown"})
    assert bench.counters() == (-1, -1, 0, 0)


def test_whoever_never_had_a_token_has_none_in_force(bench: Bench, customer_b: Customer) -> None:
    bench.token.user_id = customer_b.user_id
    assert bench.submit("12345678") == VerifyResult(REFUSED, Reason.NOT_ACTIVE, customer_b.id)
    assert bench.entry() == ("verify", "refused", customer_b.id, None, None, {"reason": "not_active"})


def test_whether_the_token_in_use_is_suspended_is_asked_again_when_another_takes_its_place(bench: Bench) -> None:
    def suspended(customer_id: str) -> bool:
        with bench.services.store.write_connection() as connection:
            return current_is_suspended(JoinedLine(connection), customer_id)

    assert suspended("nobody") is False
    assert suspended(bench.token.customer_id) is False
    bench.put(state=SUSPENDED)
    assert suspended(bench.token.customer_id) is True


def test_two_codes_move_the_clock_and_are_spent(bench: Bench) -> None:
    first, second = (bench.token.code(bench.now, later) for later in (7, 8))
    command = ResyncCommand("dual", bench.token.credential_id, first, second, SYSTEM)
    assert resync(bench.services, command, bench.now) == ResyncResult(ACCEPTED, 8)
    assert bench.counters() == (bench.step + 8, bench.step + 8, 8, 0)
    assert bench.decided("resync", "accepted", drift_steps=8)
    assert resync(bench.services, command, bench.now) == ResyncResult(REFUSED)
    assert bench.counters() == (bench.step + 8, bench.step + 8, 8, 0)
    assert bench.decided("resync", "refused", drift_steps=None)


@pytest.mark.parametrize("otp_type", OtpType)
@pytest.mark.parametrize("right", [True, False])
def test_a_proof_spends_a_counter_and_no_moment(
    services: Services, customer_b: Customer, now: datetime, otp_type: OtpType, right: bool
) -> None:
    counts = otp_type is OtpType.HOTP
    parameters = OtpParameters(otp_type, period_s=0 if counts else 60)
    token = give_token(services, customer_b, now, SET_UP, parameters=parameters)
    first = 3 if counts else step_at(now, 60)
    otp = token.counted(first) if right else "00000000"
    for found in (right, right and not counts):
        checked = check_code(services, read_credential(services, token), None, otp, now)
        with services.store.write() as tx:
            assert store_checked(tx, checked) is found
    row = read_credential(services, token)
    assert (row.last_step, row.failures) == (first if right and counts else -1, 0)
    assert row.highest_seen_step == (first if right else -1)


def notices(bench: Bench) -> list[MailKind]:
    """What the customer is owed a mail about."""
    with bench.services.store.read() as tx:
        return list(tx.scalars(select(OutboxMail.kind)))
