"""A member of staff as the one who acts, where nobody has a session yet."""

from __future__ import annotations

from provisioning.rules.actor import Actor, ActorKind
from provisioning.store.tables import Staff


def acting(staff: Staff, origin: str) -> Actor:
    """They, in the role that they have now, from this address."""
    return Actor(
        ActorKind.STAFF, staff.id, staff.institution_id, staff.branch, origin=origin, role=staff.role.value
    )
