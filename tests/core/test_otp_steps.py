"""Which steps are looked at, each to the step (R05, R07): a wider range costs time and chances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.rules.otp import Counters, Expected, Match, Tolerance, Verdict, code_at, match, resynchronise
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from tests.core.test_otp_matching import HOTP, NOW, SEED, STEP, TOTP

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIDE = Tolerance(window_steps=2, look_ahead=7, max_drift_steps=3, resync_steps=20)


def test_what_nobody_says_is_the_standard() -> None:
    assert Tolerance() == Tolerance(
        window_steps=1, look_ahead=10, max_drift_steps=10, resync_steps=60, learns_drift=False
    )
    assert Counters() == Counters(last_step=-1, highest_seen_step=-1, drift_steps=0)
    assert Expected() == Expected(OtpParameters(), Tolerance(), Counters())


def test_the_steps_of_a_clock() -> None:
    drifted = Expected(TOTP, WIDE, Counters(STEP - 1, STEP, 5))
    assert drifted.window(NOW) == range(STEP + 3, STEP + 8)
    assert drifted.horizon(NOW) == range(STEP - 15, STEP + 26)
    assert drifted.reach(NOW) == range(STEP - 20, STEP + 21)


def test_no_step_is_before_the_first() -> None:
    young = Expected(TOTP, WIDE)
    assert young.window(EPOCH) == range(3)
    assert young.horizon(EPOCH + timedelta(minutes=1)) == range(22)
    assert Expected(HOTP, WIDE, Counters(3, 3)).horizon(NOW) == range(24)
    assert Expected(HOTP, WIDE, Counters(8, 8)).horizon(NOW) == range(1, 29)


def test_the_steps_of_a_counter() -> None:
    counting = Expected(HOTP, WIDE, Counters(30, 33))
    assert counting.window(NOW) == range(31, 38)
    assert counting.horizon(NOW) == counting.reach(NOW) == range(23, 51)


def test_a_counter_that_never_counted_begins_at_nothing() -> None:
    codes = (code_at(SEED, HOTP, 0), code_at(SEED, HOTP, 1))
    assert match(SEED, Expected(HOTP), codes[0], NOW) == Match(Verdict.FRESH, Counters(0, 0, 0))
    assert resynchronise(SEED, Expected(HOTP), codes, NOW) == Match(Verdict.FRESH, Counters(1, 1, 0))
    assert match(SEED, Expected(HOTP), "000000", NOW) == Match(Verdict.WRONG, Counters(-1, -1, 0))


def test_the_clock_is_behind_from_a_window_beyond_the_horizon_on() -> None:
    for ahead, behind in ((22, False), (23, True)):
        expected = Expected(TOTP, WIDE, Counters(STEP + ahead, STEP + ahead, 0))
        assert expected.clock_is_behind(NOW) is behind


def test_of_two_pairs_the_later_one_counts() -> None:
    """Counters 1340014 and 1340015 have one code: what stands behind both is spent."""
    counter = 1_340_013
    codes = (code_at(SEED, HOTP, counter), code_at(SEED, HOTP, counter + 1))
    found = resynchronise(SEED, Expected(HOTP, counters=Counters(counter - 1, counter - 1)), codes, NOW)
    assert found.counters == Counters(counter + 1, counter + 1, 0)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_seed_is_never_shorter_than_its_hash(algorithm: Algorithm) -> None:
    parameters = OtpParameters(OtpType.TOTP, algorithm)
    assert len(code_at(bytes(parameters.seed_bytes), parameters, 1)) == 8
    with pytest.raises(ValueError, match="shorter"):
        code_at(bytes(parameters.seed_bytes - 1), parameters, 1)
