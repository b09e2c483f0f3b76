"""Sign what a station is answered, so that it believes nobody else (R76)."""

from __future__ import annotations

from devices.contract import Authorization, answer_text
from provisioning.errors import VaultError
from provisioning.services import Services


def sign_answer(services: Services, claim: Authorization, status: int, body: bytes) -> bytes:
    """64 bytes for the answer to the request that carried `claim`. Raises VaultError in other roles."""
    if services.answer_signer is None:
        raise VaultError
    return services.answer_signer.sign(answer_text(claim.station_id, claim.nonce, status, body))
