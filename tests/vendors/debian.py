"""Programs of Debian whose word counts in docs/devices.md. Another version is another witness: the guest looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSIONS: Final[Mapping[str, str]] = {
    "libccid": "1.5.2",
    "libnitrokey3": "3.7",
    "oathtool": "2.6.7",
    "pcscd": "1.9.9",
    "python3-pyscard": "2.0.5",
    "socat": "1.7.4.4",
    "tio": "2.5",
}
"""Packages, and their makers' versions."""


def upstream(version: str) -> str:
    """The maker's part of `EPOCH:VERSION-REVISION`."""
    return version.rpartition(":")[2].rpartition("-")[0]
