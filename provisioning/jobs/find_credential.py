"""Find a credential of one institution, to act on it inside a transaction."""

from __future__ import annotations

from sqlalchemy.orm import Session

from provisioning.errors import NotFound
from provisioning.store.tables import Credential


def find_credential(tx: Session, institution_id: str, credential_id: str, *, to_judge: bool = False) -> Credential:
    """The row; `to_judge` keeps it as it is read until the transaction ends.

    Raises NotFound, also for a credential of another institution (R58).
    """
    credential = tx.get(Credential, credential_id, with_for_update=to_judge or None)
    if credential is None or credential.institution_id != institution_id:
        raise NotFound("credential")
    return credential
