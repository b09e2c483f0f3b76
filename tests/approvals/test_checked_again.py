"""A signed approval can be checked again by anybody, by what is kept with it; whatever was changed shows (R56)."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest
from webauthn import verify_authentication_response

from provisioning.errors import (
    NotFound,
)
from provisioning.jobs.check_approval import signature_holds
from provisioning.rules.approval import ApprovalPayload
from provisioning.rules.passkeys import payload_challenge
from provisioning.services import Services
from provisioning.store.tables import ApprovalRequest
from tests.approvals.conftest import Colleague, Hire, read_request
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import ORIGIN
from tests.staff import rows


@sqlite_only
def test_anybody_can_check_the_signature_afterwards(
    services: Services, asked: str, approver: Colleague, now: datetime
) -> None:
    approver.approves(asked, now)
    kept = read_request(services, asked)
    assert kept.payload_hash == hashlib.sha256(kept.payload).digest()
    payload = ApprovalPayload.decode(kept.payload)
    assert (payload.approval_id, payload.facts["user_id"], payload.facts["failures"]) == (asked, "123456780001", 5)
    assert kept.nonce
    assert kept.credential_id
    challenge = payload_challenge(kept.nonce, kept.payload_hash)
    response = {"clientDataJSON": kept.client_data, "authenticatorData": kept.authenticator_data}
    from webauthn.helpers import bytes_to_base64url as text

    credential = {
        "id": text(kept.credential_id),
        "rawId": text(kept.credential_id),
        "type": "public-key",
        "response": {
            name: text(value or b"") for name, value in {**response, "signature": kept.signature}.items()
        },
    }
    assert kept.public_key
    verified = verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id="otp.example",
        expected_origin=ORIGIN,
        credential_public_key=kept.public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    assert verified.user_verified
    assert signature_holds(services, "dual", asked)


@sqlite_only
@pytest.mark.parametrize(
    "column", ["payload", "nonce", "public_key", "client_data", "authenticator_data", "signature"]
)
def test_whatever_is_changed_of_a_signed_approval_shows(
    services: Services, asked: str, approver: Colleague, hire: Hire, now: datetime, column: str
) -> None:
    assert signature_holds(services, "dual", asked) is None, "nobody has signed yet"
    approver.approves(asked, now)
    kept = bytearray(getattr(read_request(services, asked), column))
    kept[-1] ^= 1
    rows.change(services, ApprovalRequest, asked, **{column: bytes(kept)})
    assert signature_holds(services, "dual", asked) is False
    with pytest.raises(NotFound):
        signature_holds(services, "other", asked)
