"""Codes by oathtool, which knows neither our server nor our devices."""

from __future__ import annotations

import subprocess


def totp(secret: bytes, unix_time: int, digits: int = 8, period_s: int = 60, algorithm: str = "sha1") -> str:
    """The time-based code."""
    return _oathtool(f"--totp={algorithm}", "-d", digits, "-s", period_s, "-N", f"@{unix_time}", secret.hex())


def hotp(secret: bytes, counter: int, digits: int = 8) -> str:
    """The counter-based code."""
    return _oathtool("--hotp", "-d", digits, "-c", counter, secret.hex())


def _oathtool(*words: object) -> str:
    done = subprocess.run(["oathtool", *map(str, words)], capture_output=True, text=True, check=True)
    return done.stdout.strip()
