"""Fobs that come from their maker with a seed in them, which nobody can exchange."""

from __future__ import annotations

from typing import Final

from provisioning.rules.institution import Institution
from provisioning.rules.parameters import OtpParameters, OtpType

FACTORY: Final = "factory"
"""Their kind, where programmable fobs have the name of a firmware profile."""
_PREFIX: Final = f"{FACTORY} "


def numbering_of_maker(manufacturer: str) -> str:
    """The series of that maker's serial numbers."""
    return _PREFIX + manufacturer


def maker_of(numbering: str) -> str:
    """Whose series it is."""
    return numbering.removeprefix(_PREFIX)


def suits(institution: Institution, otp: OtpParameters, drift_steps: int) -> bool:
    """Whether the institution's customers can use such codes: as it wants them, or by counter in the same length.

    The hash under them is nothing that anybody sees.
    """
    wanted = institution.otp
    alike = (otp.otp_type, otp.digits, otp.period_s) == (wanted.otp_type, wanted.digits, wanted.period_s)
    counts = otp.otp_type is OtpType.HOTP and otp.digits == wanted.digits
    return (alike or counts) and abs(drift_steps) <= institution.max_drift_steps
