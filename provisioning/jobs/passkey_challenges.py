"""Challenges for passkeys: kept here, good for one answer, for one purpose and five minutes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from provisioning.errors import PasskeyFault
from provisioning.rules.passkeys import CHALLENGE_BYTES, CHALLENGE_LIFE, ChallengeUse, payload_challenge
from provisioning.store.tables import PasskeyChallenge


@dataclass(frozen=True, slots=True)
class TakenChallenge:
    """A challenge that is not there any more. `nonce`: an approval's, from which anybody can make it again."""

    fault: PasskeyFault | None
    nonce: bytes | None = None


def draw_challenge(tx: Session, use: ChallengeUse, now: datetime) -> bytes:
    """Fresh bytes to be signed for `use`."""
    nonce = secrets.token_bytes(CHALLENGE_BYTES)
    approves = use.payload_hash is not None
    challenge = nonce if use.payload_hash is None else payload_challenge(nonce, use.payload_hash)
    tx.add(
        PasskeyChallenge(
            challenge=challenge,
            purpose=use.purpose,
            staff_id=use.staff_id,
            nonce=nonce if approves else None,
            payload_hash=use.payload_hash,
            expires_at=now + CHALLENGE_LIFE,
        )
    )
    return challenge


def take_challenge(tx: Session, challenge: bytes, use: ChallengeUse, now: datetime) -> TakenChallenge:
    """Spend it, whatever the answer is worth. Of any number of answers at once one finds it."""
    kept = tx.scalars(
        delete(PasskeyChallenge).where(PasskeyChallenge.challenge == challenge).returning(PasskeyChallenge)
    ).one_or_none()
    if kept is None or ChallengeUse(kept.purpose, kept.staff_id, kept.payload_hash) != use:
        return TakenChallenge(PasskeyFault.CHALLENGE)
    return TakenChallenge(PasskeyFault.TOO_LATE if kept.expires_at <= now else None, kept.nonce)


def forget_challenges(tx: Session, now: datetime) -> None:
    """Delete what nobody answered in time."""
    tx.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))
