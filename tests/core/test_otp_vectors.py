"""Codes against the RFCs' own vectors and against an independent implementation (R01, R02, R03)."""

from __future__ import annotations

import secrets
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.rules.otp import code_at, step_at
from provisioning.rules.parameters import SEED_BYTES, Algorithm, OtpParameters, OtpType

# RFC 6238 appendix B as corrected by erratum 2866: each hash has a seed of its own length
SEEDS = {algorithm: (b"1234567890" * 7)[:length] for algorithm, length in SEED_BYTES.items()}

RFC_6238 = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]
VECTORS = [
    (time_s, algorithm, code)
    for time_s, *codes in RFC_6238
    for algorithm, code in zip(Algorithm, codes, strict=True)
]

# RFC 4226 appendix D
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(time_s: int) -> datetime:
    return EPOCH + timedelta(seconds=time_s)


@pytest.mark.parametrize(("time_s", "algorithm", "code"), VECTORS)
def test_rfc_6238_at_30_s(time_s: int, algorithm: Algorithm, code: str) -> None:
    parameters = OtpParameters(algorithm=algorithm, period_s=30)
    assert code_at(SEEDS[algorithm], parameters, step_at(instant(time_s), 30)) == code


@pytest.mark.parametrize(("time_s", "algorithm", "code"), VECTORS)
def test_rfc_6238_at_60_s(time_s: int, algorithm: Algorithm, code: str) -> None:
    """The vectors' own steps, reached at 60 s a step: time 60·T for step T."""
    parameters = OtpParameters(algorithm=algorithm, period_s=60)
    step = time_s // 30
    for second in (0, 59):
        assert step_at(instant(60 * step + second), 60) == step
    assert code_at(SEEDS[algorithm], parameters, step_at(instant(60 * step), 60)) == code


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226)))
def test_rfc_4226(counter: int, code: str) -> None:
    parameters = OtpParameters(OtpType.HOTP, digits=6, period_s=0)
    assert code_at(SEEDS[Algorithm.SHA1], parameters, counter) == code


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_short_seed_is_refused(algorithm: Algorithm) -> None:
    parameters = OtpParameters(algorithm=algorithm)
    with pytest.raises(ValueError, match="shorter"):
        code_at(SEEDS[algorithm][:-1], parameters, 1)


@settings(max_examples=60, deadline=None)
@given(
    algorithm=st.sampled_from(Algorithm),
    digits=st.sampled_from([6, 8]),
    period_s=st.sampled_from([30, 60]),
    time_s=st.integers(0, 2**37),
)
def test_random_codes_agree_with_oathtool(algorithm: Algorithm, digits: int, period_s: int, time_s: int) -> None:
    seed = secrets.token_bytes(SEED_BYTES[algorithm])
    parameters = OtpParameters(algorithm=algorithm, digits=digits, period_s=period_s)
    ours = code_at(seed, parameters, step_at(instant(time_s), period_s))
    assert ours == oathtool(
        f"--totp={algorithm.value}", f"-d{digits}", f"-s{period_s}s", f"-N@{time_s}", seed.hex()
    )


@settings(max_examples=20, deadline=None)
@given(digits=st.sampled_from([6, 8]), counter=st.integers(0, 2**62))
def test_random_counters_agree_with_oathtool(digits: int, counter: int) -> None:
    seed = secrets.token_bytes(20)
    parameters = OtpParameters(OtpType.HOTP, digits=digits, period_s=0)
    assert code_at(seed, parameters, counter) == oathtool(f"-d{digits}", f"-c{counter}", seed.hex())


def oathtool(*arguments: str) -> str:
    done = subprocess.run(["oathtool", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
