"""What a passkey signs, and for how long it may wait (WebAuthn; R53, R56)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

CHALLENGE_BYTES: Final = 32
CHALLENGE_LIFE: Final = timedelta(minutes=5)
"""From the press of the button until the answer is back."""
NAME_LENGTH: Final = 60
PASSKEYS_A_PERSON: Final = 10
_DOMAIN: Final = b"kagiya approval v1\0"


class ChallengePurpose(StrEnum):
    """What an answer is good for; it is good for nothing else."""

    ENROL = "enrol"
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class ChallengeUse:
    """What a challenge is for. `staff_id`: who signs, None at sign-in; `payload_hash`: of what is approved."""

    purpose: ChallengePurpose
    staff_id: str | None = None
    payload_hash: bytes | None = None


def payload_challenge(nonce: bytes, payload_hash: bytes) -> bytes:
    """The challenge that approves a payload by its 32-byte hash; the nonce makes it another one each time."""
    if len(nonce) != CHALLENGE_BYTES or len(payload_hash) != CHALLENGE_BYTES:
        raise ValueError("nonce and payload hash have 32 bytes")
    return sha256(_DOMAIN + nonce + payload_hash).digest()
