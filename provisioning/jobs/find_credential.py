"""Find a credential of one institution, to act on it inside a transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.store.tables import Credential


def find_credential(tx: Session, institution_id: str, credential_id: str) -> Credential:
    """The row. Raises NotFound, also for a credential of another institution (R58)."""
    credential = tx.get(Credential, credential_id)
    if credential is None or credential.institution_id != institution_id:
        raise NotFound("credential")
    return credential
