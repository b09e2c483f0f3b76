"""What the bank's host has not read yet (R41)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from provisioning.rules.states import EndedHow
from provisioning.store.engine import Store
from provisioning.store.tables import Customer, HostEvent

PAGE: Final = 100
"""Most events that are answered at once."""

_HIGHEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class HostEventView:
    """A token that was in use ended. `limit_cap_yen`: a higher transfer limit is to be lowered to it.

    `limit_from_yen`: what it was before, where the limit is kept here, too, and was lowered.
    """

    number: int
    at: datetime
    user_id: str
    credential_id: str
    ended_how: EndedHow
    limit_cap_yen: int | None
    limit_from_yen: int | None


def host_events(store: Store, institution_id: str, after: int) -> tuple[HostEventView, ...]:
    """The institution's events with higher numbers than `after`, in their order, at most PAGE of them.

    Whoever asks again with the last number read gets every event at least once.
    """
    query = (
        select(HostEvent, Customer.user_id)
        .join(Customer, Customer.id == HostEvent.customer_id)
        .where(HostEvent.institution_id == institution_id, HostEvent.number > min(after, _HIGHEST))
        .order_by(HostEvent.number)
        .limit(PAGE)
    )
    with store.read() as session:
        return tuple(
            HostEventView(
                row.number,
                row.at,
                user_id,
                row.credential_id,
                row.ended_how,
                row.limit_cap_yen,
                row.limit_from_yen,
            )
            for row, user_id in session.execute(query)
        )
