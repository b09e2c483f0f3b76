"""Which steps are looked at, each to the step (R05, R07): a wider range costs time and chances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_mock import MockerFixture

from provisioning.rules import otp
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


def test_of_several_steps_with_one_code_the_last_is_spent(mocker: MockerFixture) -> None:
    mocker.patch.object(otp._Codes, "at", return_value="000000")
    counting = Expected(HOTP, WIDE, Counters(30, 33))
    assert match(SEED, counting, "000000", NOW) == Match(Verdict.FRESH, Counters(37, 37, 0))
    assert resynchronise(SEED, counting, ("000000", "000000"), NOW) == Match(Verdict.FRESH, Counters(51, 51, 0))


def test_the_second_code_may_stand_one_step_beyond_the_horizon_and_is_remembered_there() -> None:
    beyond = Expected(TOTP, WIDE).horizon(NOW).stop
    for step, seen in ((beyond, beyond), (beyond + 1, -1)):
        codes = ("00000000", code_at(SEED, TOTP, step))
        assert resynchronise(SEED, Expected(TOTP, WIDE), codes, NOW) == Match(Verdict.WRONG, Counters(-1, seen, 0))


def test_a_generator_shows_nothing_of_its_seed() -> None:
    assert repr(otp._Codes(SEED, TOTP)) == "_Codes(…)"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_seed_is_never_shorter_than_its_hash(algorithm: Algorithm) -> None:
    parameters = OtpParameters(OtpType.TOTP, algorithm)
    assert len(code_at(bytes(parameters.seed_bytes), parameters, 1)) == 8
    with pytest.raises(ValueError, match="shorter"):
        code_at(bytes(parameters.seed_bytes - 1), parameters, 1)
