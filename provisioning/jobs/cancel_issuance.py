"""Take back an issued soft token that is not in force yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provisioning.errors import WrongState
from provisioning.jobs.end_credential import end_credential
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.own_rows import own_row
from provisioning.store.tables import Credential

_NOT_IN_FORCE: Final = frozenset({CredentialState.ISSUED, CredentialState.SET_UP})


@dataclass(frozen=True, slots=True)
class CancelIssuanceCommand:
    """Which soft token's issuance is cancelled."""

    institution_id: str
    credential_id: str
    actor: Actor


@retried
def cancel_issuance(services: Services, command: CancelIssuanceCommand, now: datetime) -> None:
    """End the credential as cancelled: ticket void, unsent mail cancelled. Raises NotFound, WrongState."""
    with services.store.write() as tx:
        credential = own_row(tx, Credential, command.credential_id, command.institution_id, held=True)
        if credential.kind is not TokenKind.SOFT or credential.state not in _NOT_IN_FORCE:
            raise WrongState("credential", credential.state.value)
        end_credential(tx, services, credential, EndedHow.CANCELLED, command.actor, now)
