"""One-time passwords: pyotp computes codes; matching, window, drift and resynchronisation are ours.

RFC 4226 (HOTP), RFC 6238 (TOTP). A *step* is TOTP's time step or HOTP's counter. The functions only
judge; what is stored, and that a step counts once, is decided by the store's conditional write.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, cast

import pyotp

from provisioning.rules.institution import Institution
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.states import TokenKind

Seed = bytes | bytearray
"""Nothing here keeps or copies one: whoever has it in a bytearray can overwrite it."""
MAX_WINDOW_STEPS: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HASHES: Final[dict[Algorithm, Any]] = {
    Algorithm.SHA1: hashlib.sha1,
    Algorithm.SHA256: hashlib.sha256,
    Algorithm.SHA512: hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a code may lie from the expected step. ValueError if the window is wider than ±2 (R05)."""

    window_steps: int = 1
    look_ahead: int = 10
    max_drift_steps: int = 10
    resync_steps: int = 60
    learns_drift: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.window_steps <= MAX_WINDOW_STEPS:
            raise ValueError(f"window_steps must be 0 to {MAX_WINDOW_STEPS}, not {self.window_steps}")

    @classmethod
    def of(cls, institution: Institution, kind: TokenKind) -> Tolerance:
        """The institution's tolerance. Clocks of fobs drift, those of phones do not."""
        return cls(
            window_steps=institution.window_steps,
            look_ahead=institution.hotp_look_ahead,
            max_drift_steps=institution.max_drift_steps,
            resync_steps=institution.resync_steps,
            learns_drift=kind is TokenKind.HARD,
        )


@dataclass(frozen=True, slots=True)
class Counters:
    """What is remembered about a credential's codes; -1 before the first."""

    last_step: int = -1
    highest_seen_step: int = -1
    drift_steps: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """What a credential's next codes are measured against."""

    parameters: OtpParameters = field(default_factory=OtpParameters)
    tolerance: Tolerance = field(default_factory=Tolerance)
    counters: Counters = field(default_factory=Counters)

    @property
    def counts(self) -> bool:
        """True for HOTP, whose steps have nothing to do with time."""
        return self.parameters.otp_type is OtpType.HOTP

    def server_step(self, now: datetime) -> int:
        """The TOTP time step that contains `now`."""
        return step_at(now, self.parameters.period_s)

    def window(self, now: datetime) -> range:
        """The steps that may be accepted: ±window around the drifted clock, or HOTP's look-ahead."""
        if self.counts:
            return range(self.counters.last_step + 1, self.counters.last_step + 1 + self.tolerance.look_ahead)
        return _around(self._shown(now), self.tolerance.window_steps)

    def horizon(self, now: datetime) -> range:
        """The steps that resynchronisation searches; codes seen there are remembered."""
        if self.counts:
            first = max(0, self.counters.last_step - self.tolerance.look_ahead)
            return range(first, self.counters.last_step + 1 + self.tolerance.resync_steps)
        return _around(self._shown(now), self.tolerance.resync_steps)

    def reach(self, now: datetime) -> range:
        """The steps from which resynchronisation may follow a clock; for HOTP the whole horizon."""
        steps = self.tolerance.resync_steps
        return self.horizon(now) if self.counts else _around(self.server_step(now), steps)

    def clock_is_behind(self, now: datetime) -> bool:
        """True if a code was accepted so far ahead that the server's own clock must have gone back since."""
        return not self.counts and self.counters.last_step >= self.horizon(now).stop + self.tolerance.window_steps

    def _shown(self, now: datetime) -> int:
        """The step that the token is believed to show."""
        return self.server_step(now) + self.counters.drift_steps


class Verdict(StrEnum):
    """FRESH may be accepted; USED is a step at or before the last accepted one; WRONG is neither."""

    FRESH = "fresh"
    USED = "used"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Match:
    """Judgement of one code, with the counters to store if it stands."""

    verdict: Verdict
    counters: Counters


def step_at(now: datetime, period_s: int) -> int:
    """The TOTP time step that contains `now` (T0 = 0, RFC 6238 §4.2)."""
    return (now - _EPOCH) // timedelta(seconds=period_s)


def code_at(seed: Seed, parameters: OtpParameters, step: int) -> str:
    """The code of one step, zero-padded. ValueError if the seed is shorter than the hash's output (R02)."""
    return _Codes(seed, parameters).at(step)


def _around(centre: int, steps: int) -> range:
    return range(max(0, centre - steps), centre + steps + 1)


def match(seed: Seed, expected: Expected, otp: str, now: datetime) -> Match:
    """Judge `otp` (ASCII digits). Every candidate step is computed and compared, none is skipped (R08)."""
    codes, counters = _Codes(seed, expected.parameters), expected.counters
    fresh = [step for step in codes.matches(expected.window(now), otp) if step > counters.last_step]
    if fresh:
        step = max(fresh)
        seen = max(step, counters.highest_seen_step)
        return Match(Verdict.FRESH, Counters(step, seen, _learned(expected, step, now)))
    # a code from outside the window is remembered, so that it can never serve to resynchronise (R07)
    found = codes.matches((counters.last_step, *expected.horizon(now)), otp)
    used = any(step <= counters.last_step for step in found)
    return Match(Verdict.USED if used else Verdict.WRONG, _remembered(counters, found))


def resynchronise(seed: Seed, expected: Expected, codes: tuple[str, str], now: datetime) -> Match:
    """Find two consecutive codes within the horizon, both newer than anything accepted or seen (R07).

    FRESH moves drift and last step to the second code; otherwise the codes seen are remembered. However often it
    is done, a clock is followed no further than the horizon reaches around the server's time.
    Source: RFC 4226 §7.4, RFC 6238 §6.
    """
    generator, counters = _Codes(seed, expected.parameters), expected.counters
    horizon = expected.horizon(now)
    first = generator.matches(horizon, codes[0])
    second = generator.matches(range(horizon.start, horizon.stop + 1), codes[1])
    floor = max(counters.last_step, counters.highest_seen_step)
    near = expected.reach(now)
    ends = [step + 1 for step in first if step > floor and step in near and step + 1 in second]
    if not ends:
        return Match(Verdict.WRONG, _remembered(counters, first + second))
    end = max(ends)
    drift = 0 if expected.counts else end - expected.server_step(now)
    return Match(Verdict.FRESH, Counters(end, end, drift))


def _remembered(counters: Counters, seen: list[int]) -> Counters:
    return replace(counters, highest_seen_step=max([counters.highest_seen_step, *seen]))


def _learned(expected: Expected, step: int, now: datetime) -> int:
    drift = expected.counters.drift_steps
    if expected.counts or not expected.tolerance.learns_drift:
        return drift
    # a resynchronised fob may stand further off than use alone ever moves it; from there only nearer
    bound = max(expected.tolerance.max_drift_steps, abs(drift))
    return max(-bound, min(bound, step - expected.server_step(now)))


class _Codes(pyotp.HOTP):
    """pyotp's generator over raw seed bytes, without a Base32 round trip for every candidate."""

    def __init__(self, seed: Seed, parameters: OtpParameters) -> None:
        if len(seed) < parameters.seed_bytes:
            raise ValueError("the seed is shorter than the hash's output")
        self._seed = seed
        super().__init__("", digits=parameters.digits, digest=_HASHES[parameters.algorithm])

    def __repr__(self) -> str:
        return "_Codes(…)"

    def byte_secret(self) -> bytes:
        """The seed as it is; a copy could not be overwritten."""
        return cast("bytes", self._seed)

    @staticmethod
    def int_to_bytestring(i: int, *, padding: int = 8) -> bytes:
        """The moving factor, big-endian (RFC 4226 §5.2)."""
        return i.to_bytes(padding, "big")

    def matches(self, steps: Iterable[int], otp: str) -> list[int]:
        """The steps whose code is `otp`; constant-time comparison of every one, no early exit (R08)."""
        given = otp.encode()
        return [step for step in steps if step >= 0 and hmac.compare_digest(self.at(step).encode(), given)]
