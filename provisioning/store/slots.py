"""The two slots of a customer, *current* and *successor*: which one a credential takes, and who moves up (R43).

Whatever touches both rows holds the current one first, so that nobody waits in a circle.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.rules.institution import Institution, Replacement
from provisioning.rules.states import CredentialState, Slot
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential


def open_in(tx: Session, customer_id: str, slot: Slot) -> Credential | None:
    """The customer's open credential in `slot`, held until the transaction ends."""
    mine = (Credential.customer_id == customer_id, Credential.slot == slot)
    still_open = select(Credential).where(*mine, Credential.state != CredentialState.ENDED)
    found = tx.scalars(still_open.with_for_update().execution_options(populate_existing=True))
    return found.one_or_none()


def slot_for_new(tx: Session, institution: Institution, customer_id: str) -> Slot:
    """Beside a token in use, where the institution replaces that way; else the current slot, free or not."""
    if institution.replacement is Replacement.RELEASE_FIRST:
        return Slot.CURRENT
    current = open_in(tx, customer_id, Slot.CURRENT)
    in_use = current is not None and current.state is CredentialState.ACTIVE
    return Slot.SUCCESSOR if in_use else Slot.CURRENT


def move_up(tx: Session, customer_id: str) -> bool:
    """The successor takes the place of the current credential, which has ended. False without one."""
    successor = update(Credential).where(
        Credential.customer_id == customer_id,
        Credential.slot == Slot.SUCCESSOR,
        Credential.state != CredentialState.ENDED,
    )
    return changed_rows(tx, successor.values(slot=Slot.CURRENT)) == 1
