"""An approval's signature is checked once more, by what is kept with it: years later, by anybody (R56, R64)."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_authenticator_data,
    parse_client_data_json,
    verify_signature,
)

from provisioning.jobs.passkey_site import MALFORMED
from provisioning.rules.approval import payload_hash
from provisioning.rules.passkeys import payload_challenge
from provisioning.services import Services
from provisioning.store.own_rows import own_row
from provisioning.store.tables import ApprovalRequest

_TYPE: Final = "webauthn.get"


def signature_holds(services: Services, institution_id: str, approval_id: str) -> bool | None:
    """Whether the kept passkey signed the kept words, with its bearer verified; None where nothing was signed.

    Raises NotFound.
    """
    with services.store.read() as session:
        row = own_row(session, ApprovalRequest, approval_id, institution_id)
    if row.approver_id is None or row.by_demo:
        return None
    try:
        return _holds(row)
    except (InvalidSignature, *MALFORMED):
        return False


def _holds(row: ApprovalRequest) -> bool:
    kept = (row.nonce, row.public_key, row.client_data, row.authenticator_data, row.signature)
    nonce, public_key, client_data, authenticator_data, signature = kept
    if not (nonce and public_key and client_data and authenticator_data and signature):
        return False
    client = parse_client_data_json(client_data)
    key = decode_credential_public_key(public_key)
    # raises where it is another key's, or over anything else
    verify_signature(
        public_key=decoded_public_key_to_cryptography(key),
        signature_alg=key.alg,
        signature=signature,
        data=authenticator_data + sha256(client_data).digest(),
    )
    digest = payload_hash(row.payload)
    signed_this = client.challenge == payload_challenge(nonce, digest) and digest == row.payload_hash
    return signed_this and client.type == _TYPE and parse_authenticator_data(authenticator_data).flags.uv
