"""Window, drift, look-ahead and resynchronisation as pure judgements (R05, R07, R08)."""

from __future__ import annotations

import hmac
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from provisioning.rules.otp import (
    Counters,
    Expected,
    Match,
    Tolerance,
    Verdict,
    code_at,
    match,
    resynchronise,
    step_at,
)
from provisioning.rules.parameters import OtpParameters, OtpType

SEED = bytes(range(20))
TOTP = OtpParameters()
HOTP = OtpParameters(OtpType.HOTP, digits=6, period_s=0)
FOB = Tolerance(learns_drift=True)
NOW = datetime(2026, 11, 20, 3, 0, 0, tzinfo=UTC)
STEP = step_at(NOW, 60)


def judge(expected: Expected, step: int, now: datetime = NOW) -> Match:
    return match(SEED, expected, code_at(SEED, expected.parameters, step), now)


@given(
    window=st.integers(0, 2),
    drift=st.integers(-10, 10),
    offset=st.integers(-30, 30),
    second=st.integers(0, 59),
)
def test_the_window_is_exact(window: int, drift: int, offset: int, second: int) -> None:
    expected = Expected(TOTP, Tolerance(window), Counters(drift_steps=drift))
    verdict = judge(expected, STEP + offset, NOW + timedelta(seconds=second)).verdict
    assert (verdict is Verdict.FRESH) == (abs(offset - drift) <= window)


@pytest.mark.parametrize("window", [3, -1])
def test_a_wider_window_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match="window_steps"):
        Tolerance(window)


def test_a_step_changes_on_the_second() -> None:
    assert step_at(NOW - timedelta(microseconds=1), 60) == STEP - 1
    assert step_at(NOW, 60) == STEP
    assert step_at(NOW + timedelta(seconds=59, microseconds=999_999), 60) == STEP


def test_every_candidate_is_compared_even_after_a_match(mocker: MockerFixture) -> None:
    compared = mocker.spy(hmac, "compare_digest")
    judge(Expected(TOTP), STEP - 1)
    assert compared.call_count == 3
    compared.reset_mock()
    judge(Expected(TOTP, counters=Counters(STEP, STEP)), STEP)
    # the window, then the last accepted step and the whole horizon
    assert compared.call_count == 3 + 1 + 121


def taken_s(expected: Expected, otp: str) -> float:
    began = time.perf_counter()
    match(SEED, expected, otp, NOW)
    return time.perf_counter() - began


def test_a_code_takes_as_long_wherever_it_stands_and_however_near_it_comes() -> None:
    """R08. The quickest of many rounds in turn, so that other work on this machine does not matter."""
    expected = Expected(TOTP, FOB)
    right = code_at(SEED, TOTP, STEP)
    window = [code_at(SEED, TOTP, STEP + offset) for offset in (-1, 0, 1)]
    wrong = [f"{(int(right[0]) + 1) % 10}{right[1:]}", f"{right[:-1]}{(int(right[-1]) + 1) % 10}"]
    for alike in (window, wrong):
        rounds = [[taken_s(expected, code) for code in alike] for _ in range(300)]
        times_s = [min(of_code) for of_code in zip(*rounds, strict=True)]
        assert max(times_s) < 1.3 * min(times_s)


def test_a_fob_learns_its_drift_step_by_step_and_within_bounds() -> None:
    counters = Counters()
    for minute in range(30):
        now = NOW + timedelta(minutes=minute)
        found = judge(Expected(TOTP, FOB, counters), STEP + minute + min(minute, 11), now)
        assert found.verdict is Verdict.FRESH
        counters = found.counters
    assert counters.drift_steps == 10
    beyond = judge(Expected(TOTP, FOB, counters), STEP + 30 + 12, NOW + timedelta(minutes=30))
    assert beyond.verdict is Verdict.WRONG


def test_a_phone_never_learns_drift() -> None:
    found = judge(Expected(TOTP, Tolerance(learns_drift=False)), STEP + 1)
    assert (found.verdict, found.counters.drift_steps) == (Verdict.FRESH, 0)


def test_seen_outside_the_window_is_remembered_but_not_accepted() -> None:
    for offset in (-60, -2, 2, 60):
        found = judge(Expected(TOTP, FOB), STEP + offset)
        assert found == Match(Verdict.WRONG, Counters(-1, STEP + offset, 0))
    assert judge(Expected(TOTP, FOB), STEP + 61).counters == Counters()


def test_a_code_of_two_steps_is_spent_with_the_later_one() -> None:
    counter = 1_340_014
    assert code_at(SEED, HOTP, counter) == code_at(SEED, HOTP, counter + 1) == "485512"
    accepted = judge(Expected(HOTP, counters=Counters(counter - 1, counter - 1)), counter)
    assert accepted == Match(Verdict.FRESH, Counters(counter + 1, counter + 1, 0))
    assert judge(Expected(HOTP, counters=accepted.counters), counter).verdict is Verdict.USED


def test_accepting_a_code_forgets_none_that_was_seen() -> None:
    seen = judge(Expected(TOTP, FOB), STEP + 30).counters
    assert judge(Expected(TOTP, FOB, seen), STEP) == Match(Verdict.FRESH, Counters(STEP, STEP + 30, 0))


def test_linotp_110_a_code_seen_again_proves_no_drift() -> None:
    """The reported sequence: accepted, refused 18 minutes later, and then accepted again with shift -1230 s."""
    first, second, third = (NOW.replace(hour=17) + timedelta(seconds=s) for s in (2132, 3229, 3364))
    code = code_at(SEED, TOTP, step_at(first, 60))
    accepted = match(SEED, Expected(TOTP, FOB), code, first)
    assert accepted.verdict is Verdict.FRESH
    counters = accepted.counters
    for again in (second, third):
        found = match(SEED, Expected(TOTP, FOB, counters), code, again)
        assert found == Match(Verdict.USED, counters)
        assert resynchronise(SEED, Expected(TOTP, FOB, counters), (code, code), again).verdict is Verdict.WRONG


def test_linotp_110_an_unused_code_seen_late_proves_no_drift_either() -> None:
    """Two consecutive codes noted down, the first tried 20 minutes late: neither moves the clock back."""
    late = NOW + timedelta(minutes=20)
    codes = (code_at(SEED, TOTP, STEP), code_at(SEED, TOTP, STEP + 1))
    tried = match(SEED, Expected(TOTP, FOB), codes[0], late)
    assert tried == Match(Verdict.WRONG, Counters(-1, STEP, 0))
    assert match(SEED, Expected(TOTP, FOB, tried.counters), codes[0], late).verdict is Verdict.WRONG
    found = resynchronise(SEED, Expected(TOTP, FOB, tried.counters), codes, late)
    assert found == Match(Verdict.WRONG, Counters(-1, STEP + 1, 0))


def test_two_fresh_consecutive_codes_resynchronise() -> None:
    codes = (code_at(SEED, TOTP, STEP + 40), code_at(SEED, TOTP, STEP + 41))
    found = resynchronise(SEED, Expected(TOTP, FOB), codes, NOW)
    assert found == Match(Verdict.FRESH, Counters(STEP + 41, STEP + 41, 41))
    later = NOW + timedelta(minutes=1)
    assert judge(Expected(TOTP, FOB, found.counters), STEP + 42, later).verdict is Verdict.FRESH


@pytest.mark.parametrize(("first", "found"), [(-61, False), (-60, True), (60, True), (61, False)])
def test_the_horizon_is_exact(first: int, found: bool) -> None:
    codes = (code_at(SEED, TOTP, STEP + first), code_at(SEED, TOTP, STEP + first + 1))
    assert (resynchronise(SEED, Expected(TOTP, FOB), codes, NOW).verdict is Verdict.FRESH) == found


@pytest.mark.parametrize(
    ("first", "second", "counters"),
    [
        (40, 42, Counters()),  # not consecutive
        (41, 40, Counters()),  # in the wrong order
        (40, 40, Counters()),  # one code twice
        (61, 62, Counters()),  # beyond the horizon
        (5, 6, Counters(last_step=STEP + 5, highest_seen_step=STEP + 5)),  # the first was accepted
        (5, 6, Counters(highest_seen_step=STEP + 5)),  # the first was seen
        (-5, -4, Counters(last_step=STEP, highest_seen_step=STEP)),  # older than the last accepted
    ],
)
def test_other_pairs_do_not_resynchronise(first: int, second: int, counters: Counters) -> None:
    codes = (code_at(SEED, TOTP, STEP + first), code_at(SEED, TOTP, STEP + second))
    found = resynchronise(SEED, Expected(TOTP, FOB, counters), codes, NOW)
    assert (found.verdict, found.counters.drift_steps) == (Verdict.WRONG, 0)


def test_a_resynchronised_fob_is_not_pulled_back_to_the_bound() -> None:
    counters = Counters(STEP, STEP, 41)
    found = judge(Expected(TOTP, FOB, counters), STEP + 42)
    assert (found.verdict, found.counters.drift_steps) == (Verdict.FRESH, 41)
    nearer = judge(Expected(TOTP, FOB, counters), STEP + 40)
    assert (nearer.verdict, nearer.counters.drift_steps) == (Verdict.FRESH, 40)


def test_no_number_of_resynchronisations_follows_a_clock_beyond_the_horizon() -> None:
    """A clock an hour off is broken; each pair would otherwise carry the horizon another hour away (R07)."""
    for way in (1, -1):
        counters, now = Counters(), NOW
        for turn in range(1, 6):
            now += timedelta(hours=3)
            shown = step_at(now, 60) + way * 40 * turn
            codes = (code_at(SEED, TOTP, shown), code_at(SEED, TOTP, shown + 1))
            found = resynchronise(SEED, Expected(TOTP, FOB, counters), codes, now)
            assert (found.verdict is Verdict.FRESH) == (turn == 1)
            counters = found.counters
        assert abs(counters.drift_steps) <= 41


@given(last=st.integers(-1, 50), ahead=st.integers(-20, 40))
def test_hotp_looks_ahead_only(last: int, ahead: int) -> None:
    counter = max(0, last + ahead)
    found = judge(Expected(HOTP, counters=Counters(last, last)), counter)
    fresh = last < counter <= last + 10
    assert (found.verdict is Verdict.FRESH) == fresh
    assert found.counters.last_step == (counter if fresh else last)
    if not fresh:
        recent = last - 10 <= counter <= last
        assert found.verdict is (Verdict.USED if recent else Verdict.WRONG)


def test_hotp_resynchronises_beyond_the_look_ahead() -> None:
    expected = Expected(HOTP, counters=Counters(4, 4))
    assert judge(expected, 15).verdict is Verdict.WRONG
    codes = (code_at(SEED, HOTP, 30), code_at(SEED, HOTP, 31))
    found = resynchronise(SEED, expected, codes, NOW)
    assert found == Match(Verdict.FRESH, Counters(31, 31, 0))
    assert judge(Expected(HOTP, counters=found.counters), 31).verdict is Verdict.USED
    assert judge(Expected(HOTP, counters=found.counters), 32).verdict is Verdict.FRESH


@pytest.mark.parametrize(("first", "found"), [(4, False), (5, True), (64, True), (65, False)])
def test_the_horizon_of_hotp_is_exact(first: int, found: bool) -> None:
    codes = (code_at(SEED, HOTP, first), code_at(SEED, HOTP, first + 1))
    verdict = resynchronise(SEED, Expected(HOTP, counters=Counters(4, 4)), codes, NOW).verdict
    assert (verdict is Verdict.FRESH) == found


def test_hotp_codes_seen_do_not_resynchronise() -> None:
    seen = judge(Expected(HOTP, counters=Counters(4, 4)), 30)
    assert seen == Match(Verdict.WRONG, Counters(4, 30, 0))
    codes = (code_at(SEED, HOTP, 30), code_at(SEED, HOTP, 31))
    assert resynchronise(SEED, Expected(HOTP, counters=seen.counters), codes, NOW).verdict is Verdict.WRONG


def test_a_last_step_far_ahead_of_the_clock_means_the_clock_went_back() -> None:
    expected = Expected(TOTP, FOB, Counters(STEP, STEP, 0))
    assert not expected.clock_is_behind(NOW)
    assert not expected.clock_is_behind(NOW - timedelta(minutes=61))
    assert expected.clock_is_behind(NOW - timedelta(minutes=62))


def test_hotp_takes_no_heed_of_the_clock() -> None:
    assert not Expected(HOTP, counters=Counters(10**9, 10**9)).clock_is_behind(NOW)
