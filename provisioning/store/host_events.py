"""Numbering events for the bank's host so that a reader who remembers the last number misses none (R41)."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from provisioning.store.line import JoinedLine, Statement
from provisioning.store.tables import HostEvent

_NEXT: Final = Statement("""
    INSERT INTO host_event_count (institution_id, last) VALUES (:institution_id, 1)
    ON CONFLICT (institution_id) DO UPDATE SET last = host_event_count.last + 1
    RETURNING last
""")


def enter_host_event(tx: Session, event: HostEvent) -> None:
    """Give `event` its institution's next number and enter it in the open transaction.

    The count's row stays locked until the commit, so numbers become visible in their order.
    """
    row = _NEXT.first(JoinedLine(tx.connection()), {"institution_id": event.institution_id})
    assert row is not None
    event.number = int(row[0])
    tx.add(event)
    tx.flush()
