"""Where one-time passwords are asked for, as profiles name it."""

from __future__ import annotations

from typing import Final

from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.strict_table import StrictTable

_KEY: Final = "asks_otp_at"


def read_purposes(root: StrictTable) -> tuple[OtpPurpose, ...]:
    """The purposes in the order of the enum; at login alone without the key."""
    named = root.texts(_KEY, (OtpPurpose.LOGIN.value,))
    unknown = set(named) - set(OtpPurpose)
    if unknown or not named or len(set(named)) != len(named):
        root.fail(_KEY, f"must name at least one of {', '.join(OtpPurpose)}, and none twice")
    return tuple(purpose for purpose in OtpPurpose if purpose.value in named)
